-- Capitation of first-level facilities: what was counted for a month, who approved it, what it cost.
-- A statement is a fact; until one is approved, a newer one stands for it.
CREATE TABLE capitation_statement (
    facility_code text NOT NULL REFERENCES facility,
    coverage_month coverage_month NOT NULL,
    statement_id bigint GENERATED ALWAYS AS IDENTITY,
    participants integer NOT NULL
        CONSTRAINT capitation_statement_participants CHECK (participants >= 0),
    per_person bigint NOT NULL CONSTRAINT capitation_statement_tariff CHECK (per_person > 0),
    amount bigint NOT NULL,
    legal_basis text NOT NULL,
    computed_by text NOT NULL CONSTRAINT capitation_statement_computer CHECK (computed_by <> ''),
    computed_at timestamptz NOT NULL,
    PRIMARY KEY (facility_code, coverage_month, statement_id),
    UNIQUE (facility_code, coverage_month, statement_id, computed_by),
    CONSTRAINT capitation_statement_adds_up CHECK (amount = participants * per_person)
);
CREATE INDEX capitation_statement_month ON capitation_statement (coverage_month, facility_code);

-- Once for a facility and month; it orders the payment.
CREATE TABLE capitation_approval (
    facility_code text NOT NULL,
    coverage_month coverage_month NOT NULL,
    statement_id bigint NOT NULL,
    amount bigint NOT NULL CONSTRAINT capitation_approval_amount CHECK (amount >= 0),
    late_compensation bigint NOT NULL
        CONSTRAINT capitation_approval_late CHECK (late_compensation >= 0),
    computed_by text NOT NULL,
    approved_by text NOT NULL CONSTRAINT capitation_approval_approver CHECK (approved_by <> ''),
    approved_at timestamptz NOT NULL,
    PRIMARY KEY (facility_code, coverage_month),
    FOREIGN KEY (facility_code, coverage_month, statement_id, computed_by)
        REFERENCES capitation_statement (facility_code, coverage_month, statement_id, computed_by),
    CONSTRAINT capitation_approval_needs_two_persons CHECK (approved_by <> computed_by)
);

CREATE TABLE facility_ledger_entry (
    facility_code text NOT NULL,
    entry_id bigint GENERATED ALWAYS AS IDENTITY,
    debit_account ledger_account_code NOT NULL,
    credit_account ledger_account_code NOT NULL,
    amount bigint NOT NULL CONSTRAINT facility_ledger_entry_amount CHECK (amount > 0),
    booked_at timestamptz NOT NULL,
    value_date date NOT NULL,
    coverage_month coverage_month NOT NULL,
    PRIMARY KEY (facility_code, entry_id),
    CONSTRAINT facility_ledger_entry_moves CHECK (debit_account <> credit_account)
);
GRANT SELECT, INSERT ON capitation_statement, capitation_approval, facility_ledger_entry
    TO iuran_app;

CREATE OR REPLACE VIEW ledger_movement (account, amount) AS
    SELECT debit_account, amount FROM ledger_entry
    UNION ALL SELECT credit_account, -amount FROM ledger_entry
    UNION ALL SELECT debit_account, amount FROM employer_ledger_entry
    UNION ALL SELECT credit_account, -amount FROM employer_ledger_entry
    UNION ALL SELECT debit_account, amount FROM government_ledger_entry
    UNION ALL SELECT credit_account, -amount FROM government_ledger_entry
    UNION ALL SELECT debit_account, amount FROM facility_ledger_entry
    UNION ALL SELECT credit_account, -amount FROM facility_ledger_entry;
