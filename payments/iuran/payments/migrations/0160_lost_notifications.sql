-- The bank's own API of a channel: where we ask it for payments that it has and we do not. Secrets are
-- encrypted with the key of the installation; what makes one bank differ is a document with a typed
-- reader (`iuran.payments.snap_client.peculiarities`).
CREATE TABLE channel_api (
    channel_id integer PRIMARY KEY REFERENCES channel,
    base_url text NOT NULL
        CONSTRAINT channel_api_base_url CHECK (length(base_url) BETWEEN 8 AND 255),
    client_id text NOT NULL CONSTRAINT channel_api_client_id CHECK (length(client_id) <= 128),
    partner_id text NOT NULL CONSTRAINT channel_api_partner_id CHECK (length(partner_id) <= 36),
    secret_ciphertext bytea NOT NULL,
    private_key_ciphertext bytea NOT NULL,
    peculiarities jsonb NOT NULL
        CONSTRAINT channel_api_peculiarities CHECK (jsonb_typeof(peculiarities) = 'object'),
    connected_at timestamptz NOT NULL
);

-- When a channel is searched next (real time), and until when its report was read (legal time).
CREATE TABLE lost_search (
    channel_id integer PRIMARY KEY REFERENCES channel_api,
    next_at timestamptz NOT NULL,
    reported_until timestamptz,
    last_error text
);

-- Inquiries that no payment followed and that the bank was asked about, and when it is asked again.
CREATE TABLE status_query (
    channel_id integer NOT NULL,
    reference text NOT NULL,
    tries integer NOT NULL,
    next_at timestamptz NOT NULL,
    PRIMARY KEY (channel_id, reference)
);

-- Payments that the bank had and we did not: by which service they were found, and when.
CREATE TABLE found_payment (
    channel_id integer NOT NULL,
    reference text NOT NULL,
    service smallint NOT NULL CONSTRAINT found_payment_service CHECK (service IN (26, 35)),
    amount bigint NOT NULL,
    paid_at timestamptz NOT NULL,
    found_at timestamptz NOT NULL,
    PRIMARY KEY (channel_id, reference)
);

CREATE INDEX inquiry_asked_at ON inquiry USING brin (asked_at);

GRANT SELECT, INSERT, UPDATE ON channel_api, lost_search, status_query TO iuran_app;
GRANT DELETE ON status_query TO iuran_app;
GRANT SELECT, INSERT ON found_payment TO iuran_app;
