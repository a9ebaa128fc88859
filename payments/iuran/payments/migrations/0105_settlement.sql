-- The one place where money takes effect. Read `docs/architecture.md`, laws 2 to 5, first.
--
-- Locks are taken in one written order: messages (by channel and external id), payment references
-- (by channel and reference), memberships (by family), and then what the family owns.

CREATE TYPE payment_instruction AS (
    channel_id integer,
    external_id text,
    reference text,
    customer_number text,
    amount bigint,
    channel_time timestamptz,
    target text,
    headers jsonb,
    body bytea
);

-- How an instruction relates to what we knew (verdict), and what its reference came to (result).
CREATE TYPE payment_outcome AS (
    item integer,
    verdict text,  -- NEW, REPEATED_MESSAGE, REPEATED_REFERENCE, EXTERNAL_ID_REUSED, INCONSISTENT
    result text,
    detail jsonb
);

CREATE TYPE payable AS (
    family_id bigint,
    membership_id bigint,
    result text,        -- PAYABLE, or the reason why not
    name text,
    members integer,
    amount bigint,
    arrears_months integer,
    first_month integer,
    last_month integer,
    payable_from date,
    payable_until date,
    state text,
    paid_through integer
);

-- What a virtual account may pay at an instant. With p_lock the membership stays locked, so that
-- what is found here is true until the caller commits. Bills that the monthly run has not issued
-- yet are issued here: an answer never depends on how far the run has come.
CREATE FUNCTION payable_at(p_customer_number text, p_at timestamptz, p_lock boolean)
    RETURNS payable
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_today date := wib_date(p_at);
    v_month integer := coverage_month_of(v_today);
    v_cap integer := regulation_value('arrears_months_max', v_today);
    v_issued integer;
    v payable;
    v_issued_on date;
BEGIN
    SELECT n.family_id, a.membership_id, a.issued_on
    INTO v.family_id, v.membership_id, v_issued_on
    FROM virtual_account_number AS n
    JOIN virtual_account AS a ON a.family_id = n.family_id AND a.customer_number = n.customer_number
    WHERE n.customer_number = p_customer_number;
    IF NOT FOUND THEN
        v.result := 'VIRTUAL_ACCOUNT_UNKNOWN';
        RETURN v;
    END IF;

    IF p_lock THEN
        PERFORM 1 FROM membership AS m
        WHERE m.family_id = v.family_id AND m.membership_id = v.membership_id
        FOR NO KEY UPDATE;
    END IF;
    SELECT m.state, m.paid_through, p.name INTO v.state, v.paid_through, v.name
    FROM membership AS m
    JOIN family AS f ON f.family_id = m.family_id
    JOIN participant AS p
      ON p.family_id = f.family_id AND p.participant_id = f.payer_participant_id
    WHERE m.family_id = v.family_id AND m.membership_id = v.membership_id;

    IF v.state = 'PENDING' THEN
        v.payable_from := v_issued_on + regulation_value('first_payment_earliest_days', v_issued_on);
        v.payable_until := v_issued_on + regulation_value('first_payment_latest_days', v_issued_on);
        SELECT count(*), sum(l.amount), v_month, v_month, 0
        INTO v.members, v.amount, v.first_month, v.last_month, v.arrears_months
        FROM contribution_lines(v.family_id, v.family_id, v_month) AS l
        WHERE l.membership_id = v.membership_id;
        v.result := CASE
            WHEN v_today < v.payable_from THEN 'TOO_EARLY'
            WHEN v_today > v.payable_until THEN 'EXPIRED'
            WHEN v.amount IS NULL THEN 'NOT_BILLED'  -- nobody is enrolled
            ELSE 'PAYABLE'
        END;
        RETURN v;
    END IF;

    SELECT count(*) INTO v_issued
    FROM bill AS b
    WHERE b.family_id = v.family_id AND b.membership_id = v.membership_id
      AND b.coverage_month > v.paid_through AND b.coverage_month <= v_month;
    IF v_issued < v_month - v.paid_through THEN
        FOR v_missing IN v.paid_through + 1 .. v_month LOOP
            PERFORM bill_month(v.family_id, v.family_id, v_missing, p_at);
        END LOOP;
    END IF;

    SELECT max(b.members), sum(b.amount), min(b.coverage_month), max(b.coverage_month),
           count(*) FILTER (WHERE b.coverage_month < v_month)
    INTO v.members, v.amount, v.first_month, v.last_month, v.arrears_months
    FROM bill AS b
    WHERE b.family_id = v.family_id AND b.membership_id = v.membership_id
      AND b.state = 'OPEN' AND b.coverage_month BETWEEN v_month - v_cap AND v_month;
    v.result := CASE
        WHEN v.amount > 0 THEN 'PAYABLE'
        WHEN v.paid_through < v_month THEN 'NOT_BILLED'  -- nobody is enrolled, or no rate is in force
        ELSE 'ALREADY_PAID'
    END;
    RETURN v;
