-- What a receipt (struk) shows: the facts of one payment, as they were and as they are now.

-- Everything that a payer is shown of a payment; NULL when there is no such payment. Names and
-- numbers are whole here and are masked by who shows them.
CREATE OR REPLACE FUNCTION receipt_facts(p_family_id bigint, p_payment_id bigint) RETURNS jsonb
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    p payment;
    v_channel channel;
    v_family family;
    v_told jsonb;
    v_number text;
    v_credited bigint;
BEGIN
    SELECT * INTO p FROM payment WHERE family_id = p_family_id AND payment_id = p_payment_id;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT * INTO v_channel FROM channel WHERE channel_id = p.channel_id;
    SELECT * INTO v_family FROM family WHERE family_id = p_family_id;
    SELECT s.detail, o.customer_number INTO v_told, v_number
    FROM suspense_placement AS s
    JOIN suspense_proposal AS o USING (channel_id, reference, proposal_id)
    WHERE s.channel_id = p.channel_id AND s.reference = p.reference;
    IF NOT FOUND THEN
        SELECT a.detail, r.customer_number INTO v_told, v_number
        FROM payment_reference AS r
        LEFT JOIN payment_answer AS a USING (channel_id, reference)
        WHERE r.channel_id = p.channel_id AND r.reference = p.reference;
    END IF;
    SELECT coalesce(sum(e.amount), 0) INTO v_credited FROM credit_entry AS e
    WHERE e.family_id = p_family_id AND e.payment_id = p_payment_id AND e.cause = 'SURPLUS';
    RETURN jsonb_build_object(
        'payer', 'FAMILY', 'amount', p.amount,
        'channel_code', v_channel.code, 'channel_name', v_channel.name, 'reference', p.reference,
        'account_prefix', v_channel.va_prefix, 'customer_number', v_number,
        'channel_time', p.channel_time, 'booked_at', p.received_at, 'value_date', p.value_date,
        'language', v_family.language, 'members', v_told -> 'members', 'was', v_told -> 'was',
        'window_last_day', v_told -> 'window_last_day',
        'name', coalesce(v_told ->> 'name', (
            SELECT t.name FROM participant AS t
            WHERE t.family_id = p_family_id AND t.participant_id = v_family.payer_participant_id)),
        'months', months_of_payment(p_family_id, p_payment_id),
        'step', (
            SELECT jsonb_build_object('number', i.step, 'steps', n.steps, 'amount', i.amount)
            FROM instalment_payment AS i
            JOIN instalment_plan AS n USING (family_id, plan_id)
            WHERE i.family_id = p_family_id AND i.payment_id = p_payment_id),
        'credited', v_credited,
        'refunded', least(v_credited, refunded_since(p)), 'reactivated', NULL);
END
$$;

-- The months that a payment settled, the oldest first: out of its own money, and out of credit that
-- lay there already.
CREATE OR REPLACE FUNCTION months_of_payment(p_family_id bigint, p_payment_id bigint) RETURNS jsonb
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'month', whole.coverage_month, 'amount', whole.amount, 'credit', whole.credit)
                   ORDER BY whole.coverage_month), '[]')
        FROM (
            SELECT part.coverage_month, sum(part.amount) AS amount, sum(part.credit) AS credit
            FROM (
                SELECT a.coverage_month, a.amount, 0 AS credit FROM payment_allocation AS a
                WHERE a.family_id = p_family_id AND a.payment_id = p_payment_id
                UNION ALL
                SELECT e.coverage_month, 0, -e.amount FROM credit_entry AS e
                WHERE e.family_id = p_family_id AND e.payment_id = p_payment_id
                  AND e.cause = 'USED'
            ) AS part
            GROUP BY part.coverage_month
        ) AS whole);
END
$$;

-- What was refunded out of a membership's credit after a payment.
CREATE OR REPLACE FUNCTION refunded_since(p payment) RETURNS bigint
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN (
        SELECT coalesce(-sum(e.amount), 0) FROM credit_entry AS e
        WHERE e.family_id = p.family_id AND e.membership_id = p.membership_id
          AND e.cause = 'REFUND' AND e.booked_at > p.received_at);
