"""What an employer reports about an employment that runs: a wage, a further member, its end."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, LiteralString

from iuran.core.database.pool import Connection
from iuran.core.employers.employment import (
    INSERT_ADDITIONAL,
    INSERT_WAGE,
    Employment,
    EmploymentKey,
    Report,
    check_wage,
    employment_of,
    record_report,
)
from iuran.core.employers.registration import lock_employer
from iuran.core.enrolment import check_insurable
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.families import INSERT_ENROLMENT
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.segments import AdditionalKind

END_EMPLOYMENT: LiteralString = """
    UPDATE employment SET last_month = $3 WHERE family_id = $1 AND membership_id = $2
"""

END_ENROLMENTS: LiteralString = """
    UPDATE enrolment SET last_month = $3
    WHERE family_id = $1 AND membership_id = $2 AND first_month <= $3
      AND (last_month IS NULL OR last_month > $3)
"""

END_ADDITIONAL: LiteralString = """
    UPDATE additional_member SET last_month = $3
    WHERE family_id = $1 AND membership_id = $2 AND first_month <= $3
      AND (last_month IS NULL OR last_month > $3)
"""


class MonthBilledError(DomainError):
    """A month that was billed stands; a report can only change later ones."""

    code: ClassVar[str] = "MONTH_BILLED"

    def __init__(self, billed_through: CoverageMonth) -> None:
        super().__init__(
            f"the employer was billed through {billed_through}; report it for a later month"
        )
        self.billed_through = billed_through


class EmploymentEndedError(DomainError):
    """The employment has an end already."""

    code: ClassVar[str] = "EMPLOYMENT_ENDED"

    def __init__(self, last_month: CoverageMonth) -> None:
        super().__init__(f"the employment ended with {last_month}; report a new one instead")
        self.last_month = last_month


@dataclass(frozen=True, slots=True, kw_only=True)
class WageChange:
    """Another monthly wage, in rupiah, from a month on."""

    first_month: CoverageMonth
    wage: Rupiah


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMember:
    """A person of the family to be insured beyond a spouse and three children, from a month on."""

    participant_id: int
    kind: AdditionalKind
    first_month: CoverageMonth


async def report_wage(
    connection: Connection, key: EmploymentKey, change: WageChange, report: Report, *, at: datetime
) -> None:
    """Change the wage from a month that is not billed yet; the class follows with its bill.

    Raises InvalidInputError, EmploymentUnknownError, EmploymentEndedError or MonthBilledError.
    """
    check_wage(change.wage)
    employment = await _locked(connection, key, change.first_month)
    await connection.execute(
        INSERT_WAGE, *key, change.first_month.ordinal, change.wage, report.by, at
    )
    await record_report(connection, key, "WAGE", report, {"wage": employment.wage}, at)


async def add_member(
    connection: Connection, key: EmploymentKey, new: NewMember, report: Report, *, at: datetime
) -> None:
    """Insure one more member of the family from a month that is not billed yet.

    Raises AlreadyInsuredError, InvalidInputError, EmploymentUnknownError, EmploymentEndedError or
    MonthBilledError.
    """
    await _locked(connection, key, new.first_month)
    await check_insurable(connection, key.family_id, [new.participant_id], new.first_month)
    first_month = new.first_month.ordinal
    await connection.execute(INSERT_ENROLMENT, *key, new.participant_id, first_month)
    await connection.execute(
        INSERT_ADDITIONAL, *key, new.participant_id, new.kind.value, first_month
    )
    before = {"participant_id": new.participant_id, "kind": None}
    await record_report(connection, key, "ADDITIONAL", report, before, at)


async def end_employment(
    connection: Connection,
    key: EmploymentKey,
    last_month: CoverageMonth,
    report: Report,
    *,
    at: datetime,
) -> None:
    """End an employment with a month; the membership becomes inactive on the 1st of the next.

    The month that was billed last is the earliest: a month is not shared by days [D]. Raises
    EmploymentUnknownError, EmploymentEndedError, MonthBilledError, or InvalidInputError for a month
    before its first.
    """
    employment = await _locked(connection, key, last_month.plus(1))
    if last_month < employment.first_month:
        raise InvalidInputError("lastMonth", f"the employment began in {employment.first_month}")
    await connection.execute(END_EMPLOYMENT, *key, last_month.ordinal)
    await connection.execute(END_ENROLMENTS, *key, last_month.ordinal)
    await connection.execute(END_ADDITIONAL, *key, last_month.ordinal)
    await record_report(connection, key, "ENDED", report, {"last_month": None}, at)


async def _locked(
    connection: Connection, key: EmploymentKey, first_month: CoverageMonth
) -> Employment:
    """Lock the employer, as billing does, and check that a month of the employment is open."""
    found = await employment_of(connection, key)
    await lock_employer(connection, found.employer_id)
    employment = await employment_of(connection, key)
    if employment.last_month is not None:
        raise EmploymentEndedError(employment.last_month)
    if first_month <= employment.billed_through:
        raise MonthBilledError(employment.billed_through)
    return employment
