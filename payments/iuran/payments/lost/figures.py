"""How many notifications were lost, and how long their payers were paid but inactive."""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from iuran.core.database.pool import Connection
from iuran.core.money import Rupiah

SELECT_DUE: LiteralString = """
    SELECT c.code FROM lost_search AS s JOIN channel AS c USING (channel_id)
    WHERE s.next_at <= $1 AND c.enabled
    ORDER BY s.next_at
    LIMIT 100
"""

SELECT_FIGURES: LiteralString = """
    SELECT c.code, s.next_at, s.reported_until, s.last_error,
           count(f.reference) FILTER (WHERE f.service = 26) AS by_status,
           count(f.reference) FILTER (WHERE f.service = 35) AS by_report,
           coalesce(sum(f.amount), 0)::bigint AS amount,
           percentile_disc(0.5) WITHIN GROUP (ORDER BY f.found_at - f.paid_at) AS wait_median,
           max(f.found_at - f.paid_at) AS wait_max,
           (SELECT count(*) FROM disputed_payment AS d
            WHERE d.channel_id = s.channel_id AND d.same_as IS NOT NULL
              AND d.found_at >= $1 AND d.found_at < $2) AS held
    FROM lost_search AS s
    JOIN channel AS c USING (channel_id)
    LEFT JOIN found_payment AS f
      ON f.channel_id = s.channel_id AND f.found_at >= $1 AND f.found_at < $2
    GROUP BY s.channel_id, c.code, s.next_at, s.reported_until, s.last_error
    ORDER BY c.code
    LIMIT 1000
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LostFigures:
    """What was found at a channel, and how long (in seconds) from the payment until we knew it.

    `held` were told under an id that was never pushed, like a payment that we have.
    """

    channel: str
    by_status: int
    by_report: int
    amount: Rupiah
    held: int
    wait_median_seconds: int | None
    wait_max_seconds: int | None
    reported_until: datetime | None
    last_error: str | None


async def due_searches(connection: Connection, *, real: datetime) -> tuple[str, ...]:
    """Return the channels whose search is due, in real time."""
    return tuple(row["code"] for row in await connection.fetch(SELECT_DUE, real))


async def lost_figures(
    connection: Connection, *, since: datetime, until: datetime
) -> tuple[LostFigures, ...]:
    """Return what was found in a legal time, for every channel that is searched."""
    return tuple(
        LostFigures(
            channel=row["code"],
            by_status=row["by_status"],
            by_report=row["by_report"],
            amount=Rupiah(row["amount"]),
            held=row["held"],
            wait_median_seconds=_seconds(row["wait_median"]),
            wait_max_seconds=_seconds(row["wait_max"]),
            reported_until=row["reported_until"],
            last_error=row["last_error"],
        )
        for row in await connection.fetch(SELECT_FIGURES, since, until)
    )


def _seconds(span: object) -> int | None:
    total = getattr(span, "total_seconds", None)
    return None if total is None else int(total())
