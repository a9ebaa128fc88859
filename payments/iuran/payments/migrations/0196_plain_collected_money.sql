-- What is plain is settled together also where it was collected already: the routine has an argument
-- more.
DROP FUNCTION IF EXISTS settle_plain_payments(payment_instruction[], integer[], timestamptz);
