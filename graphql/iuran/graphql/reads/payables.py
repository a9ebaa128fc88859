"""What can be paid now, worked out without writing anything.

The database function `payable_at`, which banks are answered from, issues the bills that the monthly
run has not come to. A read must not: it adds what those bills will be. A test holds both equal. Two
things are seen only by who may write, until the monthly run has come by: that an instalment plan
missed its step, and the bills of months that the last step of a plan settles.
"""

from collections.abc import Sequence
from typing import Final, LiteralString

from iuran.core.database.pool import Record
from iuran.graphql.reads.reading import Reading

PAYABLES_OF: Final[LiteralString] = """
    WITH wanted AS MATERIALIZED (
        SELECT m.family_id, m.membership_id, m.state, m.paid_through, m.credit, m.plan_id,
               c.membership_id IS NOT NULL AS is_moved,
               CASE WHEN m.state = 'PENDING' AND c.catches_up
                        THEN greatest(c.last_covered_month + 1, {month} - {arrears_months_max})
                    WHEN m.state = 'PENDING' THEN {month}
                    WHEN m.credit > 0 THEN m.paid_through + 1
                    ELSE greatest(m.paid_through + 1, {month} - {arrears_months_max})
                    END AS first_unpaid
        FROM {keys} AS k (family_id, membership_id)
        JOIN membership AS m
          ON m.family_id = k.family_id AND m.membership_id = k.membership_id
        LEFT JOIN segment_change AS c
          ON c.family_id = m.family_id AND c.membership_id = m.membership_id
        WHERE {seen}
        LIMIT 1000
    ), owed AS (
        SELECT w.family_id, w.membership_id, b.coverage_month, b.members::bigint AS members,
               b.amount - b.settled_amount AS amount
        FROM wanted AS w
        JOIN bill AS b ON b.family_id = w.family_id AND b.membership_id = w.membership_id
        WHERE w.state <> 'PENDING' AND b.state = 'OPEN' AND b.coverage_month <= {month}
        UNION ALL
        SELECT w.family_id, w.membership_id, n.coverage_month, count(*), sum(l.amount)
        FROM wanted AS w
        CROSS JOIN LATERAL generate_series(w.first_unpaid, greatest({month}, CASE w.state
            WHEN 'PENDING' THEN w.first_unpaid END)) AS n (coverage_month)
        CROSS JOIN LATERAL contribution_lines(w.family_id, w.family_id, n.coverage_month) AS l
        WHERE l.membership_id = w.membership_id AND l.state IN ('PENDING', 'ACTIVE', 'SUSPENDED')
          AND NOT EXISTS (
              SELECT FROM bill AS b
              WHERE b.family_id = w.family_id AND b.membership_id = w.membership_id
                AND b.coverage_month = n.coverage_month)
        GROUP BY w.family_id, w.membership_id, n.coverage_month
    ), counted AS (
        SELECT family_id, membership_id, coverage_month, members, amount,
               sum(amount) OVER (PARTITION BY family_id, membership_id ORDER BY coverage_month)
                   AS upto
        FROM owed
    ), spent AS (
        SELECT w.family_id, w.membership_id, max(c.coverage_month) AS through
        FROM wanted AS w
        JOIN counted AS c ON c.family_id = w.family_id AND c.membership_id = w.membership_id
        WHERE w.state <> 'PENDING' AND w.plan_id IS NULL AND w.credit > 0
          AND c.upto <= credit_on(w.family_id, w.membership_id, first_day_of(c.coverage_month))
        GROUP BY w.family_id, w.membership_id
    ), due AS (
        SELECT w.family_id, w.membership_id, max(c.coverage_month) >= {month} AS is_billed,
               w.credit - coalesce(max(c.upto) FILTER (WHERE NOT a.is_asked), 0) AS credit,
               max(c.members) FILTER (WHERE a.counts) AS members,
               sum(c.amount) FILTER (WHERE a.counts) AS amount,
               min(c.coverage_month) FILTER (WHERE a.counts) AS first_month,
               max(c.coverage_month) FILTER (WHERE a.counts) AS last_month,
               count(*) FILTER (WHERE a.counts AND c.coverage_month < {month}) AS arrears_months
        FROM wanted AS w
        LEFT JOIN counted AS c ON c.family_id = w.family_id AND c.membership_id = w.membership_id
        LEFT JOIN spent AS s ON s.family_id = w.family_id AND s.membership_id = w.membership_id
        CROSS JOIN LATERAL (
            SELECT c.coverage_month > coalesce(s.through, 0) AS is_asked,
                   c.coverage_month > greatest(
                       coalesce(s.through, 0), {month} - {arrears_months_max} - 1) AS counts
        ) AS a
        GROUP BY w.family_id, w.membership_id, w.credit
    )
    SELECT w.family_id, w.membership_id, w.state, w.paid_through, w.is_moved, w.first_unpaid,
           d.amount AS open_amount, ahead.months AS months_ahead, d.credit, d.members,
           CASE WHEN w.plan_id IS NULL THEN d.amount ELSE step.amount END AS plan_amount,
           w.plan_id IS NOT NULL AS has_plan,
           CASE WHEN ahead.months > 0
                THEN price_ahead(w.family_id, w.membership_id,
                                 greatest({month},
                                          CASE w.state WHEN 'PENDING' THEN w.first_unpaid END),
                                 ahead.months) ELSE 0 END AS price_ahead,
           coalesce(step.first_month, CASE w.state WHEN 'PENDING' THEN w.first_unpaid END,
                    d.first_month) AS first_month,
           coalesce(step.last_month, CASE w.state
               WHEN 'PENDING' THEN greatest(w.first_unpaid, {month}) END,
                    d.last_month) AS last_month,
           coalesce(step.arrears_months, CASE w.state WHEN 'PENDING' THEN 0 END,
                    d.arrears_months) AS arrears_months,
           coalesce(d.is_billed, false) OR EXISTS (
               SELECT FROM bill AS b
               WHERE b.family_id = w.family_id AND b.membership_id = w.membership_id
                 AND b.coverage_month = {month}) AS is_billed
    FROM wanted AS w
    JOIN due AS d ON d.family_id = w.family_id AND d.membership_id = w.membership_id
    CROSS JOIN LATERAL (
        SELECT months_ahead_asked(w.family_id, w.membership_id, {today}) AS months
    ) AS ahead
    LEFT JOIN LATERAL (
        SELECT i.amount, i.first_month, i.last_month, i.arrears_months
        FROM instalment_due(jsonb_populate_record(NULL::payable, jsonb_build_object(
            'family_id', w.family_id, 'membership_id', w.membership_id, 'plan_id', w.plan_id,
            'credit', w.credit)), {month}) AS i
        WHERE w.plan_id IS NOT NULL
    ) AS step ON true
"""
"""What memberships can pay, as a fragment: `{keys}` are families and memberships, and `{seen}` is
what a membership `m` must be for the viewer to see it."""

SELECT_PAYABLES: LiteralString = (
    PAYABLES_OF.replace("{keys}", "unnest($5::bigint[], $6::bigint[])")
    .replace("{seen}", "$1::boolean OR m.family_id = $2::bigint")
    .replace("{month}", "$3::integer")
    .replace("{arrears_months_max}", "$4::integer")
    .replace("{today}", "$7::date")
)


async def payables(reading: Reading, keys: Sequence[tuple[int, int]]) -> list[Record | None]:
    """Read what memberships can pay, by family and membership, as rows for `Payable.of`."""
    rows = await reading.snapshot.fetch(
        SELECT_PAYABLES,
        *reading.scope.families,
        reading.month.ordinal,
        reading.arrears_months_max,
        [key[0] for key in keys],
        [key[1] for key in keys],
        reading.today,
    )
    found = {(row["family_id"], row["membership_id"]): row for row in rows}
    return [found.get(key) for key in keys]
