-- Instalment plans (REHAB).

-- The step to be paid this month: a fixed sum, and as the last whatever is then still open. It is never
-- more than that: a family may have become smaller, or left to another payer.
CREATE OR REPLACE FUNCTION instalment_due(v payable, p_month integer) RETURNS payable
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_plan instalment_plan;
    v_open bigint;
BEGIN
    SELECT * INTO v_plan FROM instalment_plan
    WHERE family_id = v.family_id AND plan_id = v.plan_id;
    v.first_month := v_plan.oldest_month;
    v.last_month := p_month;
    v.arrears_months := v_plan.arrears_months;
    IF v_plan.first_month + v_plan.paid_steps <= p_month THEN
        SELECT sum(amount - settled_amount) INTO v_open FROM bill
        WHERE family_id = v.family_id AND membership_id = v.membership_id AND state = 'OPEN'
          AND coverage_month BETWEEN v_plan.oldest_month AND p_month;
        v.amount := greatest(coalesce(v_open, 0) - v_plan.held_amount - v.credit, 1);
        IF v_plan.paid_steps + 1 < v_plan.steps THEN
            v.amount := least(v.amount, v_plan.step_amount);
        END IF;
    END IF;
    v.open_amount := coalesce(v.amount, 0);
    v.result := CASE WHEN v.amount IS NULL THEN 'ALREADY_PAID' ELSE 'PAYABLE' END;
    v.version := left(md5(concat_ws(':', v.version, v.plan_id, v_plan.paid_steps, v.amount)), 16);
    RETURN v;
END
$$;

-- Take the step that `instalment_due` found. With the last one every bill of the plan is settled
-- and cover begins, with a window for the months that were in arrears at registration [D].
CREATE OR REPLACE FUNCTION take_instalment(
    p payable, p_payment_id bigint, p_channel_id integer, p_paid_at timestamptz, p_at timestamptz
) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_month integer := coverage_month_of(wib_date(p_paid_at));
    v_plan instalment_plan;
    v_open bigint;
    v_settled bigint;
    v_last integer := v_month;
BEGIN
    IF p.state = 'INACTIVE_SEGMENT_CHANGE' THEN  -- only what it left behind, not the months since
        SELECT max(coverage_month) INTO v_last FROM bill
        WHERE family_id = p.family_id AND membership_id = p.membership_id AND state = 'OPEN';
    END IF;
    INSERT INTO ledger_entry (family_id, debit_account, credit_account, amount, booked_at,
                              value_date, channel_id, payment_id)
    VALUES (p.family_id, 'CHANNEL_CLEARING', 'INSTALMENTS_HELD', p.open_amount, p_at,
            wib_date(p_paid_at), p_channel_id, p_payment_id);
    UPDATE instalment_plan
    SET paid_steps = paid_steps + 1, held_amount = held_amount + p.open_amount
    WHERE family_id = p.family_id AND plan_id = p.plan_id
    RETURNING * INTO v_plan;
    INSERT INTO instalment_payment (family_id, plan_id, step, payment_id, amount, paid_at)
    VALUES (p.family_id, p.plan_id, v_plan.paid_steps, p_payment_id, p.open_amount, p_paid_at);
    SELECT coalesce(sum(amount - settled_amount), 0) INTO v_open FROM bill
    WHERE family_id = p.family_id AND membership_id = p.membership_id AND state = 'OPEN'
      AND coverage_month BETWEEN v_plan.oldest_month AND v_month;
    IF v_plan.paid_steps < v_plan.steps AND v_plan.held_amount + p.credit < v_open THEN
        IF v_plan.active_at_first THEN
            RETURN make_active(p, v_month, p.credit, p_paid_at, p_at, 'INSTALMENT_PAID');
        END IF;
        RETURN jsonb_build_object('was', p.state, 'window_last_day', NULL);
    END IF;
    PERFORM release_held_money(v_plan, 'FINISHED', v_month, p_at);
    v_settled := settle_bills(p.family_id, p.membership_id, p.first_month, v_month, 0, NULL, p_at,
                              wib_date(p_paid_at));
    RETURN make_active(p, greatest(v_last, p.paid_through), p.credit + v_plan.held_amount - v_settled, p_paid_at, p_at,
                       'INSTALMENT_PAID');
