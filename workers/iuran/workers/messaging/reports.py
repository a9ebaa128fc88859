"""Delivery reports: what a provider tells of a message, kept as facts, each status once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import LiteralString

from iuran.core.database.pool import Connection
from iuran.core.identifiers import mask_numbers_in

REASON_LENGTH_MAX = 500
REPORTS_MAX = 1_000

RECORD: LiteralString = """
    WITH told AS (
        SELECT DISTINCT ON (message_key, status) message_key, status, reported_at, reason
        FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[])
            AS t (message_key, status, reported_at, reason)
        ORDER BY message_key, status, reported_at
    ), known AS MATERIALIZED (
        SELECT k.family_id, k.membership_id, k.coverage_month, k.event, k.channel, k.occurrence,
               t.status, t.reported_at, t.reason
        FROM told AS t
        JOIN reminder_key AS k USING (message_key)
        ORDER BY k.family_id, k.membership_id, k.coverage_month
    ), noted AS (
        INSERT INTO reminder_report (family_id, membership_id, coverage_month, event, channel,
                                     occurrence, status, reason, reported_at, received_at)
        SELECT family_id, membership_id, coverage_month, event, channel, occurrence, status,
               reason, reported_at, $5
        FROM known
        ON CONFLICT DO NOTHING  -- providers repeat their reports
        RETURNING family_id, membership_id, coverage_month, event, channel, occurrence, status
    ), arrived AS (
        DELETE FROM reminder_watch AS w
        USING noted AS n
        WHERE n.status IN ('DELIVERED', 'READ') AND w.family_id = n.family_id
          AND w.membership_id = n.membership_id AND w.coverage_month = n.coverage_month
          AND w.event = n.event AND w.channel = n.channel AND w.occurrence = n.occurrence
    ), failed AS (
        UPDATE reminder_watch AS w
        SET fall_back_at = least(w.fall_back_at, $5)
        FROM noted AS n
        WHERE n.status = 'FAILED' AND w.family_id = n.family_id
          AND w.membership_id = n.membership_id AND w.coverage_month = n.coverage_month
          AND w.event = n.event AND w.channel = n.channel AND w.occurrence = n.occurrence
          AND NOT EXISTS (
              SELECT FROM noted AS other
              WHERE other.status IN ('DELIVERED', 'READ') AND other.family_id = n.family_id
                AND other.membership_id = n.membership_id AND other.event = n.event
                AND other.coverage_month = n.coverage_month AND other.channel = n.channel
                AND other.occurrence = n.occurrence)
    )
    SELECT (SELECT count(*) FROM known) AS known,
           (SELECT count(*) FROM noted) AS noted
"""


class ReportStatus(StrEnum):
    """How far a message came, as its provider says."""

    SENT = "SENT"
    DELIVERED = "DELIVERED"
    READ = "READ"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """What a provider tells of the message with this key."""

    message_key: str
    status: ReportStatus
    reported_at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """How many reports were of messages of ours, and how many of them were news."""

    known: int
    noted: int


async def record(
    connection: Connection, reports: Sequence[DeliveryReport], *, at: datetime
) -> Recorded:
    """Append what is new. What arrived is watched no longer; what failed falls back at once."""
    if not reports:
        return Recorded(known=0, noted=0)
    row = await connection.fetchrow(
        RECORD,
        [report.message_key for report in reports],
        [report.status.value for report in reports],
        [report.reported_at for report in reports],
        [_presentable(report.reason) for report in reports],
        at,
    )
    assert row is not None  # noqa: S101 - a SELECT of counts yields its row
    return Recorded(known=row["known"], noted=row["noted"])


def _presentable(reason: str | None) -> str | None:
    return None if reason is None else mask_numbers_in(reason)[:REASON_LENGTH_MAX]
