-- What the rest of the world is to be told, written in the transaction that made it true.
-- A dispatcher moves rows from here to `event`, which gives them their place in one order, so that
-- a reader with a cursor never misses a late commit. It polls: NOTIFY would halve settlement.
CREATE TABLE outbox (
    family_id bigint NOT NULL,
    event_id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, event_id)
);

CREATE TABLE event (
    family_id bigint NOT NULL,
    event_id bigint NOT NULL,
    position bigint NOT NULL,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, event_id)
);
CREATE INDEX event_position ON event (position);

CREATE TABLE event_dispatch (
    only_row boolean PRIMARY KEY DEFAULT true CONSTRAINT event_dispatch_is_one CHECK (only_row),
    last_position bigint NOT NULL
);
INSERT INTO event_dispatch (last_position) VALUES (0);

GRANT SELECT, INSERT, DELETE ON outbox TO iuran_app;
GRANT SELECT, INSERT ON event TO iuran_app;
GRANT SELECT, UPDATE ON event_dispatch TO iuran_app;
