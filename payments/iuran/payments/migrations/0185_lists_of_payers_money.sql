-- The order in which frontends list what governments paid.
CREATE INDEX government_payment_order ON government_payment (payment_id);
