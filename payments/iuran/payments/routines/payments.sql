-- Everything that one payment changes.

-- Everything that a payment changes, for one membership that `payable_at` found and locked at
-- `p_paid_at`: bills, credit, ledger, membership, outbox. Money beyond the bills becomes credit.
CREATE OR REPLACE FUNCTION take_payment(
    p payable, p_instruction payment_instruction, p_paid_at timestamptz, p_at timestamptz
) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_day date := wib_date(p_paid_at);
    v_month integer := coverage_month_of(v_day);
    v_payment_id bigint;
    v_money bigint := p_instruction.amount;
    v_owed bigint := 0;
    v_change jsonb;
BEGIN
    IF p.state = 'PENDING' AND p.open_amount > 0 THEN
        FOR v_billed IN p.first_month .. p.last_month LOOP
            PERFORM bill_month(p.family_id, p.family_id, v_billed, p_at, true);
        END LOOP;
    END IF;
    INSERT INTO payment (family_id, membership_id, channel_id, reference, amount, channel_time,
                         received_at, value_date)
    VALUES (p.family_id, p.membership_id, p_instruction.channel_id, p_instruction.reference,
            v_money, p_instruction.channel_time, p_at, v_day)
    RETURNING payment_id INTO v_payment_id;
    IF p.plan_id IS NOT NULL AND p.open_amount > 0 THEN
        v_owed := p.open_amount;
        v_change := take_instalment(p, v_payment_id, p_instruction.channel_id, p_paid_at, p_at);
    ELSIF p.open_amount > 0 THEN
        v_owed := settle_bills(p.family_id, p.membership_id, p.first_month, p.last_month, v_money,
                               v_payment_id, p_at, v_day);
        INSERT INTO ledger_entry (family_id, debit_account, credit_account, amount, booked_at,
                                  value_date, channel_id, payment_id)
        VALUES (p.family_id, 'CHANNEL_CLEARING', 'CONTRIBUTION_RECEIVABLE', least(v_money, v_owed),
                p_at, v_day, p_instruction.channel_id, v_payment_id);
    END IF;
    IF v_money > v_owed THEN
        PERFORM keep_surplus(p.family_id, p.membership_id, v_money - v_owed, v_payment_id,
                             p_instruction.channel_id, p_at, v_day);
    END IF;
    IF p.plan_id IS NOT NULL AND v_owed > 0 THEN
        UPDATE membership SET credit = credit + v_money - v_owed
        WHERE family_id = p.family_id AND membership_id = p.membership_id;
    ELSIF v_owed > 0 THEN
        v_change := make_active(p, paid_through_after(p, v_month), p.credit + v_money - v_owed,
                                CASE p.state WHEN 'PENDING' THEN first_cover_at(p, p_paid_at)
                                             ELSE p_paid_at END,
                                p_at, CASE p.state WHEN 'PENDING' THEN 'FIRST_PAYMENT' ELSE 'PAYMENT' END);
    ELSE
        UPDATE membership SET credit = p.credit + v_money
        WHERE family_id = p.family_id AND membership_id = p.membership_id;
        v_change := jsonb_build_object(
            'was', membership_state_in(p.state, p.paid_through, v_month), 'window_last_day', NULL);
    END IF;
    INSERT INTO outbox (family_id, kind, payload, occurred_at)
    VALUES (p.family_id, 'payment.settled', jsonb_build_object(
                'payment_id', v_payment_id, 'membership_id', p.membership_id, 'amount', v_money,
                'first_month', p.first_month, 'last_month', p.last_month), p_at);
    RETURN v_change || jsonb_build_object(
        'payment_id', v_payment_id, 'family_id', p.family_id, 'name', p.name,
        'members', p.members, 'amount', v_money, 'first_month', p.first_month,
        'last_month', p.last_month, 'credit', p.credit + v_money - v_owed,
        'months_ahead', p.months_ahead);
END
$$;

-- Everything that a payment changes, for one membership that `payable_at` found and locked.
CREATE OR REPLACE FUNCTION apply_payment(
    p payable, p_instruction payment_instruction, p_at timestamptz
) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    RETURN take_payment(p, p_instruction, p_at, p_at);
END
$$;

-- Settle the open bills of some months, the oldest first from `p_money`, the rest from credit.
-- Returns what they came to. The caller has locked the membership and seen that both suffice.
CREATE OR REPLACE FUNCTION settle_bills(
    p_family_id bigint, p_membership_id bigint, p_first_month integer, p_last_month integer,
    p_money bigint, p_payment_id bigint, p_at timestamptz, p_value_date date
) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_total bigint;
BEGIN
    WITH owing AS (
        SELECT coverage_month, amount - settled_amount AS owed,
               (sum(amount - settled_amount) OVER (ORDER BY coverage_month))::bigint AS upto
        FROM bill
        WHERE family_id = p_family_id AND membership_id = p_membership_id AND state = 'OPEN'
          AND coverage_month BETWEEN p_first_month AND p_last_month
    ), paid AS (
        UPDATE bill AS b SET state = 'PAID', settled_amount = b.amount, settled_at = p_at
        FROM owing AS o
        WHERE b.family_id = p_family_id AND b.membership_id = p_membership_id
          AND b.coverage_month = o.coverage_month
        RETURNING o.coverage_month, o.owed,
                  least(o.owed, greatest(0, p_money - (o.upto - o.owed))) AS from_money
    ), allocated AS (
        INSERT INTO payment_allocation (family_id, payment_id, membership_id, coverage_month, amount)
        SELECT p_family_id, p_payment_id, p_membership_id, coverage_month, from_money
        FROM paid WHERE from_money > 0
    ), used AS (
        INSERT INTO credit_entry (family_id, membership_id, amount, cause, coverage_month,
                                  payment_id, booked_at, value_date)
        SELECT p_family_id, p_membership_id, from_money - owed, 'USED', coverage_month,
               p_payment_id, p_at, p_value_date
        FROM paid WHERE from_money < owed
        RETURNING coverage_month, -amount AS amount
    ), posted AS (
        INSERT INTO ledger_entry (family_id, debit_account, credit_account, amount, booked_at,
                                  value_date, coverage_month)
        SELECT p_family_id, 'CREDIT_BALANCE', 'CONTRIBUTION_RECEIVABLE', amount, p_at,
               p_value_date, coverage_month
        FROM used
    )
    SELECT coalesce(sum(owed), 0) INTO v_total FROM paid;
    RETURN v_total;
