-- People come and go, classes and segments change. What somebody did stands in facts of its own.

-- A member who came later is covered once the bill of `awaits_month`, the first with his lines, is
-- paid; a newborn who was registered in time then from his birth on. Who left says why, and who
-- stands for it.
ALTER TABLE enrolment
    ADD COLUMN awaits_month coverage_month,
    ADD COLUMN covered_back_to date,
    ADD COLUMN enrolled_at timestamptz,
    ADD COLUMN left_on date,
    ADD COLUMN left_cause text
        CONSTRAINT enrolment_left_cause CHECK (left_cause IN ('DEATH', 'REMOVAL', 'SEGMENT')),
    ADD COLUMN change_id bigint,
    ADD CONSTRAINT enrolment_change FOREIGN KEY (family_id, change_id)
        REFERENCES manual_change_approval,
    ADD CONSTRAINT enrolment_leaving_is_approved
        CHECK ((left_cause IS NULL) = (left_on IS NULL) AND (left_cause IS NULL) = (change_id IS NULL));
GRANT UPDATE (left_on, left_cause, change_id) ON enrolment TO iuran_app;

CREATE TABLE class_change (
    family_id bigint NOT NULL,
    change_id bigint GENERATED ALWAYS AS IDENTITY,
    membership_id bigint NOT NULL,
    class_before smallint NOT NULL,
    class_after smallint NOT NULL,
    first_month coverage_month NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, change_id),
    FOREIGN KEY (family_id, membership_id) REFERENCES membership,
    CONSTRAINT class_change_changes CHECK (class_before <> class_after)
);

-- How a family came to pay for itself: N is the last month that its former segment covered.
CREATE TABLE segment_change (
    family_id bigint NOT NULL,
    membership_id bigint NOT NULL,
    last_covered_month coverage_month NOT NULL,
    catches_up boolean NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, membership_id),
    FOREIGN KEY (family_id, membership_id) REFERENCES membership
);

-- Data of a person, changed with a proof: the one who verified it is not the one who asked.
CREATE TABLE data_change (
    family_id bigint NOT NULL,
    change_id bigint GENERATED ALWAYS AS IDENTITY,
    participant_id bigint NOT NULL,
    field text NOT NULL
        CONSTRAINT data_change_field
        CHECK (field IN ('NAME', 'BIRTH_DATE', 'SEX', 'EMAIL', 'PHONE')),
    before text,
    after text,
    proof text NOT NULL CONSTRAINT data_change_proof CHECK (length(proof) BETWEEN 1 AND 200),
    asked_by text NOT NULL,
    verified_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, change_id),
    FOREIGN KEY (family_id, participant_id) REFERENCES participant,
    CONSTRAINT data_change_needs_two_persons CHECK (verified_by <> asked_by)
);

-- The way of a registration, step by step; each has a deadline of its own.
CREATE TABLE registration_step (
    family_id bigint NOT NULL,
    membership_id bigint NOT NULL,
    step text NOT NULL
        CONSTRAINT registration_step_known
        CHECK (step IN ('FORM', 'DOCUMENTS', 'VERIFICATION', 'E_ID', 'CARD')),
    note text NOT NULL,
    done_by text NOT NULL,
    done_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, membership_id, step),
    FOREIGN KEY (family_id, membership_id) REFERENCES membership
);

GRANT SELECT, INSERT ON class_change, segment_change, data_change, registration_step TO iuran_app;
