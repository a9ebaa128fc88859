-- A bill is what a membership owes for the month in which it is billed; its lines say for whom and
-- for which coverage month. Amounts are whole rupiah and never change: corrections are new lines.
CREATE TABLE bill (
    family_id bigint NOT NULL,
    membership_id bigint NOT NULL,
    coverage_month coverage_month NOT NULL,
    care_class smallint NOT NULL,
    members smallint NOT NULL CONSTRAINT bill_members CHECK (members > 0),
    amount bigint NOT NULL CONSTRAINT bill_amount CHECK (amount >= 0),
    central_subsidy bigint NOT NULL CONSTRAINT bill_central_subsidy CHECK (central_subsidy >= 0),
    regional_subsidy bigint NOT NULL CONSTRAINT bill_regional_subsidy CHECK (regional_subsidy >= 0),
    due_date date NOT NULL,
    issued_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'OPEN'
        CONSTRAINT bill_state CHECK (state IN ('OPEN', 'PAID', 'NOT_BILLABLE')),
    settled_at timestamptz,
    PRIMARY KEY (family_id, membership_id, coverage_month),
    FOREIGN KEY (family_id, membership_id) REFERENCES membership,
    CONSTRAINT bill_settled_when_paid CHECK ((state = 'PAID') = (settled_at IS NOT NULL))
) WITH (fillfactor = 80);

CREATE TABLE bill_line (
    family_id bigint NOT NULL,
    membership_id bigint NOT NULL,
    billed_month coverage_month NOT NULL,
    participant_id bigint NOT NULL,
    coverage_month coverage_month NOT NULL,
    amount bigint NOT NULL,
    central_subsidy bigint NOT NULL,
    regional_subsidy bigint NOT NULL,
    rate_group text NOT NULL,
    care_class smallint NOT NULL,
    rate_first_month coverage_month NOT NULL,
    PRIMARY KEY (family_id, membership_id, billed_month, participant_id, coverage_month),
    FOREIGN KEY (family_id, membership_id, billed_month) REFERENCES bill,
    FOREIGN KEY (rate_group, care_class, rate_first_month) REFERENCES contribution_rate
);

GRANT SELECT, INSERT ON bill, bill_line TO iuran_app;
GRANT UPDATE (state, settled_at) ON bill TO iuran_app;
