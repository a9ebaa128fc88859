-- What governments owe for a month, and the end of a sponsorship.

-- What governments owe for a month, from the memberships and bills of that month. A regional class III
-- subsidy is that of the place where the family card was issued.
CREATE OR REPLACE FUNCTION government_dues(p_month integer)
    RETURNS TABLE (region text, programme text, people bigint, amount bigint, withheld bigint)
    LANGUAGE sql STABLE
AS $$
    WITH rule AS MATERIALIZED (
        SELECT share_of(regulation_value('veteran_base_salary', first_day_of(p_month)),
                        regulation_value('veteran_per_mille', first_day_of(p_month)),
                        regulation_value('veteran_base_per_mille', first_day_of(p_month)))
                   AS veteran,
               regulation_value('pension_government_per_mille', first_day_of(p_month))
                   AS government_per_mille,
               regulation_value('pension_pensioner_per_mille', first_day_of(p_month))
                   AS pensioner_per_mille
    ), sponsored AS MATERIALIZED (
        SELECT s.family_id, s.membership_id, s.region, s.pension, m.segment, g.rate_group
        FROM sponsorship AS s
        JOIN membership AS m ON m.family_id = s.family_id AND m.membership_id = s.membership_id
        JOIN segment AS g ON g.segment = m.segment
        WHERE s.first_month <= p_month AND (s.last_month IS NULL OR s.last_month >= p_month)
    )
    SELECT s.region, s.segment, count(*), sum(r.amount_total), 0
    FROM sponsored AS s
    JOIN contribution_rate AS r
      ON r.rate_group = s.rate_group
     AND r.first_month <= p_month AND (r.last_month IS NULL OR r.last_month >= p_month)
    JOIN enrolment AS e
      ON e.family_id = s.family_id AND e.membership_id = s.membership_id
     AND e.first_month <= p_month AND (e.last_month IS NULL OR e.last_month >= p_month)
    WHERE s.rate_group IN ('PBI', 'PEMDA')
    GROUP BY s.region, s.segment
    UNION ALL
    SELECT s.region, s.segment, count(*),
           sum(CASE s.segment WHEN 'BP_VETERAN' THEN r.veteran
                              ELSE share_of(s.pension, r.government_per_mille) END),
           sum(CASE s.segment WHEN 'BP_VETERAN' THEN 0
                              ELSE share_of(s.pension, r.pensioner_per_mille) END)
    FROM sponsored AS s
    CROSS JOIN rule AS r
    WHERE s.segment IN ('BP_VETERAN', 'BP_STATE_PENSIONER')
    GROUP BY s.region, s.segment
    UNION ALL
    SELECT '00', 'CLASS_III', sum(b.members), sum(b.central_subsidy), 0
    FROM bill AS b
    WHERE b.coverage_month = p_month AND b.central_subsidy > 0
    HAVING count(*) > 0
    UNION ALL
    SELECT left(f.kk_number, 4), 'CLASS_III', sum(b.members), sum(b.regional_subsidy), 0
    FROM bill AS b
    JOIN family AS f ON f.family_id = b.family_id
    WHERE b.coverage_month = p_month AND b.regional_subsidy > 0
    GROUP BY left(f.kk_number, 4)
$$;

-- Let go of the memberships whose sponsorship ended, in a range of families. The state moved them:
-- no debt, and no fine window when they come back [D].
CREATE OR REPLACE FUNCTION end_sponsored(
    p_family_from bigint, p_family_to bigint, p_month integer, p_at timestamptz
) RETURNS bigint
    LANGUAGE sql VOLATILE
AS $$
    WITH gone AS MATERIALIZED (
        SELECT m.family_id, m.membership_id, m.paid_through, s.last_month
        FROM sponsorship_end AS s
        JOIN membership AS m ON m.family_id = s.family_id AND m.membership_id = s.membership_id
        WHERE s.family_id BETWEEN p_family_from AND p_family_to
          AND s.last_month < p_month AND m.state = 'ACTIVE'
        ORDER BY m.family_id, m.membership_id
        FOR NO KEY UPDATE OF m
    ), left_off AS (
        UPDATE membership AS m SET state = 'INACTIVE_SEGMENT_CHANGE'
        FROM gone AS g
        WHERE m.family_id = g.family_id AND m.membership_id = g.membership_id
    ), recorded AS (
        INSERT INTO membership_event
            (family_id, membership_id, state, paid_through, effective_at, recorded_at, cause)
        SELECT family_id, membership_id, 'INACTIVE_SEGMENT_CHANGE', paid_through,
               wib_midnight(first_day_of(last_month + 1)), p_at, 'STATE_PAID'
        FROM gone
        RETURNING 1
    )
    SELECT count(*) FROM recorded
$$;
