-- The common payment, for many families at once: an active family pays exactly the one bill that is
-- open, with nothing else to be considered. Whatever is rarer is left to `settle_instruction`, one by
-- one, and a property test holds the two to one another, row by row.

-- Lock the memberships of new payments, by family: what is read after is true until the caller
-- commits. Numbers lead to what families pay for themselves, never to a worker's membership: that is
-- locked behind its employer. Returns whom they are of, and whether any of them may be plain or end a suspension, so that
-- nobody looks for what cannot be there.
CREATE OR REPLACE FUNCTION lock_payers(
    p_instructions payment_instruction[], p_new integer[],
    OUT items integer[], OUT families bigint[], OUT memberships bigint[],
    OUT may_be_plain boolean, OUT may_come_back boolean
)
    LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    SELECT array_agg(locked.item), array_agg(locked.family_id), array_agg(locked.membership_id),
           bool_or(locked.is_simple AND locked.state = 'ACTIVE'),
           bool_or(locked.is_simple AND locked.state = 'SUSPENDED')
    INTO items, families, memberships, may_be_plain, may_come_back
    FROM (
        SELECT u.item::integer AS item, m.family_id, m.membership_id, m.state,
               m.plan_id IS NULL AND m.credit = 0 AS is_simple
        FROM unnest(p_instructions) WITH ORDINALITY
            AS u (channel_id, external_id, reference, customer_number, amount, channel_time,
                  target, headers, body, item)
        JOIN virtual_account_number AS n ON n.customer_number = u.customer_number
        JOIN virtual_account AS a
          ON a.family_id = n.family_id AND a.customer_number = n.customer_number
        JOIN membership AS m
          ON m.family_id = a.family_id AND m.membership_id = a.membership_id
        WHERE u.item = ANY (p_new)
        ORDER BY m.family_id, m.membership_id, u.item
        FOR NO KEY UPDATE OF m
    ) AS locked;
END
$$;

-- Settle those of the new payments of a batch that are plain; return their answers. `lock_payers` has
-- locked and named them. Plain is: active and not in arrears, the current month's bill is the only open
-- one and is paid exactly, no credit, no plan, no months ahead, the inquiry's bill if there was one, and
-- nothing else of that family here. Collected money is plain if it counts from a day of this month; no
-- inquiry binds it.
CREATE OR REPLACE FUNCTION settle_plain_payments(
    p_instructions payment_instruction[], p_items integer[], p_families bigint[],
    p_memberships bigint[], p_at timestamptz, p_collected boolean
) RETURNS payment_outcome[]
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_day date := wib_date(p_at);
    v_month integer := coverage_month_of(v_day);
    v_month_begins timestamptz := wib_midnight(first_day_of(v_month));
    v_settled payment_outcome[];
BEGIN
    WITH plain AS MATERIALIZED (
        SELECT l.item, l.family_id, l.membership_id, u.channel_id, u.reference, u.amount,
               u.channel_time, t.paid_at, wib_date(t.paid_at) AS paid_on, b.members, b.owed,
               p.name
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
            OFFSET 0  -- once, not wherever it is used
        ) AS t
        JOIN membership AS m ON m.family_id = l.family_id AND m.membership_id = l.membership_id
        JOIN family AS f ON f.family_id = l.family_id
        JOIN participant AS p
          ON p.family_id = f.family_id AND p.participant_id = f.payer_participant_id
        CROSS JOIN LATERAL (
            SELECT max(o.members) AS members, sum(o.amount - o.settled_amount)::bigint AS owed,
                   min(o.coverage_month) AS first_month, max(o.version) AS version
            FROM bill AS o
            WHERE o.family_id = l.family_id AND o.membership_id = l.membership_id
              AND o.state = 'OPEN' AND o.coverage_month <= v_month
        ) AS b
        WHERE l.of_family = 1
          AND m.state = 'ACTIVE' AND m.paid_through >= v_month - 1
          AND m.plan_id IS NULL AND m.credit = 0
          AND b.first_month = v_month AND b.owed = u.amount
          AND t.paid_at >= v_month_begins
          AND NOT EXISTS (
              SELECT FROM prepayment_request AS r
              WHERE r.family_id = l.family_id AND r.membership_id = l.membership_id
                AND r.wib_day = wib_date(t.paid_at))
          AND (p_collected OR coalesce((
              SELECT i.wib_day = v_day AND i.version = payable_version(
                         concat(v_month, '/', b.version), b.owed, b.owed, 0, 0)
              FROM inquiry AS i
              WHERE i.channel_id = u.channel_id AND i.reference = u.reference
              ORDER BY i.inquiry_id DESC
              LIMIT 1), true))
    ), bill_paid AS (
        UPDATE bill AS b SET state = 'PAID', settled_amount = b.amount, settled_at = p_at
        FROM plain
        WHERE b.family_id = plain.family_id AND b.membership_id = plain.membership_id
          AND b.coverage_month = v_month
    ), taken AS (
        INSERT INTO payment (family_id, membership_id, channel_id, reference, amount,
                             channel_time, received_at, value_date)
        SELECT family_id, membership_id, channel_id, reference, amount, channel_time, p_at, paid_on
        FROM plain
        RETURNING family_id, payment_id
    ), allocated AS (
        INSERT INTO payment_allocation (family_id, payment_id, membership_id, coverage_month,
                                        amount)
        SELECT family_id, payment_id, membership_id, v_month, amount
        FROM plain JOIN taken USING (family_id)
    ), posted AS (
        INSERT INTO ledger_entry (family_id, debit_account, credit_account, amount, booked_at,
                                  value_date, channel_id, payment_id)
        SELECT family_id, 'CHANNEL_CLEARING', 'CONTRIBUTION_RECEIVABLE', amount, p_at, paid_on,
               channel_id, payment_id
        FROM plain JOIN taken USING (family_id)
    ), membership_paid AS (
        UPDATE membership AS m SET paid_through = greatest(m.paid_through, v_month)
        FROM plain
        WHERE m.family_id = plain.family_id AND m.membership_id = plain.membership_id
        RETURNING m.family_id, m.membership_id, m.paid_through, plain.paid_at
    ), noted AS (
        INSERT INTO membership_event (family_id, membership_id, state, paid_through,
                                      effective_at, recorded_at, cause)
        SELECT family_id, membership_id, 'ACTIVE', paid_through, paid_at, p_at, 'PAYMENT'
        FROM membership_paid
    ), announced AS (
        INSERT INTO outbox (family_id, kind, payload, occurred_at)
        SELECT family_id, 'payment.settled', jsonb_build_object(
                   'payment_id', payment_id, 'membership_id', membership_id, 'amount', amount,
                   'first_month', v_month, 'last_month', v_month), p_at
        FROM plain JOIN taken USING (family_id)
    ), settled AS MATERIALIZED (
        SELECT item, channel_id, reference, jsonb_build_object(
                   'was', 'ACTIVE', 'window_last_day', NULL, 'payment_id', payment_id,
                   'family_id', family_id, 'name', name, 'members', members, 'amount', amount,
                   'first_month', v_month, 'last_month', v_month, 'credit', 0,
                   'months_ahead', 0) AS detail
        FROM plain JOIN taken USING (family_id)
    ), answered AS (
        INSERT INTO payment_answer (channel_id, reference, result, detail, answered_at)
        SELECT channel_id, reference, 'SETTLED', detail, p_at FROM settled
    )
    SELECT array_agg(ROW(item, 'NEW', 'SETTLED', detail)::payment_outcome) INTO v_settled
    FROM settled;
    RETURN v_settled;
END
$$;
