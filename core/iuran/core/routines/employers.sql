-- The monthly bills of employers and the suspension of a late employer's workers.

-- Employers pay by the 10th, or on the next working day (Perpres 19/2016 art. 17(3)).
CREATE OR REPLACE FUNCTION employer_due_date(p_month integer) RETURNS date
    LANGUAGE plpgsql STABLE STRICT
AS $$
DECLARE
    v_day date := first_day_of(p_month)
        + regulation_value('due_day', first_day_of(p_month)) - 1;
BEGIN
    WHILE extract(isodow FROM v_day) > 5
       OR EXISTS (SELECT FROM public_holiday AS h WHERE h.day = v_day) LOOP
        v_day := v_day + 1;
    END LOOP;
    RETURN v_day;
END
$$;

-- What the workers of a range of employers cost in each month up to one that is not billed yet: the
-- set-based twin of `iuran.core.contributions`.
CREATE OR REPLACE FUNCTION employee_lines(p_employer_from bigint, p_employer_to bigint, p_month integer)
    RETURNS TABLE (
        family_id bigint, membership_id bigint, coverage_month integer, employer_id bigint,
        wage bigint, wage_base bigint, care_class smallint, employer_share bigint,
        worker_share bigint, additional_people smallint, additional_amount bigint,
        other_relatives smallint, other_amount bigint, ppu_group text, rate_first_month integer
    )
    LANGUAGE sql STABLE
AS $$
    WITH unbilled AS MATERIALIZED (
        SELECT e.family_id, e.membership_id, e.employer_id, e.grade, r.ppu_group, r.region,
               e.billed_through + 1 AS from_month,
               least(p_month, coalesce(e.last_month, p_month)) AS to_month
        FROM employment AS e
        JOIN employer AS r ON r.employer_id = e.employer_id
        WHERE e.employer_id BETWEEN p_employer_from AND p_employer_to
          AND e.billed_through < least(p_month, coalesce(e.last_month, p_month))
    ), rule AS MATERIALIZED (
        SELECT g.month, r.ppu_group, r.first_month, r.employer_per_mille, r.worker_per_mille,
               r.wage_cap, r.has_floor,
               regulation_value('ppu_additional_per_mille', first_day_of(g.month))
                   AS additional_per_mille,
               regulation_value('ppu_class_ii_wage_max', first_day_of(g.month)) AS low_wage_max,
               regulation_value('ppu_class_ii_grade_max', first_day_of(g.month)) AS low_grade_max
        FROM generate_series((SELECT min(from_month) FROM unbilled), p_month) AS g (month)
        JOIN ppu_rate AS r
          ON r.first_month <= g.month AND (r.last_month IS NULL OR r.last_month >= g.month)
    ), waged AS (
        SELECT u.family_id, u.membership_id, u.employer_id, r.month, r.ppu_group, r.first_month,
               r.employer_per_mille, r.worker_per_mille, r.additional_per_mille, w.amount AS wage,
               least(greatest(w.amount, f.amount), r.wage_cap) AS wage_base,
               (CASE WHEN CASE r.ppu_group WHEN 'PRIVATE' THEN w.amount <= r.low_wage_max
                                           ELSE u.grade <= r.low_grade_max END
                     THEN 2 ELSE 1 END)::smallint AS care_class
        FROM unbilled AS u
        JOIN rule AS r
          ON r.ppu_group = u.ppu_group AND r.month BETWEEN u.from_month AND u.to_month
        CROSS JOIN LATERAL (
            SELECT x.amount FROM wage AS x
            WHERE x.family_id = u.family_id AND x.membership_id = u.membership_id
              AND x.first_month <= r.month
            ORDER BY x.first_month DESC, x.wage_id DESC LIMIT 1
        ) AS w
        LEFT JOIN LATERAL (
            SELECT x.amount FROM wage_floor AS x
            WHERE r.has_floor AND x.region IN (u.region, left(u.region, 2))
              AND x.first_month <= r.month AND (x.last_month IS NULL OR x.last_month >= r.month)
            ORDER BY length(x.region) DESC LIMIT 1
        ) AS f ON true
    )
    SELECT w.family_id, w.membership_id, w.month, w.employer_id, w.wage, w.wage_base, w.care_class,
           share_of(w.wage_base, w.employer_per_mille), share_of(w.wage_base, w.worker_per_mille),
           a.additional, a.additional * share_of(w.wage_base, w.additional_per_mille),
           a.others,
           CASE a.others WHEN 0 THEN 0 ELSE a.others * (
               SELECT c.participant_share FROM contribution_rate AS c
               WHERE c.rate_group = 'PBPU_BP' AND c.care_class = w.care_class
                 AND c.first_month <= w.month
                 AND (c.last_month IS NULL OR c.last_month >= w.month)) END,
           w.ppu_group, w.first_month::integer
    FROM waged AS w
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE x.kind <> 'OTHER_RELATIVE')::smallint AS additional,
               count(*) FILTER (WHERE x.kind = 'OTHER_RELATIVE')::smallint AS others
        FROM additional_member AS x
        WHERE x.family_id = w.family_id AND x.membership_id = w.membership_id
          AND x.first_month <= w.month AND (x.last_month IS NULL OR x.last_month >= w.month)
    ) AS a
$$;

-- Issue what a range of employers owes up to a month. The lock on the employer is what makes two
-- issuers take turns; it comes before everything else that concerns him.
CREATE OR REPLACE FUNCTION issue_employer_bills(
    p_employer_from bigint, p_employer_to bigint, p_month integer, p_at timestamptz
)
    RETURNS TABLE (employer_id bigint, coverage_month integer, part smallint, amount bigint)
    LANGUAGE plpgsql VOLATILE
