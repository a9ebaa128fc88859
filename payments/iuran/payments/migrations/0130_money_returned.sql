-- Money that finds its place or goes back: suspense that is placed or returned, credit that is
-- refunded. Both need two persons; what moves money refers to the approval.
DO $$
DECLARE
    v_constraint name;
    v_accounts text;
BEGIN
    SELECT string_agg(quote_literal(account), ', ' ORDER BY account) INTO v_accounts
    FROM (SELECT account::text FROM ledger_account
          UNION VALUES ('EMPLOYER_CREDIT'), ('GOVERNMENT_CREDIT'), ('CAPITATION_EXPENSE'),
                       ('WRITE_OFF_EXPENSE')) AS known (account);
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
    ('EMPLOYER_CREDIT', 'LIABILITY', 'Paid by employers beyond their bills; later bills use it'),
    ('GOVERNMENT_CREDIT', 'LIABILITY', 'Paid by governments, not yet allocated to their bills'),
    ('CAPITATION_EXPENSE', 'EXPENSE', 'Capitation of first-level facilities'),
    ('WRITE_OFF_EXPENSE', 'EXPENSE', 'Arrears written off under a legal basis');

-- A refund ("pengembalian iuran") out of a membership's credit. `requested_by` asks, `checked_by`
-- says that its papers are complete, a third or at least another person approves.
CREATE TABLE refund (
    family_id bigint NOT NULL,
    refund_id bigint GENERATED ALWAYS AS IDENTITY,
    membership_id bigint NOT NULL,
    amount bigint NOT NULL CONSTRAINT refund_amount CHECK (amount > 0),
    reason text NOT NULL
        CONSTRAINT refund_reason
        CHECK (reason IN ('OVERPAYMENT', 'PEMDA_OVERPAYMENT', 'DEATH', 'DOUBLE_MEMBERSHIP',
                          'WRONG_ACCOUNT', 'CHANNEL_ERROR', 'WRONG_VIRTUAL_ACCOUNT')),
    note text NOT NULL CONSTRAINT refund_note CHECK (length(note) BETWEEN 1 AND 1000),
    payee_name text NOT NULL,
    payee_bank text NOT NULL,
    payee_account text NOT NULL,
    requested_by text NOT NULL CONSTRAINT refund_requester CHECK (requested_by <> ''),
    requested_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'REQUESTED'
        CONSTRAINT refund_state
        CHECK (state IN ('REQUESTED', 'COMPLETE', 'APPROVED', 'PAID', 'REFUSED')),
    checked_by text CONSTRAINT refund_checker CHECK (checked_by <> ''),
    complete_on date,
    pay_by date,
    payout_reference text CONSTRAINT refund_payout CHECK (length(payout_reference) BETWEEN 1 AND 128),
    paid_on date,
    PRIMARY KEY (family_id, refund_id),
    UNIQUE (family_id, refund_id, requested_by, checked_by),
    FOREIGN KEY (family_id, membership_id) REFERENCES membership,
    CONSTRAINT refund_complete CHECK (
        (complete_on IS NULL) = (checked_by IS NULL) AND (complete_on IS NULL) = (pay_by IS NULL)
        AND (complete_on IS NOT NULL OR state IN ('REQUESTED', 'REFUSED'))),
    CONSTRAINT refund_paid CHECK (
        (state = 'PAID') = (payout_reference IS NOT NULL) AND (state = 'PAID') = (paid_on IS NOT NULL))
) WITH (fillfactor = 80);
CREATE INDEX refund_waiting ON refund (requested_at, family_id, refund_id)
    WHERE state IN ('REQUESTED', 'COMPLETE', 'APPROVED');

CREATE TABLE refund_approval (
    family_id bigint NOT NULL,
    refund_id bigint NOT NULL,
    requested_by text NOT NULL,
    checked_by text NOT NULL,
    approved_by text NOT NULL CONSTRAINT refund_approver CHECK (approved_by <> ''),
    approved_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, refund_id),
    FOREIGN KEY (family_id, refund_id, requested_by, checked_by)
        REFERENCES refund (family_id, refund_id, requested_by, checked_by),
    CONSTRAINT refund_needs_two_persons
        CHECK (approved_by <> checked_by AND approved_by <> requested_by)
);

