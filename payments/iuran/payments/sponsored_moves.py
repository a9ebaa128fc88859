"""Moves of registered families to a government's list: PBI, Pemda, veterans, pensioners.

The state pays from the running month on, so that month is not the family's any more; older ones
stay owed, also in steps (REHAB).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection, Record
from iuran.core.enrolment import open_membership
from iuran.core.errors import InvalidInputError
from iuran.core.governments import (
    CENTRAL,
    STATE_SEGMENTS,
    Sponsorship,
    check_sponsorship,
    sponsor,
)
from iuran.core.manual_changes import ChangeKind, Proposal, approve, propose
from iuran.core.membership import MembershipState
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass, Segment

LOCK_MEMBERSHIP: LiteralString = """
    SELECT m.segment, s.payer, m.state, m.care_class
    FROM membership AS m
    JOIN segment AS s ON s.segment = m.segment
    WHERE m.family_id = $1 AND m.membership_id = $2
    FOR NO KEY UPDATE OF m
"""

SELECT_PEOPLE: LiteralString = """
    SELECT DISTINCT e.participant_id
    FROM enrolment AS e
    WHERE e.family_id = $1 AND e.membership_id = $2
      AND (e.left_cause IS NULL OR e.left_cause = 'SEGMENT')
      AND coalesce(e.last_month, $3) >= least($3, (
          SELECT max(coalesce(o.last_month, $3)) FROM enrolment AS o
          WHERE o.family_id = e.family_id AND o.membership_id = e.membership_id))
      AND NOT EXISTS (
          SELECT FROM enrolment AS d
          WHERE d.family_id = e.family_id AND d.participant_id = e.participant_id
            AND d.left_cause = 'DEATH')
    ORDER BY e.participant_id
    LIMIT 100
"""

SELECT_ON_THE_WAY: LiteralString = """
    SELECT participant_id
    FROM enrolment
    WHERE family_id = $1 AND membership_id = $2
      AND (first_month > $3 AND left_cause IS NULL OR left_cause = 'MOVED' AND last_month >= $3)
    LIMIT 1
"""

BRING_UP_TO_DATE: LiteralString = """
    SELECT state, open_amount, arrears_months FROM payable_of($1, $2, NULL, $3, true)
"""

END_ENROLMENTS: LiteralString = """
    UPDATE enrolment
    SET last_month = greatest(first_month, $3), left_on = $4, left_cause = 'SEGMENT', change_id = $5
    WHERE family_id = $1 AND membership_id = $2 AND left_cause IS NULL
"""

TAKE_MONTH_BACK: LiteralString = """
    SELECT correct_bills_after($1, $2, $3, $4, 'SEGMENT', $5, $6)
"""

END_MEMBERSHIP: LiteralString = """
    UPDATE membership
    SET state = 'INACTIVE_SEGMENT_CHANGE', paid_through = coalesce(paid_through, $3 - 1)
    WHERE family_id = $1 AND membership_id = $2
    RETURNING paid_through
"""

INSERT_END_EVENT: LiteralString = """
    INSERT INTO membership_event (family_id, membership_id, state, paid_through, effective_at,
                                  recorded_at, cause)
    VALUES ($1, $2, 'INACTIVE_SEGMENT_CHANGE', $3, $4, $4, 'SEGMENT_LEFT')
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToSponsored:
    """A membership whose people a government pays for from now on, and what proves it.

    It is the self-paid one of the family, or one that has ended, of an employer or of another
    government. Region 00 is the central government; `pension` is monthly, for pensioners only.
    """

    membership_id: int
    segment: Segment
    region: str = CENTRAL
    pension: Rupiah | None = None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SponsoredMove:
    """What a move came to: the new membership, who is in it, and what the family still owes."""

    membership_id: int
    participants: tuple[int, ...]
    owed: Rupiah
    months_owed: int


async def propose_move_to_sponsored(
    connection: Connection, family_id: int, move: ToSponsored, *, proposed_by: str, at: datetime
) -> int:
    """Propose that a government pays for a registered family; return the proposal's number.

    Raises InvalidInputError for an unknown or empty membership, and for a segment, region or
    pension that do not fit; NoRuleError where no rate is on file.
    """
    left = await _lock(connection, (family_id, move.membership_id))
    await _people(connection, (family_id, move.membership_id), at)
    _check_terms(family_id, move, at)
    proposal = Proposal(
        membership_id=move.membership_id,
        kind=ChangeKind.SPONSORSHIP,
        reason=move.reason,
        before={"segment": left["segment"], "state": left["state"]},
        wanted={"segment": move.segment.value, "region": move.region, "pension": move.pension},
        proposed_by=proposed_by,
        proposed_at=at,
    )
    return await propose(connection, family_id, proposal)


