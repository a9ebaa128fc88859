"""Governments as payers: whom they pay for, who is taken off their lists, what they are billed.

A membership paid by the state has no debt and is never suspended for contributions: it counts as
paid through the end of the calendar.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, LiteralString

import asyncpg

from iuran.core.clock import wib_date
from iuran.core.contributions import Pensioner, Veteran, contribution_of
from iuran.core.database.pool import Connection, Record
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.second_person import SecondPersonError
from iuran.core.segments import Segment

CENTRAL = "00"
REGION = re.compile(r"[0-9]{2}([0-9]{2})?", re.ASCII)
END_OF_CALENDAR = CoverageMonth(2100, 1)
STATE_SEGMENTS = {
    Segment.PBI_APBN,
    Segment.PBPU_PEMDA,
    Segment.BP_VETERAN,
    Segment.BP_STATE_PENSIONER,
}

LOCK_MEMBERSHIP: LiteralString = """
    SELECT segment, state, paid_through
    FROM membership
    WHERE family_id = $1 AND membership_id = $2
    FOR NO KEY UPDATE
"""

INSERT_SPONSORSHIP: LiteralString = """
    INSERT INTO sponsorship (family_id, membership_id, first_month, region, pension)
    VALUES ($1, $2, $3, $4, $5)
"""

ACTIVATE_SPONSORED: LiteralString = """
    UPDATE membership SET state = 'ACTIVE', paid_through = $3, care_class = coalesce($4, care_class)
    WHERE family_id = $1 AND membership_id = $2
"""

INSERT_SPONSORED: LiteralString = """
    INSERT INTO membership_event
        (family_id, membership_id, state, paid_through, effective_at, recorded_at, cause)
    VALUES ($1, $2, 'ACTIVE', $3, $4, $4, 'STATE_PAID')
"""

SELECT_SPONSORSHIP: LiteralString = """
    SELECT first_month, last_month, region, pension
    FROM sponsorship
    WHERE family_id = $1 AND membership_id = $2
    ORDER BY first_month DESC
    LIMIT 1
"""

END_SPONSORSHIP: LiteralString = """
    UPDATE sponsorship SET last_month = $3
    WHERE family_id = $1 AND membership_id = $2 AND first_month <= $3
      AND (last_month IS NULL OR last_month > $3)
"""

END_ENROLMENTS: LiteralString = """
    UPDATE enrolment SET last_month = $3
    WHERE family_id = $1 AND membership_id = $2 AND first_month <= $3
      AND (last_month IS NULL OR last_month > $3)
