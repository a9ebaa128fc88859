-- When families are told what. What can be told is code, because each event has its texts; when,
-- to whom and over which channel is data. `reminder_rule` is what an installation begins with.
CREATE TABLE reminder_rule (
    event text NOT NULL CONSTRAINT reminder_rule_event CHECK (event ~ '^[A-Z][A-Z0-9_]{1,39}$'),
    -- a segment, or SELF_PAID (whoever pays for himself), or ALL; what is narrower goes first
    segment text NOT NULL,
    channel text NOT NULL
        CONSTRAINT reminder_rule_channel CHECK (channel IN ('EMAIL', 'WHATSAPP', 'SMS')),
    effective_from date NOT NULL,
    is_on boolean NOT NULL,
    place smallint NOT NULL  -- the order in which channels are tried by who states no other
        CONSTRAINT reminder_rule_place CHECK (place BETWEEN 1 AND 9),
    offset_days smallint NOT NULL  -- from the due date, the month's last day or the window's
        CONSTRAINT reminder_rule_offset CHECK (offset_days BETWEEN -31 AND 31),
    at_hour time NOT NULL,  -- in the family's own zone
    valid_days smallint NOT NULL
        CONSTRAINT reminder_rule_valid CHECK (valid_days BETWEEN 1 AND 60),
    fall_back_hours smallint NOT NULL  -- without a delivery report the next channel is tried
        CONSTRAINT reminder_rule_fall_back CHECK (fall_back_hours BETWEEN 1 AND 240),
    PRIMARY KEY (event, segment, channel, effective_from)
);

INSERT INTO reminder_rule (event, segment, channel, effective_from, is_on, place, offset_days,
                           at_hour, valid_days, fall_back_hours)
SELECT e.event, e.segment, c.channel, '2014-01-01', true, c.place, e.offset_days,
       e.at_hour::time, e.valid_days, e.fall_back_hours
FROM (VALUES
    ('DUE_IN_7_DAYS', 'SELF_PAID', -7, '09:00', 5, 12),
    ('DUE_IN_3_DAYS', 'SELF_PAID', -3, '09:00', 3, 12),
    ('DUE_IN_1_DAY', 'SELF_PAID', -1, '09:00', 2, 6),
    ('OVERDUE', 'SELF_PAID', 5, '09:00', 5, 12),
    ('MONTH_ENDS_IN_3_DAYS', 'SELF_PAID', -3, '09:00', 3, 12),
    ('MONTH_ENDS_IN_1_DAY', 'SELF_PAID', -1, '09:00', 2, 4),
    ('STEP_DUE_IN_7_DAYS', 'SELF_PAID', -7, '09:00', 5, 12),
    ('STEP_DUE_IN_1_DAY', 'SELF_PAID', -1, '09:00', 2, 4),
    ('WINDOW_CLOSING', 'SELF_PAID', -3, '09:00', 3, 12),
    ('ACTIVATED', 'SELF_PAID', 0, '08:00', 30, 24),
    ('REACTIVATED', 'SELF_PAID', 0, '08:00', 45, 12),
    ('SUSPENDED', 'SELF_PAID', 0, '08:00', 10, 12),
    ('AUTODEBIT_FAILED', 'SELF_PAID', 0, '08:00', 5, 12),
    ('CLAIM_MOVED', 'ALL', 0, '08:00', 14, 24),
    ('COMPLAINT_ANSWERED', 'ALL', 0, '08:00', 14, 24)
) AS e (event, segment, offset_days, at_hour, valid_days, fall_back_hours)
CROSS JOIN (VALUES ('WHATSAPP', 1), ('SMS', 2), ('EMAIL', 3)) AS c (channel, place);

