-- Persisted (trusted) documents: what frontends may ask, by the hash of its text. The same on every
-- machine, few, and read by their id alone.
CREATE TABLE trusted_document (
    id           text PRIMARY KEY CONSTRAINT trusted_document_id_form
                 CHECK (id ~ '^sha256:[0-9a-f]{64}$'),
    name         text NOT NULL,
    document     text NOT NULL,
    loaded_at    timestamptz NOT NULL,
    withdrawn_at timestamptz,
    CONSTRAINT trusted_document_id_is_hash
        CHECK (id = 'sha256:' || encode(sha256(convert_to(document, 'UTF8')), 'hex'))
);

GRANT SELECT, INSERT ON trusted_document TO iuran_app;
GRANT UPDATE (withdrawn_at) ON trusted_document TO iuran_app;
