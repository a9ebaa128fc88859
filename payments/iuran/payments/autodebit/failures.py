"""Warnings: before a month ends, families hear that every attempt to debit them failed."""

from datetime import date, datetime
from typing import LiteralString

from iuran.core.database.pool import Connection
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import parameter

FAILED = "autodebit.failed"
"""The event of the outbox."""

WARN: LiteralString = """
    WITH owing AS (
        SELECT i.family_id, i.membership_id, count(*) AS attempts, max(f.collection_date) AS last
        FROM autodebit_file AS f
        JOIN autodebit_item AS i ON i.file_id = f.file_id
        JOIN bill AS b
          ON b.family_id = i.family_id AND b.membership_id = i.membership_id
         AND b.coverage_month = $1 AND b.state = 'OPEN'
        WHERE f.collection_date BETWEEN $2 AND $3 AND f.sent_at IS NOT NULL
          AND NOT EXISTS (
              SELECT FROM autodebit_result AS r
              WHERE r.family_id = i.family_id AND r.file_id = i.file_id
                AND r.customer_number = i.customer_number
                AND r.outcome IN ('EXCLUDED', 'DEBITED'))
        GROUP BY i.family_id, i.membership_id
    ), warned AS (
        INSERT INTO autodebit_warning (family_id, membership_id, coverage_month, warned_at)
        SELECT family_id, membership_id, $1, $4 FROM owing ORDER BY family_id, membership_id
        ON CONFLICT DO NOTHING
        RETURNING family_id, membership_id
    ), told AS (
        INSERT INTO outbox (family_id, kind, payload, occurred_at)
        SELECT w.family_id, $5,
               jsonb_build_object('membership_id', w.membership_id, 'coverage_month', $1::integer,
                                  'attempts', o.attempts, 'last_attempt', o.last),
               $4
        FROM warned AS w
        JOIN owing AS o ON o.family_id = w.family_id AND o.membership_id = w.membership_id
    )
    SELECT count(*) FROM warned
"""


def warning_day(month: CoverageMonth) -> date:
    """Return from which WIB date on families are warned [D]: after the last attempt of a month."""
    return month.first_day.replace(day=parameter("autodebit_warning_day", month.first_day))


async def warn_of_failures(connection: Connection, month: CoverageMonth, *, at: datetime) -> int:
    """Warn each family, once a month, whose bill is open after all attempts; return how many.

    A debit without a result counts as failed: a family that pays twice has credit, one that is not
    warned loses its cover.
    """
    warned: int = await connection.fetchval(
        WARN, month.ordinal, month.first_day, month.last_day, at, FAILED
    )
    return warned
