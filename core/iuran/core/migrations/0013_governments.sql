-- Governments pay for PBI (central), PBPU Pemda (regional), veterans, state pensions and the class III
-- subsidy. Region 00 is the central government; others are a province (2 digits) or a regency or
-- city (4 digits).
CREATE TABLE government (
    region text PRIMARY KEY CONSTRAINT government_region CHECK (region ~ '^[0-9]{2}([0-9]{2})?$'),
    name text
);
GRANT SELECT, INSERT, UPDATE (name) ON government TO iuran_app;

-- Which government pays for a membership, for which months; `pension` is the base of a pensioner's
-- contribution, a new row when it changes.
CREATE TABLE sponsorship (
    family_id bigint NOT NULL,
    membership_id bigint NOT NULL,
    first_month coverage_month NOT NULL,
    last_month coverage_month,
    region text NOT NULL,
    pension bigint CONSTRAINT sponsorship_pension CHECK (pension > 0),
    PRIMARY KEY (family_id, membership_id, first_month),
    FOREIGN KEY (family_id, membership_id) REFERENCES membership,
    CONSTRAINT sponsorship_interval CHECK (last_month >= first_month)
);
GRANT SELECT, INSERT, UPDATE (last_month) ON sponsorship TO iuran_app;

-- Somebody taken off a government's list: proposed by one person, approved by another.
CREATE TABLE sponsorship_end (
    family_id bigint NOT NULL,
    membership_id bigint NOT NULL,
    last_month coverage_month NOT NULL,
    before jsonb NOT NULL,
    reason text NOT NULL CONSTRAINT sponsorship_end_reason CHECK (length(reason) > 0),
    proposed_by text NOT NULL CONSTRAINT sponsorship_end_proposed CHECK (length(proposed_by) > 0),
    approved_by text NOT NULL CONSTRAINT sponsorship_end_approved CHECK (length(approved_by) > 0),
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, membership_id),
    FOREIGN KEY (family_id, membership_id) REFERENCES membership,
    CONSTRAINT sponsorship_end_needs_two CHECK (proposed_by <> approved_by)
);
GRANT SELECT, INSERT ON sponsorship_end TO iuran_app;

-- What governments were billed. A month's bill is the sum of its lines: who is reported later makes a
-- further line, who is taken off a negative one. `withheld` is the pensioners' own share.
CREATE TABLE government_bill_line (
    region text NOT NULL REFERENCES government,
    coverage_month coverage_month NOT NULL,
    programme text NOT NULL
        CONSTRAINT government_bill_line_programme
        CHECK (programme IN ('PBI_APBN', 'PBPU_PEMDA', 'BP_VETERAN', 'BP_STATE_PENSIONER',
                             'CLASS_III')),
    line_id bigint GENERATED ALWAYS AS IDENTITY,
    people bigint NOT NULL,
    amount bigint NOT NULL,
    withheld bigint NOT NULL,
    issued_at timestamptz NOT NULL,
    PRIMARY KEY (region, coverage_month, programme, line_id)
);
GRANT SELECT, INSERT ON government_bill_line TO iuran_app;
