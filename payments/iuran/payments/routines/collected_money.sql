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

-- Whether collected money settles all that an employer owes, with the credit that lies there.
CREATE OR REPLACE FUNCTION employer_suffices(e employer_payable, p_amount bigint) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    RETURN coalesce(e.open_amount > 0 AND p_amount + e.credit >= e.open_amount, false);

-- Collected money of an employer: it settles all that is open, or is credit until it does.
CREATE OR REPLACE FUNCTION book_employer_instruction(
    p_instruction payment_instruction, p_at timestamptz
) RETURNS payment_outcome
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_paid_at timestamptz := paid_at_of(p_instruction.channel_time, p_at);
    e employer_payable := employer_payable_at(p_instruction.customer_number, v_paid_at, true);
    v payment_outcome;
BEGIN
    IF e.result = 'VIRTUAL_ACCOUNT_UNKNOWN' THEN
        v.result := 'IN_SUSPENSE';
        v.detail := jsonb_build_object('reason', e.result);
        RETURN v;
    END IF;
    IF v_paid_at < p_at AND NOT employer_suffices(e, p_instruction.amount) THEN
        e := employer_payable_at(p_instruction.customer_number, p_at, true);
        v_paid_at := CASE WHEN employer_suffices(e, p_instruction.amount) THEN p_at
                          ELSE v_paid_at END;
    END IF;
    v.result := CASE WHEN employer_suffices(e, p_instruction.amount) THEN 'SETTLED'
                     ELSE 'CREDITED' END;
    v.detail := take_employer_payment(e, p_instruction, v_paid_at, p_at);
    RETURN v;
END
$$;

-- Let money that nobody can refuse any more take effect at its account. IN_SUSPENSE, with the reason,
-- when no account can take it: then nothing has changed.
CREATE OR REPLACE FUNCTION book_money(p_instruction payment_instruction, p_at timestamptz)
    RETURNS payment_outcome
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_paid_at timestamptz := paid_at_of(p_instruction.channel_time, p_at);
    p payable := payable_at(p_instruction.customer_number, v_paid_at, true);
    v_enough boolean;
    v payment_outcome;
BEGIN
    IF p.result = 'VIRTUAL_ACCOUNT_UNKNOWN' THEN
        RETURN book_employer_instruction(p_instruction, p_at);
    END IF;
    v_enough := suffices(p, p_instruction.amount);
    IF p.result IN ('PAYABLE', 'ALREADY_PAID') AND NOT v_enough AND v_paid_at < p_at THEN
        p := payable_at(p_instruction.customer_number, p_at, true);
        v_enough := suffices(p, p_instruction.amount);
        v_paid_at := CASE WHEN v_enough THEN p_at ELSE v_paid_at END;
    END IF;
    IF p.result NOT IN ('PAYABLE', 'ALREADY_PAID', 'NOT_BILLED') THEN
        v.result := 'IN_SUSPENSE';
        v.detail := jsonb_build_object('reason', p.result);
        RETURN v;
    END IF;
    v.result := CASE WHEN v_enough THEN 'SETTLED' ELSE 'CREDITED' END;
    IF NOT v_enough THEN
        p.open_amount := 0;  -- a part of the bills is never paid: the money waits as credit
        p.first_month := NULL;
        p.last_month := NULL;
    END IF;
    v.detail := take_payment(p, p_instruction, v_paid_at, p_at);
    PERFORM catch_up(p.family_id, p.membership_id, p_at);
    RETURN v;
END
$$;

-- Book one instruction whose identity is ours, and remember the answer.
CREATE OR REPLACE FUNCTION book_instruction(p_instruction payment_instruction, p_at timestamptz)
    RETURNS void
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v payment_outcome := book_money(p_instruction, p_at);
BEGIN
    IF v.result = 'IN_SUSPENSE' THEN
        v.detail := hold_in_suspense(p_instruction, v.detail ->> 'reason',
                                     paid_at_of(p_instruction.channel_time, p_at), p_at);
    END IF;
    INSERT INTO payment_answer (channel_id, reference, result, detail, answered_at)
    VALUES (p_instruction.channel_id, p_instruction.reference, v.result, v.detail, p_at);
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
    INSERT INTO suspense_waiting (channel_id, reference, suspense_id)
    VALUES (p_instruction.channel_id, p_instruction.reference, v_suspense_id);
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
