"""Reads of bills and their lines."""

from collections.abc import Sequence
from typing import LiteralString

from iuran.graphql.reads.reading import Reading, by_item
from iuran.graphql.types.bill_lines import BillLine
from iuran.graphql.types.bills import Bill

SELECT_BILLS: LiteralString = """
    SELECT k.item, b.family_id, b.membership_id, b.coverage_month, b.care_class, b.members,
           b.amount, b.settled_amount, b.central_subsidy, b.regional_subsidy, b.issued_at,
           b.due_date, b.settled_at,
           bill_state_in(b.state, b.coverage_month, $3::integer, $4::integer) AS state
    FROM unnest($5::bigint[], $6::bigint[], $7::bigint[]) WITH ORDINALITY
        AS k (family_id, membership_id, coverage_month, item)
    JOIN bill AS b ON b.family_id = k.family_id AND b.membership_id = k.membership_id
                  AND b.coverage_month = k.coverage_month
    WHERE $1::boolean OR b.family_id = $2::bigint
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


BillKey = tuple[int, int, int]
"""Family, membership, and the ordinal of the month that it was issued for."""


async def bills(reading: Reading, keys: Sequence[BillKey]) -> list[Bill | None]:
    """Read bills as they stand now."""
    rows = await reading.snapshot.fetch(
        SELECT_BILLS,
        *reading.scope.families,
        reading.month.ordinal,
        reading.arrears_months_max,
        *_columns(keys),
    )
    found = {row["item"]: Bill.of(row, today=reading.today) for row in rows}
    return [found.get(item) for item in range(1, len(keys) + 1)]


async def bill_lines(reading: Reading, keys: Sequence[BillKey]) -> list[tuple[BillLine, ...]]:
    """Read the lines of bills."""
    rows = await reading.snapshot.fetch(SELECT_LINES, *reading.scope.families, *_columns(keys))
    items = by_item(rows)
    return [tuple(BillLine.of(row) for row in items[item]) for item in range(1, len(keys) + 1)]


def _columns(keys: Sequence[BillKey]) -> tuple[list[int], list[int], list[int]]:
    return [key[0] for key in keys], [key[1] for key in keys], [key[2] for key in keys]
