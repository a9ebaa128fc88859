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
    SELECT e.family_id, e.participant_id, m.membership_id, m.segment, s.payer,
           care_class_in(m.care_class, m.previous_care_class, m.class_since, $4) AS care_class,
           CASE WHEN grown.since IS NOT NULL THEN 'INACTIVE_SEGMENT_CHANGE'
                WHEN own.cover THEN told.state ELSE 'PENDING' END AS state, told.paid_through
    FROM person_in($1, $2, $4) AS who
    JOIN enrolment AS e
      ON e.family_id = who.family_id AND e.participant_id = who.participant_id
    JOIN membership AS m ON m.family_id = e.family_id AND m.membership_id = e.membership_id
    JOIN segment AS s ON s.segment = m.segment
    CROSS JOIN LATERAL membership_told_at(e.family_id, e.membership_id, $3) AS told
    CROSS JOIN LATERAL (
        SELECT e.awaits_month IS NULL OR EXISTS (
            SELECT FROM membership_event AS paid
            WHERE paid.family_id = e.family_id AND paid.membership_id = e.membership_id
              AND paid.paid_through >= e.awaits_month AND paid.recorded_at >= e.enrolled_at
              AND (paid.effective_at <= $3 OR e.covered_back_to <= wib_date($3))) AS cover
    ) AS own
    CROSS JOIN LATERAL (
        SELECT CASE s.payer WHEN 'EMPLOYER' THEN child_cover_ended_on(
            e.family_id, e.participant_id, e.membership_id, wib_date($3)) END
    ) AS grown (since)
    WHERE e.first_month <= $4 AND (e.last_month IS NULL OR e.last_month >= $4)
      AND (e.left_cause IS DISTINCT FROM 'DEATH' OR e.left_on >= wib_date($3))
    ORDER BY grown.since IS NULL AND own.cover
                 AND membership_state_in(told.state, told.paid_through, $4) = 'ACTIVE' DESC,
             m.membership_id DESC
    LIMIT 1
"""

SELECT_WINDOW: LiteralString = """
    SELECT membership_id, first_day, last_day, arrears_months, employer_id
    FROM fine_window_of($1, $2, $3, $4)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """The membership that a participant is in, and its state at an instant.

    Whoever moved to another family card was another participant of another family before.
    """

    family_id: int
    participant_id: int
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
    joined later is PENDING until the first bill with his lines is paid. Whoever moves to another
    family card is covered with it from the 1st on, whether or not the monthly run has come by. A
    worker's child is inactive from 21 on, but for the days of his college's letters.
    """
    month = CoverageMonth.of(wib_date(at))
    row = await connection.fetchrow(SELECT_COVER, family_id, participant_id, at, month.ordinal)
    if row is None:
        return None
    paid_through = CoverageMonth.if_any(row["paid_through"])
    return Cover(
        family_id=row["family_id"],
        participant_id=row["participant_id"],
        membership_id=row["membership_id"],
        segment=Segment(row["segment"]),
        payer=row["payer"],
        care_class=CareClass(row["care_class"]),
        state=state_in(MembershipState(row["state"]), paid_through, month),
        paid_through=paid_through,
    )


async def window_at(connection: Connection, cover: Cover, *, at: datetime) -> FineWindow | None:
    """Return the fine window of a person's newest reactivation before an instant: only it counts.

    It goes with him to another family card, and one that the family there had opened before he came
    is not his [D].
    """
    key = (cover.family_id, cover.participant_id, cover.membership_id)
    row = await connection.fetchrow(SELECT_WINDOW, *key, at)
    return None if row is None else FineWindow.of(row)