END
$$;

-- The held money of a plan that ends becomes credit, from which bills are settled.
CREATE OR REPLACE FUNCTION release_held_money(
    p_plan instalment_plan, p_state text, p_month integer, p_at timestamptz
) RETURNS void
    LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    IF p_plan.held_amount > 0 THEN
        INSERT INTO credit_entry (family_id, membership_id, amount, cause, booked_at, value_date)
        VALUES (p_plan.family_id, p_plan.membership_id, p_plan.held_amount, 'PLAN_ENDED', p_at,
                wib_date(p_at));
        INSERT INTO ledger_entry (family_id, debit_account, credit_account, amount, booked_at,
                                  value_date, coverage_month)
        VALUES (p_plan.family_id, 'INSTALMENTS_HELD', 'CREDIT_BALANCE', p_plan.held_amount, p_at,
                wib_date(p_at), p_month);
    END IF;
    UPDATE instalment_plan SET state = p_state, held_amount = 0, ended_at = p_at
    WHERE family_id = p_plan.family_id AND plan_id = p_plan.plan_id;
    UPDATE membership SET plan_id = NULL, credit = credit + p_plan.held_amount
    WHERE family_id = p_plan.family_id AND membership_id = p_plan.membership_id;
END
$$;

-- What the monthly run does to plans of a range whose step was missed. Locks memberships by family.
CREATE OR REPLACE FUNCTION end_missed_plans(
    p_family_from bigint, p_family_to bigint, p_month integer, p_at timestamptz
) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_ended bigint := 0;
    v payable;
BEGIN
    FOR v.family_id, v.membership_id, v.paid_through, v.plan_id IN
        SELECT m.family_id, m.membership_id, m.paid_through, m.plan_id FROM membership AS m
        JOIN instalment_plan AS i
          ON i.family_id = m.family_id AND i.plan_id = m.plan_id AND i.state = 'RUNNING'
        WHERE m.family_id BETWEEN p_family_from AND p_family_to
          AND i.first_month + i.paid_steps < p_month
        ORDER BY m.family_id, m.membership_id
        FOR NO KEY UPDATE OF m
    LOOP
        v_ended := v_ended + end_plan_if_missed(v, p_month, p_at)::integer;
    END LOOP;
    RETURN v_ended;
END
$$;

-- A step that was not paid in its month ends the plan [D]. Returns whether the plan ended.
CREATE OR REPLACE FUNCTION end_plan_if_missed(v payable, p_month integer, p_at timestamptz) RETURNS boolean
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_plan instalment_plan;
BEGIN
    SELECT * INTO v_plan FROM instalment_plan
    WHERE family_id = v.family_id AND plan_id = v.plan_id;
    IF v_plan.first_month + v_plan.paid_steps >= p_month THEN
        RETURN false;
    END IF;
    PERFORM end_plan(v, v_plan, 'MISSED', p_month,
                     wib_midnight(first_day_of(v_plan.first_month + v_plan.paid_steps + 1)), p_at);
    RETURN true;
END
$$;

-- A family gives its plan up [D]. Locks the membership. Returns the plan; null if none runs, or none
-- any more because a step was missed.
CREATE OR REPLACE FUNCTION cancel_plan(
    p_family_id bigint, p_membership_id bigint, p_by text, p_reason text, p_at timestamptz
) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_month integer := coverage_month_of(wib_date(p_at));
    v_plan instalment_plan;
    v payable;
