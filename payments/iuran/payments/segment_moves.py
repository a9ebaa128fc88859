"""Moves between segments: a family begins to pay for itself, or leaves to another payer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.enrolment import AlreadyInsuredError, check_people
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.identifiers import customer_number_of
from iuran.core.manual_changes import ChangeKind, Proposal, approve, propose
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import parameter
from iuran.core.segments import CareClass, Segment
from iuran.payments.virtual_accounts import check_self_paid

SELECT_NOT_FREE: LiteralString = """
    SELECT e.participant_id, e.left_cause = 'DEATH' AS is_dead
    FROM enrolment AS e
    JOIN membership AS m ON m.family_id = e.family_id AND m.membership_id = e.membership_id
    JOIN segment AS s ON s.segment = m.segment
    WHERE e.family_id = $1 AND e.participant_id = ANY ($2::bigint[])
      AND (e.left_cause = 'DEATH' OR (
              (e.last_month IS NULL OR e.last_month >= $3)
              AND CASE s.payer WHEN 'EMPLOYER' THEN child_cover_ended_on(
                      e.family_id, e.participant_id, e.membership_id, first_day_of($3))
                  END IS NULL
              AND (m.state IN ('ACTIVE', 'SUSPENDED') OR (m.state = 'PENDING' AND EXISTS (
                  SELECT FROM segment_change AS c
                  WHERE c.family_id = m.family_id AND c.membership_id = m.membership_id)))))
    LIMIT 1
"""

SELECT_LEFT_WITH_DEBT: LiteralString = """
    SELECT m.membership_id
    FROM membership AS m
    JOIN segment AS s ON s.segment = m.segment AND s.payer = 'FAMILY'
    WHERE m.family_id = $1 AND m.state = 'INACTIVE_SEGMENT_CHANGE' AND m.plan_id IS NULL
      AND EXISTS (SELECT FROM bill AS b
                  WHERE b.family_id = m.family_id AND b.membership_id = m.membership_id
                    AND b.state = 'OPEN' AND b.coverage_month >= $3)
      AND EXISTS (SELECT FROM enrolment AS e
                  WHERE e.family_id = m.family_id AND e.membership_id = m.membership_id
                    AND e.participant_id = ANY ($2::bigint[]))
    ORDER BY m.membership_id DESC
    LIMIT 1
    FOR NO KEY UPDATE OF m
"""

RETURN_TO_MEMBERSHIP: LiteralString = """
    UPDATE membership SET state = 'SUSPENDED'
    WHERE family_id = $1 AND membership_id = $2
    RETURNING paid_through
"""

INSERT_RETURN_EVENT: LiteralString = """
    INSERT INTO membership_event (family_id, membership_id, state, paid_through, effective_at,
                                  recorded_at, cause)
    VALUES ($1, $2, 'SUSPENDED', $3, $4, $4, 'SEGMENT_RETURNED')
"""

INSERT_MEMBERSHIP: LiteralString = """
    INSERT INTO membership (family_id, segment, care_class, class_since, state)
    VALUES ($1, $2, $3, $4, 'PENDING')
    RETURNING membership_id
"""

INSERT_EVENT: LiteralString = """
    INSERT INTO membership_event (family_id, membership_id, state, effective_at, recorded_at, cause)
    VALUES ($1, $2, 'PENDING', $3, $3, 'REGISTRATION')
