-- The one place where money takes effect. Read docs/architecture.md, laws 2 to 5, first.
--
-- Locks are taken in one written order: messages (by channel and external id), payment references
-- (by channel and reference), memberships (by family), and then what the family owns; employers (by
-- id) and the memberships of their workers, which nobody locks without the employer, come last.
-- Whoever spends credit holds the membership first.

-- Settle payments of service 25. Any number of them shares the caller's commit; none harms another.
CREATE OR REPLACE FUNCTION settle_payments(
    p_instructions payment_instruction[], p_at timestamptz
) RETURNS SETOF payment_outcome
    LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    RETURN QUERY SELECT * FROM settle_batch(p_instructions, p_at, false);
END
$$;

-- Payments of service 25, to be settled or, when they were collected already, to be booked. Any
-- number of them shares the caller's commit; none harms another. Families come before employers, each
-- by number: the written order of locks.
CREATE OR REPLACE FUNCTION settle_batch(
    p_instructions payment_instruction[], p_at timestamptz, p_collected boolean
) RETURNS SETOF payment_outcome
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
        LEFT JOIN employer_account_number AS x ON x.customer_number = u.customer_number
        WHERE v_reference_is_new[u.item]
        ORDER BY n.family_id, x.employer_id, u.item
    LOOP
        IF p_collected THEN
            PERFORM book_instruction(p_instructions[v_item], p_at);
        ELSE
            PERFORM settle_instruction(p_instructions[v_item], p_at);
        END IF;
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

-- Settle one instruction whose identity is ours, and remember the answer. A number that is no
-- family's may be an employer's; a family's payment is not a look-up slower for it.
CREATE OR REPLACE FUNCTION settle_instruction(p_instruction payment_instruction, p_at timestamptz)
    RETURNS void
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v payable := payable_at(p_instruction.customer_number, p_at, true);
    e employer_payable;
    v_result text;
    v_detail jsonb;
BEGIN
    IF v.result = 'VIRTUAL_ACCOUNT_UNKNOWN' THEN
        e := employer_payable_at(p_instruction.customer_number, p_at, true);
        v := as_payable(e);
    END IF;
    v_result := payment_result(v, p_instruction, p_at);
    IF v_result = 'SETTLED' AND e.employer_id IS NOT NULL THEN
        v_detail := apply_employer_payment(e, p_instruction, p_at);
    ELSIF v_result = 'SETTLED' THEN
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

-- What a payment that may still be refused comes to.
CREATE OR REPLACE FUNCTION payment_result(v payable, p_instruction payment_instruction, p_at timestamptz)
    RETURNS text
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    IF v.result <> 'PAYABLE' THEN
        RETURN v.result;
    ELSIF bill_changed_since_inquiry(p_instruction.channel_id, p_instruction.reference, v.version,
                                     wib_date(p_at)) THEN
        RETURN 'BILL_CHANGED';
    ELSIF v.amount IS DISTINCT FROM p_instruction.amount THEN
        RETURN 'AMOUNT_MISMATCH';
    END IF;
    RETURN 'SETTLED';
END
$$;
