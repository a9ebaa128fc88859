-- A family's own data, changed with a proof or by its wish: its card number after a move, and who pays.
-- Appended: who asked, who verified, why, when, and what it was before.
CREATE TABLE family_change (
    family_id bigint NOT NULL REFERENCES family,
    change_id bigint GENERATED ALWAYS AS IDENTITY,
    field text NOT NULL
        CONSTRAINT family_change_field CHECK (field IN ('KK_NUMBER', 'PAYER')),
    before text,
    after text NOT NULL,
    reason text NOT NULL CONSTRAINT family_change_reason CHECK (length(reason) BETWEEN 1 AND 1000),
    asked_by text NOT NULL CONSTRAINT family_change_asker CHECK (asked_by <> ''),
    verified_by text NOT NULL CONSTRAINT family_change_verifier CHECK (verified_by <> ''),
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, change_id),
    CONSTRAINT family_change_needs_two_persons CHECK (verified_by <> asked_by)
);

GRANT SELECT, INSERT ON family_change TO iuran_app;
