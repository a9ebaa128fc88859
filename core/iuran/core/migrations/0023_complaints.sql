-- Complaints and satisfaction. A complaint may come from anybody, so that it has a bucket and not a
-- family as its first key.
CREATE SEQUENCE complaint_number_seq AS bigint;
CREATE SEQUENCE satisfaction_number_seq AS bigint;

CREATE TABLE complaint (
    bucket smallint NOT NULL,
    complaint_id bigint NOT NULL,
    channel text NOT NULL
        CONSTRAINT complaint_channel
        CHECK (channel IN ('BRANCH', 'PHONE', 'WEB', 'SOCIAL_MEDIA', 'MOBILE')),
    category text NOT NULL
        CONSTRAINT complaint_category
        CHECK (category IN ('MEMBERSHIP', 'CONTRIBUTION', 'FACILITY', 'SERVICE', 'CLAIM', 'OTHER')),
    reporter_name text NOT NULL,
    reporter_contact text NOT NULL,
    reporter_family bigint,
    text text NOT NULL CONSTRAINT complaint_text CHECK (length(text) BETWEEN 1 AND 4000),
    state text NOT NULL DEFAULT 'RECEIVED'
        CONSTRAINT complaint_state CHECK (state IN ('RECEIVED', 'ASSIGNED', 'ANSWERED')),
    received_at timestamptz NOT NULL,
    received_by text NOT NULL,
    answer_by date NOT NULL,
    assigned_to text,
    answer text CONSTRAINT complaint_answer CHECK (length(answer) BETWEEN 1 AND 4000),
    answered_at timestamptz,
    PRIMARY KEY (bucket, complaint_id),
    CONSTRAINT complaint_assigned CHECK ((state = 'RECEIVED') = (assigned_to IS NULL)),
    CONSTRAINT complaint_answered
        CHECK ((state = 'ANSWERED') = (answer IS NOT NULL)
               AND (answer IS NULL) = (answered_at IS NULL))
);
CREATE INDEX complaint_open ON complaint (answer_by, complaint_id) WHERE state <> 'ANSWERED';

CREATE TABLE complaint_event (
    bucket smallint NOT NULL,
    complaint_id bigint NOT NULL,
    event_id bigint GENERATED ALWAYS AS IDENTITY,
    was text,
    state text NOT NULL,
    assigned_to text,
    reason text NOT NULL,
    by_whom text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (bucket, complaint_id, event_id),
    FOREIGN KEY (bucket, complaint_id) REFERENCES complaint
);

-- What people answered when they were asked how satisfied they are, 1 to 5.
CREATE TABLE satisfaction (
    bucket smallint NOT NULL,
    satisfaction_id bigint NOT NULL,
    subject text NOT NULL
        CONSTRAINT satisfaction_subject
        CHECK (subject IN ('REGISTRATION', 'CARE', 'CLAIM', 'COMPLAINT', 'INFORMATION')),
    score smallint NOT NULL CONSTRAINT satisfaction_score CHECK (score BETWEEN 1 AND 5),
    given_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, satisfaction_id)
);

GRANT SELECT, INSERT ON complaint, complaint_event, satisfaction TO iuran_app;
GRANT UPDATE (state, assigned_to, answer, answered_at, category) ON complaint TO iuran_app;
GRANT USAGE ON SEQUENCE complaint_number_seq, satisfaction_number_seq TO iuran_app;
