"""Reads of bills, their lines and their payments."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString

from iuran.core.bills import BillState
from iuran.graphql.reads.reading import Reading, by_item
from iuran.graphql.types.bills import Bill, BillLine, BillPayment

SELECT_BILLS: LiteralString = """
    SELECT k.item, b.family_id, b.membership_id, b.coverage_month, b.care_class, b.members,
           b.amount, b.settled_amount, b.central_subsidy, b.regional_subsidy, b.issued_at,
           b.due_date, b.state, b.settled_at
    FROM unnest($5::bigint[], $6::integer[], $7::bigint[], $8::bigint[], $9::text[],
                $10::bigint[], $11::bigint[]) WITH ORDINALITY
        AS k (family_id, row_count, after_month, after_membership_id, states, membership_id,
              coverage_month, item)
    CROSS JOIN LATERAL (
        SELECT x.family_id, x.membership_id, x.coverage_month, x.care_class, x.members, x.amount,
               x.settled_amount, x.central_subsidy, x.regional_subsidy, x.issued_at, x.due_date,
               x.settled_at,
               bill_state_in(x.state, x.coverage_month, $3::integer, $4::integer) AS state
        FROM bill AS x
        WHERE x.family_id = k.family_id AND ($1::boolean OR x.family_id = $2::bigint)
          AND (k.membership_id IS NULL OR x.membership_id = k.membership_id)
          AND (k.coverage_month IS NULL OR x.coverage_month = k.coverage_month)
          AND (k.after_month IS NULL
               OR (x.coverage_month, x.membership_id) < (k.after_month, k.after_membership_id))
          AND (k.states IS NULL
               OR bill_state_in(x.state, x.coverage_month, $3, $4)
                  = ANY(string_to_array(k.states, ',')))
        ORDER BY x.coverage_month DESC, x.membership_id DESC
        LIMIT k.row_count
    ) AS b
    ORDER BY k.item, b.coverage_month DESC, b.membership_id DESC
"""

SELECT_LINES: LiteralString = """
    SELECT k.item, l.family_id, l.participant_id, l.coverage_month, l.amount, l.central_subsidy,
           l.regional_subsidy, r.legal_basis
    FROM unnest($3::bigint[], $4::bigint[], $5::integer[]) WITH ORDINALITY
        AS k (family_id, membership_id, billed_month, item)
    CROSS JOIN LATERAL (
        SELECT x.family_id, x.participant_id, x.coverage_month, x.amount, x.central_subsidy,
               x.regional_subsidy, x.rate_group, x.care_class, x.rate_first_month
        FROM bill_line AS x
        WHERE x.family_id = k.family_id AND x.membership_id = k.membership_id
          AND x.billed_month = k.billed_month AND ($1::boolean OR x.family_id = $2::bigint)
        ORDER BY x.participant_id, x.coverage_month
        LIMIT 100
    ) AS l
    JOIN contribution_rate AS r
      ON r.rate_group = l.rate_group AND r.care_class = l.care_class
     AND r.first_month = l.rate_first_month
    ORDER BY k.item, l.participant_id, l.coverage_month
"""

SELECT_PAYMENTS: LiteralString = """
    SELECT k.item, p.received_at, p.amount, p.reference, c.name AS channel_name
    FROM unnest($3::bigint[], $4::bigint[], $5::integer[]) WITH ORDINALITY
        AS k (family_id, membership_id, coverage_month, item)
    CROSS JOIN LATERAL (
        SELECT y.received_at, y.amount, y.reference, y.channel_id
        FROM payment AS y
        JOIN payment_allocation AS x ON x.family_id = y.family_id AND x.payment_id = y.payment_id
        WHERE y.family_id = k.family_id AND x.membership_id = k.membership_id
          AND x.coverage_month = k.coverage_month AND ($1::boolean OR y.family_id = $2::bigint)
        ORDER BY y.payment_id DESC
        LIMIT 1
    ) AS p
    JOIN channel AS c ON c.channel_id = p.channel_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillPage:
    """A page of a family's bills, or one bill of it."""

    family_id: int
    row_count: int
    after: tuple[int, ...] | None = None
    states: frozenset[BillState] | None = None
    membership_id: int | None = None
    coverage_month: int | None = None


BillKey = tuple[int, int, int]
"""Family, membership, and the ordinal of the month that it was issued for."""


async def bills(reading: Reading, pages: Sequence[BillPage]) -> list[tuple[Bill, ...]]:
    """Read pages of bills as they stand now, the newest month first."""
    rows = await reading.snapshot.fetch(
        SELECT_BILLS,
        *reading.scope.families,
        reading.month.ordinal,
        reading.arrears_months_max,
        [page.family_id for page in pages],
        [page.row_count for page in pages],
        [page.after and page.after[0] for page in pages],
        [page.after and page.after[1] for page in pages],
        [None if page.states is None else ",".join(sorted(page.states)) for page in pages],
        [page.membership_id for page in pages],
        [page.coverage_month for page in pages],
    )
    items = by_item(rows)
    return [
        tuple(Bill.of(row, today=reading.today) for row in items[item])
        for item in range(1, len(pages) + 1)
    ]


async def bill_lines(reading: Reading, keys: Sequence[BillKey]) -> list[tuple[BillLine, ...]]:
    """Read the lines of bills."""
    rows = await reading.snapshot.fetch(SELECT_LINES, *reading.scope.families, *_columns(keys))
    items = by_item(rows)
    return [tuple(BillLine.of(row) for row in items[item]) for item in range(1, len(keys) + 1)]


async def bill_payments(reading: Reading, keys: Sequence[BillKey]) -> list[BillPayment | None]:
    """Read the payments that settled bills."""
    rows = await reading.snapshot.fetch(SELECT_PAYMENTS, *reading.scope.families, *_columns(keys))
    found = {row["item"]: BillPayment.of(row) for row in rows}
    return [found.get(item) for item in range(1, len(keys) + 1)]


def _columns(keys: Sequence[BillKey]) -> tuple[list[int], list[int], list[int]]:
    return [key[0] for key in keys], [key[1] for key in keys], [key[2] for key in keys]
