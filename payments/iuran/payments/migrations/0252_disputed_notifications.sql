-- Money that a notification says was collected may contradict us, too: of service 34, or of an
-- aggregator's own path, which is of service 25.
ALTER TABLE disputed_payment
    DROP CONSTRAINT disputed_payment_service,
    ADD CONSTRAINT disputed_payment_service CHECK (service IN (25, 26, 34, 35));