END
$$;

-- Everything that a payment changes, for one membership that `payable_at` found and locked.
CREATE FUNCTION apply_payment(
    p payable, p_instruction payment_instruction, p_at timestamptz
) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_today date := wib_date(p_at);
    v_month integer := coverage_month_of(v_today);
    v_payment_id bigint;
    v_was text := membership_state_in(p.state, p.paid_through, v_month);
    v_window_last date;
BEGIN
    IF p.state = 'PENDING' THEN
        PERFORM bill_month(p.family_id, p.family_id, v_month, p_at, true);
    END IF;
    INSERT INTO payment (family_id, membership_id, channel_id, reference, amount, channel_time,
                         received_at, value_date)
    VALUES (p.family_id, p.membership_id, p_instruction.channel_id, p_instruction.reference,
            p.amount, p_instruction.channel_time, p_at, v_today)
    RETURNING payment_id INTO v_payment_id;

    WITH paid AS (
        UPDATE bill SET state = 'PAID', settled_at = p_at
        WHERE family_id = p.family_id AND membership_id = p.membership_id AND state = 'OPEN'
          AND coverage_month BETWEEN p.first_month AND p.last_month
        RETURNING coverage_month, amount
    )
    INSERT INTO payment_allocation (family_id, payment_id, membership_id, coverage_month, amount)
    SELECT p.family_id, v_payment_id, p.membership_id, coverage_month, amount FROM paid;

    INSERT INTO ledger_entry (family_id, debit_account, credit_account, amount, booked_at,
                              value_date, channel_id, payment_id)
    VALUES (p.family_id, 'CHANNEL_CLEARING', 'CONTRIBUTION_RECEIVABLE', p.amount, p_at, v_today,
            p_instruction.channel_id, v_payment_id);

    UPDATE membership SET state = 'ACTIVE', paid_through = v_month
    WHERE family_id = p.family_id AND membership_id = p.membership_id;

    IF v_was = 'SUSPENDED' THEN
        UPDATE bill SET state = 'NOT_BILLABLE'
        WHERE family_id = p.family_id AND membership_id = p.membership_id AND state = 'OPEN'
          AND coverage_month < p.first_month;
        v_window_last := v_today + regulation_value('fine_window_days', v_today)
            - regulation_value('fine_window_activation_day', v_today);
        INSERT INTO fine_window (family_id, membership_id, first_day, last_day, arrears_months,
                                 opened_at)
        VALUES (p.family_id, p.membership_id, v_today, v_window_last, p.arrears_months, p_at);
        IF p.state = 'ACTIVE' THEN  -- the monthly run has not come by: record what it would have
            INSERT INTO membership_event (family_id, membership_id, state, paid_through,
                                          effective_at, recorded_at, cause)
            VALUES (p.family_id, p.membership_id, 'SUSPENDED', p.paid_through,
                    wib_midnight(first_day_of(p.paid_through + 2)), p_at, 'MONTH_CLOSED_UNPAID');
        END IF;
    END IF;
    INSERT INTO membership_event (family_id, membership_id, state, paid_through, effective_at,
                                  recorded_at, cause)
    VALUES (p.family_id, p.membership_id, 'ACTIVE', v_month, p_at, p_at,
            CASE p.state WHEN 'PENDING' THEN 'FIRST_PAYMENT' ELSE 'PAYMENT' END);
    IF p.state = 'SUSPENDED' AND v_was = 'ACTIVE' THEN  -- the run passed while we waited for the lock
        INSERT INTO membership_event (family_id, membership_id, state, paid_through, effective_at,
                                      recorded_at, cause)
        VALUES (p.family_id, p.membership_id, 'ACTIVE', v_month,
                wib_midnight(first_day_of(p.paid_through + 2)), p_at, 'SUSPENSION_UNDONE');
    END IF;

    INSERT INTO outbox (family_id, kind, payload, occurred_at)
    SELECT p.family_id, told.kind, told.payload, p_at
    FROM (VALUES
        ('payment.settled', jsonb_build_object(
            'payment_id', v_payment_id, 'membership_id', p.membership_id, 'amount', p.amount,
            'first_month', p.first_month, 'last_month', p.last_month)),
        (CASE v_was WHEN 'PENDING' THEN 'membership.activated'
                    WHEN 'SUSPENDED' THEN 'membership.reactivated' END,
         jsonb_build_object('membership_id', p.membership_id, 'effective_at', p_at,
                            'window_last_day', v_window_last))
    ) AS told (kind, payload)
    WHERE told.kind IS NOT NULL;

    RETURN jsonb_build_object(
        'payment_id', v_payment_id, 'family_id', p.family_id, 'name', p.name,
        'members', p.members, 'amount', p.amount, 'first_month', p.first_month,
        'last_month', p.last_month, 'was', v_was, 'window_last_day', v_window_last);
