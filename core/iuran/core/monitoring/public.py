"""The figures of the public guides: registrations, claims by type, satisfaction, complaints.

Days are WIB dates, first and last inclusive.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import LiteralString

from iuran.core.care.care_types import CareType
from iuran.core.claims.states import ClaimKind, ClaimState
from iuran.core.clock import wib_instant
from iuran.core.complaints.satisfaction import SatisfactionSubject
from iuran.core.database.pool import Connection
from iuran.core.money import Rupiah
from iuran.core.segments import Segment

SELECT_REGISTRATIONS: LiteralString = """
    SELECT m.segment, count(DISTINCT m.family_id) AS families, count(e.participant_id) AS people
    FROM membership_event AS v
    JOIN membership AS m ON m.family_id = v.family_id AND m.membership_id = v.membership_id
    LEFT JOIN enrolment AS e ON e.family_id = m.family_id AND e.membership_id = m.membership_id
    WHERE v.cause = 'REGISTRATION' AND v.effective_at >= $1 AND v.effective_at < $2
    GROUP BY m.segment
    ORDER BY m.segment
    LIMIT 100
"""

SELECT_CLAIMS: LiteralString = """
    SELECT kind, care_type, state, count(*) AS claims, sum(amount_claimed) AS claimed,
           coalesce(sum(amount_verified) FILTER (WHERE state IN ('APPROVED', 'PAID')), 0)
             AS approved
    FROM claim
    WHERE served_on BETWEEN $1 AND $2
    GROUP BY kind, care_type, state
    ORDER BY kind, care_type, state
    LIMIT 1000
"""

SELECT_SATISFACTION: LiteralString = """
    SELECT subject, count(*) AS answers, sum(score) AS score_sum,
           count(*) FILTER (WHERE score >= 4) AS satisfied
    FROM satisfaction
    WHERE given_at >= $1 AND given_at < $2
    GROUP BY subject
    ORDER BY subject
    LIMIT 100
"""

SELECT_COMPLAINTS: LiteralString = """
    SELECT category, count(*) AS received,
           count(*) FILTER (WHERE state = 'ANSWERED') AS answered,
           count(*) FILTER (WHERE wib_date(coalesce(answered_at, $3)) > answer_by) AS late
    FROM complaint
    WHERE received_at >= $1 AND received_at < $2
    GROUP BY category
    ORDER BY category
    LIMIT 100
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """A span of WIB dates, both inclusive."""

    first: date
    last: date

    @property
    def instants(self) -> tuple[datetime, datetime]:
        """Its first instant, and the first behind it."""
        return wib_instant(self.first), wib_instant(self.last + timedelta(days=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrations:
    """New families of a segment, and the people in them."""

    segment: Segment
    families: int
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimFigure:
    """Claims of a kind, type of care and stored state, by the day of service; in rupiah."""

    kind: ClaimKind
    care_type: CareType
    state: ClaimState
    claims: int
    claimed: Rupiah
    approved: Rupiah


@dataclass(frozen=True, slots=True, kw_only=True)
class SatisfactionFigure:
    """Answers on a subject: their sum makes the mean, 4 and 5 count as satisfied [D]."""

    subject: SatisfactionSubject
    answers: int
    score_sum: int
    satisfied: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintFigure:
    """Complaints of a category that came in, and what became of them until now."""

    category: str
    received: int
    answered: int
    late: int


async def registrations(connection: Connection, days: Days) -> Sequence[Registrations]:
    """Return how many families and people were registered, by their present segment."""
    return tuple(
        Registrations(
            segment=Segment(row["segment"]), families=row["families"], people=row["people"]
        )
        for row in await connection.fetch(SELECT_REGISTRATIONS, *days.instants)
    )


async def claim_figures(connection: Connection, days: Days) -> Sequence[ClaimFigure]:
    """Return claims by kind, type of care and state, for care given on these days."""
    return tuple(
        ClaimFigure(
            kind=ClaimKind(row["kind"]),
            care_type=CareType(row["care_type"]),
            state=ClaimState(row["state"]),
            claims=row["claims"],
            claimed=Rupiah(int(row["claimed"])),
            approved=Rupiah(int(row["approved"])),
        )
        for row in await connection.fetch(SELECT_CLAIMS, days.first, days.last)
    )


async def satisfaction_figures(connection: Connection, days: Days) -> Sequence[SatisfactionFigure]:
    """Return what people answered on these days, by subject."""
    return tuple(
        SatisfactionFigure(
            subject=SatisfactionSubject(row["subject"]),
            answers=row["answers"],
            score_sum=int(row["score_sum"]),
            satisfied=row["satisfied"],
        )
        for row in await connection.fetch(SELECT_SATISFACTION, *days.instants)
    )


async def complaint_figures(
    connection: Connection, days: Days, *, at: datetime
) -> Sequence[ComplaintFigure]:
    """Return complaints that came in on these days, as they stand at an instant."""
    return tuple(
        ComplaintFigure(
            category=row["category"],
            received=row["received"],
            answered=row["answered"],
            late=row["late"],
        )
        for row in await connection.fetch(SELECT_COMPLAINTS, *days.instants, at)
    )
