-- The money of care: fines of stays that are paid, claims that are paid out.

-- Take the payment of a fine: identity first, then the fine. Returns what it came to: SETTLED,
-- REPEATED (the same again), INCONSISTENT (the reference is another payment's), UNKNOWN, NO_FINE,
-- ALREADY_PAID, TOO_LATE, AMOUNT_MISMATCH. In time is what was collected (`p_paid_at`) in time.
CREATE OR REPLACE FUNCTION pay_stay_fine(
    p_family_id bigint, p_letter_number text, p_channel_id integer, p_reference text,
    p_amount bigint, p_paid_at timestamptz, p_at timestamptz
) RETURNS text
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_fine stay_fine;
    v_customer_number text;
    v_pay_by timestamptz;
    v_result text;
BEGIN
    SELECT right(p.card_number, 11) INTO v_customer_number
    FROM eligibility_letter AS l
    JOIN participant AS p ON p.family_id = l.family_id AND p.participant_id = l.participant_id
    WHERE l.family_id = p_family_id AND l.letter_number = p_letter_number;
    IF NOT FOUND THEN
        RETURN 'UNKNOWN';
    END IF;

    INSERT INTO payment_reference (channel_id, reference, customer_number, amount, received_at)
    VALUES (p_channel_id, p_reference, v_customer_number, p_amount, p_at)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        SELECT CASE a.detail ->> 'fine_result' WHEN 'SETTLED' THEN 'REPEATED'
                    ELSE a.detail ->> 'fine_result' END
        INTO v_result
        FROM payment_reference AS r
        JOIN payment_answer AS a ON a.channel_id = r.channel_id AND a.reference = r.reference
        WHERE r.channel_id = p_channel_id AND r.reference = p_reference
          AND r.amount = p_amount AND a.detail ->> 'letter_number' = p_letter_number;
        RETURN coalesce(v_result, 'INCONSISTENT');
    END IF;

    SELECT f.* INTO v_fine
    FROM stay_fine AS f
    WHERE f.family_id = p_family_id AND f.letter_number = p_letter_number
    FOR NO KEY UPDATE;
    SELECT least(v_fine.pay_by, d.discharged_at) INTO v_pay_by
    FROM (SELECT 1) AS one
    LEFT JOIN discharge AS d
      ON d.family_id = p_family_id AND d.letter_number = p_letter_number;
    v_result := CASE
        WHEN v_fine.amount = 0 OR v_fine.relieved_at IS NOT NULL THEN 'NO_FINE'
        WHEN v_fine.paid_at IS NOT NULL THEN 'ALREADY_PAID'
        WHEN p_paid_at > v_pay_by THEN 'TOO_LATE'
        WHEN p_amount <> v_fine.amount THEN 'AMOUNT_MISMATCH'
        ELSE 'SETTLED'
    END;
    IF v_result = 'SETTLED' THEN
        INSERT INTO fine_payment (family_id, letter_number, channel_id, reference, debtor, amount,
                                  paid_at, value_date)
        VALUES (p_family_id, p_letter_number, p_channel_id, p_reference, v_fine.debtor, p_amount,
                p_paid_at, wib_date(p_paid_at));
        UPDATE stay_fine SET paid_at = p_paid_at
        WHERE family_id = p_family_id AND letter_number = p_letter_number;
        INSERT INTO ledger_entry (family_id, debit_account, credit_account, amount, booked_at,
                                  value_date, channel_id, letter_number)
        VALUES (p_family_id, 'CHANNEL_CLEARING', 'FINE_REVENUE', p_amount, p_at,
                wib_date(p_paid_at), p_channel_id, p_letter_number);
        INSERT INTO outbox (family_id, kind, payload, occurred_at)
        VALUES (p_family_id, 'fine.paid',
                jsonb_build_object('letter_number', p_letter_number, 'amount', p_amount), p_at);
    END IF;
    INSERT INTO payment_answer (channel_id, reference, result, detail, answered_at)
    VALUES (p_channel_id, p_reference,
            CASE v_result WHEN 'SETTLED' THEN 'SETTLED' WHEN 'TOO_LATE' THEN 'EXPIRED'
                          WHEN 'AMOUNT_MISMATCH' THEN 'AMOUNT_MISMATCH' ELSE 'ALREADY_PAID' END,
            jsonb_build_object('letter_number', p_letter_number, 'fine_result', v_result,
                               'amount', v_fine.amount),
            p_at);
    RETURN v_result;
END
$$;

-- Pay an approved claim. Returns PAID, ALREADY_PAID, UNKNOWN, NOT_APPROVED, or FINE_UNPAID: an
-- unpaid fine of the stay holds the money back.
CREATE OR REPLACE FUNCTION pay_claim(
    p_family_id bigint, p_claim_id bigint, p_late_compensation bigint, p_by text, p_at timestamptz
) RETURNS text
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v claim;
    v_day date := wib_date(p_at);
BEGIN
    SELECT c.* INTO v
    FROM claim AS c
    WHERE c.family_id = p_family_id AND c.claim_id = p_claim_id
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN 'UNKNOWN';
    ELSIF v.state = 'PAID' THEN
        RETURN 'ALREADY_PAID';
    ELSIF v.state <> 'APPROVED' THEN
        RETURN 'NOT_APPROVED';
    END IF;
    PERFORM 1 FROM stay_fine AS f
    WHERE f.family_id = v.family_id AND f.letter_number = v.letter_number
      AND f.amount > 0 AND f.paid_at IS NULL AND f.relieved_at IS NULL;
    IF FOUND THEN
        RETURN 'FINE_UNPAID';
    END IF;

    INSERT INTO claim_payment (family_id, claim_id, payee, amount, late_compensation, paid_at,
                               value_date, ordered_by)
    VALUES (v.family_id, v.claim_id,
            CASE v.kind WHEN 'FACILITY' THEN v.facility_code ELSE 'PARTICIPANT' END,
            v.amount_verified, p_late_compensation, p_at, v_day, p_by);
    INSERT INTO ledger_entry (family_id, debit_account, credit_account, amount, booked_at,
                              value_date, claim_id)
    SELECT v.family_id, part.account, 'DISBURSEMENT_CLEARING', part.amount, p_at, v_day, v.claim_id
    FROM (VALUES ('CARE_EXPENSE', v.amount_verified),
                 ('LATE_PAYMENT_EXPENSE', p_late_compensation)) AS part (account, amount)
    WHERE part.amount > 0;
    UPDATE claim SET state = 'PAID'
    WHERE family_id = v.family_id AND claim_id = v.claim_id;
    INSERT INTO claim_event (family_id, claim_id, was, state, proposal, amount_verified, reason,
                             by_whom, at)
    VALUES (v.family_id, v.claim_id, v.state, 'PAID', v.proposal, v.amount_verified, 'paid', p_by,
            p_at);
    INSERT INTO outbox (family_id, kind, payload, occurred_at)
    VALUES (v.family_id, 'claim.paid',
            jsonb_build_object('claim_id', v.claim_id, 'amount', v.amount_verified,
                               'late_compensation', p_late_compensation),
            p_at);
    INSERT INTO outbox (family_id, kind, payload, occurred_at)
    SELECT v.family_id, 'claim.moved',
           jsonb_build_object('claim_id', v.claim_id, 'state', 'PAID', 'day', v.served_on), p_at
    WHERE v.kind = 'REIMBURSEMENT';  -- a family's own claim
    RETURN 'PAID';
END
$$;

-- Relieve a stay of its fine; `p_change_id` is approved. What a law writes off was owed: it is revenue
-- and an expense at once; what was never owed is not posted. Returns the fine, or null if there is
-- none that is unpaid.
CREATE OR REPLACE FUNCTION relieve_stay_fine(
    p_family_id bigint, p_letter_number text, p_change_id bigint, p_ground text,
    p_legal_basis text, p_at timestamptz
) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_amount bigint;
BEGIN
    UPDATE stay_fine SET relieved_at = p_at
    WHERE family_id = p_family_id AND letter_number = p_letter_number
      AND amount > 0 AND paid_at IS NULL AND relieved_at IS NULL
    RETURNING amount INTO v_amount;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO fine_relief (family_id, letter_number, change_id, ground, legal_basis, amount,
                             relieved_at)
    VALUES (p_family_id, p_letter_number, p_change_id, p_ground, p_legal_basis, v_amount, p_at);
    INSERT INTO ledger_entry (family_id, debit_account, credit_account, amount, booked_at,
                              value_date, letter_number)
    SELECT p_family_id, 'WRITE_OFF_EXPENSE', 'FINE_REVENUE', v_amount, p_at, wib_date(p_at),
           p_letter_number
    WHERE p_ground = 'LAW';
    INSERT INTO outbox (family_id, kind, payload, occurred_at)
    VALUES (p_family_id, 'fine.relieved',
            jsonb_build_object('letter_number', p_letter_number, 'amount', v_amount,
                               'ground', p_ground), p_at);
    RETURN v_amount;
END
$$;
