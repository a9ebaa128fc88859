-- Pages of disputes, in the order in which they were found: a cursor holds numbers only.
ALTER TABLE disputed_payment ADD COLUMN dispute_id bigint GENERATED ALWAYS AS IDENTITY;

CREATE INDEX disputed_payment_order ON disputed_payment (dispute_id);
