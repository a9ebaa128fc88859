-- Money that is more than the bills, and money that nobody's bill was found for.

-- The list of accounts grows by whatever rooms add: what is there already stays allowed.
DO $$
DECLARE
    v_constraint name;
    v_accounts text;
BEGIN
    SELECT string_agg(quote_literal(account), ', ') INTO v_accounts
    FROM (SELECT account::text FROM ledger_account
          UNION VALUES ('CREDIT_BALANCE'), ('INSTALMENTS_HELD')) AS known (account);
    FOR v_constraint IN
        SELECT conname FROM pg_constraint WHERE contypid = 'ledger_account_code'::regtype
    LOOP
        EXECUTE format('ALTER DOMAIN ledger_account_code DROP CONSTRAINT %I', v_constraint);
    END LOOP;
    EXECUTE format('ALTER DOMAIN ledger_account_code ADD CONSTRAINT ledger_account_is_known'
                   ' CHECK (VALUE IN (%s))', v_accounts);
END
$$;
INSERT INTO ledger_account (account, kind, meaning) VALUES
    ('CREDIT_BALANCE', 'LIABILITY', 'Paid by families beyond their bills; later bills use it'),
    ('INSTALMENTS_HELD', 'LIABILITY', 'Instalments of running plans, before they settle bills');

-- What went into a membership's credit (+) and out of it (-). With a coverage month the money moved
-- between the credit and what that bill has settled; without one it came from outside.
CREATE TABLE credit_entry (
    family_id bigint NOT NULL,
    entry_id bigint GENERATED ALWAYS AS IDENTITY,
    membership_id bigint NOT NULL,
    amount bigint NOT NULL CONSTRAINT credit_entry_moves CHECK (amount <> 0),
    cause text NOT NULL
        CONSTRAINT credit_entry_cause
        CHECK (cause IN ('SURPLUS', 'USED', 'CORRECTION', 'PLAN_ENDED', 'REFUND')),
    coverage_month coverage_month,
    payment_id bigint,
    booked_at timestamptz NOT NULL,
    value_date date NOT NULL,
    PRIMARY KEY (family_id, entry_id),
    FOREIGN KEY (family_id, membership_id) REFERENCES membership,
    FOREIGN KEY (family_id, membership_id, coverage_month) REFERENCES bill,
    FOREIGN KEY (family_id, payment_id) REFERENCES payment
);

-- What a participant wants to pay ahead, in whole months besides the bill; the newest of a WIB day
-- counts, and only on that day [D]. Zero takes it back.
CREATE TABLE prepayment_request (
    family_id bigint NOT NULL,
    request_id bigint GENERATED ALWAYS AS IDENTITY,
    membership_id bigint NOT NULL,
    wib_day date NOT NULL,
    months smallint NOT NULL CONSTRAINT prepayment_request_months CHECK (months >= 0),
    requested_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, membership_id, wib_day, request_id),
    FOREIGN KEY (family_id, membership_id) REFERENCES membership
);

-- What we told a channel that asked: a payment under the same reference must find the same bill.
CREATE TABLE inquiry (
    channel_id integer NOT NULL,
    reference text NOT NULL
        CONSTRAINT inquiry_reference_length CHECK (length(reference) BETWEEN 1 AND 128),
    inquiry_id bigint GENERATED ALWAYS AS IDENTITY,
    customer_number text NOT NULL,
    wib_day date NOT NULL,
    version text NOT NULL,
    amount bigint NOT NULL,
    asked_at timestamptz NOT NULL,
    PRIMARY KEY (channel_id, reference, inquiry_id)
);

-- Collected money that has no place yet. Its ledger rows belong to family 0, which is nobody's, and
-- carry `suspense_id` where a family's carry their payment.
CREATE TABLE suspense_item (
    channel_id integer NOT NULL,
    reference text NOT NULL,
    suspense_id bigint GENERATED ALWAYS AS IDENTITY,
    customer_number text NOT NULL,
    amount bigint NOT NULL CONSTRAINT suspense_item_amount CHECK (amount > 0),
    reason text NOT NULL
        CONSTRAINT suspense_item_reason
        CHECK (reason IN ('VIRTUAL_ACCOUNT_UNKNOWN', 'TOO_EARLY', 'EXPIRED', 'AMOUNT_MISMATCH',
                          'ALREADY_PAID', 'NOT_BILLED')),
    received_at timestamptz NOT NULL,
    value_date date NOT NULL,
    PRIMARY KEY (channel_id, reference),
    FOREIGN KEY (channel_id, reference) REFERENCES payment_reference
);

GRANT SELECT, INSERT ON credit_entry, prepayment_request, inquiry, suspense_item TO iuran_app;

ALTER TABLE payment_answer
    DROP CONSTRAINT payment_answer_result,
    ADD CONSTRAINT payment_answer_result CHECK (result IN (
        'SETTLED', 'VIRTUAL_ACCOUNT_UNKNOWN', 'TOO_EARLY', 'EXPIRED', 'ALREADY_PAID',
        'AMOUNT_MISMATCH', 'NOT_BILLED', 'BILL_CHANGED', 'CREDITED', 'IN_SUSPENSE'));
