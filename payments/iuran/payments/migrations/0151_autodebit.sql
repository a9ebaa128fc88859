-- Autodebit: a family lets its bank take what it owes, on the collection days.

-- A mandate ("surat kuasa debit"); at most one lives for a membership. The account's number is
-- encrypted with the key of the installation.
CREATE TABLE autodebit_mandate (
    family_id bigint NOT NULL,
    mandate_id bigint GENERATED ALWAYS AS IDENTITY,
    membership_id bigint NOT NULL,
    customer_number text NOT NULL,
    channel_id integer NOT NULL,
    account_masked text NOT NULL,
    account_ciphertext bytea NOT NULL,
    holder_name text NOT NULL
        CONSTRAINT autodebit_holder_name CHECK (length(holder_name) BETWEEN 1 AND 100),
    signed_at_place text NOT NULL,
    given_at timestamptz NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (family_id, mandate_id),
    FOREIGN KEY (family_id, membership_id) REFERENCES membership
);
CREATE UNIQUE INDEX autodebit_mandate_lives_once ON autodebit_mandate (family_id, membership_id)
    WHERE revoked_at IS NULL;
CREATE INDEX autodebit_mandate_of_channel ON autodebit_mandate (channel_id, family_id)
    WHERE revoked_at IS NULL;

CREATE TABLE autodebit_mandate_event (
    family_id bigint NOT NULL,
    event_id bigint GENERATED ALWAYS AS IDENTITY,
    mandate_id bigint NOT NULL,
    kind text NOT NULL
        CONSTRAINT autodebit_mandate_event_kind CHECK (kind IN ('GIVEN', 'REVOKED')),
    by text NOT NULL,
    reason text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, event_id),
    FOREIGN KEY (family_id, mandate_id) REFERENCES autodebit_mandate
);

-- One file for each bank and collection day. It is prepared once; when it is sent, what was paid
-- meanwhile is left out, and from then on it never changes.
CREATE TABLE autodebit_file (
    channel_id integer NOT NULL,
    file_id bigint GENERATED ALWAYS AS IDENTITY,
    collection_date date NOT NULL,
    prepared_at timestamptz NOT NULL,
    sent_at timestamptz,
    PRIMARY KEY (channel_id, collection_date)
);

CREATE TABLE autodebit_item (
    family_id bigint NOT NULL,
    file_id bigint NOT NULL,
    customer_number text NOT NULL,
    membership_id bigint NOT NULL,
    mandate_id bigint NOT NULL,
    amount bigint NOT NULL CONSTRAINT autodebit_item_amount CHECK (amount > 0),
    first_month coverage_month,
    last_month coverage_month,
    version text NOT NULL,
    PRIMARY KEY (family_id, file_id, customer_number),
    FOREIGN KEY (family_id, mandate_id) REFERENCES autodebit_mandate
);
CREATE INDEX autodebit_item_of_file ON autodebit_item (file_id, family_id, customer_number);

-- What became of an item. A bank may correct itself: FAILED, and DEBITED after all.
CREATE TABLE autodebit_result (
    family_id bigint NOT NULL,
    file_id bigint NOT NULL,
    customer_number text NOT NULL,
    outcome text NOT NULL
        CONSTRAINT autodebit_result_outcome CHECK (outcome IN ('EXCLUDED', 'FAILED', 'DEBITED')),
    reason text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, file_id, customer_number, outcome),
    FOREIGN KEY (family_id, file_id, customer_number) REFERENCES autodebit_item
);

-- Families that were warned, before a month's end, that every attempt of it had failed.
CREATE TABLE autodebit_warning (
    family_id bigint NOT NULL,
    membership_id bigint NOT NULL,
    coverage_month coverage_month NOT NULL,
    warned_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, membership_id, coverage_month)
);

GRANT SELECT, INSERT ON autodebit_mandate, autodebit_mandate_event, autodebit_file, autodebit_item,
    autodebit_result, autodebit_warning TO iuran_app;
GRANT UPDATE (revoked_at) ON autodebit_mandate TO iuran_app;
GRANT UPDATE (sent_at) ON autodebit_file TO iuran_app;
