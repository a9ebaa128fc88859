"""Virtual accounts: the number under which a family pays at any channel.

A channel's prefix (88888, at Mandiri 89888) and the last 11 digits of a member's card. We keep the
11 digits, the customer number; the prefix belongs to the channel.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection, Record
from iuran.core.errors import InvalidInputError
from iuran.core.families import (
    NewFamily,
    RegisteredFamily,
    RegisteredParticipant,
    register,
)
from iuran.core.identifiers import CUSTOMER_NUMBER_DIGITS, customer_number_of
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.segments import Segment

DEFAULT_PREFIX = "88888"
SELF_PAID = (Segment.PBPU_SELF, Segment.BP_SELF)
NOTHING = Rupiah(0)

INSERT_NUMBER: LiteralString = """
    INSERT INTO virtual_account_number (customer_number, family_id) VALUES ($1, $2)
"""

INSERT_VIRTUAL_ACCOUNT: LiteralString = """
    INSERT INTO virtual_account (family_id, customer_number, membership_id, participant_id,
                                 issued_on)
    VALUES ($1, $2, $3, $4, $5)
"""

PAYABLE_AT: LiteralString = """
    SELECT family_id, membership_id, result, name, members, amount, arrears_months, first_month,
           last_month, payable_from, payable_until, credit, months_ahead, version
    FROM payable_of_number($1, $2)
"""


def customer_number_behind(whole: str, *, prefix: str) -> str:
    """Return the customer number behind a channel's company code, which may be padded with zeros.

    What has not our form is returned as it is.
    """
    bare = whole.lstrip("0").removeprefix(prefix.lstrip("0"))
    return bare if len(bare) == CUSTOMER_NUMBER_DIGITS else whole


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualAccount:
    """One member's number; paying to it pays for the whole family."""

    participant_id: int
    customer_number: str

    @property
    def number(self) -> str:
        """The 16 digits at banks that use the common prefix."""
        return DEFAULT_PREFIX + self.customer_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Payable:
    """What a virtual account may pay now, or the reason why nothing can be paid.

    `result` is PAYABLE, ALREADY_PAID, NOT_BILLED, VIRTUAL_ACCOUNT_UNKNOWN, TOO_EARLY, EXPIRED; the
    amount is the exact sum in rupiah that a channel has to send: open bills and the months ahead
    that were asked for today, less `credit`. `version` differs as soon as any of it does.
    """

    result: str
    family_id: int | None
    name: str
    members: int
    amount: Rupiah
    arrears_months: int
    first_month: CoverageMonth | None
    last_month: CoverageMonth | None
    payable_from: date | None
    payable_until: date | None
    credit: Rupiah = NOTHING
    months_ahead: int = 0
    version: str = ""

    @classmethod
    def of(cls, row: Record) -> "Payable":
        """Read a row."""
        return cls(
            result=row["result"],
            family_id=row["family_id"],
            name=row["name"] or "",
            members=row["members"] or 0,
            amount=Rupiah(row["amount"] or 0),
            arrears_months=row["arrears_months"] or 0,
            first_month=CoverageMonth.if_any(row["first_month"]),
            last_month=CoverageMonth.if_any(row["last_month"]),
            payable_from=row["payable_from"],
            payable_until=row["payable_until"],
            credit=Rupiah(row["credit"] or 0),
            months_ahead=row["months_ahead"] or 0,
            version=row["version"] or "",
        )


async def register_family(
    connection: Connection, family: NewFamily, *, at: datetime
) -> tuple[RegisteredFamily, tuple[VirtualAccount, ...]]:
    """Register a family and give each of its members a virtual account.

    The first payment is possible from day 14 to day 30 after it. Raises what `register` raises, and
    InvalidInputError for a segment whose families do not pay themselves.
    """
    check_self_paid(family.segment)
    registered = await register(connection, family, at=at)
    return registered, await _issue(connection, registered, issued_on=wib_date(at))


def check_self_paid(segment: Segment) -> None:
    """Refuse a number to pay to for a segment whose families do not pay; raises InvalidInputError.

    No number leads to a worker's membership: numbers are locked before employers, workers after.
    """
    if segment not in SELF_PAID:
        raise InvalidInputError("segment", f"only {', '.join(SELF_PAID)} pay by virtual account")


async def _issue(
    connection: Connection, family: RegisteredFamily, *, issued_on: date
) -> tuple[VirtualAccount, ...]:
    accounts = [
        VirtualAccount(
            participant_id=participant.participant_id,
            customer_number=customer_number_of(participant.card_number),
        )
        for participant in family.participants
    ]
    await connection.executemany(INSERT_NUMBER, _number_rows(family, accounts))
    await connection.executemany(
        INSERT_VIRTUAL_ACCOUNT,
        [
            (
                family.family_id,
                account.customer_number,
                family.membership_id,
                account.participant_id,
                issued_on,
            )
            for account in accounts
        ],
    )
    return tuple(accounts)


async def issue_account(
    connection: Connection,
    family_id: int,
    membership_id: int,
    *,
    participant: RegisteredParticipant,
    issued_on: date,
) -> VirtualAccount:
    """Give one more member a virtual account; it pays the family's bill like the others."""
    account = VirtualAccount(
        participant_id=participant.participant_id,
        customer_number=customer_number_of(participant.card_number),
    )
    await connection.execute(INSERT_NUMBER, account.customer_number, family_id)
    await connection.execute(
        INSERT_VIRTUAL_ACCOUNT,
        family_id,
        account.customer_number,
        membership_id,
        participant.participant_id,
        issued_on,
    )
    return account


def _number_rows(
    family: RegisteredFamily, accounts: Sequence[VirtualAccount]
) -> list[tuple[str, int]]:
    return [(account.customer_number, family.family_id) for account in accounts]


async def payable_at(connection: Connection, customer_number: str, *, at: datetime) -> Payable:
    """Return what a family's virtual account, or an employer's number, may pay at an instant.

    An employer has no family id, and its workers are its members.
    Needs a transaction that may write: bills that the monthly run has not issued are issued here.
    """
    row = await connection.fetchrow(PAYABLE_AT, customer_number, at)
    assert row is not None  # noqa: S101 - the function always returns one row
    return Payable.of(row)
