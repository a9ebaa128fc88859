-- A person leaves one family card and joins another: marriage, divorce, a household of his own. As
-- everything of a family begins its keys with the family, he ends in the one and begins in the other;
-- each side keeps where he went to and where he came from. Appended.
CREATE TABLE family_move (
    family_id bigint NOT NULL,
    participant_id bigint NOT NULL,
    direction text NOT NULL
        CONSTRAINT family_move_direction CHECK (direction IN ('IN', 'OUT')),
    membership_id bigint NOT NULL,
    other_family_id bigint NOT NULL,
    other_participant_id bigint NOT NULL,
    other_membership_id bigint NOT NULL,
    first_month coverage_month NOT NULL,  -- the first in which he belongs to the family he joined
    change_id bigint,
    moved_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, participant_id, direction),
    FOREIGN KEY (family_id, participant_id) REFERENCES participant,
    FOREIGN KEY (family_id, membership_id) REFERENCES membership,
    FOREIGN KEY (family_id, change_id) REFERENCES manual_change_approval,
    CONSTRAINT family_move_is_approved CHECK ((direction = 'OUT') = (change_id IS NOT NULL))
);

-- Moves whose numbers (NIK, card, virtual account) still lead to the family that was left: the
-- monthly run of their first month turns them.
CREATE TABLE family_move_due (
    family_id bigint NOT NULL,
    participant_id bigint NOT NULL,
    first_month coverage_month NOT NULL,
    PRIMARY KEY (family_id, participant_id)
);

GRANT SELECT, INSERT ON family_move TO iuran_app;
GRANT SELECT, INSERT, DELETE ON family_move_due TO iuran_app;
GRANT UPDATE (family_id, participant_id) ON participant_nik, participant_card TO iuran_app;

-- Who dies on the way to another family was never there: his enrolment ends before it begins.
ALTER TABLE enrolment
    DROP CONSTRAINT enrolment_interval,
    ADD CONSTRAINT enrolment_interval CHECK (last_month >= first_month - 1) NOT VALID;

DO $$
DECLARE
    v_table regclass;
    v_name text;
    v_more text;
    v_check text;
BEGIN
    FOR v_table, v_name, v_more IN VALUES
        ('enrolment'::regclass, 'enrolment_left_cause', 'left_cause = ''MOVED'''),
        ('bill_revision', 'bill_revision_cause', 'cause = ''MOVED'''),
        ('membership_event', 'membership_event_cause', 'cause = ''FAMILY_SPLIT'''),
        ('manual_change', 'manual_change_kind', 'kind = ''FAMILY_MOVE''')
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
