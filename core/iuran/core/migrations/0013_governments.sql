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

-- What governments owe for a month, from the memberships and bills of that month. A regional class III
-- subsidy is that of the place where the family card was issued.
CREATE FUNCTION government_dues(p_month integer)
    RETURNS TABLE (region text, programme text, people bigint, amount bigint, withheld bigint)
    LANGUAGE sql STABLE
AS $$
    WITH rule AS MATERIALIZED (
        SELECT share_of(regulation_value('veteran_base_salary', first_day_of(p_month)),
                        regulation_value('veteran_per_mille', first_day_of(p_month)),
                        regulation_value('veteran_base_per_mille', first_day_of(p_month)))
                   AS veteran,
               regulation_value('pension_government_per_mille', first_day_of(p_month))
                   AS government_per_mille,
               regulation_value('pension_pensioner_per_mille', first_day_of(p_month))
                   AS pensioner_per_mille
    ), sponsored AS MATERIALIZED (
        SELECT s.family_id, s.membership_id, s.region, s.pension, m.segment, g.rate_group
        FROM sponsorship AS s
        JOIN membership AS m ON m.family_id = s.family_id AND m.membership_id = s.membership_id
        JOIN segment AS g ON g.segment = m.segment
        WHERE s.first_month <= p_month AND (s.last_month IS NULL OR s.last_month >= p_month)
    )
    SELECT s.region, s.segment, count(*), sum(r.amount_total), 0
    FROM sponsored AS s
    JOIN contribution_rate AS r
      ON r.rate_group = s.rate_group
     AND r.first_month <= p_month AND (r.last_month IS NULL OR r.last_month >= p_month)
    JOIN enrolment AS e
      ON e.family_id = s.family_id AND e.membership_id = s.membership_id
     AND e.first_month <= p_month AND (e.last_month IS NULL OR e.last_month >= p_month)
    WHERE s.rate_group IN ('PBI', 'PEMDA')
    GROUP BY s.region, s.segment
    UNION ALL
    SELECT s.region, s.segment, count(*),
           sum(CASE s.segment WHEN 'BP_VETERAN' THEN r.veteran
                              ELSE share_of(s.pension, r.government_per_mille) END),
           sum(CASE s.segment WHEN 'BP_VETERAN' THEN 0
                              ELSE share_of(s.pension, r.pensioner_per_mille) END)
    FROM sponsored AS s
    CROSS JOIN rule AS r
    WHERE s.segment IN ('BP_VETERAN', 'BP_STATE_PENSIONER')
    GROUP BY s.region, s.segment
    UNION ALL
    SELECT '00', 'CLASS_III', sum(b.members), sum(b.central_subsidy), 0
    FROM bill AS b
    WHERE b.coverage_month = p_month AND b.central_subsidy > 0
    HAVING count(*) > 0
    UNION ALL
    SELECT left(f.kk_number, 4), 'CLASS_III', sum(b.members), sum(b.regional_subsidy), 0
    FROM bill AS b
    JOIN family AS f ON f.family_id = b.family_id
    WHERE b.coverage_month = p_month AND b.regional_subsidy > 0
    GROUP BY left(f.kk_number, 4)
$$;

-- Let go of the memberships whose sponsorship ended, in a range of families. The state moved them:
-- no debt, and no fine window when they come back [D].
CREATE FUNCTION end_sponsored(
    p_family_from bigint, p_family_to bigint, p_month integer, p_at timestamptz
) RETURNS bigint
    LANGUAGE sql VOLATILE
AS $$
    WITH gone AS MATERIALIZED (
        SELECT m.family_id, m.membership_id, m.paid_through, s.last_month
        FROM sponsorship_end AS s
        JOIN membership AS m ON m.family_id = s.family_id AND m.membership_id = s.membership_id
        WHERE s.family_id BETWEEN p_family_from AND p_family_to
          AND s.last_month < p_month AND m.state = 'ACTIVE'
        ORDER BY m.family_id, m.membership_id
        FOR NO KEY UPDATE OF m
    ), left_off AS (
        UPDATE membership AS m SET state = 'INACTIVE_SEGMENT_CHANGE'
        FROM gone AS g
        WHERE m.family_id = g.family_id AND m.membership_id = g.membership_id
    ), recorded AS (
        INSERT INTO membership_event
            (family_id, membership_id, state, paid_through, effective_at, recorded_at, cause)
        SELECT family_id, membership_id, 'INACTIVE_SEGMENT_CHANGE', paid_through,
               wib_midnight(first_day_of(last_month + 1)), p_at, 'STATE_PAID'
        FROM gone
        RETURNING 1
    )
    SELECT count(*) FROM recorded
$$;
