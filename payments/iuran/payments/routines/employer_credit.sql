-- What employers paid beyond their bills, and what it pays for. The caller holds the employer's row.

-- The credit that lay there on a day: what came later cannot have paid then.
CREATE OR REPLACE FUNCTION employer_credit_on(p_employer_id bigint, p_day date) RETURNS bigint
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_credit bigint;
BEGIN
    SELECT coalesce(sum(amount), 0) INTO v_credit FROM employer_credit_entry
    WHERE employer_id = p_employer_id AND value_date <= p_day;
    RETURN v_credit;
END
$$;

-- Settle the open bills of some months, the oldest first from `p_money`, the rest from credit. The
-- caller has seen that both suffice. Returns what they came to.
CREATE OR REPLACE FUNCTION settle_employer_bills(
    p_employer_id bigint, p_first_month integer, p_last_month integer, p_money bigint,
    p_payment_id bigint, p_at timestamptz, p_value_date date
) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_total bigint;
    v_used bigint;
BEGIN
    WITH owing AS (
        SELECT coverage_month, part, amount,
               (sum(amount) OVER (ORDER BY coverage_month, part))::bigint AS upto
        FROM employer_bill
        WHERE employer_id = p_employer_id AND state = 'OPEN'
          AND coverage_month BETWEEN p_first_month AND p_last_month
    ), paid AS (
        UPDATE employer_bill AS b SET state = 'PAID', settled_at = p_at
        FROM owing AS o
        WHERE b.employer_id = p_employer_id AND b.coverage_month = o.coverage_month
          AND b.part = o.part
        RETURNING o.coverage_month, o.part, o.amount,
                  least(o.amount, greatest(0, p_money - (o.upto - o.amount))) AS from_money
    ), allocated AS (
        INSERT INTO employer_payment_allocation (employer_id, payment_id, coverage_month, part,
                                                 amount)
        SELECT p_employer_id, p_payment_id, coverage_month, part, from_money
        FROM paid WHERE from_money > 0
    ), used AS (
        INSERT INTO employer_credit_entry (employer_id, amount, cause, coverage_month, part,
                                           payment_id, booked_at, value_date)
        SELECT p_employer_id, from_money - amount, 'USED', coverage_month, part, p_payment_id,
               p_at, p_value_date
        FROM paid WHERE from_money < amount
        RETURNING coverage_month, part, -amount AS amount
    ), posted AS (
        INSERT INTO employer_ledger_entry (employer_id, debit_account, credit_account, amount,
                                           booked_at, value_date, coverage_month, part)
        SELECT p_employer_id, 'EMPLOYER_CREDIT', 'EMPLOYER_RECEIVABLE', amount, p_at, p_value_date,
               coverage_month, part
        FROM used
    )
    SELECT coalesce((SELECT sum(amount) FROM paid), 0), coalesce((SELECT sum(amount) FROM used), 0)
    INTO v_total, v_used;
    UPDATE employer SET credit = credit - v_used
    WHERE employer_id = p_employer_id AND v_used > 0;
    UPDATE employer_bill SET state = 'NOT_BILLABLE'
    WHERE employer_id = p_employer_id AND state = 'OPEN' AND coverage_month < p_first_month;
    RETURN v_total;
END
$$;

-- Let an employer's credit settle what is open up to a month, if it suffices for all of it and lay
-- there then; its workers follow. Returns whether it did.
CREATE OR REPLACE FUNCTION spend_employer_credit(
    p_employer_id bigint, p_month integer, p_effective_at timestamptz, p_at timestamptz
) RETURNS boolean
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_day date := wib_date(p_effective_at);
    v_cap integer := regulation_value('arrears_months_max', v_day);
    v_credit bigint;
    v_open bigint;
    v_first integer;
BEGIN
    SELECT credit INTO v_credit FROM employer WHERE employer_id = p_employer_id;
    IF v_credit = 0 THEN
        RETURN false;
    END IF;
    SELECT sum(amount), min(coverage_month) INTO v_open, v_first FROM employer_bill
    WHERE employer_id = p_employer_id AND state = 'OPEN'
      AND coverage_month BETWEEN p_month - v_cap AND p_month;
    IF v_open IS NULL OR v_open > v_credit OR v_open > employer_credit_on(p_employer_id, v_day) THEN
        RETURN false;
    END IF;
    PERFORM settle_employer_bills(p_employer_id, v_first, p_month, 0, NULL, p_at, v_day);
    PERFORM reactivate_employees(p_employer_id, p_effective_at, p_at);
    INSERT INTO employer_event (employer_id, kind, payload, occurred_at)
    VALUES (p_employer_id, 'employer.credit_used',
            jsonb_build_object('amount', v_open, 'last_month', p_month), p_at);
    RETURN true;
