"""Money that waits, and people who paid and are not covered: the figures that should be small."""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth

SELECT_HELD: LiteralString = """
    SELECT
        (SELECT count(*) FROM suspense_item AS i
         WHERE NOT EXISTS (SELECT FROM suspense_placement AS p
                           WHERE p.channel_id = i.channel_id AND p.reference = i.reference))
            AS suspense_items,
        (SELECT coalesce(sum(i.amount), 0) FROM suspense_item AS i
         WHERE NOT EXISTS (SELECT FROM suspense_placement AS p
                           WHERE p.channel_id = i.channel_id AND p.reference = i.reference))
            ::bigint AS suspense,
        (SELECT count(*) FROM disputed_payment WHERE closed_at IS NULL) AS disputes,
        (SELECT coalesce(sum(amount), 0) FROM disputed_payment WHERE closed_at IS NULL)::bigint
            AS disputed,
        (SELECT count(*) FROM membership WHERE credit > 0) AS credits,
        (SELECT coalesce(sum(credit), 0) FROM membership)::bigint AS credit,
        (SELECT count(*) FROM employer WHERE credit > 0) AS employer_credits,
        (SELECT coalesce(sum(credit), 0) FROM employer)::bigint AS employer_credit,
        (SELECT count(*) FROM refund WHERE state IN ('REQUESTED', 'COMPLETE', 'APPROVED'))
            AS refunds_waiting,
        (SELECT coalesce(sum(amount), 0) FROM refund
         WHERE state IN ('REQUESTED', 'COMPLETE', 'APPROVED'))::bigint AS refund_waiting,
        (SELECT count(*) FROM refund WHERE state IN ('COMPLETE', 'APPROVED') AND pay_by < $1)
            AS refunds_late,
        (SELECT coalesce(sum(amount), 0) FROM refund
         WHERE state IN ('COMPLETE', 'APPROVED') AND pay_by < $1)::bigint AS refund_late,
        (SELECT count(*) FROM membership
         WHERE state IN ('PENDING', 'SUSPENDED') AND paid_through >= $2) AS paid_but_inactive
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Rupiah that wait, how many cases each, and memberships that paid but are not active.

    `disputed` is what banks tell of payments that we have otherwise, or not surely; it is not ours
    until two persons say so. `paid_but_inactive` counts memberships that are suspended or pending
    although this month is paid: whoever paid is covered within a day, so that it should be zero.
    """

    suspense_items: int
    suspense: Rupiah
    disputes: int
    disputed: Rupiah
    credits: int
    credit: Rupiah
    employer_credits: int
    employer_credit: Rupiah
    refunds_waiting: int
    refund_waiting: Rupiah
    refunds_late: int
    refund_late: Rupiah
    paid_but_inactive: int


async def held(connection: Connection, *, at: datetime) -> Held:
    """Return what waits at an instant. Reads every membership: for reports."""
    today = wib_date(at)
    row = await connection.fetchrow(SELECT_HELD, today, CoverageMonth.of(today).ordinal)
    assert row is not None  # noqa: S101 - a SELECT without FROM yields its row
    return Held(**dict(row.items()))
