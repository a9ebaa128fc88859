"""What can be paid now, worked out without writing anything.

The database function `payable_at`, which banks are answered from, issues the bills that the monthly
run has not come to. A read must not: it adds what those bills will be. A test holds both equal.
"""

from collections.abc import Sequence
from typing import LiteralString

from iuran.core.database.pool import Record
from iuran.graphql.reads.reading import Reading

SELECT_PAYABLES: LiteralString = """
    WITH wanted AS MATERIALIZED (
        SELECT m.family_id, m.membership_id, m.state, m.paid_through,
               CASE WHEN m.state = 'PENDING' THEN $3::integer
                    ELSE greatest(m.paid_through + 1, $3 - $4::integer) END AS first_unpaid
        FROM unnest($5::bigint[], $6::bigint[]) AS k (family_id, membership_id)
        JOIN membership AS m
          ON m.family_id = k.family_id AND m.membership_id = k.membership_id
        WHERE $1::boolean OR m.family_id = $2::bigint
        LIMIT 1000
    ), owed AS (
        SELECT w.family_id, w.membership_id, b.coverage_month, b.members::bigint AS members,
               b.amount
        FROM wanted AS w
        JOIN bill AS b ON b.family_id = w.family_id AND b.membership_id = w.membership_id
        WHERE w.state <> 'PENDING' AND b.state = 'OPEN'
          AND b.coverage_month BETWEEN $3 - $4 AND $3
        UNION ALL
        SELECT w.family_id, w.membership_id, n.coverage_month, count(*), sum(l.amount)
        FROM wanted AS w
        CROSS JOIN LATERAL generate_series(w.first_unpaid, $3) AS n (coverage_month)
        CROSS JOIN LATERAL contribution_lines(w.family_id, w.family_id, n.coverage_month) AS l
        WHERE l.membership_id = w.membership_id AND l.state IN ('PENDING', 'ACTIVE', 'SUSPENDED')
          AND NOT EXISTS (
              SELECT FROM bill AS b
              WHERE b.family_id = w.family_id AND b.membership_id = w.membership_id
                AND b.coverage_month = n.coverage_month)
        GROUP BY w.family_id, w.membership_id, n.coverage_month
    )
    SELECT w.family_id, w.membership_id, w.state, w.paid_through, max(o.members) AS members,
           sum(o.amount) AS amount,
           CASE WHEN w.state = 'PENDING' THEN $3 ELSE min(o.coverage_month) END AS first_month,
           CASE WHEN w.state = 'PENDING' THEN $3 ELSE max(o.coverage_month) END AS last_month,
           count(*) FILTER (WHERE o.coverage_month < $3) AS arrears_months
    FROM wanted AS w
    LEFT JOIN owed AS o ON o.family_id = w.family_id AND o.membership_id = w.membership_id
    GROUP BY w.family_id, w.membership_id, w.state, w.paid_through
"""


async def payables(reading: Reading, keys: Sequence[tuple[int, int]]) -> list[Record | None]:
    """Read what memberships can pay, by family and membership, as rows for `Payable.of`."""
    rows = await reading.snapshot.fetch(
        SELECT_PAYABLES,
        *reading.scope.families,
        reading.month.ordinal,
        reading.arrears_months_max,
        [key[0] for key in keys],
        [key[1] for key in keys],
    )
    found = {(row["family_id"], row["membership_id"]): row for row in rows}
    return [found.get(key) for key in keys]
