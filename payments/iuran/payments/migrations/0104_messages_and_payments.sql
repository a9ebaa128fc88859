-- What channels told us, as they told it. The X-EXTERNAL-ID is the identity of a message for one
-- channel, service and WIB day; it is only reserved for messages whose signature verified. The raw
-- bytes stay, so that a signature can be verified again later. (No foreign keys to `channel` in this
-- file: see the ledger. The directory of channels names only those that exist.)
CREATE TABLE channel_message (
    channel_id integer NOT NULL,
    service smallint NOT NULL,
    wib_day date NOT NULL,
    external_id text NOT NULL
        CONSTRAINT channel_message_external_id CHECK (length(external_id) BETWEEN 1 AND 64),
    reference text NOT NULL,
    received_at timestamptz NOT NULL,
    target text NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (channel_id, service, wib_day, external_id)
);

-- The identity of a payment: the reference that the channel gave it. Insert-only, and the first
-- thing that a payment does; whoever comes second finds it here.
CREATE TABLE payment_reference (
    channel_id integer NOT NULL,
    reference text NOT NULL
        CONSTRAINT payment_reference_length CHECK (length(reference) BETWEEN 1 AND 128),
    customer_number text NOT NULL,
    amount bigint NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (channel_id, reference)
);

-- What we answered to a payment, settled or refused; the same for every repetition.
CREATE TABLE payment_answer (
    channel_id integer NOT NULL,
    reference text NOT NULL,
    result text NOT NULL
        CONSTRAINT payment_answer_result
        CHECK (result IN ('SETTLED', 'VIRTUAL_ACCOUNT_UNKNOWN', 'TOO_EARLY', 'EXPIRED',
                          'ALREADY_PAID', 'AMOUNT_MISMATCH', 'NOT_BILLED')),
    detail jsonb NOT NULL,
    answered_at timestamptz NOT NULL,
    PRIMARY KEY (channel_id, reference),
    FOREIGN KEY (channel_id, reference) REFERENCES payment_reference
);

-- Money that arrived for a family, and which bills it paid.
CREATE TABLE payment (
    family_id bigint NOT NULL REFERENCES family,
    payment_id bigint GENERATED ALWAYS AS IDENTITY,
    membership_id bigint NOT NULL,
    channel_id integer NOT NULL,
    reference text NOT NULL,
    amount bigint NOT NULL CONSTRAINT payment_amount CHECK (amount > 0),
    channel_time timestamptz,
    received_at timestamptz NOT NULL,
    value_date date NOT NULL,
    PRIMARY KEY (family_id, payment_id),
    CONSTRAINT payment_once UNIQUE (family_id, channel_id, reference)
);

CREATE TABLE payment_allocation (
    family_id bigint NOT NULL,
    payment_id bigint NOT NULL,
    membership_id bigint NOT NULL,
    coverage_month coverage_month NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (family_id, payment_id, membership_id, coverage_month),
    FOREIGN KEY (family_id, payment_id) REFERENCES payment,
    FOREIGN KEY (family_id, membership_id, coverage_month) REFERENCES bill
);

GRANT SELECT, INSERT ON channel_message, payment_reference, payment_answer, payment,
    payment_allocation TO iuran_app;
