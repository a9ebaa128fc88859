-- The second common payment, for many families at once: a suspended family pays exactly what it owes.
-- The property test of plain payments holds this, too, to `settle_instruction`, row by row.

-- Settle those of the new payments of a batch that end a suspension and nothing else; return their
-- answers. `lock_payers` has locked the memberships, and plain payments are settled. These are:
-- suspended with every month billed, all arrears within the cap and the current month paid exactly,
-- no credit, no plan, no months ahead, the inquiry's bills, and nothing else of that family here.
CREATE OR REPLACE FUNCTION settle_plain_reactivations(
    p_instructions payment_instruction[], p_items integer[], p_families bigint[],
    p_memberships bigint[], p_plain payment_outcome[], p_at timestamptz, p_collected boolean
) RETURNS payment_outcome[]
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_day date := wib_date(p_at);
    v_month integer := coverage_month_of(v_day);
    v_month_begins timestamptz := wib_midnight(first_day_of(v_month));
    v_settled payment_outcome[];
BEGIN
    WITH back AS MATERIALIZED (
        SELECT l.item, l.family_id, l.membership_id, u.channel_id, u.reference, u.amount,
               u.channel_time, t.paid_at, wib_date(t.paid_at) AS paid_on,
               b.members, b.first_month, b.arrears_months, p.name,
               wib_date(t.paid_at)
                   + regulation_value('fine_window_days', wib_date(t.paid_at))
                   - regulation_value('fine_window_activation_day', wib_date(t.paid_at))
                   AS window_last_day
        FROM (SELECT x.item, x.family_id, x.membership_id,
                     count(*) OVER (PARTITION BY x.family_id) AS of_family
              FROM unnest(p_items, p_families, p_memberships)
                  AS x (item, family_id, membership_id)) AS l
        JOIN unnest(p_instructions) WITH ORDINALITY
            AS u (channel_id, external_id, reference, customer_number, amount, channel_time,
                  target, headers, body, item) ON u.item = l.item
        CROSS JOIN LATERAL (
            SELECT CASE WHEN p_collected THEN paid_at_of(u.channel_time, p_at) ELSE p_at
                   END AS paid_at
            OFFSET 0
        ) AS t
        JOIN membership AS m ON m.family_id = l.family_id AND m.membership_id = l.membership_id
        JOIN family AS f ON f.family_id = l.family_id
        JOIN participant AS p
          ON p.family_id = f.family_id AND p.participant_id = f.payer_participant_id
        CROSS JOIN LATERAL (
            SELECT v_month - regulation_value('arrears_months_max', wib_date(t.paid_at)) AS month
            OFFSET 0
        ) AS oldest
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE o.coverage_month > m.paid_through) AS issued,
                   max(o.members) FILTER (WHERE due.counts) AS members,
                   sum(o.amount - o.settled_amount) FILTER (WHERE due.counts) AS owed,
                   min(o.coverage_month) FILTER (WHERE due.counts) AS first_month,
                   max(o.coverage_month) FILTER (WHERE due.counts) AS last_month,
                   count(*) FILTER (WHERE due.counts AND o.coverage_month < v_month)
                       AS arrears_months,
                   string_agg(concat(o.coverage_month, '/', o.version), ','
                              ORDER BY o.coverage_month) FILTER (WHERE o.state = 'OPEN') AS version
            FROM bill AS o
            CROSS JOIN LATERAL (
                SELECT o.state = 'OPEN' AND o.coverage_month >= oldest.month AS counts
            ) AS due
            WHERE o.family_id = l.family_id AND o.membership_id = l.membership_id
              AND o.coverage_month <= v_month
        ) AS b
        WHERE l.of_family = 1
          AND m.state = 'SUSPENDED' AND m.paid_through < v_month - 1
          AND m.plan_id IS NULL AND m.credit = 0
          AND b.issued = v_month - m.paid_through
          AND b.last_month = v_month AND b.arrears_months > 0 AND b.owed = u.amount
          AND t.paid_at >= v_month_begins
          AND NOT EXISTS (SELECT FROM unnest(p_plain) AS done WHERE done.item = l.item)
          AND NOT EXISTS (
              SELECT FROM prepayment_request AS r
              WHERE r.family_id = l.family_id AND r.membership_id = l.membership_id
                AND r.wib_day = wib_date(t.paid_at))
          AND (p_collected OR NOT bill_changed_since_inquiry(
                   u.channel_id, u.reference,
                   payable_version(b.version, u.amount, u.amount, 0, 0), v_day))
    ), bills_paid AS (
        UPDATE bill AS b
        SET state = 'PAID', settled_amount = b.amount, settled_at = p_at
        FROM back, bill AS was
        WHERE was.family_id = back.family_id AND was.membership_id = back.membership_id
          AND was.state = 'OPEN' AND was.coverage_month BETWEEN back.first_month AND v_month
          AND b.family_id = was.family_id AND b.membership_id = was.membership_id
          AND b.coverage_month = was.coverage_month
        RETURNING b.family_id, b.coverage_month, was.amount - was.settled_amount AS owed
    ), bills_over AS (
        UPDATE bill AS b SET state = 'NOT_BILLABLE'
        FROM back
        WHERE b.family_id = back.family_id AND b.membership_id = back.membership_id
          AND b.state = 'OPEN' AND b.coverage_month < back.first_month
    ), taken AS (
        INSERT INTO payment (family_id, membership_id, channel_id, reference, amount,
                             channel_time, received_at, value_date)
        SELECT family_id, membership_id, channel_id, reference, amount, channel_time, p_at, paid_on
        FROM back
        RETURNING family_id, payment_id
    ), allocated AS (
        INSERT INTO payment_allocation (family_id, payment_id, membership_id, coverage_month,
                                        amount)
        SELECT back.family_id, taken.payment_id, back.membership_id, bills_paid.coverage_month,
               bills_paid.owed
        FROM back JOIN taken USING (family_id) JOIN bills_paid USING (family_id)
        WHERE bills_paid.owed > 0
    ), posted AS (
        INSERT INTO ledger_entry (family_id, debit_account, credit_account, amount, booked_at,
                                  value_date, channel_id, payment_id)
        SELECT family_id, 'CHANNEL_CLEARING', 'CONTRIBUTION_RECEIVABLE', amount, p_at, paid_on,
               channel_id, payment_id
        FROM back JOIN taken USING (family_id)
    ), membership_back AS (
        UPDATE membership AS m SET state = 'ACTIVE', paid_through = v_month
        FROM back
        WHERE m.family_id = back.family_id AND m.membership_id = back.membership_id
    ), noted AS (
        INSERT INTO membership_event (family_id, membership_id, state, paid_through,
                                      effective_at, recorded_at, cause)
        SELECT family_id, membership_id, 'ACTIVE', v_month, paid_at, p_at, 'PAYMENT' FROM back
    ), fined AS (
        INSERT INTO fine_window (family_id, membership_id, first_day, last_day, arrears_months,
                                 opened_at)
        SELECT family_id, membership_id, paid_on, window_last_day, arrears_months, p_at FROM back
    ), announced AS (
        INSERT INTO outbox (family_id, kind, payload, occurred_at)
        SELECT back.family_id, told.kind, told.payload, p_at
        FROM back
        JOIN taken USING (family_id)
        CROSS JOIN LATERAL (VALUES
            ('membership.reactivated', jsonb_build_object(
                'membership_id', back.membership_id, 'effective_at', back.paid_at,
                'window_last_day', back.window_last_day)),
            ('payment.settled', jsonb_build_object(
                'payment_id', taken.payment_id, 'membership_id', back.membership_id,
                'amount', back.amount, 'first_month', back.first_month, 'last_month', v_month))
        ) AS told (kind, payload)
    ), settled AS MATERIALIZED (
        SELECT item, channel_id, reference, jsonb_build_object(
                   'was', 'SUSPENDED', 'window_last_day', window_last_day,
                   'payment_id', payment_id, 'family_id', family_id, 'name', name,
                   'members', members, 'amount', amount, 'first_month', first_month,
                   'last_month', v_month, 'credit', 0, 'months_ahead', 0) AS detail
        FROM back JOIN taken USING (family_id)
    ), answered AS (
        INSERT INTO payment_answer (channel_id, reference, result, detail, answered_at)
        SELECT channel_id, reference, 'SETTLED', detail, p_at FROM settled
    )
    SELECT array_agg(ROW(item, 'NEW', 'SETTLED', detail)::payment_outcome) INTO v_settled
    FROM settled;
    RETURN v_settled;
END
$$;