CREATE TABLE refund_event (
    family_id bigint NOT NULL,
    event_id bigint GENERATED ALWAYS AS IDENTITY,
    refund_id bigint NOT NULL,
    was text,
    state text NOT NULL,
    reason text NOT NULL,
    by_whom text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (family_id, event_id),
    FOREIGN KEY (family_id, refund_id) REFERENCES refund
);

GRANT SELECT, INSERT ON refund, refund_approval, refund_event TO iuran_app;
GRANT UPDATE (state, checked_by, complete_on, pay_by, payout_reference, paid_on) ON refund
    TO iuran_app;

ALTER TABLE credit_entry
    ADD COLUMN refund_id bigint,
    ADD CONSTRAINT credit_entry_refund FOREIGN KEY (family_id, refund_id) REFERENCES refund_approval,
    ADD CONSTRAINT credit_entry_refund_is_approved
        CHECK ((cause = 'REFUND') = (refund_id IS NOT NULL) AND (refund_id IS NULL OR amount < 0));

ALTER TABLE ledger_entry
    ADD COLUMN refund_id bigint,   -- the refund that an entry pays out
    DROP CONSTRAINT ledger_entry_one_cause,
    ADD CONSTRAINT ledger_entry_one_cause CHECK (
        num_nonnulls(coverage_month, payment_id, letter_number, claim_id, refund_id) = 1);