async def approve_move_to_sponsored(
    connection: Connection, family_id: int, change_id: int, *, approved_by: str, at: datetime
) -> SponsoredMove:
    """Let a government pay for a family from this month, at once; PBI and Pemda are in class III.

    Months that closed stay owed, and a plan in steps goes on; nobody is suspended for them, and no
    window opens [D]. The running month is the state's: its bill is taken back, and what was paid of
    it is credit [D]. Raises AlreadyInsuredError while an employer or another government pays, and
    what `approve` and `propose_move_to_sponsored` raise.
    """
    proposal = await approve(
        connection,
        family_id,
        change_id,
        kind=ChangeKind.SPONSORSHIP,
        approved_by=approved_by,
        at=at,
    )
    move = _move_of(proposal)
    key = (family_id, move.membership_id)
    left = await _lock(connection, key)
    people = await _people(connection, key, at)
    if left["payer"] == "FAMILY":
        await connection.execute(BRING_UP_TO_DATE, *key, at)
        if left["state"] == MembershipState.INACTIVE_SEGMENT_CHANGE:
            await _take_month_back(connection, key, people, change_id=change_id, at=at)
        else:
            await _leave(connection, key, people, change_id=change_id, at=at)
    membership_id = await open_membership(
        connection,
        family_id=family_id,
        segment=move.segment,
        care_class=CareClass(left["care_class"]),
        participant_ids=people,
        at=at,
    )
    terms = _terms(family_id, membership_id, move)
    await sponsor(connection, terms, at=at)
    return await _stand(connection, key, left["payer"], membership_id, people, at=at)


def _move_of(proposal: Proposal) -> ToSponsored:
    pension = proposal.wanted["pension"]
    return ToSponsored(
        membership_id=proposal.membership_id,
        segment=Segment(str(proposal.wanted["segment"])),
        region=str(proposal.wanted["region"]),
        pension=None if pension is None else Rupiah(int(pension)),
        reason=proposal.reason,
    )


def _terms(family_id: int, membership_id: int, move: ToSponsored) -> Sponsorship:
    return Sponsorship(
        family_id=family_id,
        membership_id=membership_id,
        region=move.region,
        pension=move.pension,
    )


def _check_terms(family_id: int, move: ToSponsored, at: datetime) -> None:
    if move.segment not in STATE_SEGMENTS:
        raise InvalidInputError("segment", f"choose one of {', '.join(sorted(STATE_SEGMENTS))}")
    terms = _terms(family_id, move.membership_id, move)
    check_sponsorship(terms, move.segment, CoverageMonth.of(wib_date(at)))


async def _lock(connection: Connection, key: tuple[int, int]) -> Record:
    row = await connection.fetchrow(LOCK_MEMBERSHIP, *key)
    if row is None:
        raise InvalidInputError("membershipId", "the family has no such membership")
    return row


async def _people(connection: Connection, key: tuple[int, int], at: datetime) -> tuple[int, ...]:
    month = CoverageMonth.of(wib_date(at)).ordinal
    if await connection.fetchval(SELECT_ON_THE_WAY, *key, month) is not None:
        raise InvalidInputError(
            "membershipId", "somebody moves to or from this family card; wait for the 1st"
        )
    people = tuple(
        row["participant_id"] for row in await connection.fetch(SELECT_PEOPLE, *key, month)
    )
    if not people:
        raise InvalidInputError("membershipId", "nobody is left in this membership")
    return people


async def _leave(
    connection: Connection,
    key: tuple[int, int],
    people: Sequence[int],
    *,
    change_id: int,
    at: datetime,
) -> None:
    """End the self-paid membership now, also one that never began; its month is taken back.

    He stays enrolled in it for this month: until now it was what covered him, or did not.
    """
    today = wib_date(at)
    month = CoverageMonth.of(today).ordinal
    await connection.execute(END_ENROLMENTS, *key, month, today, change_id)
    await _take_month_back(connection, key, people, change_id=change_id, at=at)
    paid_through = await connection.fetchval(END_MEMBERSHIP, *key, month)
    await connection.execute(INSERT_END_EVENT, *key, paid_through, at)


async def _take_month_back(
    connection: Connection,
    key: tuple[int, int],
    people: Sequence[int],
    *,
    change_id: int,
    at: datetime,
) -> None:
    """Take this month off the family, also if it left its membership earlier in the month."""
    closed = CoverageMonth.of(wib_date(at)).ordinal - 1
    for one in people:
        await connection.execute(TAKE_MONTH_BACK, *key, one, closed, change_id, at)


async def _stand(
    connection: Connection,
    left: tuple[int, int],
    payer: str,
    membership_id: int,
    people: tuple[int, ...],
    *,
    at: datetime,
) -> SponsoredMove:
    """Say what stays owed; of a membership that the family never paid for itself nothing is."""
    stand = None
    if payer == "FAMILY":
        stand = await connection.fetchrow(BRING_UP_TO_DATE, *left, at)
    return SponsoredMove(
        membership_id=membership_id,
        participants=people,
        owed=Rupiah(0 if stand is None else stand["open_amount"] or 0),
        months_owed=0 if stand is None else stand["arrears_months"] or 0,
    )
