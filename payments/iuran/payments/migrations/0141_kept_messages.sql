-- The vault: every request that came to the SNAP edge, with what we answered, so that a signature can
-- be verified again years later and messages can be run against newer code. Keyed by time, so that
-- what is older than the retention is at one end. A body that `channel_message` holds already, in the
-- same bytes, is not stored twice: it is NULL here. A sender whose signature was wrong has
-- `is_proven` false; his body is cut (`body_length` is what he sent) and not every one is kept.
CREATE TABLE kept_message (
    kept_at timestamptz NOT NULL,
    message_id bigint GENERATED ALWAYS AS IDENTITY,
    channel_id integer,
    is_proven boolean NOT NULL,
    service smallint NOT NULL,
    legal_at timestamptz NOT NULL,
    wib_day date NOT NULL,
    method text NOT NULL,
    target text NOT NULL,
    remote_address text NOT NULL,
    headers jsonb NOT NULL,
    body bytea,
    body_length integer NOT NULL,
    external_id text NOT NULL,
    reference text NOT NULL,
    response_code text NOT NULL,
    answer bytea NOT NULL,
    microseconds bigint NOT NULL,
    PRIMARY KEY (kept_at, message_id)
);
GRANT SELECT, INSERT ON kept_message TO iuran_app;

-- `n-` stands before the X-EXTERNAL-ID of a notification.
ALTER TABLE channel_message
    DROP CONSTRAINT channel_message_external_id,
    ADD CONSTRAINT channel_message_external_id CHECK (length(external_id) BETWEEN 1 AND 80);