END
$$;

-- Up to which month nothing is owed once all that was open up to `p_month` is settled.
CREATE OR REPLACE FUNCTION paid_through_after(p payable, p_month integer) RETURNS integer
    LANGUAGE sql IMMUTABLE
    RETURN greatest(CASE p.state WHEN 'INACTIVE_SEGMENT_CHANGE' THEN p.last_month ELSE p_month END,
                    p.paid_through);

-- Nothing is owed any more up to a month: the membership is active, with a window if it was
-- suspended. Returns what it was and the window's last day, for the answer and the outbox.
CREATE OR REPLACE FUNCTION make_active(
    p payable, p_month integer, p_credit bigint, p_effective_at timestamptz, p_at timestamptz,
    p_cause text
) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_today date := wib_date(p_effective_at);
    v_was text := membership_state_in(p.state, p.paid_through, p_month);
    v_is text := CASE p.state WHEN 'INACTIVE_SEGMENT_CHANGE' THEN p.state ELSE 'ACTIVE' END;
    v_last_day date;
BEGIN
    UPDATE membership SET state = v_is, paid_through = p_month, credit = p_credit
    WHERE family_id = p.family_id AND membership_id = p.membership_id;
    IF v_was = 'SUSPENDED' AND p.arrears_months > 0 THEN  -- none is left after a correction
        UPDATE bill SET state = 'NOT_BILLABLE'
        WHERE family_id = p.family_id AND membership_id = p.membership_id AND state = 'OPEN'
          AND coverage_month < p.first_month;
        v_last_day := v_today + regulation_value('fine_window_days', v_today)
            - regulation_value('fine_window_activation_day', v_today);
        INSERT INTO fine_window (family_id, membership_id, first_day, last_day, arrears_months,
                                 opened_at)
        VALUES (p.family_id, p.membership_id, v_today, v_last_day, p.arrears_months, p_at);
        IF p.state = 'ACTIVE' THEN  -- the monthly run has not come by: record what it would have
            INSERT INTO membership_event (family_id, membership_id, state, paid_through,
                                          effective_at, recorded_at, cause)
            VALUES (p.family_id, p.membership_id, 'SUSPENDED', p.paid_through,
                    wib_midnight(first_day_of(p.paid_through + 2)), p_at, 'MONTH_CLOSED_UNPAID');
        END IF;
    END IF;
    INSERT INTO membership_event (family_id, membership_id, state, paid_through, effective_at,
                                  recorded_at, cause)
    VALUES (p.family_id, p.membership_id, v_is, p_month, p_effective_at, p_at, p_cause);
    IF p.state = 'SUSPENDED' AND v_was = 'ACTIVE' THEN  -- the run passed before the money was told
        INSERT INTO membership_event (family_id, membership_id, state, paid_through, effective_at,
                                      recorded_at, cause)
        VALUES (p.family_id, p.membership_id, 'ACTIVE', p_month,
                wib_midnight(first_day_of(p.paid_through + 2)), p_at, 'SUSPENSION_UNDONE');
    END IF;
    INSERT INTO outbox (family_id, kind, payload, occurred_at)
    SELECT p.family_id, told.kind,
           jsonb_build_object('membership_id', p.membership_id, 'effective_at', p_effective_at,
                              'window_last_day', v_last_day), p_at
    FROM (VALUES (CASE
        WHEN v_was = 'PENDING' THEN 'membership.activated'
        WHEN v_was = 'SUSPENDED' THEN 'membership.reactivated'
        WHEN p.state = 'SUSPENDED' THEN 'membership.suspension_undone'
    END)) AS told (kind)
    WHERE told.kind IS NOT NULL;
    RETURN jsonb_build_object('was', v_was, 'window_last_day', v_last_day);
END
$$;

-- When a first payment gives cover: at once, but after a change of segment only 14 days later if it
-- leaves out months since the last covered one (Peraturan BPJS Kesehatan 6/2018).
CREATE OR REPLACE FUNCTION first_cover_at(p payable, p_paid_at timestamptz) RETURNS timestamptz
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_day date := wib_date(p_paid_at);
BEGIN
    PERFORM 1 FROM segment_change
    WHERE family_id = p.family_id AND membership_id = p.membership_id
      AND p.first_month > last_covered_month + 1;
    RETURN CASE
        WHEN FOUND
        THEN wib_midnight(v_day + regulation_value('segment_change_wait_days', v_day))
        ELSE p_paid_at
    END;
END
$$;
