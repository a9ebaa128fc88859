-- A bank may push a payment under one id and report it under another. Such a report is held: under
-- which reference we have what looks like the same payment, or NULL where we have it under its own.
ALTER TABLE disputed_payment
    ADD COLUMN same_as text,
    ADD CONSTRAINT disputed_payment_same_as CHECK (same_as <> reference);

CREATE INDEX disputed_payment_same_as ON disputed_payment (channel_id, same_as)
    WHERE same_as IS NOT NULL;