"""

INSERT_SPONSORSHIP_END: LiteralString = """
    INSERT INTO sponsorship_end (family_id, membership_id, last_month, before, reason, proposed_by,
                                 approved_by, recorded_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""

END_SPONSORED: LiteralString = """
    SELECT end_sponsored($1, $2, $3, $4)
"""

NAME_GOVERNMENT: LiteralString = """
    INSERT INTO government (region, name) VALUES ($1, $2)
    ON CONFLICT (region) DO UPDATE SET name = excluded.name
"""

SELECT_GOVERNMENT_BILLS: LiteralString = """
    SELECT l.region, g.name, l.coverage_month, l.programme, sum(l.people)::bigint AS people,
           sum(l.amount)::bigint AS amount, sum(l.withheld)::bigint AS withheld
    FROM government_bill_line AS l
    JOIN government AS g ON g.region = l.region
    WHERE l.coverage_month = $1
    GROUP BY l.region, g.name, l.coverage_month, l.programme
    ORDER BY l.region, l.programme
    LIMIT $2
"""


class NotSponsorableError(DomainError):
    """The membership is not a pending one of a segment that the state pays for."""

    code: ClassVar[str] = "NOT_SPONSORABLE"

    def __init__(self, *, state: str, segment: str) -> None:
        super().__init__(
            f"the membership is {state} in segment {segment}; open a pending one in a segment that "
            "a government pays for"
        )
        self.state = state
        self.segment = segment


class NotSponsoredError(DomainError):
    """No government pays for the membership, or the end of it is set already."""

    code: ClassVar[str] = "NOT_SPONSORED"

    def __init__(self) -> None:
        super().__init__(
            "no government pays for this membership without an end; check the family and the number"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sponsorship:
    """Who pays for a membership from this month on: region 00 is the central government.

    `pension` is the monthly pension in rupiah, for pensioners only.
    """

    family_id: int
    membership_id: int
    region: str = CENTRAL
    pension: Rupiah | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Taking a membership off a government's list after a month, by two persons."""

    family_id: int
    membership_id: int
    last_month: CoverageMonth
    reason: str
    proposed_by: str
    approved_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernmentBill:
    """What a government owes for a month and a programme, in rupiah.

    `withheld` is the pensioners' own 2 per cent, passed on by who pays the pensions.
    """

    region: str
    name: str | None
    coverage_month: CoverageMonth
    programme: str
    people: int
    amount: Rupiah
    withheld: Rupiah

    @classmethod
    def of(cls, row: Record) -> "GovernmentBill":
        """Read a row."""
        return cls(
            region=row["region"],
            name=row["name"],
            coverage_month=CoverageMonth.of_ordinal(row["coverage_month"]),
            programme=row["programme"],
            people=row["people"],
            amount=Rupiah(row["amount"]),
            withheld=Rupiah(row["withheld"]),
        )


async def sponsor(connection: Connection, sponsorship: Sponsorship, *, at: datetime) -> None:
    """Make a pending membership active at a government's expense, from this month.

    PBI and Pemda are insured in class III. Raises NotSponsorableError, InvalidInputError for a
    region or pension that does not fit the segment, and NoRuleError where no rate is on file.
    """
    key = (sponsorship.family_id, sponsorship.membership_id)
    row = await connection.fetchrow(LOCK_MEMBERSHIP, *key)
    state, segment = ("unknown", "unknown") if row is None else (row["state"], row["segment"])
    if state != "PENDING" or segment not in STATE_SEGMENTS:
        raise NotSponsorableError(state=state, segment=segment)
    month = CoverageMonth.of(wib_date(at))
    check_sponsorship(sponsorship, Segment(segment), month)
    await connection.execute(
        INSERT_SPONSORSHIP, *key, month.ordinal, sponsorship.region, sponsorship.pension
    )
    care_class = 3 if segment in {Segment.PBI_APBN, Segment.PBPU_PEMDA} else None
    await connection.execute(ACTIVATE_SPONSORED, *key, END_OF_CALENDAR.ordinal, care_class)
    await connection.execute(INSERT_SPONSORED, *key, END_OF_CALENDAR.ordinal, at)


def check_sponsorship(sponsorship: Sponsorship, segment: Segment, month: CoverageMonth) -> None:
    """Refuse a region or pension that does not fit the segment; raises InvalidInputError.

    NoRuleError where no rate is on file.
    """
    check_region(sponsorship.region)
    is_central = sponsorship.region == CENTRAL
    if is_central == (segment is Segment.PBPU_PEMDA):
        raise InvalidInputError(
            "region", "a regional government pays for PBPU Pemda, and for no other"
        )
    if (sponsorship.pension is None) == (segment is Segment.BP_STATE_PENSIONER):
        raise InvalidInputError("pension", "a pensioner has a pension, and nobody else")
    if sponsorship.pension is not None:
        contribution_of(Pensioner(pension=sponsorship.pension), month)
    if segment is Segment.BP_VETERAN:
        contribution_of(Veteran(), month)


async def end_sponsorship(connection: Connection, removal: Removal, *, at: datetime) -> None:
    """End a sponsorship with this month or a later one; the monthly roll makes it inactive.

    Raises SecondPersonError when one person does both, NotSponsoredError for a membership without
    a sponsorship that goes on, InvalidInputError for a month that has closed or a blank text.
    """
    for field, text in (
        ("reason", removal.reason),
        ("proposedBy", removal.proposed_by),
        ("approvedBy", removal.approved_by),
    ):
        if not text.strip():
            raise InvalidInputError(field, "say who proposes, who approves, and why")
    key = (removal.family_id, removal.membership_id)
    membership = await connection.fetchrow(LOCK_MEMBERSHIP, *key)
    before = await connection.fetchrow(SELECT_SPONSORSHIP, *key)
    if membership is None or before is None:
        raise NotSponsoredError
    if before["last_month"] is not None or membership["state"] != "ACTIVE":
        raise NotSponsoredError
    if removal.last_month < CoverageMonth.of(wib_date(at)):
        raise InvalidInputError("lastMonth", "a sponsorship ends with this month or a later one")
    last_month = removal.last_month.ordinal
    try:
        await connection.execute(
            INSERT_SPONSORSHIP_END,
            *key,
            last_month,
            dict(before),
            removal.reason,
            removal.proposed_by,
            removal.approved_by,
            at,
        )
    except asyncpg.CheckViolationError as error:
        if error.constraint_name != "sponsorship_end_needs_two":
            raise
        raise SecondPersonError(removal.approved_by) from error
    await connection.execute(END_SPONSORSHIP, *key, last_month)
    await connection.execute(END_ENROLMENTS, *key, last_month)


async def end_sponsored(
    connection: Connection, *, family_from: int, family_to: int, at: datetime
) -> int:
    """Make inactive what a range of families had sponsored until a month that closed; count them.

    Safe to run twice and at the same time.
    """
    month = CoverageMonth.of(wib_date(at)).ordinal
    return int(await connection.fetchval(END_SPONSORED, family_from, family_to, month, at))


async def name_government(connection: Connection, *, region: str, name: str) -> None:
    """Give a region's government its name, for its bills; raises InvalidInputError."""
    check_region(region)
    if not name.strip():
        raise InvalidInputError("name", "write the name of the government")
    await connection.execute(NAME_GOVERNMENT, region, name)


def check_region(region: str) -> None:
    """Refuse what is no region of a government; raises InvalidInputError."""
    if REGION.fullmatch(region) is None:
        raise InvalidInputError("region", "write 00, or the 2 digits of a province, 4 of a regency")


async def government_bills_of(
    connection: Connection, month: CoverageMonth, *, limit: int = 1000
) -> tuple[GovernmentBill, ...]:
    """Return what all governments were billed for a month, by region and programme."""
    rows = await connection.fetch(SELECT_GOVERNMENT_BILLS, month.ordinal, limit)
    return tuple(GovernmentBill.of(row) for row in rows)
