-- Reactivations are told who pays, too, and look for nobody a second time.
DROP FUNCTION IF EXISTS settle_plain_reactivations(
    payment_instruction[], integer[], payment_outcome[], timestamptz, boolean);
