-- What employers may pay, and what their payment changes for all their workers.

-- What an employer may pay at an instant: all arrears of at most 24 months, and the current month
-- (Perpres 82/2018 art. 42(3)). What the monthly run has not issued yet is issued here.
CREATE OR REPLACE FUNCTION employer_payable_at(p_customer_number text, p_at timestamptz, p_lock boolean)
    RETURNS employer_payable
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_month integer := coverage_month_of(wib_date(p_at));
    v_cap integer := regulation_value('arrears_months_max', wib_date(p_at));
    v_due integer;
    v employer_payable;
BEGIN
    SELECT n.employer_id, r.name, r.credit INTO v.employer_id, v.name, v.credit
    FROM employer_account_number AS n
    JOIN employer AS r ON r.employer_id = n.employer_id
    WHERE n.customer_number = p_customer_number;
    IF NOT FOUND THEN
        v.result := 'VIRTUAL_ACCOUNT_UNKNOWN';
        RETURN v;
    END IF;
    IF p_lock THEN
        SELECT r.credit INTO v.credit FROM employer AS r
        WHERE r.employer_id = v.employer_id
        FOR NO KEY UPDATE;
    END IF;
    PERFORM 1 FROM employment AS e
    WHERE e.employer_id = v.employer_id
      AND e.billed_through < least(v_month, coalesce(e.last_month, v_month))
    LIMIT 1;
    IF FOUND THEN
        PERFORM bill_employers(v.employer_id, v.employer_id, v_month, p_at);
    END IF;
    IF p_lock AND v.credit > 0 THEN
        FOR v_due IN SELECT generate_series(min(b.coverage_month), v_month)
                     FROM employer_bill AS b
                     WHERE b.employer_id = v.employer_id AND b.state = 'OPEN'
                       AND b.coverage_month BETWEEN v_month - v_cap AND v_month
        LOOP  -- as the monthly run would have
            PERFORM spend_employer_credits(v.employer_id, v.employer_id, v_due, p_at);
        END LOOP;
        PERFORM spend_employer_credit(v.employer_id, v_month, p_at, p_at);
        SELECT r.credit INTO v.credit FROM employer AS r WHERE r.employer_id = v.employer_id;
    END IF;
    SELECT sum(b.amount), min(b.coverage_month), max(b.coverage_month),
           count(DISTINCT b.coverage_month) FILTER (WHERE b.coverage_month < v_month),
           left(md5(concat(v.credit, ':', string_agg(concat(b.coverage_month, '/', b.part), ','
                                                     ORDER BY b.coverage_month, b.part))), 16)
    INTO v.open_amount, v.first_month, v.last_month, v.arrears_months, v.version
    FROM employer_bill AS b
    WHERE b.employer_id = v.employer_id AND b.state = 'OPEN'
      AND b.coverage_month BETWEEN v_month - v_cap AND v_month;
    SELECT count(*) INTO v.workers
    FROM employment AS e
    WHERE e.employer_id = v.employer_id
      AND e.first_month <= v_month AND (e.last_month IS NULL OR e.last_month >= v_month);
    v.amount := nullif(greatest(v.open_amount - v.credit, 0), 0);  -- none open: NULL
    v.result := CASE
        WHEN v.amount > 0 THEN 'PAYABLE'
        WHEN v.open_amount > 0 THEN 'ALREADY_PAID'  -- the credit suffices
        WHEN v.workers = 0 THEN 'NOT_BILLED'  -- nobody works there in the running month
        ELSE 'ALREADY_PAID'
    END;
    RETURN v;
END
$$;

-- Settle an employer's payment of exactly what was asked for, now.
CREATE OR REPLACE FUNCTION apply_employer_payment(
    p employer_payable, p_instruction payment_instruction, p_at timestamptz
) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    RETURN take_employer_payment(p, p_instruction, p_at, p_at);
END
$$;

