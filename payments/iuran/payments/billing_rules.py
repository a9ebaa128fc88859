"""The rules that a month's run cannot do without, looked at before it begins.

A rate that is missing prices nobody and two that overlap price everybody twice, without an error:
the month would look finished.
"""

from collections.abc import Sequence
from typing import LiteralString

from iuran.core.database.pool import Connection
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import NoRuleError

SELECT_DOUBTFUL_RULE: LiteralString = """
    WITH needed AS (
        SELECT m.month, 'single contribution rate of ' || g.rate_group || ' class ' || c.class
                   AS what,
               (SELECT count(*) FROM contribution_rate AS r
                WHERE r.rate_group = g.rate_group AND r.care_class = c.class
                  AND r.first_month <= m.month
                  AND (r.last_month IS NULL OR r.last_month >= m.month)) AS rules
        FROM unnest($1::integer[]) AS m (month)
        CROSS JOIN (SELECT DISTINCT rate_group FROM segment WHERE payer = 'FAMILY') AS g
        CROSS JOIN generate_series(1, 3) AS c (class)
        UNION ALL
        SELECT m.month, 'single contribution rate of ' || g.rate_group,
               (SELECT count(*) FROM contribution_rate AS r
                WHERE r.rate_group = g.rate_group AND r.first_month <= m.month
                  AND (r.last_month IS NULL OR r.last_month >= m.month))
        FROM unnest($1::integer[]) AS m (month)
        CROSS JOIN unnest(ARRAY['PBI', 'PEMDA']) AS g (rate_group)
        UNION ALL
        SELECT m.month, 'single PPU rate of ' || g.ppu_group,
               (SELECT count(*) FROM ppu_rate AS r
                WHERE r.ppu_group = g.ppu_group AND r.first_month <= m.month
                  AND (r.last_month IS NULL OR r.last_month >= m.month))
        FROM unnest($2::integer[]) AS m (month)
        CROSS JOIN (SELECT DISTINCT ppu_group FROM employer) AS g
        UNION ALL
        SELECT m.month, p.name, num_nonnulls(regulation_value(p.name, first_day_of(m.month)))
        FROM unnest($1::integer[]) AS m (month)
        JOIN (VALUES
            (NULL, 'due_day'),
            ('BP_STATE_PENSIONER', 'pension_government_per_mille'),
            ('BP_STATE_PENSIONER', 'pension_pensioner_per_mille'),
            ('BP_VETERAN', 'veteran_base_salary'),
            ('BP_VETERAN', 'veteran_per_mille'),
            ('BP_VETERAN', 'veteran_base_per_mille')
        ) AS p (segment, name)
          ON p.segment IS NULL OR EXISTS (
              SELECT FROM sponsorship AS s
              JOIN membership AS o
                ON o.family_id = s.family_id AND o.membership_id = s.membership_id
              WHERE o.segment = p.segment AND s.first_month <= m.month
                AND (s.last_month IS NULL OR s.last_month >= m.month))
        UNION ALL
        SELECT m.month, p.name, num_nonnulls(regulation_value(p.name, first_day_of(m.month)))
        FROM unnest($2::integer[]) AS m (month)
        CROSS JOIN unnest(ARRAY['due_day', 'ppu_additional_per_mille', 'ppu_class_ii_wage_max',
                                'ppu_class_ii_grade_max']) AS p (name)
        WHERE EXISTS (SELECT FROM employer)
    )
    SELECT month, what FROM needed WHERE rules <> 1 ORDER BY month, what LIMIT 1
"""

SELECT_FIRST_UNBILLED_OF_WORKERS: LiteralString = """
    SELECT min(billed_through) + 1 FROM employment
    WHERE last_month IS NULL OR billed_through < last_month
"""


async def demand_rules(connection: Connection, months: Sequence[CoverageMonth]) -> None:
    """Raise NoRuleError for the first rule that some month lacks, or has twice.

    `months` follow one another. Workers are billed from the first month that was not, which may lie
    before them.
    """
    ordinals = [month.ordinal for month in months]
    first = await connection.fetchval(SELECT_FIRST_UNBILLED_OF_WORKERS)
    of_workers = range(min(ordinals[0], first or ordinals[0]), ordinals[-1] + 1)
    row = await connection.fetchrow(SELECT_DOUBTFUL_RULE, ordinals, list(of_workers))
    if row is not None:
        raise NoRuleError(row["what"], CoverageMonth.of_ordinal(row["month"]))
