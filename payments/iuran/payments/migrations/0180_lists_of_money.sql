-- The order in which frontends list money that waits, and what governments were billed.
CREATE INDEX suspense_item_order ON suspense_item (suspense_id);
