-- Lanes: 0 is what somebody waits for, 1 what a date asks for, 2 what comes by the million. Whoever
-- looks for work looks into each lane, so that none hides behind another.
ALTER TABLE job
    ADD COLUMN lane smallint NOT NULL DEFAULT 1
        CONSTRAINT job_lane CHECK (lane BETWEEN 0 AND 2);
DROP INDEX job_due;
CREATE INDEX job_due ON job (lane, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX job_done ON job (ended_at) WHERE state = 'DONE';

GRANT UPDATE (lane) ON job TO iuran_app;
GRANT DELETE ON job TO iuran_app;  -- done and older than the retention

-- Who let a dead job begin anew, and what it had died of.
CREATE TABLE job_retry (
    kind text NOT NULL,
    key text NOT NULL,
    retry_id bigint GENERATED ALWAYS AS IDENTITY,
    bucket smallint NOT NULL,
    retried_by text NOT NULL
        CONSTRAINT job_retry_by CHECK (length(retried_by) BETWEEN 1 AND 100),
    reason text NOT NULL CONSTRAINT job_retry_reason CHECK (length(reason) <= 500),
    retried_at timestamptz NOT NULL,
    attempts integer NOT NULL,
    last_error text,
    PRIMARY KEY (kind, key, retry_id)
);
GRANT SELECT, INSERT ON job_retry TO iuran_app;

-- Which worker ticks, and when it last did: how long the clockwork stood still is read from here.
-- Who leads is decided by an advisory lock alone, which ends with its connection.
CREATE TABLE scheduler (
    scheduler_id smallint PRIMARY KEY CONSTRAINT scheduler_only_one CHECK (scheduler_id = 1),
    led_by text NOT NULL,
    led_since timestamptz NOT NULL,
    ticked_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON scheduler TO iuran_app;
