-- What a family was told, and why not when it was not. The key is what makes a message the same
-- message: one per membership, coverage month, event and channel. `occurrence` is 0 for what happens
-- once a month, and the outbox event for what may happen again in it.
CREATE TABLE reminder (
    family_id bigint NOT NULL,
    membership_id bigint NOT NULL,
    coverage_month coverage_month NOT NULL,
    event text NOT NULL CONSTRAINT reminder_event CHECK (event ~ '^[A-Z][A-Z0-9_]{1,39}$'),
    channel text NOT NULL CONSTRAINT reminder_channel CHECK (channel IN ('EMAIL')),
    occurrence bigint NOT NULL,
    details jsonb NOT NULL,  -- what the text needs beside the bill, as the event told it
    state text NOT NULL DEFAULT 'WAITING'
        CONSTRAINT reminder_state
        CHECK (state IN ('WAITING', 'SENT', 'CANCELLED', 'EXPIRED', 'FAILED')),
    reason text CONSTRAINT reminder_reason CHECK (length(reason) <= 500),
    scheduled_at timestamptz NOT NULL,
    closed_at timestamptz,
    PRIMARY KEY (family_id, membership_id, coverage_month, event, channel, occurrence),
    FOREIGN KEY (family_id, membership_id) REFERENCES membership,
    CONSTRAINT reminder_closed CHECK ((state = 'WAITING') = (closed_at IS NULL))
) WITH (fillfactor = 80);

-- Those that wait, so that the times and the lease of a message do not weigh on the record of all
-- messages. `due_at` and `expires_at` are legal time; `held_until` is real time: nobody else
-- touches the row before it, be it a lease while it is being sent or a pause after a failure.
CREATE TABLE reminder_queue (
    family_id bigint NOT NULL,
    membership_id bigint NOT NULL,
    coverage_month coverage_month NOT NULL,
    event text NOT NULL,
    channel text NOT NULL,
    occurrence bigint NOT NULL,
    bucket smallint NOT NULL GENERATED ALWAYS AS (family_id % 16) STORED,
    urgency smallint NOT NULL  -- 0: at once, at any hour; 1: in the hours in which people are awake
        CONSTRAINT reminder_queue_urgency CHECK (urgency IN (0, 1)),
    needs_open_bill boolean NOT NULL,
    time_zone text NOT NULL,
    due_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    held_until timestamptz NOT NULL DEFAULT '-infinity',
    claims integer NOT NULL DEFAULT 0,    -- tells a late worker that the row is not his any more
    failures integer NOT NULL DEFAULT 0,
    PRIMARY KEY (family_id, membership_id, coverage_month, event, channel, occurrence),
    FOREIGN KEY (family_id, membership_id, coverage_month, event, channel, occurrence)
        REFERENCES reminder,
    CONSTRAINT reminder_queue_interval CHECK (expires_at > due_at)
) WITH (fillfactor = 70);
-- The first message that is due in a zone is one step away, however many sleep in the others; and
-- what came too late is found without those that are in time.
CREATE INDEX reminder_queue_due ON reminder_queue (bucket, urgency, time_zone, due_at);
CREATE INDEX reminder_queue_late ON reminder_queue (bucket, expires_at);

GRANT SELECT, INSERT ON reminder TO iuran_app;
GRANT UPDATE (state, reason, closed_at) ON reminder TO iuran_app;
GRANT SELECT, INSERT, DELETE ON reminder_queue TO iuran_app;
GRANT UPDATE (held_until, claims, failures) ON reminder_queue TO iuran_app;
