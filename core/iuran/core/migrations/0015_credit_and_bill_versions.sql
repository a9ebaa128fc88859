-- A membership's credit balance ("saldo"): money paid that no bill has used yet. Never negative.
-- Facts of it are `credit_entry`, in the room of payments.
ALTER TABLE membership
    ADD COLUMN credit bigint NOT NULL DEFAULT 0 CONSTRAINT membership_credit CHECK (credit >= 0),
    -- The class before `class_since`: a bill keeps the class of its month.
    ADD COLUMN previous_care_class smallint
        CONSTRAINT membership_previous_class CHECK (previous_care_class IN (1, 2, 3));
GRANT UPDATE (credit, previous_care_class) ON membership TO iuran_app;

-- A bill may grow (a newborn) or shrink (a death) after it was issued: each change is a version,
-- its lines say in which version they came, and what was paid for it is counted beside it.
ALTER TABLE bill
    ADD COLUMN settled_amount bigint NOT NULL DEFAULT 0,
    ADD COLUMN version smallint NOT NULL DEFAULT 1;
UPDATE bill SET settled_amount = amount WHERE state = 'PAID';
ALTER TABLE bill
    DROP CONSTRAINT bill_members,
    ADD CONSTRAINT bill_members CHECK (members >= 0),
    ADD CONSTRAINT bill_settled_amount CHECK (settled_amount BETWEEN 0 AND amount),
    ADD CONSTRAINT bill_paid_when_all_is_settled CHECK ((state = 'PAID') = (settled_amount = amount));
GRANT UPDATE (amount, members, central_subsidy, regional_subsidy, settled_amount, version)
    ON bill TO iuran_app;

ALTER TABLE bill_line
    ADD COLUMN version smallint NOT NULL DEFAULT 1,
    DROP CONSTRAINT bill_line_pkey,
    ADD PRIMARY KEY (family_id, membership_id, billed_month, participant_id, coverage_month, version);

-- Changes by hand of money or status: whoever proposes one cannot approve it. What such a change
-- does refers to the approval, so that nothing takes effect without a second person.
CREATE TABLE manual_change (
    family_id bigint NOT NULL REFERENCES family,
    change_id bigint GENERATED ALWAYS AS IDENTITY,
    membership_id bigint NOT NULL,
    kind text NOT NULL
        CONSTRAINT manual_change_kind
        CHECK (kind IN ('DEATH', 'REMOVAL', 'RATE_RULING', 'DATA', 'SEGMENT')),
    reason text NOT NULL CONSTRAINT manual_change_reason CHECK (length(reason) BETWEEN 1 AND 1000),
    before jsonb NOT NULL,
    wanted jsonb NOT NULL,
    proposed_by text NOT NULL CONSTRAINT manual_change_proposer CHECK (proposed_by <> ''),
    proposed_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, change_id),
    UNIQUE (family_id, change_id, proposed_by),
    FOREIGN KEY (family_id, membership_id) REFERENCES membership
);

CREATE TABLE manual_change_approval (
    family_id bigint NOT NULL,
    change_id bigint NOT NULL,
    proposed_by text NOT NULL,
    approved_by text NOT NULL CONSTRAINT manual_change_approver CHECK (approved_by <> ''),
    approved_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, change_id),
    FOREIGN KEY (family_id, change_id, proposed_by)
        REFERENCES manual_change (family_id, change_id, proposed_by),
    CONSTRAINT manual_change_needs_two_persons CHECK (approved_by <> proposed_by)
);

-- Why a bill has another version: what it was before, and who stands for it.
CREATE TABLE bill_revision (
    family_id bigint NOT NULL,
    membership_id bigint NOT NULL,
    coverage_month coverage_month NOT NULL,
    version smallint NOT NULL CONSTRAINT bill_revision_version CHECK (version >= 2),
    cause text NOT NULL
        CONSTRAINT bill_revision_cause
        CHECK (cause IN ('MEMBER_ADDED', 'DEATH', 'REMOVAL', 'RATE_RULING')),
    change_id bigint,
    amount_before bigint NOT NULL,
    amount_after bigint NOT NULL,
    revised_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, membership_id, coverage_month, version),
    FOREIGN KEY (family_id, membership_id, coverage_month) REFERENCES bill,
    FOREIGN KEY (family_id, change_id) REFERENCES manual_change_approval,
    CONSTRAINT bill_revision_by_hand_is_approved
        CHECK (cause = 'MEMBER_ADDED' OR change_id IS NOT NULL)
);

GRANT SELECT, INSERT ON manual_change, manual_change_approval, bill_revision TO iuran_app;

ALTER TABLE membership_event
    DROP CONSTRAINT IF EXISTS membership_event_cause,
    ADD CONSTRAINT membership_event_cause CHECK (cause IN (
        'REGISTRATION', 'FIRST_PAYMENT', 'PAYMENT', 'MONTH_CLOSED_UNPAID', 'CREDIT_USED',
        'SUSPENSION_UNDONE', 'EMPLOYMENT_BEGAN', 'EMPLOYMENT_ENDED', 'STATE_PAID', 'MEMBER_ADDED', 'BILL_CORRECTED', 'SEGMENT_LEFT', 'LAST_MEMBER_LEFT',
        'INSTALMENT_PAID', 'INSTALMENT_PLAN_ENDED'));
