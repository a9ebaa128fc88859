-- The money of care: fines of stays that are paid, claims that are paid out. Accounts and causes of
-- entries that other migrations brought stay as they are: the lists are extended, not restated.
ALTER TABLE ledger_account DROP CONSTRAINT ledger_account_kind;
ALTER TABLE ledger_account ADD CONSTRAINT ledger_account_kind
    CHECK (kind IN ('ASSET', 'LIABILITY', 'REVENUE', 'EXPENSE'));

DO $$
DECLARE
    v_accounts text;
    v_check name;
    v_cause text;
BEGIN
    SELECT string_agg(quote_literal(known.account), ', ' ORDER BY known.account) INTO v_accounts
    FROM (
        SELECT account::text FROM ledger_account
        UNION
        VALUES ('FINE_REVENUE'), ('CARE_EXPENSE'), ('LATE_PAYMENT_EXPENSE'), ('DISBURSEMENT_CLEARING')
    ) AS known (account);
    FOR v_check IN
        SELECT conname FROM pg_constraint
        WHERE contypid = 'ledger_account_code'::regtype AND contype = 'c'
    LOOP
        EXECUTE format('ALTER DOMAIN ledger_account_code DROP CONSTRAINT %I', v_check);
    END LOOP;
    EXECUTE format(
        'ALTER DOMAIN ledger_account_code ADD CONSTRAINT ledger_account_is_known CHECK (VALUE IN (%s))',
        v_accounts);

    ALTER TABLE ledger_entry ADD COLUMN letter_number text;  -- the fine of which stay
    ALTER TABLE ledger_entry ADD COLUMN claim_id bigint;     -- the payment of which claim
    SELECT regexp_replace(pg_get_constraintdef(oid), '^CHECK ', '') INTO STRICT v_cause
    FROM pg_constraint
    WHERE conrelid = 'ledger_entry'::regclass AND conname = 'ledger_entry_one_cause';
    ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_one_cause;
    EXECUTE format(
        'ALTER TABLE ledger_entry ADD CONSTRAINT ledger_entry_one_cause CHECK (CASE '
        'WHEN num_nonnulls(letter_number, claim_id) = 0 THEN %s '
        'ELSE num_nonnulls(letter_number, claim_id, coverage_month, payment_id) = 1 END)', v_cause);
END
$$;

INSERT INTO ledger_account (account, kind, meaning) VALUES
    ('FINE_REVENUE', 'REVENUE', 'Fines of inpatient stays that were paid'),
    ('CARE_EXPENSE', 'EXPENSE', 'Claims of facilities and participants that were paid'),
    ('LATE_PAYMENT_EXPENSE', 'EXPENSE', 'What first-level facilities got for late payment'),
    ('DISBURSEMENT_CLEARING', 'LIABILITY', 'Ordered to be paid out, not yet seen on our bank account');

-- Money that arrived for the fine of a stay; once for a stay.
CREATE TABLE fine_payment (
    family_id bigint NOT NULL,
    letter_number text NOT NULL,
    channel_id integer NOT NULL,
    reference text NOT NULL,
    debtor text NOT NULL,
    amount bigint NOT NULL CONSTRAINT fine_payment_amount CHECK (amount > 0),
    paid_at timestamptz NOT NULL,
    value_date date NOT NULL,
    PRIMARY KEY (family_id, letter_number),
    FOREIGN KEY (family_id, letter_number) REFERENCES stay_fine
);

-- Money that went out for a claim; once for a claim.
CREATE TABLE claim_payment (
    family_id bigint NOT NULL,
    claim_id bigint NOT NULL,
    payee text NOT NULL,
    amount bigint NOT NULL CONSTRAINT claim_payment_amount CHECK (amount > 0),
    late_compensation bigint NOT NULL
        CONSTRAINT claim_payment_late CHECK (late_compensation >= 0),
    paid_at timestamptz NOT NULL,
    value_date date NOT NULL,
    ordered_by text NOT NULL,
    PRIMARY KEY (family_id, claim_id),
    FOREIGN KEY (family_id, claim_id) REFERENCES claim
);

GRANT SELECT, INSERT ON fine_payment, claim_payment TO iuran_app;
