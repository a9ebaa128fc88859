"""Payments that a bank pushed under one id and reports under another.

Two pushes with two ids are two payments. A report with an id that was never pushed may be a payment
that we know: of the same account and sum, at the same time. Nobody can tell from here, and booked
it would be credit that is not there. So it is held, as a dispute, until two persons say what it is.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString

from iuran.core.database.pool import Connection
from iuran.payments.settlement import PaymentInstruction

PAIRS_MAX = 100_000

SELECT_HELD: LiteralString = """
    SELECT reference, customer_number, amount FROM disputed_payment
    WHERE channel_id = $1 AND reference = ANY ($2::text[]) AND same_as IS NOT NULL
"""

SELECT_LOOKALIKES: LiteralString = """
    WITH told AS MATERIALIZED (
        SELECT u.item, u.customer_number, u.amount, u.since, u.until
        FROM unnest($2::integer[], $3::text[], $4::bigint[], $5::timestamptz[], $6::timestamptz[])
            AS u (item, customer_number, amount, since, until)
    ), ours AS (
        SELECT t.item, p.reference, coalesce(p.channel_time, p.received_at) AS paid_at
        FROM told AS t
        JOIN virtual_account_number AS n ON n.customer_number = t.customer_number
        JOIN payment AS p
          ON p.family_id = n.family_id AND p.channel_id = $1 AND p.amount = t.amount
        UNION
        SELECT t.item, p.reference, coalesce(p.channel_time, p.received_at)
        FROM told AS t
        JOIN employer_account_number AS n ON n.customer_number = t.customer_number
        JOIN employer_payment AS p
          ON p.employer_id = n.employer_id AND p.channel_id = $1 AND p.amount = t.amount
        UNION
        SELECT t.item, s.reference, s.received_at
        FROM told AS t
        JOIN suspense_item AS s
          ON s.channel_id = $1 AND s.customer_number = t.customer_number AND s.amount = t.amount
    )
    SELECT t.item, o.reference
    FROM ours AS o
    JOIN told AS t ON t.item = o.item AND o.paid_at BETWEEN t.since AND t.until
    JOIN payment_reference AS r
      ON r.channel_id = $1 AND r.reference = o.reference AND r.customer_number = t.customer_number
    WHERE o.reference <> ALL ($7::text[])
      AND NOT EXISTS (
          SELECT FROM found_payment AS f
          WHERE f.channel_id = $1 AND f.reference = o.reference AND f.service = $8)
      AND NOT EXISTS (
          SELECT FROM disputed_payment AS d
          LEFT JOIN dispute_closing AS x
            ON x.channel_id = d.channel_id AND x.dispute_id = d.dispute_id
          WHERE d.channel_id = $1 AND d.same_as = o.reference AND x.booked_reference IS NULL)
    ORDER BY t.item, o.paid_at, o.reference
    LIMIT $9
"""

INSERT_HELD: LiteralString = """
    INSERT INTO disputed_payment (channel_id, reference, customer_number, amount, service, paid_at,
                                  found_at, told, same_as)
    SELECT $1, u.reference, u.customer_number, u.amount, $2, u.paid_at, $3, u.told, u.same_as
    FROM unnest($4::text[], $5::text[], $6::bigint[], $7::timestamptz[], $8::bytea[], $9::text[])
        AS u (reference, customer_number, amount, paid_at, told, same_as)
    ORDER BY u.reference
    ON CONFLICT DO NOTHING
    RETURNING reference
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a bank told by a service at an instant; `references` are all ids of the answer.

    A payment that is told under its own id is no other one. Times of payment may differ by `apart`;
    a payment without one may be any of the last `undated`.
    """

    service: int
    at: datetime
    references: Collection[str]
    apart: timedelta
    undated: timedelta

    def span(self, paid_at: datetime | None) -> tuple[datetime, datetime]:
        """Return within which times a payment may be the same."""
        if paid_at is None:
            return self.at - self.undated, self.at
        return paid_at - self.apart, paid_at + self.apart


async def held_before(
    connection: Connection, told: Sequence[PaymentInstruction]
) -> frozenset[tuple[str, str, int]]:
    """Return what of one channel is held, or was: reference, account and sum."""
    rows = await connection.fetch(SELECT_HELD, told[0].channel_id, [one.reference for one in told])
    return frozenset((row["reference"], row["customer_number"], row["amount"]) for row in rows)


async def lookalikes(
    connection: Connection, told: Mapping[int, PaymentInstruction], report: Report
) -> dict[int, str]:
    """Return which unknown payments of one channel look like one that we have, and its reference.

    One that we have stands for one that is told: of two, the other is a payment of its own.
    """
    spans = [report.span(one.channel_time) for one in told.values()]
    rows = await connection.fetch(
        SELECT_LOOKALIKES,
        next(iter(told.values())).channel_id,
        list(told),
        [one.customer_number for one in told.values()],
        [one.amount for one in told.values()],
        [since for since, _ in spans],
        [until for _, until in spans],
        list(report.references),
        report.service,
        PAIRS_MAX,
    )
    pairs: dict[int, str] = {}
    taken: set[str] = set()
    for row in rows:
        if row["item"] not in pairs and row["reference"] not in taken:
            pairs[row["item"]] = row["reference"]
            taken.add(row["reference"])
    return pairs


async def hold(
    connection: Connection,
    told: Mapping[int, PaymentInstruction],
    pairs: Mapping[int, str],
    report: Report,
) -> tuple[str, ...]:
    """Hold payments that look like one that we have; return the references that are news."""
    if not pairs:
        return ()
    like = [told[n] for n in pairs]
    rows = await connection.fetch(
        INSERT_HELD,
        like[0].channel_id,
        report.service,
        report.at,
        [one.reference for one in like],
        [one.customer_number for one in like],
        [one.amount for one in like],
        [one.channel_time for one in like],
        [one.body for one in like],
        list(pairs.values()),
    )
    return tuple(row["reference"] for row in rows)