END
$$;

-- What the monthly run does for a range of employers after it billed a month: credit pays what was
-- left of the month before as of its last second, and this month as of its first. Locks employers by
-- id, and the memberships of their workers.
CREATE OR REPLACE FUNCTION spend_employer_credits(
    p_employer_from bigint, p_employer_to bigint, p_month integer, p_at timestamptz
) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_spent bigint := 0;
    v_employer_id bigint;
BEGIN
    FOR v_employer_id IN
        SELECT r.employer_id FROM employer AS r
        WHERE r.employer_id BETWEEN p_employer_from AND p_employer_to AND r.credit > 0
        ORDER BY r.employer_id
        FOR NO KEY UPDATE
    LOOP
        v_spent := v_spent + spend_employer_credit(
            v_employer_id, p_month - 1,
            least(p_at, wib_midnight(first_day_of(p_month)) - interval '1 second'), p_at)::integer;
        v_spent := v_spent + spend_employer_credit(
            v_employer_id, p_month, least(p_at, wib_midnight(first_day_of(p_month))),
            p_at)::integer;
    END LOOP;
    RETURN v_spent;
END
$$;

-- Everything that an employer's money changes; `employer_payable_at` found and locked him at
-- `p_paid_at`. Money that does not settle all that is open, with the credit, is credit.
CREATE OR REPLACE FUNCTION take_employer_payment(
    p employer_payable, p_instruction payment_instruction, p_paid_at timestamptz, p_at timestamptz
) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_day date := wib_date(p_paid_at);
    v_money bigint := p_instruction.amount;
    v_settles boolean := coalesce(p.open_amount > 0 AND v_money + p.credit >= p.open_amount, false);
    v_surplus bigint := CASE WHEN v_settles THEN greatest(0, v_money - p.open_amount) ELSE v_money END;
    v_payment_id bigint;
    v_reactivated bigint := 0;
BEGIN
    INSERT INTO employer_payment (employer_id, channel_id, reference, amount, channel_time,
                                  received_at, value_date)
    VALUES (p.employer_id, p_instruction.channel_id, p_instruction.reference, v_money,
            p_instruction.channel_time, p_at, v_day)
    RETURNING payment_id INTO v_payment_id;
    INSERT INTO employer_ledger_entry (employer_id, debit_account, credit_account, amount,
                                       booked_at, value_date, channel_id, payment_id)
    SELECT p.employer_id, 'CHANNEL_CLEARING', part.account, part.amount, p_at, v_day,
           p_instruction.channel_id, v_payment_id
    FROM (VALUES ('EMPLOYER_RECEIVABLE', v_money - v_surplus), ('EMPLOYER_CREDIT', v_surplus))
        AS part (account, amount)
    WHERE part.amount > 0;
    IF v_surplus > 0 THEN
        INSERT INTO employer_credit_entry (employer_id, amount, cause, payment_id, booked_at,
                                           value_date)
        VALUES (p.employer_id, v_surplus, 'SURPLUS', v_payment_id, p_at, v_day);
        UPDATE employer SET credit = credit + v_surplus WHERE employer_id = p.employer_id;
    END IF;
    IF v_settles THEN
        PERFORM settle_employer_bills(p.employer_id, p.first_month, p.last_month, v_money,
                                      v_payment_id, p_at, v_day);
        v_reactivated := reactivate_employees(p.employer_id, p_paid_at, p_at);
    END IF;
    INSERT INTO employer_event (employer_id, kind, payload, occurred_at)
    VALUES (p.employer_id, CASE WHEN v_settles THEN 'employer.payment_settled'
                                ELSE 'employer.payment_credited' END,
            jsonb_build_object('payment_id', v_payment_id, 'amount', v_money,
                               'first_month', p.first_month, 'last_month', p.last_month,
                               'reactivated', v_reactivated), p_at);
    RETURN jsonb_strip_nulls(jsonb_build_object(
        'payment_id', v_payment_id, 'employer_id', p.employer_id, 'name', p.name,
        'members', p.workers, 'amount', v_money,
        'first_month', CASE WHEN v_settles THEN p.first_month END,
        'last_month', CASE WHEN v_settles THEN p.last_month END, 'reactivated', v_reactivated,
        'credit', coalesce(p.credit, 0) + v_money - CASE WHEN v_settles THEN p.open_amount ELSE 0 END));
END
$$;
