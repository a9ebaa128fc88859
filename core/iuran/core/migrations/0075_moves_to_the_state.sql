-- A family that is registered already comes on a government's list, or goes off it: one person
-- proposes, another approves. The running month's own bill is taken back.
DO $$
DECLARE
    v_table regclass;
    v_name text;
    v_more text;
    v_check text;
BEGIN
    FOR v_table, v_name, v_more IN VALUES
        ('manual_change'::regclass, 'manual_change_kind',
         'kind IN (''SPONSORSHIP'', ''SPONSORSHIP_END'')'),
        ('bill_revision', 'bill_revision_cause', 'cause = ''SEGMENT''')
    LOOP
        SELECT regexp_replace(pg_get_constraintdef(oid), '^CHECK (.*?)( NOT VALID)?$', '\1')
        INTO STRICT v_check
        FROM pg_constraint
        WHERE conrelid = v_table AND conname = v_name;
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I CHECK (%s OR %s) '
                       'NOT VALID', v_table, v_name, v_name, v_check, v_more);
    END LOOP;
END
$$;
