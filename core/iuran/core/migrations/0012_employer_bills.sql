-- The monthly bill of an employer, and the contribution of each worker in it. Amounts never change:
-- workers reported after a month was billed make another part of its bill.
CREATE TABLE employer_bill (
    employer_id bigint NOT NULL REFERENCES employer,
    coverage_month coverage_month NOT NULL,
    part smallint NOT NULL CONSTRAINT employer_bill_part CHECK (part > 0),
    workers integer NOT NULL CONSTRAINT employer_bill_workers CHECK (workers > 0),
    employer_share bigint NOT NULL,
    worker_share bigint NOT NULL,  -- deducted from wages, additional family included
    amount bigint NOT NULL,
    due_date date NOT NULL,
    issued_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'OPEN'
        CONSTRAINT employer_bill_state CHECK (state IN ('OPEN', 'PAID', 'NOT_BILLABLE')),
    settled_at timestamptz,
    PRIMARY KEY (employer_id, coverage_month, part),
    CONSTRAINT employer_bill_adds_up CHECK (amount = employer_share + worker_share AND amount > 0),
    CONSTRAINT employer_bill_settled_when_paid CHECK ((state = 'PAID') = (settled_at IS NOT NULL))
) WITH (fillfactor = 80);

CREATE TABLE employee_contribution (
    family_id bigint NOT NULL,
    membership_id bigint NOT NULL,
    coverage_month coverage_month NOT NULL,
    employer_id bigint NOT NULL,
    part smallint NOT NULL,
    wage bigint NOT NULL,
    wage_base bigint NOT NULL,
    care_class smallint NOT NULL,
    employer_share bigint NOT NULL,
    worker_share bigint NOT NULL,
    additional_people smallint NOT NULL,
    additional_amount bigint NOT NULL,
    other_relatives smallint NOT NULL,
    other_amount bigint NOT NULL,
    ppu_group text NOT NULL,
    rate_first_month coverage_month NOT NULL,
    PRIMARY KEY (family_id, membership_id, coverage_month),
    FOREIGN KEY (family_id, membership_id) REFERENCES employment
);
CREATE INDEX employee_contribution_bill
    ON employee_contribution (employer_id, coverage_month, part);

GRANT SELECT, INSERT ON employer_bill, employee_contribution TO iuran_app;
GRANT UPDATE (state, settled_at) ON employer_bill TO iuran_app;
