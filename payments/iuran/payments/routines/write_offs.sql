-- Arrears that leave the bill under a law, and stay visible as written off.

-- Carry out an approved order for a range of families: bills of months that have closed, in the
-- segments and classes of its rule. Running it again finds nothing new. Plans in steps are left alone:
-- their arrears are being paid. What becomes of the membership follows from its open bills; no window
-- opens, for nothing was paid [D]. Locks memberships by family, as settlement does.
CREATE OR REPLACE FUNCTION write_off_arrears(
    p_order_id bigint, p_family_from bigint, p_family_to bigint, p_at timestamptz,
    OUT memberships bigint, OUT bills bigint, OUT amount bigint
)
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_rule write_off_rule;
    v_only_family bigint;
    v_last_month integer;
    v_family_id bigint;
    v_membership_id bigint;
    v_bills bigint;
    v_amount bigint;
BEGIN
    memberships := 0;
    bills := 0;
    amount := 0;
    SELECT o.only_family INTO v_only_family
    FROM write_off_order AS o
    JOIN write_off_approval AS a ON a.order_id = o.order_id
    WHERE o.order_id = p_order_id;
    SELECT r.* INTO v_rule
    FROM write_off_order AS o
    JOIN write_off_approval AS a ON a.order_id = o.order_id
    JOIN write_off_rule AS r ON r.rule = o.rule AND r.in_force
     AND r.effective_from <= wib_date(p_at)
     AND (r.effective_to IS NULL OR r.effective_to >= wib_date(p_at))
    WHERE o.order_id = p_order_id;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    v_last_month := least(coverage_month_of(wib_date(p_at)) - 1, v_rule.last_month);
    FOR v_family_id, v_membership_id IN
        SELECT m.family_id, m.membership_id
        FROM membership AS m
        WHERE m.family_id BETWEEN p_family_from AND p_family_to
          AND (v_only_family IS NULL OR m.family_id = v_only_family)
          AND m.segment = ANY (v_rule.segments) AND m.state <> 'PENDING' AND m.plan_id IS NULL
          AND (m.paid_through < v_last_month OR EXISTS (
              SELECT FROM bill AS b
              WHERE b.family_id = m.family_id AND b.membership_id = m.membership_id
                AND b.state IN ('OPEN', 'NOT_BILLABLE') AND b.coverage_month <= v_last_month))
        ORDER BY m.family_id, m.membership_id
        FOR NO KEY UPDATE
    LOOP
        SELECT w.bills, w.amount INTO v_bills, v_amount
        FROM write_off_membership(v_family_id, v_membership_id, p_order_id,
                                  v_rule.care_classes, v_last_month, p_at) AS w;
        IF v_bills > 0 THEN
            memberships := memberships + 1;
            bills := bills + v_bills;
            amount := amount + v_amount;
        END IF;
    END LOOP;
END
$$;

-- Write off the closed months of one membership that the caller has locked.
CREATE OR REPLACE FUNCTION write_off_membership(
    p_family_id bigint, p_membership_id bigint, p_order_id bigint, p_care_classes smallint[],
    p_last_month integer, p_at timestamptz, OUT bills bigint, OUT amount bigint
)
    LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    PERFORM payable_of(p_family_id, p_membership_id, NULL, p_at, true);  -- bills that are not issued
    WITH forgiven AS (
        UPDATE bill AS b SET state = 'WRITTEN_OFF'
        WHERE b.family_id = p_family_id AND b.membership_id = p_membership_id
          AND b.state IN ('OPEN', 'NOT_BILLABLE') AND b.coverage_month <= p_last_month
          AND b.care_class = ANY (p_care_classes)
        RETURNING b.coverage_month, b.amount - b.settled_amount AS amount
    ), recorded AS (
        INSERT INTO write_off (family_id, membership_id, coverage_month, order_id, amount,
                               written_off_at)
        SELECT p_family_id, p_membership_id, f.coverage_month, p_order_id, f.amount, p_at
        FROM forgiven AS f
    ), posted AS (
        INSERT INTO ledger_entry (family_id, debit_account, credit_account, amount, booked_at,
                                  value_date, coverage_month)
        SELECT p_family_id, 'WRITE_OFF_EXPENSE', 'CONTRIBUTION_RECEIVABLE', f.amount, p_at,
               wib_date(p_at), f.coverage_month
        FROM forgiven AS f
    )
    SELECT count(*), coalesce(sum(f.amount), 0)::bigint INTO bills, amount FROM forgiven AS f;
    IF bills > 0 THEN
        PERFORM restate_membership(p_family_id, p_membership_id, 'ARREARS_WRITTEN_OFF', p_at);
        INSERT INTO outbox (family_id, kind, payload, occurred_at)
        VALUES (p_family_id, 'arrears.written_off',
                jsonb_build_object('membership_id', p_membership_id, 'bills', bills,
                                   'amount', amount), p_at);
    END IF;
END
$$;
