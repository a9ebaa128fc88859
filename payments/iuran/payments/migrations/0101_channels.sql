-- Payment channels: banks, minimarkets, aggregators. What makes one differ from another is data.
CREATE TABLE channel (
    channel_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL CONSTRAINT channel_code_unique UNIQUE
        CONSTRAINT channel_code CHECK (code ~ '^[A-Z][A-Z0-9_]{1,19}$'),
    name text NOT NULL,
    client_id text NOT NULL CONSTRAINT channel_client_id_unique UNIQUE,
    partner_id text NOT NULL,
    va_prefix text NOT NULL CONSTRAINT channel_va_prefix CHECK (va_prefix ~ '^[0-9]{1,8}$'),
    signature_encoding text NOT NULL DEFAULT 'base64'
        CONSTRAINT channel_signature_encoding CHECK (signature_encoding IN ('base64', 'hex')),
    repeat_answer text NOT NULL DEFAULT 'INCONSISTENT'
        CONSTRAINT channel_repeat_answer CHECK (repeat_answer IN ('INCONSISTENT', 'REPLAY')),
    timestamp_skew_seconds integer NOT NULL DEFAULT 300
        CONSTRAINT channel_skew CHECK (timestamp_skew_seconds BETWEEN 1 AND 900),
    expires_in_as_number boolean NOT NULL DEFAULT false,
    enabled boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL
);

-- The bank's RSA public keys and our secrets for it; several may be valid at once while one is
-- being replaced. Secrets are encrypted with the key of the installation.
CREATE TABLE channel_public_key (
    channel_id integer NOT NULL REFERENCES channel,
    key_id bigint GENERATED ALWAYS AS IDENTITY,
    public_key_pem text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_until timestamptz,
    PRIMARY KEY (channel_id, key_id)
);

CREATE TABLE channel_secret (
    channel_id integer NOT NULL REFERENCES channel,
    secret_id bigint GENERATED ALWAYS AS IDENTITY,
    ciphertext bytea NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_until timestamptz,
    PRIMARY KEY (channel_id, secret_id)
);

GRANT SELECT, INSERT ON channel, channel_public_key, channel_secret TO iuran_app;
GRANT UPDATE (enabled) ON channel TO iuran_app;
GRANT UPDATE (valid_until) ON channel_public_key, channel_secret TO iuran_app;
