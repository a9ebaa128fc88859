-- Refunds to employers and governments: money that no bill has used goes back to who paid it.

-- Approve a refund that somebody else asked for, and post it. Returns APPROVED, UNKNOWN, DECIDED,
-- IN_ARREARS, CREDIT_SPENT. What bills the credit has to pay by now is paid first. Locks the employer,
-- or region 00. Who asked is refused by the constraint `payer_refund_needs_two_persons`.
CREATE OR REPLACE FUNCTION approve_payer_refund(
    p_refund_id bigint, p_by text, p_reason text, p_at timestamptz
) RETURNS text
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v payer_refund;
    v_arrears integer := 0;
    v_credit bigint;
BEGIN
    SELECT * INTO v FROM payer_refund WHERE refund_id = p_refund_id;
    IF NOT FOUND THEN
        RETURN 'UNKNOWN';
    END IF;
    IF v.employer_id IS NOT NULL THEN
        SELECT e.arrears_months, e.credit INTO v_arrears, v_credit
        FROM employer_account_number AS n
        CROSS JOIN LATERAL employer_payable_at(n.customer_number, p_at, true) AS e
        WHERE n.employer_id = v.employer_id;
    ELSE
        PERFORM settle_government(v.region, p_at);
        v_credit := government_credit(v.region);
    END IF;
    PERFORM 1 FROM payer_refund_decision WHERE refund_id = p_refund_id;
    IF FOUND THEN
        RETURN 'DECIDED';
    ELSIF v_arrears > 0 THEN
        RETURN 'IN_ARREARS';
    ELSIF v_credit IS NULL OR v_credit < v.amount THEN
        RETURN 'CREDIT_SPENT';
    END IF;
    INSERT INTO payer_refund_decision (refund_id, requested_by, is_approved, reason, decided_by,
                                       decided_at)
    VALUES (p_refund_id, v.requested_by, true, p_reason, p_by, p_at);
    IF v.employer_id IS NOT NULL THEN
        PERFORM take_from_employer_credit(v, p_at);
    ELSE
        INSERT INTO government_ledger_entry (region, debit_account, credit_account, amount,
                                             booked_at, value_date, refund_id)
        VALUES (v.region, 'GOVERNMENT_CREDIT', 'DISBURSEMENT_CLEARING', v.amount, p_at,
                wib_date(p_at), p_refund_id);
    END IF;
    RETURN 'APPROVED';
END
$$;

-- Take an approved refund out of an employer's credit. The caller holds the employer's row.
CREATE OR REPLACE FUNCTION take_from_employer_credit(v payer_refund, p_at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    INSERT INTO employer_credit_entry (employer_id, amount, cause, refund_id, booked_at, value_date)
    VALUES (v.employer_id, -v.amount, 'REFUND', v.refund_id, p_at, wib_date(p_at));
    INSERT INTO employer_ledger_entry (employer_id, debit_account, credit_account, amount,
                                       booked_at, value_date, refund_id)
    VALUES (v.employer_id, 'EMPLOYER_CREDIT', 'DISBURSEMENT_CLEARING', v.amount, p_at,
            wib_date(p_at), v.refund_id);
    UPDATE employer SET credit = credit - v.amount WHERE employer_id = v.employer_id;
    INSERT INTO employer_event (employer_id, kind, payload, occurred_at)
    VALUES (v.employer_id, 'employer.refund_approved',
            jsonb_build_object('refund_id', v.refund_id, 'amount', v.amount, 'pay_by', v.pay_by),
            p_at);
END
$$;