-- The workers' side of an employer's payment: paid through the current month, or the last of an
-- ended employment; who was suspended is active again, with a window whose fines the employer owes
-- (Perpres 82/2018 art. 42(3), (5), (7)). Months in arrears are each worker's own. A payment that was
-- in time for its month although the run has passed undoes the suspension, without a window. Credit
-- that lay there on the 1st counts for who was hired later in the month from then on.
CREATE OR REPLACE FUNCTION reactivate_employees(
    p_employer_id bigint, p_effective_at timestamptz, p_at timestamptz
) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_today date := wib_date(p_effective_at);
    v_month integer := coverage_month_of(v_today);
    v_cap integer := regulation_value('arrears_months_max', v_today);
    v_last_day date := v_today + regulation_value('fine_window_days', v_today)
        - regulation_value('fine_window_activation_day', v_today);
    v_reactivated bigint;
BEGIN
    PERFORM suspend_employees(p_employer_id, p_employer_id, v_month, p_at);
    WITH paid AS MATERIALIZED (
        SELECT m.family_id, m.membership_id, m.state, m.paid_through AS paid_before,
               membership_state_in(m.state, m.paid_through, v_month) AS was,
               least(v_month, coalesce(e.last_month, v_month)) AS paid_through,
               greatest(p_effective_at, CASE WHEN e.first_month = v_month THEN
                   employment_began_at(m.family_id, m.membership_id) END) AS effective_at,
               CASE m.state WHEN 'SUSPENDED' THEN 'ACTIVE' ELSE m.state END AS new_state
        FROM employment AS e
        JOIN membership AS m ON m.family_id = e.family_id AND m.membership_id = e.membership_id
        WHERE e.employer_id = p_employer_id
          AND e.first_month <= v_month
          AND m.paid_through < least(v_month, coalesce(e.last_month, v_month))
        ORDER BY m.family_id, m.membership_id
        FOR NO KEY UPDATE OF m
    ), changed AS (
        UPDATE membership AS m SET state = p.new_state, paid_through = p.paid_through
        FROM paid AS p
        WHERE m.family_id = p.family_id AND m.membership_id = p.membership_id
    ), recorded AS (
        INSERT INTO membership_event
            (family_id, membership_id, state, paid_through, effective_at, recorded_at, cause)
        SELECT family_id, membership_id, new_state, paid_through, effective_at, p_at, 'PAYMENT'
        FROM paid
    ), opened AS (
        INSERT INTO fine_window (family_id, membership_id, first_day, last_day, arrears_months,
                                 opened_at, employer_id)
        SELECT family_id, membership_id, v_today, v_last_day,
               least(v_cap, v_month - 1 - paid_before), p_at, p_employer_id
        FROM paid
        WHERE was = 'SUSPENDED'
        RETURNING family_id, membership_id
    ), undone AS (
        INSERT INTO membership_event
            (family_id, membership_id, state, paid_through, effective_at, recorded_at, cause)
        SELECT family_id, membership_id, new_state, paid_through,
               wib_midnight(first_day_of(paid_before + 2)), p_at, 'SUSPENSION_UNDONE'
        FROM paid
        WHERE state = 'SUSPENDED' AND was = 'ACTIVE'
    ), announced AS (
        INSERT INTO outbox (family_id, kind, payload, occurred_at)
        SELECT family_id, 'membership.reactivated',
               jsonb_build_object('membership_id', membership_id, 'effective_at', p_effective_at,
                                  'window_last_day', v_last_day), p_at
        FROM opened
    )
    SELECT count(*) INTO v_reactivated FROM opened;
    RETURN v_reactivated;
END
$$;

-- An employer's bill in the form of a family's: its workers are the members.
CREATE OR REPLACE FUNCTION as_payable(e employer_payable) RETURNS payable
    LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v payable;
BEGIN
    v.result := e.result;
    v.name := e.name;
    v.members := e.workers;
    v.amount := e.amount;
    v.arrears_months := e.arrears_months;
    v.first_month := e.first_month;
    v.last_month := e.last_month;
    v.version := e.version;
    RETURN v;
END
$$;
