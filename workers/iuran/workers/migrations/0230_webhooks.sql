-- Systems that subscribe are told what happened to families. An endpoint is where one of them listens;
-- it is told nothing before a second person approved it. `facility_code` narrows it to families that
-- are registered there and to the facility's own claims and letters.
CREATE TABLE webhook_endpoint (
    endpoint_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CONSTRAINT webhook_endpoint_name UNIQUE
        CONSTRAINT webhook_endpoint_name_form CHECK (name ~ '^[a-z][a-z0-9-]{1,39}$'),
    url text NOT NULL CONSTRAINT webhook_endpoint_url CHECK (length(url) BETWEEN 8 AND 500),
    kinds text[] NOT NULL,  -- of events; none means all
    facility_code text,
    state text NOT NULL DEFAULT 'PROPOSED'
        CONSTRAINT webhook_endpoint_state CHECK (state IN ('PROPOSED', 'ENABLED', 'DISABLED')),
    created_by text NOT NULL
        CONSTRAINT webhook_endpoint_creator CHECK (length(created_by) BETWEEN 1 AND 100),
    created_at timestamptz NOT NULL,
    approved_by text
        CONSTRAINT webhook_endpoint_approver CHECK (length(approved_by) BETWEEN 1 AND 100),
    CONSTRAINT webhook_endpoint_needs_two_persons CHECK (approved_by <> created_by),
    CONSTRAINT webhook_endpoint_enabled CHECK (state <> 'ENABLED' OR approved_by IS NOT NULL)
);

-- How far an endpoint's events are queued, and whether it answers. All instants are real time.
CREATE TABLE webhook_cursor (
    endpoint_id integer PRIMARY KEY,
    position bigint NOT NULL CONSTRAINT webhook_cursor_position CHECK (position >= 0),
    pauses integer NOT NULL DEFAULT 0,  -- in a row, without a delivery between them
    paused_until timestamptz NOT NULL DEFAULT '-infinity',
    failing_since timestamptz
) WITH (fillfactor = 50);

-- Several secrets sign at once while one is being replaced.
CREATE TABLE webhook_secret (
    endpoint_id integer NOT NULL,
    secret_id integer GENERATED ALWAYS AS IDENTITY,
    ciphertext bytea NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_until timestamptz,
    PRIMARY KEY (endpoint_id, secret_id)
);

-- Who did what to an endpoint, or that the system disabled it.
CREATE TABLE webhook_change (
    endpoint_id integer NOT NULL,
    change_id bigint GENERATED ALWAYS AS IDENTITY,
    change text NOT NULL
        CONSTRAINT webhook_change_kind
        CHECK (change IN ('ADDED', 'APPROVED', 'ENABLED', 'DISABLED', 'ROTATED', 'RESENT',
                          'REPLAYED')),
    detail text NOT NULL CONSTRAINT webhook_change_detail CHECK (length(detail) <= 500),
    changed_by text NOT NULL
        CONSTRAINT webhook_change_by CHECK (length(changed_by) BETWEEN 1 AND 100),
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (endpoint_id, change_id)
);

-- What one family has waiting at one endpoint, told one after the other in the order of positions.
-- `failures` and `first_tried_at` are those of the first that waits; whoever tells it holds the line.
CREATE TABLE webhook_line (
    family_id bigint NOT NULL,
    endpoint_id integer NOT NULL,
    due_at timestamptz NOT NULL,
    held_until timestamptz NOT NULL DEFAULT '-infinity',
    claims bigint NOT NULL DEFAULT 0,  -- tells a late worker that the line is not his any more
    failures integer NOT NULL DEFAULT 0,
    first_tried_at timestamptz,
    PRIMARY KEY (family_id, endpoint_id)
) WITH (fillfactor = 70);
CREATE INDEX webhook_line_due ON webhook_line (endpoint_id, due_at);

CREATE TABLE webhook_queue (
    family_id bigint NOT NULL,
    endpoint_id integer NOT NULL,
    position bigint NOT NULL,
    event_id bigint NOT NULL,
    PRIMARY KEY (family_id, endpoint_id, position)
);
CREATE INDEX webhook_queue_position ON webhook_queue (endpoint_id, position);

-- What was given up; it stays until it is sent again and arrives.
CREATE TABLE webhook_dead (
    family_id bigint NOT NULL,
    endpoint_id integer NOT NULL,
    position bigint NOT NULL,
    event_id bigint NOT NULL,
    attempts integer NOT NULL,
    died_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, endpoint_id, position)
);
CREATE INDEX webhook_dead_position ON webhook_dead (endpoint_id, position);

-- The delivery log: one row for each call, whatever came of it.
CREATE TABLE webhook_attempt (
    family_id bigint NOT NULL,
    endpoint_id integer NOT NULL,
    attempt_id bigint GENERATED ALWAYS AS IDENTITY,
    event_id bigint NOT NULL,
    position bigint NOT NULL,
    attempt integer NOT NULL,
    result text NOT NULL
        CONSTRAINT webhook_attempt_result CHECK (result IN ('DELIVERED', 'FAILED', 'DEAD')),
    status smallint,  -- none: no answer came
    milliseconds integer NOT NULL,
    answer text NOT NULL CONSTRAINT webhook_attempt_answer CHECK (length(answer) <= 500),
    tried_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, endpoint_id, attempt_id)
);
CREATE INDEX webhook_attempt_newest ON webhook_attempt (endpoint_id, attempt_id);

GRANT SELECT, INSERT ON webhook_endpoint, webhook_cursor, webhook_secret, webhook_change,
                        webhook_attempt TO iuran_app;
GRANT UPDATE (state, approved_by) ON webhook_endpoint TO iuran_app;
GRANT UPDATE (position, pauses, paused_until, failing_since) ON webhook_cursor TO iuran_app;
GRANT UPDATE (valid_until) ON webhook_secret TO iuran_app;
GRANT SELECT, INSERT, DELETE ON webhook_line, webhook_queue, webhook_dead TO iuran_app;
GRANT UPDATE (endpoint_id, due_at, held_until, claims, failures, first_tried_at)
    ON webhook_line TO iuran_app;
GRANT UPDATE (attempts, died_at) ON webhook_dead TO iuran_app;
