-- A worker's child who studies is insured from 21 to 25 by a letter of his college, brought every year.
-- Appended; the one who verified it is not the one who brought it.
CREATE TABLE college_letter (
    family_id bigint NOT NULL,
    participant_id bigint NOT NULL,
    letter_id bigint GENERATED ALWAYS AS IDENTITY,
    college text NOT NULL CONSTRAINT college_letter_college CHECK (length(college) BETWEEN 1 AND 200),
    first_day date NOT NULL,
    last_day date NOT NULL,
    brought_by text NOT NULL CONSTRAINT college_letter_bringer CHECK (brought_by <> ''),
    verified_by text NOT NULL CONSTRAINT college_letter_verifier CHECK (verified_by <> ''),
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, participant_id, letter_id),
    FOREIGN KEY (family_id, participant_id) REFERENCES participant,
    CONSTRAINT college_letter_interval CHECK (last_day >= first_day),
    CONSTRAINT college_letter_needs_two_persons CHECK (verified_by <> brought_by)
);

GRANT SELECT, INSERT ON college_letter TO iuran_app;
