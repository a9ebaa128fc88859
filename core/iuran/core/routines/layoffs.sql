-- The end of what a layoff gives.

-- Let go of the memberships of laid-off workers whose last month closed, in a range of families. It
-- takes effect at the first instant of the next month, whenever the run comes by; running it again
-- finds nothing.
CREATE OR REPLACE FUNCTION end_layoffs(
    p_family_from bigint, p_family_to bigint, p_month integer, p_at timestamptz
) RETURNS bigint
    LANGUAGE sql VOLATILE
AS $$
    WITH gone AS MATERIALIZED (
        SELECT m.family_id, m.membership_id, m.paid_through,
               coalesce(e.last_month, l.last_month) AS last_month
        FROM layoff AS l
        JOIN membership AS m ON m.family_id = l.family_id AND m.membership_id = l.membership_id
        LEFT JOIN layoff_end AS e
          ON e.family_id = l.family_id AND e.membership_id = l.membership_id
        WHERE l.family_id BETWEEN p_family_from AND p_family_to
          AND coalesce(e.last_month, l.last_month) < p_month AND m.state = 'ACTIVE'
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
               wib_midnight(first_day_of(last_month + 1)), p_at, 'LAYOFF_ENDED'
        FROM gone
        RETURNING 1
    )
    SELECT count(*) FROM recorded
$$;
