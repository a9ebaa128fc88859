-- Money that a channel has collected already: a minimarket, an autodebit file, a bank's statement.
-- It cannot be refused. What is too much or paid twice becomes credit; what fits nobody is kept in
-- suspense, visibly. A debit that the file proves to be older counts from its own time [D].

-- Book payments that were collected. Any number of them shares the caller's commit.
CREATE OR REPLACE FUNCTION book_collected_money(
    p_instructions payment_instruction[], p_at timestamptz
) RETURNS SETOF payment_outcome
    LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    RETURN QUERY SELECT * FROM settle_batch(p_instructions, p_at, true);
END
$$;

-- Book one instruction whose identity is ours, and remember the answer.
CREATE OR REPLACE FUNCTION book_instruction(p_instruction payment_instruction, p_at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_paid_at timestamptz := paid_at_of(p_instruction.channel_time, p_at);
    v payable := payable_at(p_instruction.customer_number, v_paid_at, true);
    v_enough boolean;
    v_result text;
    v_detail jsonb;
BEGIN
    v_enough := suffices(v, p_instruction.amount);
    IF v.result IN ('PAYABLE', 'ALREADY_PAID') AND NOT v_enough AND v_paid_at < p_at THEN
        v := payable_at(p_instruction.customer_number, p_at, true);
        v_enough := suffices(v, p_instruction.amount);
        v_paid_at := CASE WHEN v_enough THEN p_at ELSE v_paid_at END;
    END IF;
    IF v.result = 'VIRTUAL_ACCOUNT_UNKNOWN' THEN
        SELECT b.result, b.detail INTO v_result, v_detail
        FROM book_employer_instruction(p_instruction, p_at) AS b;
    ELSIF v.result NOT IN ('PAYABLE', 'ALREADY_PAID', 'NOT_BILLED') THEN
        v_result := 'IN_SUSPENSE';
        v_detail := hold_in_suspense(p_instruction, v.result, v_paid_at, p_at);
    ELSE
        v_result := CASE WHEN v_enough THEN 'SETTLED' ELSE 'CREDITED' END;
        IF NOT v_enough THEN
            v.open_amount := 0;  -- a part of the bills is never paid: the money waits as credit
            v.first_month := NULL;
            v.last_month := NULL;
        END IF;
        v_detail := take_payment(v, p_instruction, v_paid_at, p_at);
        PERFORM catch_up(v.family_id, v.membership_id, p_at);
    END IF;
    INSERT INTO payment_answer (channel_id, reference, result, detail, answered_at)
    VALUES (p_instruction.channel_id, p_instruction.reference, v_result, v_detail, p_at);
END
$$;

-- Collected money of an employer: what fits its bills now settles them. An employer has no credit, so
-- that any other sum waits in suspense for somebody to look at [D].
CREATE OR REPLACE FUNCTION book_employer_instruction(p_instruction payment_instruction, p_at timestamptz)
    RETURNS payment_outcome
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    e employer_payable := employer_payable_at(p_instruction.customer_number, p_at, true);
    v payment_outcome;
BEGIN
    IF e.result = 'PAYABLE' AND e.amount = p_instruction.amount THEN
        v.result := 'SETTLED';
        v.detail := apply_employer_payment(e, p_instruction, p_at);
    ELSE
        v.result := 'IN_SUSPENSE';
        v.detail := hold_in_suspense(
            p_instruction, CASE e.result WHEN 'PAYABLE' THEN 'AMOUNT_MISMATCH' ELSE e.result END,
            paid_at_of(p_instruction.channel_time, p_at), p_at);
    END IF;
    RETURN v;
END
$$;

-- Whether collected money settles all that is open; months ahead that were wished for can wait.
CREATE OR REPLACE FUNCTION suffices(v payable, p_amount bigint) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    RETURN coalesce(v.open_amount > 0 AND p_amount + CASE WHEN v.plan_id IS NULL THEN v.credit
                                                          ELSE 0 END >= v.open_amount, false);

-- Keep money that fits nobody, or not its bill, until somebody has looked at it.
CREATE OR REPLACE FUNCTION hold_in_suspense(
    p_instruction payment_instruction, p_reason text, p_paid_at timestamptz, p_at timestamptz
) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_suspense_id bigint;
BEGIN
    INSERT INTO suspense_item (channel_id, reference, customer_number, amount, reason, received_at,
                               value_date)
    VALUES (p_instruction.channel_id, p_instruction.reference, p_instruction.customer_number,
            p_instruction.amount, p_reason, p_at, wib_date(p_paid_at))
    RETURNING suspense_id INTO v_suspense_id;
    INSERT INTO ledger_entry (family_id, debit_account, credit_account, amount, booked_at,
                              value_date, channel_id, payment_id)
    VALUES (0, 'CHANNEL_CLEARING', 'SUSPENSE', p_instruction.amount, p_at, wib_date(p_paid_at),
            p_instruction.channel_id, v_suspense_id);
    RETURN jsonb_build_object('reason', p_reason, 'amount', p_instruction.amount);
END
$$;

-- After a posting with an older value date: credit goes on paying, and what is still unpaid now is
-- suspended from its own first day.
CREATE OR REPLACE FUNCTION catch_up(p_family_id bigint, p_membership_id bigint, p_at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_month integer := coverage_month_of(wib_date(p_at));
    v_state text;
    v_paid_through integer;
BEGIN
    SELECT state, paid_through INTO v_state, v_paid_through FROM membership
    WHERE family_id = p_family_id AND membership_id = p_membership_id;
    IF v_state NOT IN ('ACTIVE', 'SUSPENDED') THEN
        RETURN;
    END IF;
    PERFORM bring_up_to_date(p_family_id, p_membership_id, v_paid_through, v_month, p_at, true);
    PERFORM suspend_membership(p_family_id, p_membership_id, v_month, p_at);
END
$$;

-- Suspend one locked membership if a month of it closed unpaid, as the run over ranges does.
CREATE OR REPLACE FUNCTION suspend_membership(
    p_family_id bigint, p_membership_id bigint, p_month integer, p_at timestamptz
) RETURNS void
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_paid_through integer;
BEGIN
    UPDATE membership SET state = 'SUSPENDED'
    WHERE family_id = p_family_id AND membership_id = p_membership_id
      AND state = 'ACTIVE' AND paid_through < p_month - 1
    RETURNING paid_through INTO v_paid_through;
    IF FOUND THEN
        INSERT INTO membership_event (family_id, membership_id, state, paid_through, effective_at,
                                      recorded_at, cause)
        VALUES (p_family_id, p_membership_id, 'SUSPENDED', v_paid_through,
                wib_midnight(first_day_of(v_paid_through + 2)), p_at, 'MONTH_CLOSED_UNPAID');
    END IF;
END
$$;

-- When a collected payment counts: the channel's own time if it is recent and not in the future.
CREATE OR REPLACE FUNCTION paid_at_of(p_channel_time timestamptz, p_at timestamptz) RETURNS timestamptz
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN CASE
        WHEN p_channel_time <= p_at AND wib_date(p_channel_time)
            >= wib_date(p_at) - regulation_value('value_date_days_max', wib_date(p_at))
        THEN p_channel_time
        ELSE p_at
    END;
END
$$;
