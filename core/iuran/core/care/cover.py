"""Which membership covers a participant at an instant, as the facts of that instant have it."""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.fines import FineWindow
from iuran.core.membership import MembershipState, state_in
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass, Segment

SELECT_COVER: LiteralString = """
    SELECT m.membership_id, m.segment, s.payer,
           care_class_in(m.care_class, m.previous_care_class, m.class_since, $4) AS care_class,
           CASE WHEN own.cover THEN told.state ELSE 'PENDING' END AS state, told.paid_through
    FROM enrolment AS e
    JOIN membership AS m ON m.family_id = e.family_id AND m.membership_id = e.membership_id
    JOIN segment AS s ON s.segment = m.segment
    JOIN LATERAL (
        SELECT v.state, v.paid_through FROM membership_event AS v
        WHERE v.family_id = e.family_id AND v.membership_id = e.membership_id
          AND v.effective_at <= $3
        ORDER BY v.effective_at DESC, v.event_id DESC
        LIMIT 1
    ) AS told ON true
    CROSS JOIN LATERAL (
        SELECT e.awaits_month IS NULL OR EXISTS (
            SELECT FROM membership_event AS paid
            WHERE paid.family_id = e.family_id AND paid.membership_id = e.membership_id
              AND paid.paid_through >= e.awaits_month AND paid.recorded_at >= e.enrolled_at
              AND (paid.effective_at <= $3 OR e.covered_back_to <= wib_date($3))) AS cover
    ) AS own
    WHERE e.family_id = $1 AND e.participant_id = $2
      AND e.first_month <= $4 AND (e.last_month IS NULL OR e.last_month >= $4)
      AND (e.left_cause IS DISTINCT FROM 'DEATH' OR e.left_on >= wib_date($3))
    ORDER BY own.cover AND membership_state_in(told.state, told.paid_through, $4) = 'ACTIVE' DESC,
             m.membership_id DESC
    LIMIT 1
"""

SELECT_WINDOW: LiteralString = """
    SELECT membership_id, first_day, last_day, arrears_months, employer_id
    FROM fine_window
    WHERE family_id = $1 AND membership_id = $2 AND opened_at <= $3
    ORDER BY window_id DESC
    LIMIT 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """The membership that a participant is in, and its state at an instant."""

    membership_id: int
    segment: Segment
    payer: str
    care_class: CareClass
    state: MembershipState
    paid_through: CoverageMonth | None


async def cover_at(
    connection: Connection, *, family_id: int, participant_id: int, at: datetime
) -> Cover | None:
    """Return what covers a participant at an instant; None if he is in no membership.

    A month that closed unpaid suspends from the 1st of the next (Perpres 82/2018 art. 42(1)),
    whether or not the monthly run has noted it. An active membership goes before another. Who
    joined later is PENDING until the first bill with his lines is paid.
    """
    month = CoverageMonth.of(wib_date(at))
    row = await connection.fetchrow(SELECT_COVER, family_id, participant_id, at, month.ordinal)
    if row is None:
        return None
    paid = row["paid_through"]
    paid_through = None if paid is None else CoverageMonth.of_ordinal(paid)
    return Cover(
        membership_id=row["membership_id"],
        segment=Segment(row["segment"]),
        payer=row["payer"],
        care_class=CareClass(row["care_class"]),
        state=state_in(MembershipState(row["state"]), paid_through, month),
        paid_through=paid_through,
    )


async def window_at(
    connection: Connection, *, family_id: int, membership_id: int, at: datetime
) -> FineWindow | None:
    """Return the fine window of the newest reactivation before an instant: only that one counts."""
    row = await connection.fetchrow(SELECT_WINDOW, family_id, membership_id, at)
    return None if row is None else FineWindow.of(row)