END
$$;

-- Settle one instruction whose identity is ours, and remember the answer.
CREATE FUNCTION settle_instruction(p_instruction payment_instruction, p_at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v payable := payable_at(p_instruction.customer_number, p_at, true);
    v_result text := v.result;
    v_detail jsonb;
BEGIN
    IF v_result = 'PAYABLE' AND v.amount IS DISTINCT FROM p_instruction.amount THEN
        v_result := 'AMOUNT_MISMATCH';
    ELSIF v_result = 'PAYABLE' THEN
        v_result := 'SETTLED';
    END IF;
    IF v_result = 'SETTLED' THEN
        v_detail := apply_payment(v, p_instruction, p_at);
    ELSE
        v_detail := jsonb_strip_nulls(jsonb_build_object(
            'name', v.name, 'amount', v.amount, 'payable_from', v.payable_from,
            'payable_until', v.payable_until));
    END IF;
    INSERT INTO payment_answer (channel_id, reference, result, detail, answered_at)
    VALUES (p_instruction.channel_id, p_instruction.reference, v_result, v_detail, p_at);
END
$$;

-- Settle payments of service 25. Any number of them shares the caller's commit; none harms another.
CREATE FUNCTION settle_payments(p_instructions payment_instruction[], p_at timestamptz)
    RETURNS SETOF payment_outcome
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_day date := wib_date(p_at);
    v_message_is_new boolean[] := array_fill(false, ARRAY[cardinality(p_instructions)]);
    v_reference_is_new boolean[] := array_fill(false, ARRAY[cardinality(p_instructions)]);
    v_item integer;
    v payment_instruction;
BEGIN
    FOR v_item IN
        SELECT u.item FROM unnest(p_instructions) WITH ORDINALITY
            AS u (channel_id, external_id, reference, customer_number, amount, channel_time,
                  target, headers, body, item)
        ORDER BY u.channel_id, u.external_id, u.item
    LOOP
        v := p_instructions[v_item];
        INSERT INTO channel_message (channel_id, service, wib_day, external_id, reference,
                                     received_at, target, headers, body)
        VALUES (v.channel_id, 25, v_day, v.external_id, v.reference, p_at, v.target, v.headers,
                v.body)
        ON CONFLICT DO NOTHING;
        v_message_is_new[v_item] := FOUND;
    END LOOP;

    FOR v_item IN
        SELECT u.item FROM unnest(p_instructions) WITH ORDINALITY
            AS u (channel_id, external_id, reference, customer_number, amount, channel_time,
                  target, headers, body, item)
        WHERE v_message_is_new[u.item]
        ORDER BY u.channel_id, u.reference, u.item
    LOOP
        v := p_instructions[v_item];
        INSERT INTO payment_reference (channel_id, reference, customer_number, amount, received_at)
        VALUES (v.channel_id, v.reference, v.customer_number, v.amount, p_at)
        ON CONFLICT DO NOTHING;
        v_reference_is_new[v_item] := FOUND;
    END LOOP;

    FOR v_item IN
        SELECT u.item FROM unnest(p_instructions) WITH ORDINALITY
            AS u (channel_id, external_id, reference, customer_number, amount, channel_time,
                  target, headers, body, item)
        LEFT JOIN virtual_account_number AS n ON n.customer_number = u.customer_number
        WHERE v_reference_is_new[u.item]
        ORDER BY n.family_id, u.item
    LOOP
        PERFORM settle_instruction(p_instructions[v_item], p_at);
    END LOOP;

    RETURN QUERY
    SELECT u.item::integer,
           CASE
               WHEN NOT v_message_is_new[u.item] AND m.reference <> u.reference
                   THEN 'EXTERNAL_ID_REUSED'
               WHEN r.customer_number <> u.customer_number OR r.amount <> u.amount
                   THEN 'INCONSISTENT'
               WHEN NOT v_message_is_new[u.item] THEN 'REPEATED_MESSAGE'
               WHEN NOT v_reference_is_new[u.item] THEN 'REPEATED_REFERENCE'
               ELSE 'NEW'
           END,
           a.result, a.detail
    FROM unnest(p_instructions) WITH ORDINALITY
        AS u (channel_id, external_id, reference, customer_number, amount, channel_time,
              target, headers, body, item)
    JOIN channel_message AS m
      ON m.channel_id = u.channel_id AND m.service = 25 AND m.wib_day = v_day
     AND m.external_id = u.external_id
    LEFT JOIN payment_reference AS r ON r.channel_id = u.channel_id AND r.reference = u.reference
    LEFT JOIN payment_answer AS a ON a.channel_id = u.channel_id AND a.reference = u.reference
    ORDER BY u.item;
END
$$;
