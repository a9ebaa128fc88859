-- What an employer's credit will have paid when the monthly run comes by, for whoever asks before.

-- The months up to `p_month` that an employer's credit settles, and as of when, as
-- `spend_employer_credits` will month by month: on the last second of each, and on the first of the
-- next; all that is open by then or nothing. What the run tried before comes to the same again.
CREATE OR REPLACE FUNCTION employer_spends(p_employer_id bigint, p_month integer)
    RETURNS TABLE (coverage_month integer, spent_at timestamptz)
    LANGUAGE plpgsql STABLE
    ROWS 1
AS $$
DECLARE
    v_credit bigint;
    v_months integer[];
    v_amounts bigint[];
    v_used bigint := 0;
    v_settled integer := 0;
    v_total bigint;
BEGIN
    SELECT r.credit INTO v_credit FROM employer AS r WHERE r.employer_id = p_employer_id;
    SELECT array_agg(due.month ORDER BY due.month), array_agg(due.amount ORDER BY due.month)
    INTO v_months, v_amounts
    FROM (
        SELECT b.coverage_month AS month, b.amount FROM employer_bill AS b
        WHERE b.employer_id = p_employer_id AND b.state = 'OPEN' AND b.coverage_month <= p_month
        UNION ALL
        SELECT l.coverage_month,
               l.employer_share + l.worker_share + l.additional_amount + l.other_amount
        FROM employee_lines(p_employer_id, p_employer_id, p_month) AS l
    ) AS due;
    FOR coverage_month, spent_at IN
        SELECT m.month - 1 + part.n,
               wib_midnight(first_day_of(m.month)) - interval '1 second' * (1 - part.n)
        FROM generate_series(v_months[1], p_month) AS m (month)
        CROSS JOIN (VALUES (0), (1)) AS part (n)
        ORDER BY m.month, part.n
    LOOP
        SELECT sum(due.amount) INTO v_total
        FROM unnest(v_months, v_amounts) AS due (month, amount)
        WHERE due.month > v_settled AND due.month BETWEEN
            coverage_month - regulation_value('arrears_months_max', wib_date(spent_at))
            AND coverage_month;
        IF v_used + v_total <= v_credit AND v_used + v_total <= (
            SELECT coalesce(sum(c.amount), 0) FROM employer_credit_entry AS c
            WHERE c.employer_id = p_employer_id AND c.value_date <= wib_date(spent_at)
        ) THEN
            v_used := v_used + v_total;
            v_settled := coverage_month;
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;

-- When a worker's cover began with his employment: at once, when it was reported.
CREATE OR REPLACE FUNCTION employment_began_at(p_family_id bigint, p_membership_id bigint)
    RETURNS timestamptz
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN (SELECT max(e.effective_at) FROM membership_event AS e
            WHERE e.family_id = p_family_id AND e.membership_id = p_membership_id
              AND e.cause = 'EMPLOYMENT_BEGAN');
END
$$;

-- What a worker's membership is in a month, behind its last fact: what his employer's credit pays
-- (unless later facts are known), what closes unpaid, and the end of the employment. An earlier
-- instant than that of the last fact changes what follows, and not what is told.
CREATE OR REPLACE FUNCTION employee_told_in(
    p_family_id bigint, p_membership_id bigint, p_month integer, p_state text,
    p_paid_through integer, p_cause text, p_effective_at timestamptz, p_is_latest boolean
)
    RETURNS TABLE (state text, paid_through integer, cause text, effective_at timestamptz)
    LANGUAGE plpgsql STABLE
    ROWS 1
AS $$
DECLARE
    v_employment employment;
    v_has_credit boolean;
    v_paid_through integer := p_paid_through;
    v_until integer;
    v_month integer;
    v_spent_at timestamptz;
BEGIN
    state := p_state;
    paid_through := p_paid_through;
    cause := p_cause;
    effective_at := p_effective_at;
    SELECT * INTO v_employment FROM employment AS e
    WHERE e.family_id = p_family_id AND e.membership_id = p_membership_id;
    IF NOT FOUND THEN
        RETURN NEXT;
        RETURN;
    END IF;
    SELECT p_is_latest AND r.credit > 0 INTO v_has_credit FROM employer AS r
    WHERE r.employer_id = v_employment.employer_id;
    FOR v_month, v_spent_at IN
        SELECT s.coverage_month, s.spent_at
        FROM employer_spends(v_employment.employer_id, p_month) AS s
        WHERE v_has_credit
        UNION ALL
        SELECT p_month, NULL
    LOOP
        v_until := least(v_month, v_employment.last_month);
        IF v_spent_at IS NOT NULL AND v_month = v_employment.first_month THEN
            v_spent_at := greatest(v_spent_at,
                                   employment_began_at(p_family_id, p_membership_id));
        END IF;
        IF state = 'ACTIVE' AND v_paid_through < v_until - 1 THEN
            state := 'SUSPENDED';
            paid_through := v_paid_through;
            cause := 'MONTH_CLOSED_UNPAID';
            effective_at := wib_midnight(first_day_of(v_paid_through + 2));
        END IF;
        IF v_until < v_month AND state IN ('ACTIVE', 'SUSPENDED') THEN
            state := 'INACTIVE_SEGMENT_CHANGE';
            paid_through := v_paid_through;
            cause := 'EMPLOYMENT_ENDED';
            effective_at := wib_midnight(first_day_of(v_until + 1));
        END IF;
        IF v_spent_at IS NOT NULL AND v_employment.first_month <= v_month
            AND v_paid_through < v_until THEN
            v_paid_through := v_until;
            IF v_spent_at >= effective_at THEN
                state := CASE state WHEN 'SUSPENDED' THEN 'ACTIVE' ELSE state END;
                paid_through := v_paid_through;
                cause := 'PAYMENT';
                effective_at := v_spent_at;
            END IF;
        END IF;
    END LOOP;
    RETURN NEXT;
END
$$;
