-- Families and participants. Everything a family owns starts its keys with family_id; the way from
-- a number to a family is a table of its own, so that the data can be spread by family.
CREATE TABLE family (
    family_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kk_number text NOT NULL CONSTRAINT family_kk_number CHECK (kk_number ~ '^[0-9]{16}$'),
    payer_participant_id bigint,  -- the payer is a role, not a key
    language text NOT NULL DEFAULT 'id' CONSTRAINT family_language CHECK (language IN ('id', 'en')),
    time_zone text NOT NULL DEFAULT 'Asia/Jakarta'
        CONSTRAINT family_time_zone
        CHECK (time_zone IN ('Asia/Jakarta', 'Asia/Makassar', 'Asia/Jayapura')),
    registered_at timestamptz NOT NULL
);

CREATE TABLE family_card_number (
    kk_number text PRIMARY KEY,
    family_id bigint NOT NULL
);

-- Card numbers are handed out with gaps; nothing depends on their being dense.
CREATE SEQUENCE card_number_seq AS bigint MINVALUE 9000000001 MAXVALUE 9999999999;

CREATE TABLE participant (
    family_id bigint NOT NULL REFERENCES family,
    participant_id bigint GENERATED ALWAYS AS IDENTITY,
    nik text NOT NULL CONSTRAINT participant_nik CHECK (nik ~ '^[0-9]{16}$'),
    card_number text NOT NULL CONSTRAINT participant_card CHECK (card_number ~ '^[0-9]{13}$'),
    name text NOT NULL CONSTRAINT participant_name CHECK (length(name) BETWEEN 1 AND 255),
    birth_date date NOT NULL,
    sex text NOT NULL CONSTRAINT participant_sex CHECK (sex IN ('F', 'M')),
    relation text NOT NULL
        CONSTRAINT participant_relation
        CHECK (relation IN ('HEAD', 'SPOUSE', 'CHILD', 'PARENT', 'OTHER')),
    email text,
    phone text,
    registered_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, participant_id)
);

CREATE TABLE participant_nik (
    nik text PRIMARY KEY,
    family_id bigint NOT NULL,
    participant_id bigint NOT NULL
);

CREATE TABLE participant_card (
    card_number text PRIMARY KEY,
    family_id bigint NOT NULL,
    participant_id bigint NOT NULL
);

GRANT SELECT, INSERT, UPDATE ON family, participant TO iuran_app;
GRANT SELECT, INSERT ON family_card_number, participant_nik, participant_card TO iuran_app;
GRANT USAGE ON SEQUENCE card_number_seq TO iuran_app;