BEGIN
    SELECT family_id, membership_id, paid_through, plan_id
    INTO v.family_id, v.membership_id, v.paid_through, v.plan_id
    FROM membership
    WHERE family_id = p_family_id AND membership_id = p_membership_id
    FOR NO KEY UPDATE;
    IF v.plan_id IS NULL OR end_plan_if_missed(v, v_month, p_at) THEN
        RETURN NULL;
    END IF;
    SELECT * INTO v_plan FROM instalment_plan
    WHERE family_id = v.family_id AND plan_id = v.plan_id;
    PERFORM end_plan(v, v_plan, 'CANCELLED', v_month, p_at, p_at);
    INSERT INTO instalment_plan_cancellation (family_id, plan_id, cancelled_by, reason, cancelled_at)
    VALUES (v_plan.family_id, v_plan.plan_id, p_by, p_reason, p_at);
    RETURN v_plan.plan_id;
END
$$;

-- End a plan before its last step: the money settles the oldest months that it covers whole, what is
-- left of it is credit. If it covers everything, with money that came by another way meanwhile,
-- cover begins.
CREATE OR REPLACE FUNCTION end_plan(
    v payable, p_plan instalment_plan, p_state text, p_month integer, p_ended_at timestamptz,
    p_at timestamptz
) RETURNS void
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_state text;
    v_credit bigint;
    v_last integer;
    v_oldest integer;
    v_paid_through integer;
    v_settled bigint := 0;
BEGIN
    SELECT CASE state WHEN 'INACTIVE_SEGMENT_CHANGE' THEN state ELSE 'SUSPENDED' END INTO v_state
    FROM membership
    WHERE family_id = v.family_id AND membership_id = v.membership_id;
    IF v_state = 'SUSPENDED' THEN
        PERFORM bring_up_to_date(v.family_id, v.membership_id, v.paid_through, p_month, p_at,
                                 false);
    END IF;
    PERFORM release_held_money(p_plan, p_state, p_month, p_at);
    SELECT credit INTO v_credit FROM membership
    WHERE family_id = v.family_id AND membership_id = v.membership_id;
    SELECT max(o.coverage_month) INTO v_last
    FROM (SELECT coverage_month,
                 sum(amount - settled_amount) OVER (ORDER BY coverage_month) AS upto
          FROM bill
          WHERE family_id = v.family_id AND membership_id = v.membership_id AND state = 'OPEN'
            AND coverage_month >= p_plan.oldest_month) AS o
    WHERE o.upto <= v_credit;
    IF v_last IS NOT NULL THEN
        v_settled := settle_bills(v.family_id, v.membership_id, p_plan.oldest_month, v_last, 0,
                                  NULL, p_at, wib_date(p_at));
    END IF;
    SELECT min(coverage_month) INTO v_oldest FROM bill
    WHERE family_id = v.family_id AND membership_id = v.membership_id AND state = 'OPEN'
      AND coverage_month >= p_plan.oldest_month;
    v_paid_through := coalesce(v_oldest - 1, v.paid_through);
    UPDATE membership SET state = v_state, paid_through = v_paid_through,
                          credit = v_credit - v_settled
    WHERE family_id = v.family_id AND membership_id = v.membership_id;
    INSERT INTO membership_event (family_id, membership_id, state, paid_through, effective_at,
                                  recorded_at, cause)
    VALUES (v.family_id, v.membership_id, v_state, v_paid_through, p_ended_at, p_at,
            'INSTALMENT_PLAN_ENDED');
    IF v_oldest IS NULL THEN
        v.state := v_state;
        v.first_month := p_plan.oldest_month;
        v.arrears_months := p_plan.arrears_months;
        PERFORM make_active(
            v, CASE v_state WHEN 'SUSPENDED' THEN p_month
                            ELSE greatest(v_last, v_paid_through) END,
            v_credit - v_settled, greatest(p_at, p_ended_at), p_at, 'CREDIT_USED');
    END IF;
END
$$;
