-- A fine of a stay that need not be paid any more: a law writes it off, a letter of inability came
-- later, or it was assessed wrongly. Two persons stand for it.
DO $$
DECLARE
    v_check text;
BEGIN
    SELECT regexp_replace(pg_get_constraintdef(oid), '^CHECK (.*?)( NOT VALID)?$', '\1')
    INTO STRICT v_check
    FROM pg_constraint
    WHERE conrelid = 'manual_change'::regclass AND conname = 'manual_change_kind';
    EXECUTE format('ALTER TABLE manual_change DROP CONSTRAINT manual_change_kind, ADD CONSTRAINT '
                   'manual_change_kind CHECK (%s OR kind = ''FINE_RELIEF'') NOT VALID', v_check);
END
$$;

-- Whether a rule reaches fines of stays besides bills.
ALTER TABLE write_off_rule ADD COLUMN fines boolean NOT NULL DEFAULT false;

ALTER TABLE stay_fine
    ADD COLUMN relieved_at timestamptz,
    ADD CONSTRAINT stay_fine_relieved
        CHECK (relieved_at IS NULL OR (amount > 0 AND paid_at IS NULL)) NOT VALID;
GRANT UPDATE (relieved_at) ON stay_fine TO iuran_app;

CREATE TABLE fine_relief (
    family_id bigint NOT NULL,
    letter_number text NOT NULL,
    change_id bigint NOT NULL,
    ground text NOT NULL
        CONSTRAINT fine_relief_ground CHECK (ground IN ('LAW', 'CERTIFICATE', 'CORRECTION')),
    legal_basis text NOT NULL,
    amount bigint NOT NULL CONSTRAINT fine_relief_amount CHECK (amount > 0),
    relieved_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, letter_number),
    FOREIGN KEY (family_id, letter_number) REFERENCES stay_fine,
    FOREIGN KEY (family_id, change_id) REFERENCES manual_change_approval
);
GRANT SELECT, INSERT ON fine_relief TO iuran_app;