END
$$;

-- The same of an employer's payment: its workers are the members. Nothing of it was ever refunded.
CREATE OR REPLACE FUNCTION employer_receipt_facts(p_employer_id bigint, p_payment_id bigint)
    RETURNS jsonb
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN (
        SELECT jsonb_build_object(
            'payer', 'EMPLOYER', 'amount', p.amount, 'channel_code', c.code,
            'channel_name', c.name, 'reference', p.reference, 'account_prefix', c.va_prefix,
            'customer_number', coalesce(o.customer_number, r.customer_number),
            'channel_time', p.channel_time, 'booked_at', p.received_at,
            'value_date', p.value_date, 'language', 'id', 'name', e.name,
            'members', told.detail -> 'members', 'was', NULL, 'window_last_day', NULL,
            'months', months_of_employer_payment(p_employer_id, p_payment_id), 'step', NULL,
            'credited', (
                SELECT coalesce(sum(x.amount), 0) FROM employer_credit_entry AS x
                WHERE x.employer_id = p_employer_id AND x.payment_id = p_payment_id
                  AND x.cause = 'SURPLUS'),
            'refunded', 0, 'reactivated', told.detail -> 'reactivated')
        FROM employer_payment AS p
        JOIN employer AS e USING (employer_id)
        JOIN channel AS c ON c.channel_id = p.channel_id
        LEFT JOIN payment_reference AS r
          ON r.channel_id = p.channel_id AND r.reference = p.reference
        LEFT JOIN payment_answer AS a ON a.channel_id = p.channel_id AND a.reference = p.reference
        LEFT JOIN suspense_placement AS s
          ON s.channel_id = p.channel_id AND s.reference = p.reference
        LEFT JOIN suspense_proposal AS o
          ON o.channel_id = s.channel_id AND o.reference = s.reference
         AND o.proposal_id = s.proposal_id
        CROSS JOIN LATERAL (SELECT coalesce(s.detail, a.detail) AS detail) AS told
        WHERE p.employer_id = p_employer_id AND p.payment_id = p_payment_id);
END
$$;

-- The months that an employer's payment settled, as `months_of_payment` has them.
CREATE OR REPLACE FUNCTION months_of_employer_payment(p_employer_id bigint, p_payment_id bigint)
    RETURNS jsonb
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'month', whole.coverage_month, 'amount', whole.amount, 'credit', whole.credit)
                   ORDER BY whole.coverage_month), '[]')
        FROM (
            SELECT part.coverage_month, sum(part.amount) AS amount, sum(part.credit) AS credit
            FROM (
                SELECT a.coverage_month, a.amount, 0 AS credit
                FROM employer_payment_allocation AS a
                WHERE a.employer_id = p_employer_id AND a.payment_id = p_payment_id
                UNION ALL
                SELECT x.coverage_month, 0, -x.amount FROM employer_credit_entry AS x
                WHERE x.employer_id = p_employer_id AND x.payment_id = p_payment_id
                  AND x.cause = 'USED'
            ) AS part
            GROUP BY part.coverage_month
        ) AS whole);
END
$$;

-- The same of a government's transfer that two persons have booked. It pays shares of bills in their
-- order and never one bill, so that it names none.
CREATE OR REPLACE FUNCTION government_receipt_facts(p_region text, p_payment_id bigint)
    RETURNS jsonb
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN (
        SELECT jsonb_build_object(
            'payer', 'GOVERNMENT', 'amount', p.amount, 'channel_code', '', 'channel_name', '',
            'reference', p.reference, 'account_prefix', '', 'customer_number', NULL,
            'channel_time', NULL, 'booked_at', y.approved_at, 'value_date', p.value_date,
            'language', 'id', 'name', g.name, 'members', NULL, 'was', NULL,
            'window_last_day', NULL, 'months', '[]'::jsonb, 'step', NULL, 'credited', 0,
            'refunded', 0, 'reactivated', NULL)
        FROM government_payment AS p
        JOIN government_payment_approval AS y USING (region, payment_id)
        JOIN government AS g USING (region)
        WHERE p.region = p_region AND p.payment_id = p_payment_id);
END
$$;
