-- What makes a channel differ is one document with a typed reader (`iuran.payments.quirks`), so that
-- a new switch needs no migration. What stood in columns moves into it. What is not in the document
-- has the reader's default.
ALTER TABLE channel ADD COLUMN quirks jsonb NOT NULL DEFAULT '{}'
    CONSTRAINT channel_quirks_is_an_object CHECK (jsonb_typeof(quirks) = 'object');
UPDATE channel SET quirks = jsonb_build_object(
    'signature_encoding', signature_encoding, 'repeat_answer', repeat_answer,
    'timestamp_skew_seconds', timestamp_skew_seconds, 'expires_in_as_number', expires_in_as_number);
ALTER TABLE channel
    DROP COLUMN signature_encoding,
    DROP COLUMN repeat_answer,
    DROP COLUMN timestamp_skew_seconds,
    DROP COLUMN expires_in_as_number;

-- Who changed what of a channel, and what it was before.
CREATE TABLE channel_change (
    channel_id integer NOT NULL REFERENCES channel,
    change_id bigint GENERATED ALWAYS AS IDENTITY,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    PRIMARY KEY (channel_id, change_id)
);

GRANT UPDATE (quirks) ON channel TO iuran_app;
GRANT SELECT, INSERT ON channel_change TO iuran_app;
