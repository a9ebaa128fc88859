-- The monthly bills of families.

-- The lines that the memberships of a range of families owe for a month, at that month's rate.
-- Up to `paid_through` nothing is owed: neither what was paid nor what was before the first payment.
CREATE OR REPLACE FUNCTION contribution_lines(
    p_family_from bigint, p_family_to bigint, p_month integer
)
    RETURNS TABLE (
        family_id bigint, membership_id bigint, participant_id bigint, state text,
        care_class smallint, amount bigint, central_subsidy bigint, regional_subsidy bigint,
        rate_group text, rate_first_month integer
    )
    LANGUAGE sql STABLE
AS $$
    SELECT m.family_id, m.membership_id, e.participant_id, m.state, r.care_class,
           r.participant_share, r.central_share, r.regional_share, r.rate_group,
           r.first_month::integer
    FROM membership AS m
    JOIN segment AS s ON s.segment = m.segment AND s.payer = 'FAMILY'
    JOIN contribution_rate AS r
      ON r.rate_group = s.rate_group
     AND r.care_class
         = care_class_in(m.care_class, m.previous_care_class, m.class_since, p_month)
     AND r.first_month <= p_month AND (r.last_month IS NULL OR r.last_month >= p_month)
    JOIN enrolment AS e
      ON e.family_id = m.family_id AND e.membership_id = m.membership_id
     AND e.first_month <= p_month AND (e.last_month IS NULL OR e.last_month >= p_month)
     AND e.family_id BETWEEN p_family_from AND p_family_to
    WHERE m.family_id BETWEEN p_family_from AND p_family_to
      AND (m.paid_through IS NULL OR p_month > m.paid_through)
$$;

-- Issue the bills of a month for a range of families; those issued before stay as they are. A
-- membership that never paid has none: its first bill is made by its first payment. Bills go in by
-- family_id, so that two issuers of one month cannot wait for each other in a circle.
--
-- Lines are priced once. Nothing here is a join between things whose size the planner has to guess:
-- whether a bill is there is looked up once a membership (OFFSET 0 keeps it a look-up), and which
-- lines belong to new bills is asked of a hash (IS TRUE keeps it one). As joins they were planned for
-- a handful of rows, and took 5,000 times 15,000 steps for a batch.
CREATE OR REPLACE FUNCTION issue_bills(
    p_family_from bigint, p_family_to bigint, p_month integer, p_at timestamptz,
    p_include_pending boolean DEFAULT false
)
    RETURNS TABLE (
        family_id bigint, membership_id bigint, amount bigint,
        central_subsidy bigint, regional_subsidy bigint
    )
    LANGUAGE plpgsql VOLATILE
AS $$
#variable_conflict use_column
DECLARE
    v_due_date date := first_day_of(p_month)
        + regulation_value('due_day', first_day_of(p_month)) - 1;
BEGIN
    RETURN QUERY
    WITH line AS MATERIALIZED (
        SELECT l.*
        FROM contribution_lines(p_family_from, p_family_to, p_month) AS l
        WHERE (l.state IN ('ACTIVE', 'SUSPENDED') OR (p_include_pending AND l.state = 'PENDING'))
          AND NOT EXISTS (
              SELECT FROM bill AS b
              WHERE b.family_id = l.family_id AND b.membership_id = l.membership_id
                AND b.coverage_month = p_month
              OFFSET 0)
    ), issued AS (
        INSERT INTO bill (family_id, membership_id, coverage_month, care_class, members, amount,
                          central_subsidy, regional_subsidy, due_date, issued_at)
        SELECT family_id, membership_id, p_month, min(care_class), count(*), sum(amount),
               sum(central_subsidy), sum(regional_subsidy), v_due_date, p_at
        FROM line
        GROUP BY family_id, membership_id
        ORDER BY family_id, membership_id
        ON CONFLICT DO NOTHING
        RETURNING family_id, membership_id, amount, central_subsidy, regional_subsidy
    ), detailed AS (
        INSERT INTO bill_line (family_id, membership_id, billed_month, participant_id,
                               coverage_month, amount, central_subsidy, regional_subsidy,
                               rate_group, care_class, rate_first_month)
        SELECT family_id, membership_id, p_month, participant_id, p_month, amount,
               central_subsidy, regional_subsidy, rate_group, care_class, rate_first_month
        FROM line
        WHERE ((family_id, membership_id) IN (SELECT family_id, membership_id FROM issued)) IS TRUE
    )
    SELECT family_id, membership_id, amount, central_subsidy, regional_subsidy FROM issued;
END
$$;

-- What a bill is worth in a month: months older than the cap leave what is asked for but stay on
-- record (Perpres 82/2018 art. 42(3): at most 24 months of arrears, besides the current one).
CREATE OR REPLACE FUNCTION bill_state_in(p_state text, p_coverage_month integer, p_month integer, p_cap integer)
    RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN p_state = 'OPEN' AND p_coverage_month < p_month - p_cap THEN 'NOT_BILLABLE'
        ELSE p_state
    END;
