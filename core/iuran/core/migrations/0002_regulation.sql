-- Rules are data: effective-dated rows loaded from the regulation files at every migration.
-- Small tables, meant as reference tables when the database is spread over machines.
CREATE TABLE segment (
    segment text PRIMARY KEY,
    name_indonesian text NOT NULL,
    payer text NOT NULL
        CONSTRAINT segment_payer CHECK (payer IN ('FAMILY', 'EMPLOYER', 'GOVERNMENT', 'PENSION')),
    rate_group text NOT NULL
);

CREATE TABLE contribution_rate (
    rate_group text NOT NULL,
    care_class smallint NOT NULL CONSTRAINT contribution_rate_class CHECK (care_class IN (1, 2, 3)),
    first_month coverage_month NOT NULL,
    last_month coverage_month,
    amount_total bigint NOT NULL,
    participant_share bigint NOT NULL CONSTRAINT contribution_rate_share CHECK (participant_share >= 0),
    central_share bigint NOT NULL,
    regional_share bigint NOT NULL,
    legal_basis text NOT NULL,
    PRIMARY KEY (rate_group, care_class, first_month),
    CONSTRAINT contribution_rate_adds_up
        CHECK (amount_total = participant_share + central_share + regional_share),
    CONSTRAINT contribution_rate_interval CHECK (last_month >= first_month)
);

CREATE TABLE fine_rate (
    effective_from date PRIMARY KEY,
    effective_to date,
    per_mille integer NOT NULL CONSTRAINT fine_rate_per_mille CHECK (per_mille BETWEEN 0 AND 1000),
    months_max smallint NOT NULL,
    amount_max bigint NOT NULL,
    legal_basis text NOT NULL,
    CONSTRAINT fine_rate_interval CHECK (effective_to >= effective_from)
);

CREATE TABLE regulation_parameter (
    name text NOT NULL,
    effective_from date NOT NULL,
    effective_to date,
    value integer NOT NULL,
    unit text NOT NULL,
    legal_basis text NOT NULL,
    PRIMARY KEY (name, effective_from),
    CONSTRAINT regulation_parameter_interval CHECK (effective_to >= effective_from)
);

GRANT SELECT ON segment, contribution_rate, fine_rate, regulation_parameter TO iuran_app;
