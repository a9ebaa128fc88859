-- Employers pay for the memberships of their workers. What an employer owns is keyed by employer_id;
-- an employment belongs to the worker's family, like everything about a membership. No foreign key
-- leads from there to `employer`: a large employer's row would be locked by each of its workers.
CREATE TABLE employer (
    employer_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CONSTRAINT employer_name CHECK (length(name) BETWEEN 1 AND 255),
    ppu_group text NOT NULL
        CONSTRAINT employer_group CHECK (ppu_group IN ('PRIVATE', 'STATE_CENTRAL', 'STATE_REGIONAL')),
    region text NOT NULL CONSTRAINT employer_region CHECK (region ~ '^[0-9]{4}$'),
    registered_at timestamptz NOT NULL
);

-- Who works for whom, and for which months. `billed_through` is the last month that was billed.
CREATE TABLE employment (
    family_id bigint NOT NULL,
    membership_id bigint NOT NULL,
    participant_id bigint NOT NULL,
    employer_id bigint NOT NULL,
    grade smallint CONSTRAINT employment_grade CHECK (grade BETWEEN 1 AND 4),
    first_month coverage_month NOT NULL,
    last_month coverage_month,
    billed_through coverage_month NOT NULL,
    PRIMARY KEY (family_id, membership_id),
    FOREIGN KEY (family_id, membership_id) REFERENCES membership,
    FOREIGN KEY (family_id, participant_id) REFERENCES participant,
    CONSTRAINT employment_interval CHECK (last_month >= first_month),
    CONSTRAINT employment_billed_months
        CHECK (billed_through >= first_month - 1
               AND (last_month IS NULL OR billed_through <= last_month))
) WITH (fillfactor = 80);
CREATE INDEX employment_employer ON employment (employer_id);

-- A wage holds from its month until a later one; for one month the last reported counts.
CREATE TABLE wage (
    family_id bigint NOT NULL,
    membership_id bigint NOT NULL,
    wage_id bigint GENERATED ALWAYS AS IDENTITY,
    first_month coverage_month NOT NULL,
    amount bigint NOT NULL CONSTRAINT wage_amount CHECK (amount BETWEEN 1000 AND 10000000000),
    reported_by text NOT NULL,
    reported_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, membership_id, wage_id),
    FOREIGN KEY (family_id, membership_id) REFERENCES employment
);

-- Members beyond the worker, a spouse and three children.
CREATE TABLE additional_member (
    family_id bigint NOT NULL,
    membership_id bigint NOT NULL,
    participant_id bigint NOT NULL,
    kind text NOT NULL
        CONSTRAINT additional_member_kind
        CHECK (kind IN ('FOURTH_CHILD', 'PARENT', 'PARENT_IN_LAW', 'OTHER_RELATIVE')),
    first_month coverage_month NOT NULL,
    last_month coverage_month,
    PRIMARY KEY (family_id, membership_id, participant_id, first_month),
    FOREIGN KEY (family_id, membership_id) REFERENCES employment,
    FOREIGN KEY (family_id, participant_id) REFERENCES participant,
    CONSTRAINT additional_member_interval CHECK (last_month >= first_month)
);

-- What employers reported about an employment, by whom, and how it was before. Appended.
CREATE TABLE employment_report (
    family_id bigint NOT NULL,
    membership_id bigint NOT NULL,
    report_id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL
        CONSTRAINT employment_report_kind CHECK (kind IN ('BEGAN', 'WAGE', 'ADDITIONAL', 'ENDED')),
    reported_by text NOT NULL CONSTRAINT employment_report_by CHECK (length(reported_by) > 0),
    reason text NOT NULL CONSTRAINT employment_report_reason CHECK (length(reason) > 0),
    before jsonb NOT NULL,
    reported_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, membership_id, report_id),
    FOREIGN KEY (family_id, membership_id) REFERENCES employment
);

GRANT SELECT, INSERT ON employer, employment, wage, additional_member, employment_report
    TO iuran_app;
GRANT UPDATE (last_month, billed_through) ON employment TO iuran_app;
GRANT UPDATE (last_month) ON additional_member TO iuran_app;
-- Nobody changes an employer's row, but whoever bills or pays for one locks it, which needs this.
GRANT UPDATE (name) ON employer TO iuran_app;

-- The employer is the debtor of a fine whose window his arrears opened (Perpres 82/2018 art. 42(7)).
ALTER TABLE fine_window ADD COLUMN employer_id bigint;

ALTER TABLE membership_event DROP CONSTRAINT membership_event_cause;
ALTER TABLE membership_event ADD CONSTRAINT membership_event_cause
    CHECK (cause IN ('REGISTRATION', 'FIRST_PAYMENT', 'PAYMENT', 'MONTH_CLOSED_UNPAID',
                     'SUSPENSION_UNDONE', 'EMPLOYMENT_BEGAN', 'EMPLOYMENT_ENDED', 'STATE_PAID')) NOT VALID;
