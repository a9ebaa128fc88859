-- Capitation: who is counted for a facility, what it gets, and its approval.

-- How many people each first-level partner is paid for in a month: those registered with it and
-- covered as the month begins [D], from the facts of that instant, whenever it is asked.
CREATE OR REPLACE FUNCTION capitation_counts(p_month integer)
    RETURNS TABLE (facility_code text, kind text, participants integer)
    LANGUAGE sql STABLE
AS $$
    WITH partner AS MATERIALIZED (
        SELECT f.facility_code, f.kind
        FROM facility AS f
        WHERE f.level = 'FKTP' AND EXISTS (
            SELECT FROM facility_contract AS c
            WHERE c.facility_code = f.facility_code AND c.approved_by IS NOT NULL
              AND first_day_of(p_month) BETWEEN c.first_day AND c.last_day)
    ), registered AS (
        SELECT DISTINCT ON (h.family_id, h.participant_id)
               h.family_id, h.participant_id, h.facility_code
        FROM home_facility AS h
        WHERE h.first_day <= first_day_of(p_month)
        ORDER BY h.family_id, h.participant_id, h.first_day DESC, h.registration_id DESC
    ), counted AS (
        SELECT r.facility_code, count(*)::integer AS participants
        FROM registered AS r
        WHERE EXISTS (
            SELECT
            FROM enrolment AS e
            JOIN membership AS m
              ON m.family_id = e.family_id AND m.membership_id = e.membership_id
            JOIN segment AS s ON s.segment = m.segment
            CROSS JOIN LATERAL (
                SELECT v.state, v.paid_through
                FROM membership_event AS v
                WHERE v.family_id = e.family_id AND v.membership_id = e.membership_id
                  AND v.effective_at <= wib_midnight(first_day_of(p_month))
                ORDER BY v.effective_at DESC, v.event_id DESC
                LIMIT 1
            ) AS told
            WHERE e.family_id = r.family_id AND e.participant_id = r.participant_id
              AND e.first_month <= p_month AND (e.last_month IS NULL OR e.last_month >= p_month)
              AND (e.left_cause IS DISTINCT FROM 'DEATH' OR e.left_on >= first_day_of(p_month))
              AND CASE WHEN s.payer = 'GOVERNMENT' THEN told.state
                       WHEN m.credit > 0
                         OR s.payer = 'EMPLOYER' AND told.paid_through < p_month - 1 THEN (
                           SELECT t.state FROM membership_told_at(
                               m.family_id, m.membership_id,
                               wib_midnight(first_day_of(p_month))) AS t)
                       ELSE membership_state_in(told.state, told.paid_through, p_month)
                  END = 'ACTIVE'
              AND CASE s.payer WHEN 'EMPLOYER' THEN child_cover_ended_on(
                      e.family_id, e.participant_id, e.membership_id, first_day_of(p_month))
                  END IS NULL)
        GROUP BY r.facility_code
    )
    SELECT p.facility_code, p.kind, coalesce(c.participants, 0)
    FROM partner AS p
    LEFT JOIN counted AS c ON c.facility_code = p.facility_code
$$;

-- Write the statements of a month; count those that are new or differ from what stood there. A
-- tariff that a new regulation left behind is moved to its nearest bound [D]. What is approved stays.
CREATE OR REPLACE FUNCTION compute_capitation(p_month integer, p_by text, p_at timestamptz)
    RETURNS bigint
    LANGUAGE sql VOLATILE
AS $$
    WITH due AS MATERIALIZED (
        SELECT c.facility_code, c.participants, r.legal_basis,
               greatest(r.amount_min, least(r.amount_max, coalesce(agreed.amount, r.amount_min)))
                   AS per_person
        FROM capitation_counts(p_month) AS c
        JOIN capitation_range AS r
          ON r.kind = c.kind AND r.first_month <= p_month
         AND (r.last_month IS NULL OR r.last_month >= p_month)
        LEFT JOIN LATERAL (
            SELECT t.amount
            FROM capitation_tariff AS t
            WHERE t.facility_code = c.facility_code AND t.first_month <= p_month
              AND t.approved_by IS NOT NULL
            ORDER BY t.first_month DESC
            LIMIT 1
        ) AS agreed ON true
    ), written AS (
        INSERT INTO capitation_statement (facility_code, coverage_month, participants, per_person,
                                          amount, legal_basis, computed_by, computed_at)
        SELECT d.facility_code, p_month, d.participants, d.per_person,
               d.participants * d.per_person, d.legal_basis, p_by, p_at
        FROM due AS d
        LEFT JOIN capitation_newest(p_month) AS n ON n.facility_code = d.facility_code
        WHERE (d.participants, d.per_person)
              IS DISTINCT FROM (coalesce(n.participants, 0), coalesce(n.per_person, d.per_person))
          AND NOT EXISTS (
              SELECT FROM capitation_approval AS a
              WHERE a.facility_code = d.facility_code AND a.coverage_month = p_month)
        RETURNING facility_code
    )
    SELECT count(*) FROM written
$$;

-- The statements of a month that stand: for each facility the newest one.
CREATE OR REPLACE FUNCTION capitation_newest(p_month integer) RETURNS SETOF capitation_statement
    LANGUAGE sql STABLE
AS $$
    SELECT DISTINCT ON (s.facility_code) s.*
    FROM capitation_statement AS s
    WHERE s.coverage_month = p_month
    ORDER BY s.facility_code, s.statement_id DESC
$$;

-- Approve what stands for a month and order its payment; whoever computed a statement is refused by
-- `capitation_approval_needs_two_persons`. Two approvers at once share the facilities, none is paid
-- twice.
CREATE OR REPLACE FUNCTION approve_capitation(
    p_month integer, p_late_per_mille integer, p_by text, p_at timestamptz
) RETURNS TABLE (facilities bigint, amount bigint, late_compensation bigint)
    LANGUAGE sql VOLATILE
AS $$
    WITH approved AS (
        INSERT INTO capitation_approval (facility_code, coverage_month, statement_id, amount,
                                         late_compensation, computed_by, approved_by, approved_at)
        SELECT n.facility_code, p_month, n.statement_id, n.amount,
               share_of(n.amount, p_late_per_mille), n.computed_by, p_by, p_at
        FROM capitation_newest(p_month) AS n
        WHERE NOT EXISTS (
            SELECT FROM capitation_approval AS a
            WHERE a.facility_code = n.facility_code AND a.coverage_month = p_month)
        ORDER BY n.facility_code
        ON CONFLICT (facility_code, coverage_month) DO NOTHING
        RETURNING facility_code, amount, late_compensation
    ), posted AS (
        INSERT INTO facility_ledger_entry (facility_code, debit_account, credit_account, amount,
                                           booked_at, value_date, coverage_month)
        SELECT a.facility_code, part.account, 'DISBURSEMENT_CLEARING', part.amount, p_at,
               wib_date(p_at), p_month
        FROM approved AS a
        CROSS JOIN LATERAL (VALUES ('CAPITATION_EXPENSE', a.amount),
                                   ('LATE_PAYMENT_EXPENSE', a.late_compensation))
            AS part (account, amount)
        WHERE part.amount > 0
    )
    SELECT count(*), coalesce(sum(a.amount), 0)::bigint,
           coalesce(sum(a.late_compensation), 0)::bigint
    FROM approved AS a
$$;
