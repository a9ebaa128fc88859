-- What first-level facilities get a month for each participant: the bounds of the regulation, filled
-- by every `iuran migrate`, and what was agreed with each facility within them.
CREATE TABLE capitation_range (
    kind text NOT NULL,
    first_month coverage_month NOT NULL,
    last_month coverage_month,
    amount_min bigint NOT NULL CONSTRAINT capitation_range_min CHECK (amount_min > 0),
    amount_max bigint NOT NULL,
    legal_basis text NOT NULL,
    PRIMARY KEY (kind, first_month),
    CONSTRAINT capitation_range_order CHECK (amount_max >= amount_min),
    CONSTRAINT capitation_range_interval CHECK (last_month >= first_month)
);

-- One person writes a tariff, another approves it.
CREATE TABLE capitation_tariff (
    facility_code text NOT NULL REFERENCES facility,
    first_month coverage_month NOT NULL,
    amount bigint NOT NULL CONSTRAINT capitation_tariff_amount CHECK (amount > 0),
    reason text NOT NULL CONSTRAINT capitation_tariff_reason CHECK (length(reason) BETWEEN 1 AND 1000),
    recorded_by text NOT NULL CONSTRAINT capitation_tariff_recorder CHECK (recorded_by <> ''),
    recorded_at timestamptz NOT NULL,
    approved_by text CONSTRAINT capitation_tariff_approver CHECK (approved_by <> ''),
    approved_at timestamptz,
    PRIMARY KEY (facility_code, first_month),
    CONSTRAINT capitation_tariff_needs_two_persons CHECK (approved_by <> recorded_by),
    CONSTRAINT capitation_tariff_approval CHECK ((approved_by IS NULL) = (approved_at IS NULL))
);

GRANT SELECT ON capitation_range TO iuran_app;
GRANT SELECT, INSERT ON capitation_tariff TO iuran_app;
GRANT UPDATE (approved_by, approved_at) ON capitation_tariff TO iuran_app;
