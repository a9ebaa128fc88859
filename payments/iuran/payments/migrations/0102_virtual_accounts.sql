-- Every member has a virtual account number: the channel's prefix and the last 11 digits of his
-- card. Any of them shows the bill of the whole family. We keep the 11 digits ("customer number").
CREATE TABLE virtual_account (
    family_id bigint NOT NULL,
    customer_number text NOT NULL
        CONSTRAINT virtual_account_number CHECK (customer_number ~ '^[0-9]{11}$'),
    membership_id bigint NOT NULL,
    participant_id bigint NOT NULL,
    issued_on date NOT NULL,
    PRIMARY KEY (family_id, customer_number),
    FOREIGN KEY (family_id, membership_id) REFERENCES membership,
    FOREIGN KEY (family_id, participant_id) REFERENCES participant
);

CREATE TABLE virtual_account_number (
    customer_number text PRIMARY KEY,
    family_id bigint NOT NULL
);

GRANT SELECT, INSERT ON virtual_account, virtual_account_number TO iuran_app;
-- A family that comes back under its old numbers pays for its new membership with them.
GRANT UPDATE (membership_id, issued_on) ON virtual_account TO iuran_app;
