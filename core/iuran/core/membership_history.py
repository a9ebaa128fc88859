"""Was this participant covered at this moment? Answered from facts alone, for any instant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.membership import MembershipState, state_in
from iuran.core.months import CoverageMonth

SELECT_STATUS: LiteralString = """
    SELECT e.family_id, e.participant_id, e.membership_id, m.segment, s.payer,
           CASE WHEN gone.is_over OR grown.since IS NOT NULL THEN 'INACTIVE_SEGMENT_CHANGE'
                ELSE told.state END AS state,
           told.paid_through,
           CASE WHEN gone.is_over THEN 'LAYOFF_ENDED'
                WHEN grown.since IS NOT NULL THEN 'CHILD_OF_AGE'
                ELSE told.cause END AS cause,
           CASE WHEN gone.is_over THEN wib_midnight(first_day_of(e.last_month + 1))
                ELSE coalesce(wib_midnight(grown.since), told.effective_at) END AS effective_at,
           came.other_family_id AS former_family_id, came.first_month AS came_in,
           e.awaits_month IS NULL OR EXISTS (
               SELECT FROM membership_event AS paid
               WHERE paid.family_id = e.family_id AND paid.membership_id = e.membership_id
                 AND paid.paid_through >= e.awaits_month AND paid.recorded_at >= e.enrolled_at
                 AND (paid.effective_at <= $3 OR e.covered_back_to <= wib_date($3))
           ) AS own_cover
    FROM person_in($1, $2, coverage_month_of(wib_date($3))) AS who
    JOIN enrolment AS e
      ON e.family_id = who.family_id AND e.participant_id = who.participant_id
    JOIN membership AS m ON m.family_id = e.family_id AND m.membership_id = e.membership_id
    JOIN segment AS s ON s.segment = m.segment
    CROSS JOIN LATERAL membership_told_at(e.family_id, e.membership_id, $3) AS told
    CROSS JOIN LATERAL (
        SELECT e.last_month IS NOT NULL AND e.last_month < coverage_month_of(wib_date($3))
    ) AS gone (is_over)
    CROSS JOIN LATERAL (
        SELECT CASE s.payer WHEN 'EMPLOYER' THEN child_cover_ended_on(
            e.family_id, e.participant_id, e.membership_id, wib_date($3)) END
    ) AS grown (since)
    LEFT JOIN family_move AS came
      ON came.family_id = e.family_id AND came.participant_id = e.participant_id
     AND came.direction = 'IN' AND came.membership_id = e.membership_id
    WHERE e.first_month <= coverage_month_of(wib_date($3))
      AND (NOT gone.is_over OR EXISTS (
          SELECT FROM layoff AS l
          WHERE l.family_id = e.family_id AND l.membership_id = e.membership_id))
      AND (e.left_cause IS DISTINCT FROM 'DEATH' OR e.left_on >= wib_date($3))
    ORDER BY gone.is_over, grown.since IS NOT NULL, told.effective_at DESC
    LIMIT 20
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipFact:
    """The last fact of a membership before an instant, for a participant enrolled in it."""

    family_id: int
    participant_id: int
    membership_id: int
    segment: str
    payer: str
    state: str
    paid_through: int | None
    cause: str
    effective_at: datetime
    former_family_id: int | None
    came_in: int | None
    """The month in which he came from another family card to this membership."""
    own_cover: bool
    """Whether the first bill with his own lines is paid, if his cover awaits that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusAt:
    """What a participant's cover was at an instant, and the fact that it followed from.

    Whoever moved to another family card was another participant of another family before.
    """

    family_id: int
    participant_id: int
    membership_id: int
    segment: str
    state: MembershipState
    paid_through: CoverageMonth | None
    covered: bool
    cause: str
    since: datetime
    former_family_id: int | None
    came_in: CoverageMonth | None


async def status_at(
    connection: Connection, family_id: int, participant_id: int, *, at: datetime
) -> StatusAt | None:
    """Return a participant's status at an instant; None if he was in no membership then.

    Of several memberships the one that covers him counts. Later postings with an older value date
    are part of the answer: an undone suspension never was. Whoever has moved to another family card
    is answered for across both, under either participant; whose benefits after a layoff are over is
    told so, unless he is in another membership; so is a worker's child who is of age without a
    letter of his college.
    """
    rows = await connection.fetch(SELECT_STATUS, family_id, participant_id, at)
    facts = [MembershipFact(**dict(row)) for row in rows]
    return status_of(facts, month=CoverageMonth.of(wib_date(at)))


def status_of(facts: Sequence[MembershipFact], *, month: CoverageMonth) -> StatusAt | None:
    """Return the status that follows from the facts of a participant's memberships in a month."""
    found = [_status(fact, month) for fact in facts]
    return next((status for status in found if status.covered), found[0] if found else None)


async def was_covered(
    connection: Connection, family_id: int, participant_id: int, *, at: datetime
) -> bool:
    """Whether care of a participant was covered at an instant."""
    status = await status_at(connection, family_id, participant_id, at=at)
    return status is not None and status.covered


def _status(fact: MembershipFact, month: CoverageMonth) -> StatusAt:
    paid_through = CoverageMonth.if_any(fact.paid_through)
    state = MembershipState(fact.state)
    if fact.payer != "GOVERNMENT":
        state = state_in(state, paid_through, month)
    return StatusAt(
        family_id=fact.family_id,
        participant_id=fact.participant_id,
        membership_id=fact.membership_id,
        segment=fact.segment,
        state=state,
        paid_through=paid_through,
        covered=state is MembershipState.ACTIVE and fact.own_cover,
        cause=fact.cause,
        since=fact.effective_at,
        former_family_id=fact.former_family_id,
        came_in=CoverageMonth.if_any(fact.came_in),
    )
