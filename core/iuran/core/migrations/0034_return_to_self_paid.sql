-- A family that comes back to paying for itself while its former self-paid membership has debts takes
-- that one up again.
DO $$
DECLARE
    v_cause text;
BEGIN
    SELECT regexp_replace(pg_get_constraintdef(oid), '^CHECK ', '') INTO STRICT v_cause
    FROM pg_constraint
    WHERE conrelid = 'membership_event'::regclass AND conname = 'membership_event_cause';
    ALTER TABLE membership_event DROP CONSTRAINT membership_event_cause;
    EXECUTE format('ALTER TABLE membership_event ADD CONSTRAINT membership_event_cause CHECK '
                   '(%s OR cause = ''SEGMENT_RETURNED'')', v_cause);
END
$$;
