-- Pay a refund out of a membership's credit. Returns APPROVED, UNKNOWN, NOT_COMPLETE (or decided
-- before), IN_ARREARS (with p_arrears_first), CREDIT_SPENT. Locks the membership and then the
-- refund; what bills the credit has to pay by now is paid first. A person who took part before is
-- refused by the constraint `refund_needs_two_persons`.
CREATE OR REPLACE FUNCTION approve_refund(
    p_family_id bigint, p_refund_id bigint, p_arrears_first boolean, p_by text, p_at timestamptz
) RETURNS text
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_day date := wib_date(p_at);
    v_refund refund;
    v_credit bigint;
    v payable;
BEGIN
    SELECT r.membership_id INTO v.membership_id FROM refund AS r
    WHERE r.family_id = p_family_id AND r.refund_id = p_refund_id;
    IF NOT FOUND THEN
        RETURN 'UNKNOWN';
    END IF;
    v := payable_of(p_family_id, v.membership_id, v_day, p_at, true);
    SELECT r.* INTO v_refund FROM refund AS r
    WHERE r.family_id = p_family_id AND r.refund_id = p_refund_id
    FOR NO KEY UPDATE;
    IF v_refund.state <> 'COMPLETE' THEN
        RETURN 'NOT_COMPLETE';
    ELSIF p_arrears_first AND v.arrears_months > 0 THEN
        RETURN 'IN_ARREARS';
    END IF;
    SELECT m.credit INTO v_credit FROM membership AS m
    WHERE m.family_id = p_family_id AND m.membership_id = v_refund.membership_id;
    IF v_credit < v_refund.amount THEN
        RETURN 'CREDIT_SPENT';
    END IF;

    INSERT INTO refund_approval (family_id, refund_id, requested_by, checked_by, approved_by,
                                 approved_at)
    VALUES (p_family_id, p_refund_id, v_refund.requested_by, v_refund.checked_by, p_by, p_at);
    INSERT INTO credit_entry (family_id, membership_id, amount, cause, refund_id, booked_at,
                              value_date)
    VALUES (p_family_id, v_refund.membership_id, -v_refund.amount, 'REFUND', p_refund_id, p_at,
            v_day);
    INSERT INTO ledger_entry (family_id, debit_account, credit_account, amount, booked_at,
                              value_date, refund_id)
    VALUES (p_family_id, 'CREDIT_BALANCE', 'DISBURSEMENT_CLEARING', v_refund.amount, p_at, v_day,
            p_refund_id);
    UPDATE membership SET credit = v_credit - v_refund.amount
    WHERE family_id = p_family_id AND membership_id = v_refund.membership_id;
    UPDATE refund SET state = 'APPROVED'
    WHERE family_id = p_family_id AND refund_id = p_refund_id;
    INSERT INTO refund_event (family_id, refund_id, was, state, reason, by_whom, at)
    VALUES (p_family_id, p_refund_id, v_refund.state, 'APPROVED', 'approved', p_by, p_at);
    INSERT INTO outbox (family_id, kind, payload, occurred_at)
    VALUES (p_family_id, 'refund.approved',
            jsonb_build_object('refund_id', p_refund_id, 'membership_id', v_refund.membership_id,
                               'amount', v_refund.amount, 'pay_by', v_refund.pay_by), p_at);
    RETURN 'APPROVED';
END
$$;
