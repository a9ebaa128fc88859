-- Facilities of care: first level (FKTP) and referral level (FKRTL). Small tables, meant as reference
-- tables when the database is spread over machines.
CREATE TABLE facility (
    facility_code text PRIMARY KEY
        CONSTRAINT facility_code_form CHECK (facility_code ~ '^[0-9]{4}[0-9A-Z][0-9]{3}$'),
    name text NOT NULL CONSTRAINT facility_name CHECK (length(name) BETWEEN 1 AND 255),
    level text NOT NULL CONSTRAINT facility_level CHECK (level IN ('FKTP', 'FKRTL')),
    kind text NOT NULL
        CONSTRAINT facility_kind
        CHECK (kind IN ('PUSKESMAS', 'CLINIC', 'DOCTOR', 'DENTIST', 'HOSPITAL', 'SPECIALIST_CLINIC')),
    district text NOT NULL,
    province text NOT NULL,
    address text NOT NULL,
    phone text,
    registered_at timestamptz NOT NULL,
    registered_by text NOT NULL
);
CREATE INDEX facility_district ON facility (lower(district), facility_code);
CREATE INDEX facility_province ON facility (lower(province), facility_code);

CREATE TABLE facility_service (
    facility_code text NOT NULL REFERENCES facility,
    service text NOT NULL CONSTRAINT facility_service_code CHECK (service ~ '^[A-Z][A-Z0-9_]{1,39}$'),
    PRIMARY KEY (service, facility_code)
);
CREATE INDEX facility_service_facility ON facility_service (facility_code);

-- A facility is a partner while an approved contract runs; one person writes it, another approves.
CREATE TABLE facility_contract (
    facility_code text NOT NULL REFERENCES facility,
    first_day date NOT NULL,
    last_day date NOT NULL,
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    reason text NOT NULL,
    approved_by text,
    approved_at timestamptz,
    PRIMARY KEY (facility_code, first_day),
    CONSTRAINT facility_contract_interval CHECK (last_day >= first_day),
    CONSTRAINT facility_contract_approved_by_another CHECK (approved_by <> recorded_by),
    CONSTRAINT facility_contract_approval CHECK ((approved_by IS NULL) = (approved_at IS NULL))
);

-- Where a participant is registered for first-level care, and since when; appended. The newest row
-- of the newest first day counts.
CREATE TABLE home_facility (
    family_id bigint NOT NULL,
    participant_id bigint NOT NULL,
    registration_id bigint GENERATED ALWAYS AS IDENTITY,
    facility_code text NOT NULL,
    first_day date NOT NULL,
    reason text NOT NULL
        CONSTRAINT home_facility_reason
        CHECK (reason IN ('FIRST_CHOICE', 'OWN_WISH', 'MOVED_HOUSE', 'POSTED', 'REDISTRIBUTION')),
    recorded_at timestamptz NOT NULL,
    recorded_by text NOT NULL,
    PRIMARY KEY (family_id, participant_id, registration_id),
    FOREIGN KEY (family_id, participant_id) REFERENCES participant
);

GRANT SELECT, INSERT ON facility, facility_service, facility_contract, home_facility TO iuran_app;
GRANT UPDATE (approved_by, approved_at) ON facility_contract TO iuran_app;
