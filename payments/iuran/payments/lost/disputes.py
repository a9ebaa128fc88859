"""Payments that a bank has otherwise than we: refused, or of another sum, account or name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from iuran.core.database.pool import Connection
from iuran.core.money import Rupiah
from iuran.payments.settlement import PaymentInstruction

DISPUTES_MAX = 500

# An account that was told whole, or that has not our form, ends in the number that we know.
INSERT_DISPUTES: LiteralString = """
    INSERT INTO disputed_payment (channel_id, reference, customer_number, amount, service, paid_at,
                                  found_at, told)
    SELECT $1, u.reference, u.customer_number, u.amount, $2, u.paid_at, $3, u.told
    FROM unnest($4::text[], $5::text[], $6::bigint[], $7::timestamptz[], $8::bytea[])
        AS u (reference, customer_number, amount, paid_at, told)
    JOIN payment_reference AS r ON r.channel_id = $1 AND r.reference = u.reference
    LEFT JOIN payment_answer AS a ON a.channel_id = $1 AND a.reference = u.reference
    WHERE r.amount <> u.amount
       OR right(u.customer_number, length(r.customer_number)) <> r.customer_number
       OR coalesce(a.result, '-') NOT IN ('SETTLED', 'CREDITED', 'IN_SUSPENSE')
    ORDER BY u.reference, u.customer_number, u.amount
    ON CONFLICT DO NOTHING
    RETURNING reference
"""

SELECT_DISPUTES: LiteralString = """
    SELECT d.dispute_id, c.code AS channel, d.reference, d.service, d.customer_number, d.amount,
           d.paid_at, d.found_at, d.same_as, r.customer_number AS our_customer_number,
           r.amount AS our_amount, a.result AS our_result, d.closed_at, p.outcome,
           p.reason AS closed_because, x.approved_by AS closed_by
    FROM disputed_payment AS d
    JOIN channel AS c USING (channel_id)
    JOIN payment_reference AS r
      ON r.channel_id = d.channel_id AND r.reference = coalesce(d.same_as, d.reference)
    LEFT JOIN payment_answer AS a
      ON a.channel_id = r.channel_id AND a.reference = r.reference
    LEFT JOIN dispute_closing AS x
      ON x.channel_id = d.channel_id AND x.dispute_id = d.dispute_id
    LEFT JOIN dispute_proposal AS p
      ON p.channel_id = x.channel_id AND p.dispute_id = x.dispute_id
     AND p.proposal_id = x.proposal_id
    WHERE d.found_at >= $1 AND d.found_at < $2
      AND ($3::text IS NULL OR c.code = upper($3))
      AND ($4::boolean IS NULL OR (d.closed_at IS NOT NULL) = $4)
    ORDER BY d.found_at DESC, d.dispute_id DESC
    LIMIT $5
"""

SELECT_PROPOSALS: LiteralString = """
    SELECT p.dispute_id, p.proposal_id, c.code AS channel, d.reference, d.amount, p.outcome,
           p.reason, p.proposed_by, p.proposed_at
    FROM dispute_proposal AS p
    JOIN disputed_payment AS d ON d.channel_id = p.channel_id AND d.dispute_id = p.dispute_id
    JOIN channel AS c ON c.channel_id = p.channel_id
    WHERE d.closed_at IS NULL
    ORDER BY p.proposed_at, p.channel_id, p.dispute_id, p.proposal_id
    LIMIT $1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputedPayment:
    """A payment as a bank tells it, in rupiah, and beside it what we have under its reference.

    With `same_as` it is what we have under that one: it looks like the same payment. `outcome`,
    `closed_because` and `closed_by` are None while it is open.
    """

    dispute_id: int
    channel: str
    reference: str
    service: int
    customer_number: str
    amount: Rupiah
    paid_at: datetime | None
    found_at: datetime
    same_as: str | None
    our_customer_number: str
    our_amount: Rupiah
    our_result: str | None
    closed_at: datetime | None
    outcome: str | None
    closed_because: str | None
    closed_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingClosing:
    """How somebody thinks that a dispute ends; another person has to approve it."""

    dispute_id: int
    proposal_id: int
    channel: str
    reference: str
    amount: Rupiah
    outcome: str
    reason: str
    proposed_by: str
    proposed_at: datetime


async def note_disputes(
    connection: Connection, told: Sequence[PaymentInstruction], *, service: int, at: datetime
) -> tuple[str, ...]:
    """Keep what one channel tells against our own books; return the references that are news.

    Nothing of it is booked: whether the money is there has to be settled with the bank.
    """
    if not told:
        return ()
    rows = await connection.fetch(
        INSERT_DISPUTES,
        told[0].channel_id,
        service,
        at,
        [one.reference for one in told],
        [one.customer_number for one in told],
        [one.amount for one in told],
        [one.channel_time for one in told],
        [one.body for one in told],
    )
    return tuple(row["reference"] for row in rows)


async def disputed_payments(
    connection: Connection,
    *,
    since: datetime,
    until: datetime,
    channel: str | None = None,
    is_closed: bool | None = None,
) -> tuple[DisputedPayment, ...]:
    """Return what was found to be disputed in a legal time, the latest first; None asks for all."""
    rows = await connection.fetch(SELECT_DISPUTES, since, until, channel, is_closed, DISPUTES_MAX)
    return tuple(DisputedPayment(**dict(row.items())) for row in rows)


async def waiting_closings(
    connection: Connection, *, limit: int = 50
) -> tuple[WaitingClosing, ...]:
    """Return what was proposed for disputes that are open, the oldest first."""
    rows = await connection.fetch(SELECT_PROPOSALS, min(limit, DISPUTES_MAX))
    return tuple(WaitingClosing(**dict(row.items())) for row in rows)
