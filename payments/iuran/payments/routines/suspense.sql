-- The latest instant at which money in suspense had surely been paid: its own arrival, or the end of
-- its value date where a file proved an older one.
CREATE OR REPLACE FUNCTION proved_time_of(p_received_at timestamptz, p_value_date date)
    RETURNS timestamptz
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN least(p_received_at, wib_midnight(p_value_date + 1) - interval '1 second');
END
$$;

-- Carry out a proposal about money in suspense, once. Returns the result there (SETTLED, CREDITED,
-- RETURNED), or UNKNOWN, or NOT_PLACEABLE with the reason: then nothing has changed. The money counts
-- from the day on which it was collected, if that is recent (see `paid_at_of`) [D].
CREATE OR REPLACE FUNCTION place_suspense(
    p_channel_id integer, p_reference text, p_proposal_id bigint, p_by text, p_at timestamptz
) RETURNS payment_outcome
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_item suspense_item;
    v_proposal suspense_proposal;
    v_instruction payment_instruction;
    v payment_outcome;
BEGIN
    SELECT * INTO v_item FROM suspense_item
    WHERE channel_id = p_channel_id AND reference = p_reference;
    SELECT * INTO v_proposal FROM suspense_proposal
    WHERE channel_id = p_channel_id AND reference = p_reference AND proposal_id = p_proposal_id;
    IF NOT FOUND THEN
        v.result := 'UNKNOWN';
        RETURN v;
    END IF;
    IF v_proposal.kind = 'ACCOUNT' THEN
        v_instruction.channel_id := p_channel_id;
        v_instruction.reference := p_reference;
        v_instruction.customer_number := v_proposal.customer_number;
        v_instruction.amount := v_item.amount;
        v_instruction.channel_time := proved_time_of(v_item.received_at, v_item.value_date);
        v := book_money(v_instruction, p_at);
        IF v.result = 'IN_SUSPENSE' THEN
            v.result := 'NOT_PLACEABLE';
            RETURN v;
        END IF;
    ELSE
        v.result := 'RETURNED';
        v.detail := jsonb_build_object('amount', v_item.amount);
    END IF;
    INSERT INTO ledger_entry (family_id, debit_account, credit_account, amount, booked_at,
                              value_date, channel_id, payment_id)
    VALUES (0, 'SUSPENSE',
            CASE v_proposal.kind WHEN 'ACCOUNT' THEN 'CHANNEL_CLEARING'
                                 ELSE 'DISBURSEMENT_CLEARING' END,
            v_item.amount, p_at, wib_date(p_at), p_channel_id, v_item.suspense_id);
    INSERT INTO suspense_placement (channel_id, reference, proposal_id, proposed_by, approved_by,
                                    approved_at, result, detail)
    VALUES (p_channel_id, p_reference, p_proposal_id, v_proposal.proposed_by, p_by, p_at, v.result,
            v.detail);
    DELETE FROM suspense_waiting WHERE channel_id = p_channel_id AND reference = p_reference;
    RETURN v;
END
$$;