AS $$
#variable_conflict use_column
BEGIN
    PERFORM 1 FROM employer AS r
    WHERE r.employer_id BETWEEN p_employer_from AND p_employer_to
    ORDER BY r.employer_id
    FOR NO KEY UPDATE;
    RETURN QUERY
    WITH line AS MATERIALIZED (
        SELECT l.* FROM employee_lines(p_employer_from, p_employer_to, p_month) AS l
    ), billed AS (
        UPDATE employment AS e SET billed_through = l.coverage_month
        FROM (SELECT family_id, membership_id, max(coverage_month) AS coverage_month
              FROM line GROUP BY family_id, membership_id) AS l
        WHERE e.family_id = l.family_id AND e.membership_id = l.membership_id
    ), classed AS (
        UPDATE membership AS m
        SET care_class = l.care_class, class_since = first_day_of(l.coverage_month)
        FROM line AS l
        WHERE m.family_id = l.family_id AND m.membership_id = l.membership_id
          AND l.coverage_month = p_month AND m.care_class <> l.care_class
    ), issued AS (
        INSERT INTO employer_bill (employer_id, coverage_month, part, workers, employer_share,
                                   worker_share, amount, due_date, issued_at)
        SELECT l.employer_id, l.coverage_month,
               (SELECT coalesce(max(b.part), 0) + 1 FROM employer_bill AS b
                WHERE b.employer_id = l.employer_id AND b.coverage_month = l.coverage_month),
               count(*), sum(l.employer_share),
               sum(l.worker_share + l.additional_amount + l.other_amount),
               sum(l.employer_share + l.worker_share + l.additional_amount + l.other_amount),
               employer_due_date(l.coverage_month), p_at
        FROM line AS l
        GROUP BY l.employer_id, l.coverage_month
        RETURNING employer_id, coverage_month::integer, part, amount
    ), detailed AS (
        INSERT INTO employee_contribution
            (family_id, membership_id, coverage_month, employer_id, part, wage, wage_base,
             care_class, employer_share, worker_share, additional_people, additional_amount,
             other_relatives, other_amount, ppu_group, rate_first_month)
        SELECT l.family_id, l.membership_id, l.coverage_month, l.employer_id, i.part, l.wage,
               l.wage_base, l.care_class, l.employer_share, l.worker_share, l.additional_people,
               l.additional_amount, l.other_relatives, l.other_amount, l.ppu_group,
               l.rate_first_month
        FROM line AS l
        JOIN issued AS i USING (employer_id, coverage_month)
    )
    SELECT i.employer_id, i.coverage_month, i.part, i.amount FROM issued AS i;
END
$$;

-- Suspend the workers of a range of employers for whom a month closed unpaid (Perpres 82/2018
-- art. 42(1)), and let go of those whose employment ended. Each takes effect at the first instant of
-- its month, whenever the run comes by; running it again finds nothing.
CREATE OR REPLACE FUNCTION suspend_employees(
    p_employer_from bigint, p_employer_to bigint, p_month integer, p_at timestamptz
) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_suspended bigint;
BEGIN
    PERFORM 1 FROM employer AS r
    WHERE r.employer_id BETWEEN p_employer_from AND p_employer_to
    ORDER BY r.employer_id
    FOR NO KEY UPDATE;
    WITH due AS MATERIALIZED (
        SELECT m.family_id, m.membership_id, m.paid_through
        FROM employment AS e
        JOIN membership AS m ON m.family_id = e.family_id AND m.membership_id = e.membership_id
        WHERE e.employer_id BETWEEN p_employer_from AND p_employer_to AND m.state = 'ACTIVE'
          AND m.paid_through < least(p_month, coalesce(e.last_month, p_month)) - 1
        ORDER BY m.family_id, m.membership_id
        FOR NO KEY UPDATE OF m
    ), suspended AS (
        UPDATE membership AS m SET state = 'SUSPENDED'
        FROM due AS d
        WHERE m.family_id = d.family_id AND m.membership_id = d.membership_id
    ), recorded AS (
        INSERT INTO membership_event
            (family_id, membership_id, state, paid_through, effective_at, recorded_at, cause)
        SELECT family_id, membership_id, 'SUSPENDED', paid_through,
               wib_midnight(first_day_of(paid_through + 2)), p_at, 'MONTH_CLOSED_UNPAID'
        FROM due
        RETURNING family_id, membership_id, effective_at
    ), announced AS (
        INSERT INTO outbox (family_id, kind, payload, occurred_at)
        SELECT family_id, 'membership.suspended',
               jsonb_build_object('membership_id', membership_id, 'effective_at', effective_at),
               p_at
        FROM recorded
        RETURNING 1
    )
    SELECT count(*) INTO v_suspended FROM announced;

    WITH gone AS MATERIALIZED (
        SELECT m.family_id, m.membership_id, m.paid_through, e.last_month
        FROM employment AS e
        JOIN membership AS m ON m.family_id = e.family_id AND m.membership_id = e.membership_id
        WHERE e.employer_id BETWEEN p_employer_from AND p_employer_to
          AND e.last_month < p_month AND m.state IN ('ACTIVE', 'SUSPENDED')
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
               wib_midnight(first_day_of(last_month + 1)), p_at, 'EMPLOYMENT_ENDED'
        FROM gone
    )
    INSERT INTO outbox (family_id, kind, payload, occurred_at)
    SELECT family_id, 'membership.employment_ended',
           jsonb_build_object('membership_id', membership_id, 'last_month', last_month), p_at
    FROM gone;
    RETURN v_suspended;
END
$$;
