-- The double-entry ledger. A row moves an amount from one account to another, so every posting sums
-- to zero by its shape; the application's role may append and read, and nothing else. A correction
-- is a new row. Balances are sums, never stored: no row is hot.
--
-- No foreign key leads from here to accounts or channels: every payment would lock the same few
-- rows of theirs, which is what a hot row is.
CREATE DOMAIN ledger_account_code AS text
    CONSTRAINT ledger_account_is_known CHECK (VALUE IN (
        'CHANNEL_CLEARING', 'CONTRIBUTION_RECEIVABLE', 'CENTRAL_SUBSIDY_RECEIVABLE',
        'REGIONAL_SUBSIDY_RECEIVABLE', 'CONTRIBUTION_REVENUE', 'SUSPENSE'));

CREATE TABLE ledger_account (
    account ledger_account_code PRIMARY KEY,
    kind text NOT NULL
        CONSTRAINT ledger_account_kind CHECK (kind IN ('ASSET', 'LIABILITY', 'REVENUE')),
    meaning text NOT NULL
);
INSERT INTO ledger_account (account, kind, meaning) VALUES
    ('CHANNEL_CLEARING', 'ASSET', 'Paid at a channel, not yet seen on our bank account'),
    ('CONTRIBUTION_RECEIVABLE', 'ASSET', 'Billed to families, not yet paid'),
    ('CENTRAL_SUBSIDY_RECEIVABLE', 'ASSET', 'Class III subsidy owed by the central government'),
    ('REGIONAL_SUBSIDY_RECEIVABLE', 'ASSET', 'Class III subsidy owed by regional governments'),
    ('CONTRIBUTION_REVENUE', 'REVENUE', 'Contributions billed, subsidies included'),
    ('SUSPENSE', 'LIABILITY', 'Money received that could not be placed yet');

CREATE TABLE ledger_entry (
    family_id bigint NOT NULL,
    entry_id bigint GENERATED ALWAYS AS IDENTITY,
    debit_account ledger_account_code NOT NULL,
    credit_account ledger_account_code NOT NULL,
    amount bigint NOT NULL CONSTRAINT ledger_entry_amount CHECK (amount > 0),
    booked_at timestamptz NOT NULL,
    value_date date NOT NULL,
    coverage_month coverage_month,  -- what the entry is for, when a bill caused it
    channel_id integer,
    payment_id bigint,              -- what the entry is for, when a payment caused it
    PRIMARY KEY (family_id, entry_id),
    CONSTRAINT ledger_entry_moves CHECK (debit_account <> credit_account),
    CONSTRAINT ledger_entry_one_cause CHECK (num_nonnulls(coverage_month, payment_id) = 1)
);

GRANT SELECT ON ledger_account TO iuran_app;
GRANT SELECT, INSERT ON ledger_entry TO iuran_app;

-- Which months the monthly run has finished; a standstill is made up for month by month.
CREATE TABLE billing_run (
    coverage_month coverage_month PRIMARY KEY,
    bills bigint NOT NULL,
    finished_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON billing_run TO iuran_app;
