-- Which receivable a government's share of a bill is.
CREATE OR REPLACE FUNCTION government_receivable(p_region text, p_programme text, p_share text)
    RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN CASE
        WHEN p_share = 'WITHHELD' THEN 'PENSION_RECEIVABLE'
        WHEN p_programme = 'PBPU_PEMDA' THEN 'REGIONAL_CONTRIBUTION_RECEIVABLE'
        WHEN p_programme <> 'CLASS_III' THEN 'CENTRAL_CONTRIBUTION_RECEIVABLE'
        WHEN p_region = '00' THEN 'CENTRAL_SUBSIDY_RECEIVABLE'
        ELSE 'REGIONAL_SUBSIDY_RECEIVABLE'
    END;

-- What a government owes or has paid too much, by share of each bill; zeros are left out.
CREATE OR REPLACE FUNCTION government_open_shares(p_region text)
    RETURNS TABLE (coverage_month integer, programme text, share text, open_amount bigint)
    LANGUAGE sql STABLE
AS $$
    SELECT b.coverage_month::integer, b.programme, b.share,
           (b.amount - coalesce(a.amount, 0))::bigint
    FROM (
        SELECT l.coverage_month, l.programme, part.share, sum(part.amount) AS amount
        FROM government_bill_line AS l
        CROSS JOIN LATERAL (VALUES ('OWN', l.amount), ('WITHHELD', l.withheld))
            AS part (share, amount)
        WHERE l.region = p_region
        GROUP BY l.coverage_month, l.programme, part.share
    ) AS b
    LEFT JOIN (
        SELECT g.coverage_month, g.programme, g.share, sum(g.amount) AS amount
        FROM government_allocation AS g
        WHERE g.region = p_region
        GROUP BY g.coverage_month, g.programme, g.share
    ) AS a USING (coverage_month, programme, share)
    WHERE b.amount <> coalesce(a.amount, 0)
$$;

-- A government's money that no bill has used yet, and that was not given back.
CREATE OR REPLACE FUNCTION government_credit(p_region text) RETURNS bigint
    LANGUAGE sql STABLE
AS $$
    SELECT ((SELECT coalesce(sum(p.amount), 0)
             FROM government_payment AS p
             JOIN government_payment_approval AS y
               ON y.region = p.region AND y.payment_id = p.payment_id
             WHERE p.region = p_region)
          - (SELECT coalesce(sum(g.amount), 0) FROM government_allocation AS g
             WHERE g.region = p_region)
          - (SELECT coalesce(sum(r.amount), 0)
             FROM payer_refund AS r
             JOIN payer_refund_decision AS d ON d.refund_id = r.refund_id AND d.is_approved
             WHERE r.region = p_region))::bigint
$$;

-- Allocate what a government paid to what it owes, the oldest month first, a part of a bill if need
-- be; what a bill shrank by after it was paid comes back first. Takes turns with those who bill
-- governments. Returns what was allocated.
CREATE OR REPLACE FUNCTION settle_government(p_region text, p_at timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_credit bigint;
    v_allocated bigint;
BEGIN
    PERFORM 1 FROM government WHERE region = '00' FOR UPDATE;
    v_credit := government_credit(p_region);
    WITH open AS MATERIALIZED (
        SELECT s.coverage_month, s.programme, s.share, s.open_amount,
               v_credit - coalesce(sum(least(s.open_amount, 0)) OVER (), 0) AS money,
               coalesce(sum(greatest(s.open_amount, 0)) OVER (
                   ORDER BY s.coverage_month, s.programme, s.share
                   ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
        FROM government_open_shares(p_region) AS s
    ), due AS MATERIALIZED (
        SELECT coverage_month, programme, share,
               CASE WHEN open_amount < 0 THEN open_amount
                    ELSE least(open_amount, greatest(0, money - before)) END::bigint AS amount
        FROM open
    ), allocated AS (
        INSERT INTO government_allocation (region, coverage_month, programme, share, amount,
                                           allocated_at)
        SELECT p_region, coverage_month, programme, share, amount, p_at
        FROM due WHERE amount <> 0
        ORDER BY coverage_month, programme, share
        RETURNING coverage_month, programme, share, amount
    ), posted AS (
        INSERT INTO government_ledger_entry (region, debit_account, credit_account, amount,
                                             booked_at, value_date, coverage_month, programme)
        SELECT p_region,
               CASE WHEN a.amount > 0 THEN 'GOVERNMENT_CREDIT' ELSE r.account END,
               CASE WHEN a.amount > 0 THEN r.account ELSE 'GOVERNMENT_CREDIT' END,
               abs(a.amount), p_at, wib_date(p_at), a.coverage_month, a.programme
        FROM allocated AS a
        CROSS JOIN LATERAL government_receivable(p_region, a.programme, a.share) AS r (account)
    )
    SELECT coalesce(sum(amount), 0) INTO v_allocated FROM allocated;
    RETURN v_allocated;
END
$$;

-- Approve a payment that somebody else recorded: post it and allocate it. Returns what was allocated
-- to bills; who approves his own is refused by `government_payment_needs_two_persons`.
CREATE OR REPLACE FUNCTION approve_government_payment(
    p_region text, p_payment_id bigint, p_by text, p_at timestamptz
) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_payment government_payment;
BEGIN
    SELECT * INTO v_payment FROM government_payment
    WHERE region = p_region AND payment_id = p_payment_id;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO government_payment_approval (region, payment_id, recorded_by, approved_by,
                                             approved_at)
    VALUES (p_region, p_payment_id, v_payment.recorded_by, p_by, p_at);
    INSERT INTO government_ledger_entry (region, debit_account, credit_account, amount, booked_at,
                                         value_date, payment_id)
    VALUES (p_region, 'CHANNEL_CLEARING', 'GOVERNMENT_CREDIT', v_payment.amount, p_at,
            v_payment.value_date, p_payment_id);
    RETURN settle_government(p_region, p_at);
END
$$;
