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

-- The class of a month: bills of the months before a change keep the class they had.
CREATE FUNCTION care_class_in(
    p_care_class smallint, p_previous smallint, p_since date, p_month integer
) RETURNS smallint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN p_previous IS NOT NULL AND p_month < coverage_month_of(p_since) THEN p_previous
        ELSE p_care_class
    END;

CREATE OR REPLACE FUNCTION contribution_lines(
    p_family_from bigint, p_family_to bigint, p_month integer
)
    RETURNS TABLE (
        family_id bigint, membership_id bigint, participant_id bigint, state text,
        care_class smallint, amount bigint, central_subsidy bigint, regional_subsidy bigint,
        rate_group text, rate_first_month integer
    )
    LANGUAGE sql STABLE
AS $$
    SELECT m.family_id, m.membership_id, e.participant_id, m.state, r.care_class,
           r.participant_share, r.central_share, r.regional_share, r.rate_group,
           r.first_month::integer
    FROM membership AS m
    JOIN segment AS s ON s.segment = m.segment AND s.payer = 'FAMILY'
    JOIN contribution_rate AS r
      ON r.rate_group = s.rate_group
     AND r.care_class
         = care_class_in(m.care_class, m.previous_care_class, m.class_since, p_month)
     AND r.first_month <= p_month AND (r.last_month IS NULL OR r.last_month >= p_month)
    JOIN enrolment AS e
      ON e.family_id = m.family_id AND e.membership_id = m.membership_id
     AND e.first_month <= p_month AND (e.last_month IS NULL OR e.last_month >= p_month)
    WHERE m.family_id BETWEEN p_family_from AND p_family_to
      AND (m.paid_through IS NULL OR p_month > m.paid_through)
$$;
