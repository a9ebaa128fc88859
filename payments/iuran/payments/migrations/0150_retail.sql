-- Aggregators that collect at minimarkets' counters (and elsewhere) and tell us of it in a dialect of
-- their own. Each is a channel; what it needs besides stands here.
CREATE TABLE retail_channel (
    channel_id integer PRIMARY KEY REFERENCES channel,
    dialect text NOT NULL
        CONSTRAINT retail_channel_dialect CHECK (dialect IN ('XENDIT', 'MIDTRANS', 'DOKU')),
    account text NOT NULL  -- how the aggregator calls us: Client-Id, merchant id, business id
        CONSTRAINT retail_channel_account CHECK (length(account) <= 64),
    base_url text NOT NULL
        CONSTRAINT retail_channel_base_url CHECK (length(base_url) BETWEEN 8 AND 255),
    created_at timestamptz NOT NULL
);

-- Secrets shared with an aggregator, encrypted with the key of the installation: NOTIFICATION proves
-- its messages where it has a secret for that alone (Xendit), API is for everything else.
CREATE TABLE retail_secret (
    channel_id integer NOT NULL REFERENCES retail_channel,
    secret_id bigint GENERATED ALWAYS AS IDENTITY,
    purpose text NOT NULL
        CONSTRAINT retail_secret_purpose CHECK (purpose IN ('NOTIFICATION', 'API')),
    ciphertext bytea NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_until timestamptz,
    PRIMARY KEY (channel_id, secret_id)
);

-- What we asked an aggregator to collect, under an order id of our own. It is written before the
-- aggregator is called, so that no notification can come before it.
CREATE TABLE payment_order (
    channel_id integer NOT NULL,
    order_id text NOT NULL
        CONSTRAINT payment_order_id CHECK (length(order_id) BETWEEN 1 AND 64),
    customer_number text NOT NULL,
    amount bigint NOT NULL CONSTRAINT payment_order_amount CHECK (amount > 0),
    outlet text NOT NULL,
    ordered_at timestamptz NOT NULL,
    PRIMARY KEY (channel_id, order_id)
);

-- The codes that payers show at the counter. Aggregators use them again after a while, so that a
-- code belongs to its latest order.
CREATE TABLE payment_code (
    channel_id integer NOT NULL,
    code text NOT NULL CONSTRAINT payment_code_length CHECK (length(code) BETWEEN 1 AND 64),
    order_id text NOT NULL,
    registered_at timestamptz NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (channel_id, code, order_id),
    FOREIGN KEY (channel_id, order_id) REFERENCES payment_order
);

GRANT SELECT, INSERT ON retail_channel, retail_secret, payment_order, payment_code TO iuran_app;
GRANT UPDATE (valid_until) ON retail_secret TO iuran_app;
GRANT UPDATE (base_url) ON retail_channel TO iuran_app;
