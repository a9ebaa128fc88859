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
-- number of them shares the caller's commit; none harms another. What is plain is settled together
-- and the rest one by one.
CREATE OR REPLACE FUNCTION settle_batch(
    p_instructions payment_instruction[], p_at timestamptz, p_collected boolean
) RETURNS SETOF payment_outcome
    LANGUAGE plpgsql VOLATILE
    SET plan_cache_mode = force_generic_plan  -- planned once: planning would cost more than running
AS $$
DECLARE
    v_told integer[];
    v_new integer[];
    v_payers record;
    v_plain payment_outcome[];
BEGIN
    SELECT messages, payments INTO v_told, v_new FROM reserve_identities(p_instructions, p_at);
    IF v_new IS NOT NULL THEN
        v_payers := lock_payers(p_instructions, v_new);
        IF v_payers.may_be_plain THEN
            v_plain := settle_plain_payments(p_instructions, v_payers.items, v_payers.families,
                                             v_payers.memberships, p_at, p_collected);
        END IF;
        IF v_payers.may_come_back THEN
            v_plain := v_plain || settle_plain_reactivations(
                p_instructions, v_payers.items, v_payers.families, v_payers.memberships, v_plain,
                p_at, p_collected);
        END IF;
        RETURN QUERY SELECT * FROM unnest(v_plain);
    END IF;
    IF cardinality(v_plain) = cardinality(p_instructions) THEN
        RETURN;
    END IF;
    IF cardinality(v_plain) IS DISTINCT FROM cardinality(v_new) THEN
        PERFORM settle_one_by_one(p_instructions, v_new, v_plain, p_at, p_collected);
    END IF;
    RETURN QUERY
    SELECT * FROM outcomes_of(p_instructions, v_told, v_new, v_plain, p_at);
END
$$;

-- Reserve the identities of messages, and those of payments that new messages name; return the items
-- that came first. Each in the written order of locks: messages by (channel, external id), then
-- references by (channel, reference). What came before is locked until its transaction has ended.
CREATE OR REPLACE FUNCTION reserve_identities(
    p_instructions payment_instruction[], p_at timestamptz,
    OUT messages integer[], OUT payments integer[]
)
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_day date := wib_date(p_at);
BEGIN
    WITH reserved AS (
        INSERT INTO channel_message (channel_id, service, wib_day, external_id, reference,
                                     received_at, target, headers, body)
        SELECT u.channel_id, 25, v_day, u.external_id, u.reference, p_at, u.target, u.headers,
               u.body
        FROM unnest(p_instructions) WITH ORDINALITY
            AS u (channel_id, external_id, reference, customer_number, amount, channel_time,
                  target, headers, body, item)
        ORDER BY u.channel_id, u.external_id, u.item
        ON CONFLICT DO NOTHING
        RETURNING channel_id, external_id
    )
    SELECT array_agg(said.item) INTO messages
    FROM (
        SELECT min(u.item)::integer AS item
        FROM reserved AS r
        JOIN unnest(p_instructions) WITH ORDINALITY
            AS u (channel_id, external_id, reference, customer_number, amount, channel_time,
                  target, headers, body, item) USING (channel_id, external_id)
        GROUP BY r.channel_id, r.external_id
    ) AS said;
    IF messages IS NULL THEN
        RETURN;
    END IF;
    WITH reserved AS (
        INSERT INTO payment_reference (channel_id, reference, customer_number, amount, received_at)
        SELECT u.channel_id, u.reference, u.customer_number, u.amount, p_at
        FROM unnest(p_instructions) WITH ORDINALITY
            AS u (channel_id, external_id, reference, customer_number, amount, channel_time,
                  target, headers, body, item)
        WHERE u.item = ANY (messages)
        ORDER BY u.channel_id, u.reference, u.item
        ON CONFLICT DO NOTHING
        RETURNING channel_id, reference
    )
    SELECT array_agg(named.item) INTO payments
    FROM (
        SELECT min(u.item)::integer AS item
        FROM reserved AS r
        JOIN unnest(p_instructions) WITH ORDINALITY
            AS u (channel_id, external_id, reference, customer_number, amount, channel_time,
                  target, headers, body, item) USING (channel_id, reference)
        WHERE u.item = ANY (messages)
        GROUP BY r.channel_id, r.reference
    ) AS named;
END
$$;

-- Settle, or book, the new payments that were not plain. Families come before employers, each by
-- number: the written order of locks.
CREATE OR REPLACE FUNCTION settle_one_by_one(
    p_instructions payment_instruction[], p_new integer[], p_plain payment_outcome[],
    p_at timestamptz, p_collected boolean
) RETURNS void
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_item integer;
BEGIN
    FOR v_item IN
        SELECT u.item FROM unnest(p_instructions) WITH ORDINALITY
            AS u (channel_id, external_id, reference, customer_number, amount, channel_time,
                  target, headers, body, item)
        LEFT JOIN virtual_account_number AS n ON n.customer_number = u.customer_number
        LEFT JOIN employer_account_number AS x ON x.customer_number = u.customer_number
        WHERE u.item = ANY (p_new)
          AND NOT EXISTS (SELECT FROM unnest(p_plain) AS done WHERE done.item = u.item)
        ORDER BY n.family_id, x.employer_id, u.item
    LOOP
        IF p_collected THEN
            PERFORM book_instruction(p_instructions[v_item], p_at);
        ELSE
            PERFORM settle_instruction(p_instructions[v_item], p_at);
        END IF;
    END LOOP;
END
$$;

-- What the instructions came to that were not plain; repetitions have the first answer.
CREATE OR REPLACE FUNCTION outcomes_of(
    p_instructions payment_instruction[], p_told integer[], p_new integer[],
    p_plain payment_outcome[], p_at timestamptz
) RETURNS SETOF payment_outcome
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_day date := wib_date(p_at);
BEGIN
    RETURN QUERY
    SELECT u.item::integer,
           CASE
               WHEN u.item <> ALL (coalesce(p_told, '{}')) AND m.reference <> u.reference
                   THEN 'EXTERNAL_ID_REUSED'
               WHEN r.customer_number <> u.customer_number OR r.amount <> u.amount
                   THEN 'INCONSISTENT'
               WHEN u.item <> ALL (coalesce(p_told, '{}')) THEN 'REPEATED_MESSAGE'
               WHEN u.item <> ALL (coalesce(p_new, '{}')) THEN 'REPEATED_REFERENCE'
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
    WHERE NOT EXISTS (SELECT FROM unnest(p_plain) AS done WHERE done.item = u.item);
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