-- Changes of the schedule: one person proposes, another approves; before that nothing is in force.
CREATE TABLE reminder_rule_change (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event text NOT NULL
        CONSTRAINT reminder_rule_change_event CHECK (event ~ '^[A-Z][A-Z0-9_]{1,39}$'),
    segment text NOT NULL,
    channel text NOT NULL
        CONSTRAINT reminder_rule_change_channel CHECK (channel IN ('EMAIL', 'WHATSAPP', 'SMS')),
    effective_from date NOT NULL,
    is_on boolean NOT NULL,
    place smallint NOT NULL
        CONSTRAINT reminder_rule_change_place CHECK (place BETWEEN 1 AND 9),
    offset_days smallint NOT NULL
        CONSTRAINT reminder_rule_change_offset CHECK (offset_days BETWEEN -31 AND 31),
    at_hour time NOT NULL,
    valid_days smallint NOT NULL
        CONSTRAINT reminder_rule_change_valid CHECK (valid_days BETWEEN 1 AND 60),
    fall_back_hours smallint NOT NULL
        CONSTRAINT reminder_rule_change_fall_back CHECK (fall_back_hours BETWEEN 1 AND 240),
    reason text NOT NULL
        CONSTRAINT reminder_rule_change_reason CHECK (length(reason) BETWEEN 1 AND 1000),
    proposed_by text NOT NULL CONSTRAINT reminder_rule_change_proposer CHECK (proposed_by <> ''),
    proposed_at timestamptz NOT NULL,
    UNIQUE (change_id, proposed_by)
);

CREATE TABLE reminder_rule_approval (
    change_id bigint PRIMARY KEY,
    proposed_by text NOT NULL,
    approved_by text NOT NULL CONSTRAINT reminder_rule_approver CHECK (approved_by <> ''),
    approved_at timestamptz NOT NULL,
    FOREIGN KEY (change_id, proposed_by) REFERENCES reminder_rule_change (change_id, proposed_by),
    CONSTRAINT reminder_rule_needs_two_persons CHECK (approved_by <> proposed_by)
);

GRANT SELECT ON reminder_rule TO iuran_app;
GRANT SELECT, INSERT ON reminder_rule_change, reminder_rule_approval TO iuran_app;

-- How somebody wants to be written to. Who states nothing is written to in the schedule's order.
CREATE TABLE contact_preference (
    family_id bigint NOT NULL,
    participant_id bigint NOT NULL,
    channels text[] NOT NULL  -- those he reads first; the others follow in the schedule's order
        CONSTRAINT contact_preference_channels
        CHECK (channels <@ ARRAY['EMAIL', 'WHATSAPP', 'SMS']),
    opted_out text[] NOT NULL  -- notices of the membership's legal status come all the same
        CONSTRAINT contact_preference_opted_out
        CHECK (opted_out <@ ARRAY['EMAIL', 'WHATSAPP', 'SMS']),
    language text CONSTRAINT contact_preference_language CHECK (language IN ('id', 'en')),
    PRIMARY KEY (family_id, participant_id),
    FOREIGN KEY (family_id, participant_id) REFERENCES participant
);

CREATE TABLE contact_preference_change (
    family_id bigint NOT NULL,
    participant_id bigint NOT NULL,
    change_id bigint GENERATED ALWAYS AS IDENTITY,
    channels text[] NOT NULL,
    opted_out text[] NOT NULL,
    language text,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, participant_id, change_id),
    FOREIGN KEY (family_id, participant_id) REFERENCES participant
);

GRANT SELECT, INSERT ON contact_preference, contact_preference_change TO iuran_app;
GRANT UPDATE (channels, opted_out, language) ON contact_preference TO iuran_app;

-- One message of an event is one row for each channel that was tried, the first with attempt 1.
ALTER TABLE reminder
    DROP CONSTRAINT reminder_channel,
    ADD CONSTRAINT reminder_channel CHECK (channel IN ('EMAIL', 'WHATSAPP', 'SMS')),
    DROP CONSTRAINT reminder_state,
    ADD CONSTRAINT reminder_state
        CHECK (state IN ('WAITING', 'SENT', 'UNKNOWN', 'CANCELLED', 'EXPIRED', 'FAILED')),
    ADD COLUMN attempt smallint NOT NULL DEFAULT 1
        CONSTRAINT reminder_attempt CHECK (attempt BETWEEN 1 AND 3);
