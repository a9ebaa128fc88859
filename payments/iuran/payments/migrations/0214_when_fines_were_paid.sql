-- A fine is paid when the channel collected it, which is before it is booked: the routine's
-- argument says so.
DROP FUNCTION IF EXISTS pay_stay_fine(bigint, text, integer, text, bigint, timestamptz);
