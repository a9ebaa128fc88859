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

-- What a membership is worth in a month, whether or not the monthly run has come by: a month that
-- closed unpaid suspends from its end, not from when we noticed; and who was still in time for the
-- month that is asked for is not suspended in it, although the run has noted so in the next.
CREATE FUNCTION membership_state_in(p_state text, p_paid_through integer, p_month integer)
    RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN p_state NOT IN ('ACTIVE', 'SUSPENDED') THEN p_state
        WHEN p_paid_through < p_month - 1 THEN 'SUSPENDED'
        ELSE 'ACTIVE'
    END;

GRANT SELECT, INSERT ON membership, enrolment, membership_event, fine_window TO iuran_app;
GRANT UPDATE (state, paid_through, care_class, class_since, segment) ON membership TO iuran_app;
GRANT UPDATE (last_month) ON enrolment TO iuran_app;

-- Months that closed unpaid suspend from the 1st of the next (Perpres 82/2018 art. 42(1)).
-- Set-based over a range of families; running it again finds nothing. Locks memberships in the
-- order of family_id, as settlement does.
CREATE FUNCTION suspend_unpaid(
    p_family_from bigint, p_family_to bigint, p_month integer, p_at timestamptz
) RETURNS bigint
    LANGUAGE sql VOLATILE
AS $$
    WITH due AS MATERIALIZED (
        SELECT family_id, membership_id, paid_through
        FROM membership
        WHERE family_id BETWEEN p_family_from AND p_family_to
          AND state = 'ACTIVE' AND paid_through < p_month - 1
          AND segment IN (SELECT segment FROM segment WHERE payer = 'FAMILY')
        ORDER BY family_id
        FOR NO KEY UPDATE
    ), suspended AS (
        UPDATE membership AS m SET state = 'SUSPENDED'
        FROM due AS d
        WHERE m.family_id = d.family_id AND m.membership_id = d.membership_id
    ), recorded AS (
        INSERT INTO membership_event
            (family_id, membership_id, state, paid_through, effective_at, recorded_at, cause)
        SELECT family_id, membership_id, 'SUSPENDED', paid_through,
               wib_midnight(first_day_of(paid_through + 2)), p_at, 'MONTH_CLOSED_UNPAID'
        FROM due
        RETURNING family_id, membership_id, effective_at
    ), announced AS (
        INSERT INTO outbox (family_id, kind, payload, occurred_at)
        SELECT family_id, 'membership.suspended',
               jsonb_build_object('membership_id', membership_id, 'effective_at', effective_at),
               p_at
        FROM recorded
        RETURNING 1
    )
    SELECT count(*) FROM announced
$$;