CREATE UNIQUE INDEX reminder_first
    ON reminder (family_id, membership_id, coverage_month, event, occurrence) WHERE attempt = 1;

-- `handed_at` (real time): the message is in the hands of a relay or provider and we do not know yet
-- what it said. Whoever finds it set on a row whose lease is over knows that it may have arrived.
ALTER TABLE reminder_queue
    ADD COLUMN needs text NOT NULL DEFAULT 'NOTHING'
        CONSTRAINT reminder_queue_needs
        CHECK (needs IN ('NOTHING', 'OPEN_BILL', 'OPEN_STEP', 'SUSPENDED')),
    ADD COLUMN is_legal boolean NOT NULL DEFAULT false,
    ADD COLUMN handed_at timestamptz,
    ADD COLUMN fall_back_hours smallint NOT NULL DEFAULT 12;
UPDATE reminder_queue SET needs = 'OPEN_BILL' WHERE needs_open_bill;
ALTER TABLE reminder_queue DROP COLUMN needs_open_bill;
DROP INDEX reminder_queue_due;
CREATE INDEX reminder_queue_due
    ON reminder_queue (bucket, channel, urgency, time_zone, due_at);
GRANT UPDATE (handed_at) ON reminder_queue TO iuran_app;

-- Messages that failed, or of whose delivery nothing was heard yet: at `fall_back_at` (legal time)
-- the next channel is tried.
CREATE TABLE reminder_watch (
    family_id bigint NOT NULL,
    membership_id bigint NOT NULL,
    coverage_month coverage_month NOT NULL,
    event text NOT NULL,
    channel text NOT NULL,
    occurrence bigint NOT NULL,
    bucket smallint NOT NULL GENERATED ALWAYS AS (family_id % 16) STORED,
    urgency smallint NOT NULL,
    needs text NOT NULL,
    is_legal boolean NOT NULL,
    time_zone text NOT NULL,
    fall_back_at timestamptz NOT NULL,
    fall_back_hours smallint NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, membership_id, coverage_month, event, channel, occurrence),
    FOREIGN KEY (family_id, membership_id, coverage_month, event, channel, occurrence)
        REFERENCES reminder
);
CREATE INDEX reminder_watch_due ON reminder_watch (bucket, fall_back_at);
GRANT SELECT, INSERT, DELETE ON reminder_watch TO iuran_app;
GRANT UPDATE (fall_back_at) ON reminder_watch TO iuran_app;

-- From the key that a provider saw to the message; written when it is handed over.
CREATE TABLE reminder_key (
    message_key text PRIMARY KEY,
    family_id bigint NOT NULL,
    membership_id bigint NOT NULL,
    coverage_month coverage_month NOT NULL,
    event text NOT NULL,
    channel text NOT NULL,
    occurrence bigint NOT NULL
);

-- What providers reported of a message; each status counts once, however often it is told.
CREATE TABLE reminder_report (
    family_id bigint NOT NULL,
    membership_id bigint NOT NULL,
    coverage_month coverage_month NOT NULL,
    event text NOT NULL,
    channel text NOT NULL,
    occurrence bigint NOT NULL,
    status text NOT NULL
        CONSTRAINT reminder_report_status CHECK (status IN ('SENT', 'DELIVERED', 'READ', 'FAILED')),
    reason text CONSTRAINT reminder_report_reason CHECK (length(reason) <= 500),
    reported_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, membership_id, coverage_month, event, channel, occurrence, status),
    FOREIGN KEY (family_id, membership_id, coverage_month, event, channel, occurrence)
        REFERENCES reminder
);
GRANT SELECT, INSERT ON reminder_key, reminder_report TO iuran_app;
