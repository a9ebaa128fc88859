-- What employers and workers pay of a wage, and the minimum wages under it. Dated rows, loaded from
-- the regulation files at every migration; meant as reference tables.
CREATE TABLE ppu_rate (
    ppu_group text NOT NULL
        CONSTRAINT ppu_rate_group CHECK (ppu_group IN ('PRIVATE', 'STATE_CENTRAL', 'STATE_REGIONAL')),
    first_month coverage_month NOT NULL,
    last_month coverage_month,
    employer_per_mille integer NOT NULL,
    worker_per_mille integer NOT NULL,
    wage_cap bigint,
    has_floor boolean NOT NULL,
    legal_basis text NOT NULL,
    PRIMARY KEY (ppu_group, first_month),
    CONSTRAINT ppu_rate_interval CHECK (last_month >= first_month)
);

CREATE TABLE wage_floor (
    region text NOT NULL CONSTRAINT wage_floor_region CHECK (region ~ '^[0-9]{2}([0-9]{2})?$'),
    first_month coverage_month NOT NULL,
    last_month coverage_month,
    amount bigint NOT NULL CONSTRAINT wage_floor_amount CHECK (amount > 0),
    legal_basis text NOT NULL,
    PRIMARY KEY (region, first_month),
    CONSTRAINT wage_floor_interval CHECK (last_month >= first_month)
);

GRANT SELECT ON ppu_rate, wage_floor TO iuran_app;
