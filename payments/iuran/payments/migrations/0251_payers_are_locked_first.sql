-- Who pays is locked and looked at before anything is settled: `settle_plain_payments` is told whom.
DROP FUNCTION IF EXISTS settle_plain_payments(payment_instruction[], integer[], timestamptz, boolean);
