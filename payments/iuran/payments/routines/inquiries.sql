-- What a channel is told before it pays.

-- Answer a channel's inquiry and remember what it was told, so that its payment finds the same bill.
CREATE OR REPLACE FUNCTION inquire(
    p_channel_id integer, p_reference text, p_customer_number text, p_at timestamptz
) RETURNS payable
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v payable := payable_of_number(p_customer_number, p_at);
BEGIN
    IF v.result = 'PAYABLE' THEN
        INSERT INTO inquiry (channel_id, reference, customer_number, wib_day, version, amount,
                             asked_at)
        VALUES (p_channel_id, p_reference, p_customer_number, wib_date(p_at), v.version, v.amount,
                p_at);
    END IF;
    RETURN v;
END
$$;

-- What any number may pay: a family's or an employer's. This is what an inquiry asks.
CREATE OR REPLACE FUNCTION payable_of_number(p_customer_number text, p_at timestamptz) RETURNS payable
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v payable := payable_at(p_customer_number, p_at, false);
BEGIN
    IF v.result = 'VIRTUAL_ACCOUNT_UNKNOWN' THEN
        RETURN as_payable(employer_payable_at(p_customer_number, p_at, false));
    END IF;
    RETURN v;
END
$$;

-- Whether a payment finds the bill that its inquiry was told, on the same WIB day [D].
CREATE OR REPLACE FUNCTION bill_changed_since_inquiry(
    p_channel_id integer, p_reference text, p_version text, p_day date
) RETURNS boolean
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_same boolean;
BEGIN
    SELECT version = p_version AND wib_day = p_day INTO v_same
    FROM inquiry
    WHERE channel_id = p_channel_id AND reference = p_reference
    ORDER BY inquiry_id DESC
    LIMIT 1;
    RETURN FOUND AND NOT v_same;
END
$$;
