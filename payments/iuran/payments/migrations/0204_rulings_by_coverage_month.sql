-- A ruling reaches a coverage month wherever it was billed: the routine's argument says so.
DROP FUNCTION IF EXISTS rebill_month(bigint, bigint, integer, bigint, timestamptz);