"""

INSERT_SEGMENT_CHANGE: LiteralString = """
    INSERT INTO segment_change (family_id, membership_id, last_covered_month, catches_up, asked_by,
                                asked_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (family_id, membership_id) DO NOTHING
"""

INSERT_ENROLMENT: LiteralString = """
    INSERT INTO enrolment (family_id, membership_id, participant_id, first_month, enrolled_at)
    VALUES ($1, $2, $3, $4, $5)
    RETURNING (SELECT card_number FROM participant AS p
               WHERE p.family_id = enrolment.family_id
                 AND p.participant_id = enrolment.participant_id)
"""

INSERT_NUMBER: LiteralString = """
    INSERT INTO virtual_account_number (customer_number, family_id) VALUES ($1, $2)
    ON CONFLICT (customer_number) DO NOTHING
"""

UPSERT_ACCOUNT: LiteralString = """
    INSERT INTO virtual_account (family_id, customer_number, membership_id, participant_id,
                                 issued_on)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (family_id, customer_number) DO UPDATE
    SET membership_id = excluded.membership_id, issued_on = excluded.issued_on
"""

BRING_UP_TO_DATE: LiteralString = """
    SELECT state, paid_through FROM payable_of($1, $2, NULL, $3, true)
"""

END_MEMBERSHIP: LiteralString = """
    UPDATE membership SET state = 'INACTIVE_SEGMENT_CHANGE'
    WHERE family_id = $1 AND membership_id = $2
    RETURNING paid_through
"""

INSERT_END_EVENT: LiteralString = """
    INSERT INTO membership_event (family_id, membership_id, state, paid_through, effective_at,
                                  recorded_at, cause)
    VALUES ($1, $2, 'INACTIVE_SEGMENT_CHANGE', $3, $4, $4, 'SEGMENT_LEFT')
"""

END_ENROLMENTS: LiteralString = """
    UPDATE enrolment
    SET last_month = greatest(first_month, $3), left_on = $4, left_cause = 'SEGMENT', change_id = $5
    WHERE family_id = $1 AND membership_id = $2 AND left_cause IS NULL
"""


class MembershipNotBegunError(DomainError):
    """A membership that waits for its first payment has nothing to end."""

    code: ClassVar[str] = "MEMBERSHIP_NOT_BEGUN"

    def __init__(self) -> None:
        super().__init__("this membership was never paid for; there is nothing to end")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToSelfPaid:
    """A family that begins to pay for itself.

    `last_covered_month` (N) is the last month that the former segment paid for. With `catches_up`
    the first payment is for every month since: no wait. Otherwise it is for the current month only,
    and unless that is N+1, cover begins 14 days after it.
    """

    participants: Sequence[int]
    care_class: CareClass
    last_covered_month: CoverageMonth
    catches_up: bool = True
    segment: Segment = Segment.PBPU_SELF


async def move_to_self_paid(
    connection: Connection, family_id: int, move: ToSelfPaid, *, asked_by: str, at: datetime
) -> int:
    """Open a self-paid membership after another segment; return its number.

    Peraturan BPJS Kesehatan 6/2018 in three cases; payable from the 1st of N+1 without the 14 days
    that a new family waits. The participants' virtual accounts pay for it from now on.

    A family that left such a membership with debts takes that one up again, in the class that it
    had: it is suspended until all is paid, at most 24 months besides the current one, and the
    months that somebody else paid for are not owed [D]. Raises AlreadyInsuredError for who is
    still insured by somebody else after N, InvalidInputError, also for a segment that others pay.
    """
    check_self_paid(move.segment)
    today = wib_date(at)
    await _check(connection, family_id, move, today)
    membership_id = await _left_with_debt(connection, family_id, move, at)
    if membership_id is None:
        membership_id = int(
            await connection.fetchval(
                INSERT_MEMBERSHIP, family_id, move.segment.value, int(move.care_class), today
            )
        )
        await connection.execute(INSERT_EVENT, family_id, membership_id, at)
    await connection.execute(
        INSERT_SEGMENT_CHANGE,
        family_id,
        membership_id,
        move.last_covered_month.ordinal,
        move.catches_up,
        asked_by,
        at,
    )
    await _enrol(connection, family_id, membership_id, move, at)
    return membership_id


async def _check(connection: Connection, family_id: int, move: ToSelfPaid, today: date) -> None:
    if move.last_covered_month > CoverageMonth.of(today):
        raise InvalidInputError("lastCoveredMonth", "ask in the last month that is paid or later")
    await check_people(connection, family_id, move.participants)
    first_month = move.last_covered_month.plus(1).ordinal
    taken = await connection.fetchrow(
        SELECT_NOT_FREE, family_id, list(move.participants), first_month
    )
    if taken is not None and taken["is_dead"]:
        raise InvalidInputError("participants", "one of them has died")
    if taken is not None:
        raise AlreadyInsuredError(taken["participant_id"])


async def _left_with_debt(
    connection: Connection, family_id: int, move: ToSelfPaid, at: datetime
) -> int | None:
    """Take up a self-paid membership that was left with debts; return its number, if any."""
    today = wib_date(at)
    oldest = CoverageMonth.of(today).plus(-parameter("arrears_months_max", today)).ordinal
    found = await connection.fetchval(
        SELECT_LEFT_WITH_DEBT, family_id, list(move.participants), oldest
    )
    if found is None:
        return None
    paid_through = await connection.fetchval(RETURN_TO_MEMBERSHIP, family_id, found)
    await connection.execute(INSERT_RETURN_EVENT, family_id, found, paid_through, at)
    return int(found)


async def _enrol(
    connection: Connection, family_id: int, membership_id: int, move: ToSelfPaid, at: datetime
) -> None:
    today = wib_date(at)
    first_month = move.last_covered_month.plus(1).ordinal
    for participant_id in move.participants:
        card = await connection.fetchval(
            INSERT_ENROLMENT, family_id, membership_id, participant_id, first_month, at
        )
        number = customer_number_of(card)
        await connection.execute(INSERT_NUMBER, number, family_id)
        await connection.execute(
            UPSERT_ACCOUNT, family_id, number, membership_id, participant_id, today
        )


async def propose_leaving(
    connection: Connection,
    family_id: int,
    membership_id: int,
    *,
    reason: str,
    proposed_by: str,
    at: datetime,
) -> int:
    """Propose that a membership ends because another segment pays now; return the number."""
    proposal = Proposal(
        membership_id=membership_id,
        kind=ChangeKind.SEGMENT,
        reason=reason,
        before={"state": "IN_FORCE"},
        wanted={"state": "INACTIVE_SEGMENT_CHANGE"},
        proposed_by=proposed_by,
        proposed_at=at,
    )
    return await propose(connection, family_id, proposal)


async def approve_leaving(
    connection: Connection, family_id: int, change_id: int, *, approved_by: str, at: datetime
) -> None:
    """End a membership now; the current month stays billed, debts stay payable, no window opens.

    Raises MembershipNotBegunError while it waits for its first payment, and what `approve` raises.
    """
    proposal = await approve(
        connection,
        family_id,
        change_id,
        kind=ChangeKind.SEGMENT,
        approved_by=approved_by,
        at=at,
    )
    membership_id, today = proposal.membership_id, wib_date(at)
    state = await connection.fetchval(BRING_UP_TO_DATE, family_id, membership_id, at)
    if state == "PENDING":
        raise MembershipNotBegunError
    await connection.execute(
        END_ENROLMENTS, family_id, membership_id, CoverageMonth.of(today).ordinal, today, change_id
    )
    paid_through = await connection.fetchval(END_MEMBERSHIP, family_id, membership_id)
    await connection.execute(INSERT_END_EVENT, family_id, membership_id, paid_through, at)