-- What somebody thinks that money in suspense is: a payment to an account (a family's or an
-- employer's number), or nothing of ours, to be returned to who paid it.
CREATE TABLE suspense_proposal (
    channel_id integer NOT NULL,
    reference text NOT NULL,
    proposal_id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL CONSTRAINT suspense_proposal_kind CHECK (kind IN ('ACCOUNT', 'PAYER')),
    customer_number text,
    payee_name text,
    payee_bank text,
    payee_account text,
    reason text NOT NULL
        CONSTRAINT suspense_proposal_reason CHECK (length(reason) BETWEEN 1 AND 1000),
    proposed_by text NOT NULL CONSTRAINT suspense_proposal_proposer CHECK (proposed_by <> ''),
    proposed_at timestamptz NOT NULL,
    PRIMARY KEY (channel_id, reference, proposal_id),
    UNIQUE (channel_id, reference, proposal_id, proposed_by),
    FOREIGN KEY (channel_id, reference) REFERENCES suspense_item,
    CONSTRAINT suspense_proposal_target CHECK (
        (kind = 'ACCOUNT') = (customer_number IS NOT NULL)
        AND num_nonnulls(payee_name, payee_bank, payee_account)
            = CASE kind WHEN 'PAYER' THEN 3 ELSE 0 END)
);

-- Where the money went, once; `result` is what it came to there.
CREATE TABLE suspense_placement (
    channel_id integer NOT NULL,
    reference text NOT NULL,
    proposal_id bigint NOT NULL,
    proposed_by text NOT NULL,
    approved_by text NOT NULL CONSTRAINT suspense_placement_approver CHECK (approved_by <> ''),
    approved_at timestamptz NOT NULL,
    result text NOT NULL
        CONSTRAINT suspense_placement_result CHECK (result IN ('SETTLED', 'CREDITED', 'RETURNED')),
    detail jsonb NOT NULL,
    PRIMARY KEY (channel_id, reference),
    FOREIGN KEY (channel_id, reference, proposal_id, proposed_by)
        REFERENCES suspense_proposal (channel_id, reference, proposal_id, proposed_by),
    CONSTRAINT suspense_placement_needs_two_persons CHECK (approved_by <> proposed_by)
);
GRANT SELECT, INSERT ON suspense_proposal, suspense_placement TO iuran_app;

-- Employers keep what they paid too much, as families do.
ALTER TABLE employer
    ADD COLUMN credit bigint NOT NULL DEFAULT 0
        CONSTRAINT employer_credit CHECK (credit >= 0);
GRANT UPDATE (credit) ON employer TO iuran_app;

CREATE TABLE employer_credit_entry (
    employer_id bigint NOT NULL REFERENCES employer,
    entry_id bigint GENERATED ALWAYS AS IDENTITY,
    amount bigint NOT NULL CONSTRAINT employer_credit_entry_moves CHECK (amount <> 0),
    cause text NOT NULL
        CONSTRAINT employer_credit_entry_cause CHECK (cause IN ('SURPLUS', 'USED')),
    coverage_month coverage_month,
    part smallint,
    payment_id bigint,
    booked_at timestamptz NOT NULL,
    value_date date NOT NULL,
    PRIMARY KEY (employer_id, entry_id),
    FOREIGN KEY (employer_id, payment_id) REFERENCES employer_payment,
    FOREIGN KEY (employer_id, coverage_month, part) REFERENCES employer_bill,
    CONSTRAINT employer_credit_entry_uses_for_a_bill
        CHECK ((cause = 'USED') = (coverage_month IS NOT NULL AND part IS NOT NULL))
);
GRANT SELECT, INSERT ON employer_credit_entry TO iuran_app;

-- What employers are told, in order; read with a cursor.
CREATE TABLE employer_event (
    employer_id bigint NOT NULL REFERENCES employer,
    event_id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (employer_id, event_id)
);
GRANT SELECT, INSERT ON employer_event TO iuran_app;

ALTER TYPE employer_payable
    ADD ATTRIBUTE open_amount bigint,   -- of the bills, before credit
    ADD ATTRIBUTE credit bigint;

-- What a government paid: told by one person from the bank statement, approved by another. Money
-- that no bill has used yet is its credit.
CREATE TABLE government_payment (
    region text NOT NULL REFERENCES government,
    payment_id bigint GENERATED ALWAYS AS IDENTITY,
    reference text NOT NULL
        CONSTRAINT government_payment_reference CHECK (length(reference) BETWEEN 1 AND 128),
    amount bigint NOT NULL CONSTRAINT government_payment_amount CHECK (amount > 0),
    value_date date NOT NULL,
    note text NOT NULL CONSTRAINT government_payment_note CHECK (length(note) BETWEEN 1 AND 1000),
    recorded_by text NOT NULL CONSTRAINT government_payment_recorder CHECK (recorded_by <> ''),
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (region, payment_id),
    CONSTRAINT government_payment_once UNIQUE (region, reference),
    UNIQUE (region, payment_id, recorded_by)
);
CREATE TABLE government_payment_approval (
    region text NOT NULL,
    payment_id bigint NOT NULL,
    recorded_by text NOT NULL,
    approved_by text NOT NULL
        CONSTRAINT government_payment_approver CHECK (approved_by <> ''),
    approved_at timestamptz NOT NULL,
    PRIMARY KEY (region, payment_id),
    FOREIGN KEY (region, payment_id, recorded_by)
        REFERENCES government_payment (region, payment_id, recorded_by),
    CONSTRAINT government_payment_needs_two_persons CHECK (approved_by <> recorded_by)
);
-- Which share of which bill was paid; negative when a bill shrank after it was paid.
CREATE TABLE government_allocation (
    region text NOT NULL REFERENCES government,
    allocation_id bigint GENERATED ALWAYS AS IDENTITY,
    coverage_month coverage_month NOT NULL,
    programme text NOT NULL,
    share text NOT NULL
        CONSTRAINT government_allocation_share CHECK (share IN ('OWN', 'WITHHELD')),
    amount bigint NOT NULL CONSTRAINT government_allocation_moves CHECK (amount <> 0),
    allocated_at timestamptz NOT NULL,
    PRIMARY KEY (region, allocation_id)
);
GRANT SELECT, INSERT ON government_payment, government_payment_approval, government_allocation
    TO iuran_app;

ALTER TABLE government_ledger_entry
    ALTER COLUMN coverage_month DROP NOT NULL,
    ALTER COLUMN programme DROP NOT NULL,
    ADD COLUMN payment_id bigint,
    ADD CONSTRAINT government_ledger_entry_one_cause CHECK (
        num_nonnulls(coverage_month, payment_id) = 1
        AND (coverage_month IS NULL) = (programme IS NULL));

-- Money counts from its own day for an employer's workers too: another signature, in the routines.
DROP FUNCTION IF EXISTS reactivate_employees(bigint, timestamptz);
