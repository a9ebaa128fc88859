-- Employers and governments in the ledger and among the numbers that can be paid to.
ALTER DOMAIN ledger_account_code DROP CONSTRAINT ledger_account_is_known;
ALTER DOMAIN ledger_account_code ADD CONSTRAINT ledger_account_is_known CHECK (VALUE IN (
    'CHANNEL_CLEARING', 'CONTRIBUTION_RECEIVABLE', 'CENTRAL_SUBSIDY_RECEIVABLE',
    'REGIONAL_SUBSIDY_RECEIVABLE', 'CONTRIBUTION_REVENUE', 'SUSPENSE', 'EMPLOYER_RECEIVABLE',
    'CENTRAL_CONTRIBUTION_RECEIVABLE', 'REGIONAL_CONTRIBUTION_RECEIVABLE',
    'PENSION_RECEIVABLE'));
INSERT INTO ledger_account (account, kind, meaning) VALUES
    ('EMPLOYER_RECEIVABLE', 'ASSET', 'Billed to employers, the workers'' share included'),
    ('CENTRAL_CONTRIBUTION_RECEIVABLE', 'ASSET', 'PBI, veterans and 3 % of state pensions'),
    ('REGIONAL_CONTRIBUTION_RECEIVABLE', 'ASSET', 'PBPU Pemda, owed by regional governments'),
    ('PENSION_RECEIVABLE', 'ASSET', '2 % of state pensions, withheld by who pays them');

CREATE TABLE employer_ledger_entry (
    employer_id bigint NOT NULL,
    entry_id bigint GENERATED ALWAYS AS IDENTITY,
    debit_account ledger_account_code NOT NULL,
    credit_account ledger_account_code NOT NULL,
    amount bigint NOT NULL CONSTRAINT employer_ledger_entry_amount CHECK (amount > 0),
    booked_at timestamptz NOT NULL,
    value_date date NOT NULL,
    coverage_month coverage_month,
    part smallint,
    channel_id integer,
    payment_id bigint,
    PRIMARY KEY (employer_id, entry_id),
    CONSTRAINT employer_ledger_entry_moves CHECK (debit_account <> credit_account),
    CONSTRAINT employer_ledger_entry_one_cause CHECK (num_nonnulls(coverage_month, payment_id) = 1)
);

CREATE TABLE government_ledger_entry (
    region text NOT NULL,
    entry_id bigint GENERATED ALWAYS AS IDENTITY,
    debit_account ledger_account_code NOT NULL,
    credit_account ledger_account_code NOT NULL,
    amount bigint NOT NULL CONSTRAINT government_ledger_entry_amount CHECK (amount > 0),
    booked_at timestamptz NOT NULL,
    value_date date NOT NULL,
    coverage_month coverage_month NOT NULL,
    programme text NOT NULL,
    PRIMARY KEY (region, entry_id),
    CONSTRAINT government_ledger_entry_moves CHECK (debit_account <> credit_account)
);
GRANT SELECT, INSERT ON employer_ledger_entry, government_ledger_entry TO iuran_app;

-- The whole ledger: every movement of an account, debits positive.
CREATE VIEW ledger_movement (account, amount) AS
    SELECT debit_account, amount FROM ledger_entry
    UNION ALL SELECT credit_account, -amount FROM ledger_entry
    UNION ALL SELECT debit_account, amount FROM employer_ledger_entry
    UNION ALL SELECT credit_account, -amount FROM employer_ledger_entry
    UNION ALL SELECT debit_account, amount FROM government_ledger_entry
    UNION ALL SELECT credit_account, -amount FROM government_ledger_entry;
GRANT SELECT ON ledger_movement TO iuran_app;

-- An employer's number at every channel: 8 and ten digits. A participant's starts with the 0 of his
-- card, so that the two never meet.
CREATE SEQUENCE employer_number_seq AS bigint MINVALUE 1 MAXVALUE 9999999999;
CREATE TABLE employer_account_number (
    customer_number text PRIMARY KEY
        CONSTRAINT employer_account_number_form CHECK (customer_number ~ '^8[0-9]{10}$'),
    employer_id bigint NOT NULL REFERENCES employer,
    issued_on date NOT NULL
);
GRANT SELECT, INSERT ON employer_account_number TO iuran_app;
GRANT USAGE ON SEQUENCE employer_number_seq TO iuran_app;

CREATE TABLE employer_payment (
    employer_id bigint NOT NULL REFERENCES employer,
    payment_id bigint GENERATED ALWAYS AS IDENTITY,
    channel_id integer NOT NULL,
    reference text NOT NULL,
    amount bigint NOT NULL CONSTRAINT employer_payment_amount CHECK (amount > 0),
    channel_time timestamptz,
    received_at timestamptz NOT NULL,
    value_date date NOT NULL,
    PRIMARY KEY (employer_id, payment_id),
    CONSTRAINT employer_payment_once UNIQUE (employer_id, channel_id, reference)
);
CREATE TABLE employer_payment_allocation (
    employer_id bigint NOT NULL,
    payment_id bigint NOT NULL,
    coverage_month coverage_month NOT NULL,
    part smallint NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (employer_id, payment_id, coverage_month, part),
    FOREIGN KEY (employer_id, payment_id) REFERENCES employer_payment,
    FOREIGN KEY (employer_id, coverage_month, part) REFERENCES employer_bill
);
GRANT SELECT, INSERT ON employer_payment, employer_payment_allocation TO iuran_app;
