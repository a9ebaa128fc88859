-- A membership is the part of a family that is insured together: one segment, one class, one payer.
-- A family card may hold several (a wife who is an employee is not on the family's own bill).
CREATE TABLE membership (
    family_id bigint NOT NULL REFERENCES family,
    membership_id bigint GENERATED ALWAYS AS IDENTITY,
    segment text NOT NULL REFERENCES segment,
    care_class smallint NOT NULL CONSTRAINT membership_class CHECK (care_class IN (1, 2, 3)),
    class_since date NOT NULL,
    state text NOT NULL
        CONSTRAINT membership_state
        CHECK (state IN ('PENDING', 'ACTIVE', 'SUSPENDED', 'INACTIVE_SEGMENT_CHANGE')),
    -- The last coverage month up to which nothing is owed; NULL before the first payment.
    -- Covered in month M means paid_through >= M - 1 (Perpres 82/2018 art. 42(1)).
    paid_through coverage_month,
    PRIMARY KEY (family_id, membership_id),
    CONSTRAINT membership_paid_once_active CHECK ((state = 'PENDING') = (paid_through IS NULL))
) WITH (fillfactor = 80);

-- Who is in the membership, and for which months he is billed.
CREATE TABLE enrolment (
    family_id bigint NOT NULL,
    membership_id bigint NOT NULL,
    participant_id bigint NOT NULL,
    first_month coverage_month NOT NULL,
    last_month coverage_month,
    PRIMARY KEY (family_id, membership_id, participant_id, first_month),
    FOREIGN KEY (family_id, membership_id) REFERENCES membership,
    FOREIGN KEY (family_id, participant_id) REFERENCES participant,
    CONSTRAINT enrolment_interval CHECK (last_month >= first_month)
);

-- What happened to a membership; appended, never changed. The current row can be rebuilt from it.
CREATE TABLE membership_event (
    family_id bigint NOT NULL,
    event_id bigint GENERATED ALWAYS AS IDENTITY,
    membership_id bigint NOT NULL,
    state text NOT NULL,
    paid_through coverage_month,
    effective_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    cause text NOT NULL
        CONSTRAINT membership_event_cause
        CHECK (cause IN ('REGISTRATION', 'FIRST_PAYMENT', 'PAYMENT', 'MONTH_CLOSED_UNPAID',
                         'SUSPENSION_UNDONE')),
    PRIMARY KEY (family_id, event_id),
    FOREIGN KEY (family_id, membership_id) REFERENCES membership
);

-- The 45 days after a reactivation in which an advanced inpatient stay is fined
-- (Perpres 64/2020 art. 42(5)). Appended; the newest of a membership counts.
CREATE TABLE fine_window (
    family_id bigint NOT NULL,
    window_id bigint GENERATED ALWAYS AS IDENTITY,
    membership_id bigint NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    arrears_months smallint NOT NULL CONSTRAINT fine_window_arrears CHECK (arrears_months >= 1),
    opened_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, window_id),
    FOREIGN KEY (family_id, membership_id) REFERENCES membership,
    CONSTRAINT fine_window_interval CHECK (last_day >= first_day)
);

GRANT SELECT, INSERT ON membership, enrolment, membership_event, fine_window TO iuran_app;
GRANT UPDATE (state, paid_through, care_class, class_since, segment) ON membership TO iuran_app;
GRANT UPDATE (last_month) ON enrolment TO iuran_app;
