-- The truth about work that happens without being asked. Redis only carries a job's name; whoever
-- runs it claims the row here for a while (a lease, in real time), and a killed worker's job comes
-- due again when its lease ends. Small: one row per piece of work, not one per family.
CREATE TABLE job (
    kind text NOT NULL CONSTRAINT job_kind CHECK (kind ~ '^[a-z][a-z-]{1,39}$'),
    key text NOT NULL CONSTRAINT job_key CHECK (length(key) BETWEEN 1 AND 100),
    bucket smallint NOT NULL DEFAULT 0  -- the slice of the families it works on
        CONSTRAINT job_bucket CHECK (bucket BETWEEN 0 AND 15),
    payload jsonb NOT NULL,
    state text NOT NULL DEFAULT 'WAITING'
        CONSTRAINT job_state CHECK (state IN ('WAITING', 'RUNNING', 'DONE', 'DEAD')),
    attempts integer NOT NULL DEFAULT 0,  -- since it was armed
    claims bigint NOT NULL DEFAULT 0,     -- ever; tells a late worker that the job is not his now
    next_at timestamptz NOT NULL,
    lease_until timestamptz,
    -- when somebody has to look at it again; nobody has to at a job that is done or dead
    due_at timestamptz GENERATED ALWAYS AS
        (CASE state WHEN 'WAITING' THEN next_at WHEN 'RUNNING' THEN lease_until END) STORED,
    armed_at timestamptz NOT NULL,
    ended_at timestamptz,
    last_error text CONSTRAINT job_last_error CHECK (length(last_error) <= 2000),
    PRIMARY KEY (kind, key),
    CONSTRAINT job_leased_while_running CHECK ((state = 'RUNNING') = (lease_until IS NOT NULL)),
    CONSTRAINT job_ended CHECK ((state IN ('DONE', 'DEAD')) = (ended_at IS NOT NULL))
);
CREATE INDEX job_due ON job (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX job_dead ON job (ended_at) WHERE state = 'DEAD';

GRANT SELECT, INSERT ON job TO iuran_app;
GRANT UPDATE (bucket, payload, state, attempts, claims, next_at, lease_until, armed_at, ended_at,
              last_error) ON job TO iuran_app;
