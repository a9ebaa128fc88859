-- Refunds out of the credit of an employer or a government: one person asks, another decides. Its
-- state is what its facts say: asked for, then approved or refused, then paid out.
CREATE TABLE payer_refund (
    refund_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    employer_id bigint REFERENCES employer,
    region text REFERENCES government,
    amount bigint NOT NULL CONSTRAINT payer_refund_amount CHECK (amount > 0),
    note text NOT NULL CONSTRAINT payer_refund_note CHECK (length(note) BETWEEN 1 AND 1000),
    payee_name text NOT NULL CONSTRAINT payer_refund_payee CHECK (payee_name <> ''),
    payee_bank text NOT NULL CONSTRAINT payer_refund_bank CHECK (payee_bank <> ''),
    payee_account text NOT NULL CONSTRAINT payer_refund_account CHECK (payee_account <> ''),
    requested_by text NOT NULL CONSTRAINT payer_refund_requester CHECK (requested_by <> ''),
    requested_at timestamptz NOT NULL,
    pay_by date NOT NULL,
    UNIQUE (refund_id, requested_by),
    CONSTRAINT payer_refund_of_one CHECK (num_nonnulls(employer_id, region) = 1)
);
CREATE INDEX payer_refund_of_employer ON payer_refund (employer_id, refund_id);

CREATE TABLE payer_refund_decision (
    refund_id bigint PRIMARY KEY,
    requested_by text NOT NULL,
    is_approved boolean NOT NULL,
    reason text NOT NULL
        CONSTRAINT payer_refund_decision_reason CHECK (length(reason) BETWEEN 1 AND 1000),
    decided_by text NOT NULL CONSTRAINT payer_refund_decider CHECK (decided_by <> ''),
    decided_at timestamptz NOT NULL,
    FOREIGN KEY (refund_id, requested_by) REFERENCES payer_refund (refund_id, requested_by),
    CONSTRAINT payer_refund_needs_two_persons CHECK (decided_by <> requested_by)
);

CREATE TABLE payer_refund_payout (
    refund_id bigint PRIMARY KEY REFERENCES payer_refund_decision,
    reference text NOT NULL
        CONSTRAINT payer_refund_payout_reference CHECK (length(reference) BETWEEN 1 AND 128),
    recorded_by text NOT NULL CONSTRAINT payer_refund_payout_by CHECK (recorded_by <> ''),
    paid_on date NOT NULL
);
GRANT SELECT, INSERT ON payer_refund, payer_refund_decision, payer_refund_payout TO iuran_app;

ALTER TABLE employer_credit_entry
    ADD COLUMN refund_id bigint REFERENCES payer_refund_decision,
    DROP CONSTRAINT employer_credit_entry_cause,
    ADD CONSTRAINT employer_credit_entry_cause
        CHECK (cause IN ('SURPLUS', 'USED', 'REFUND')) NOT VALID,
    ADD CONSTRAINT employer_credit_entry_refund
        CHECK ((cause = 'REFUND') = (refund_id IS NOT NULL)) NOT VALID;
ALTER TABLE employer_ledger_entry
    ADD COLUMN refund_id bigint,
    DROP CONSTRAINT employer_ledger_entry_one_cause,
    ADD CONSTRAINT employer_ledger_entry_one_cause
        CHECK (num_nonnulls(coverage_month, payment_id, refund_id) = 1) NOT VALID;
ALTER TABLE government_ledger_entry
    ADD COLUMN refund_id bigint,
    DROP CONSTRAINT government_ledger_entry_one_cause,
    ADD CONSTRAINT government_ledger_entry_one_cause CHECK (
        num_nonnulls(coverage_month, payment_id, refund_id) = 1
        AND (coverage_month IS NULL) = (programme IS NULL)) NOT VALID;
