-- What a bank's own status or report tells of a payment and we have otherwise: refused, of another
-- amount or of another account. Each is kept once, as the bank told it; nothing is booked for it.
CREATE TABLE disputed_payment (
    channel_id integer NOT NULL,
    reference text NOT NULL,
    customer_number text NOT NULL,
    amount bigint NOT NULL CONSTRAINT disputed_payment_amount CHECK (amount > 0),
    service smallint NOT NULL CONSTRAINT disputed_payment_service CHECK (service IN (26, 35)),
    paid_at timestamptz,
    found_at timestamptz NOT NULL,
    told bytea NOT NULL,
    PRIMARY KEY (channel_id, reference, customer_number, amount)
);

CREATE INDEX disputed_payment_found_at ON disputed_payment (found_at);

GRANT SELECT, INSERT ON disputed_payment TO iuran_app;

-- Up to where a long report was read (legal time); NULL when the last one was read to its end.
ALTER TABLE lost_search ADD COLUMN reading_from timestamptz;
