"""Employers as customers: the number under which one pays, what it owes, and its monthly bills."""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.employers.registration import Employer, NewEmployer, register_employer
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth

INSERT_EMPLOYER_NUMBER: LiteralString = """
    INSERT INTO employer_account_number (customer_number, employer_id, issued_on)
    VALUES ('8' || lpad(nextval('employer_number_seq')::text, 10, '0'), $1, $2)
    RETURNING customer_number
"""

SELECT_EMPLOYER_NUMBER: LiteralString = """
    SELECT customer_number FROM employer_account_number WHERE employer_id = $1 LIMIT 1
"""

EMPLOYER_PAYABLE_AT: LiteralString = """
    SELECT employer_id, result, name, workers, amount, arrears_months, first_month, last_month
    FROM employer_payable_at($1, $2, false)
"""

BILL_EMPLOYERS: LiteralString = """
    SELECT bill_employers($1, $2, $3, $4)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmployerPayable:
    """What an employer may pay now; `result` is one of those of `Payable` for a family."""

    result: str
    employer_id: int | None
    name: str
    workers: int
    amount: Rupiah
    arrears_months: int
    first_month: CoverageMonth | None
    last_month: CoverageMonth | None


async def open_employer_account(
    connection: Connection, employer: NewEmployer, *, at: datetime
) -> tuple[Employer, str]:
    """Register an employer and give it a customer number of 11 digits.

    Raises what `register_employer` raises.
    """
    registered = await register_employer(connection, employer, at=at)
    number = await connection.fetchval(INSERT_EMPLOYER_NUMBER, registered.employer_id, wib_date(at))
    return registered, str(number)


async def customer_number_of_employer(connection: Connection, employer_id: int) -> str | None:
    """Return an employer's customer number, or None if it has none."""
    number = await connection.fetchval(SELECT_EMPLOYER_NUMBER, employer_id)
    return None if number is None else str(number)


async def employer_payable_at(
    connection: Connection, customer_number: str, *, at: datetime
) -> EmployerPayable:
    """Return what an employer's number may pay at an instant.

    Needs a transaction that may write: bills that the monthly run has not issued are issued here.
    """
    row = await connection.fetchrow(EMPLOYER_PAYABLE_AT, customer_number, at)
    assert row is not None  # noqa: S101 - the function always returns one row
    return EmployerPayable(
        result=row["result"],
        employer_id=row["employer_id"],
        name=row["name"] or "",
        workers=row["workers"] or 0,
        amount=Rupiah(row["amount"] or 0),
        arrears_months=row["arrears_months"] or 0,
        first_month=CoverageMonth.if_any(row["first_month"]),
        last_month=CoverageMonth.if_any(row["last_month"]),
    )


async def bill_employers(
    connection: Connection,
    *,
    employer_from: int,
    employer_to: int,
    month: CoverageMonth,
    at: datetime,
) -> int:
    """Issue and post what a range of employers owes up to a month; return how many bills were new.

    Safe to run twice and at the same time. Give it a transaction without other locks in it.
    """
    return int(
        await connection.fetchval(BILL_EMPLOYERS, employer_from, employer_to, month.ordinal, at)
    )
