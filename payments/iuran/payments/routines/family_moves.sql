-- The first day in another family.

-- Turn the numbers of those who belong to another family from a month on, in a range of families
-- that they left: NIK, card and virtual account lead to where they are. A membership that nobody is
-- left in ends with them. Running it again finds nothing; a number that leads elsewhere by now stays.
CREATE OR REPLACE FUNCTION carry_out_moves(
    p_family_from bigint, p_family_to bigint, p_month integer, p_at timestamptz
) RETURNS bigint
    LANGUAGE sql VOLATILE
AS $$
    WITH due AS MATERIALIZED (
        DELETE FROM family_move_due
        WHERE family_id BETWEEN p_family_from AND p_family_to AND first_month <= p_month
        RETURNING family_id, participant_id
    ), person AS MATERIALIZED (
        SELECT v.family_id, v.participant_id, v.membership_id, v.other_family_id,
               v.other_participant_id, v.first_month, p.nik, p.card_number
        FROM due AS d
        JOIN family_move AS v
          ON v.family_id = d.family_id AND v.participant_id = d.participant_id
         AND v.direction = 'OUT'
        JOIN participant AS p
          ON p.family_id = d.family_id AND p.participant_id = d.participant_id
    ), nik AS (
        UPDATE participant_nik AS n
        SET family_id = o.other_family_id, participant_id = o.other_participant_id
        FROM person AS o
        WHERE n.nik = o.nik AND n.family_id = o.family_id AND n.participant_id = o.participant_id
    ), card AS (
        UPDATE participant_card AS c
        SET family_id = o.other_family_id, participant_id = o.other_participant_id
        FROM person AS o
        WHERE c.card_number = o.card_number AND c.family_id = o.family_id
          AND c.participant_id = o.participant_id
    ), account AS (
        UPDATE virtual_account_number AS a SET family_id = o.other_family_id
        FROM person AS o
        WHERE a.customer_number = right(o.card_number, 11) AND a.family_id = o.family_id
    ), empty AS MATERIALIZED (
        SELECT m.family_id, m.membership_id, m.paid_through, left_in.month
        FROM (SELECT family_id, membership_id, max(first_month) AS month
              FROM person GROUP BY family_id, membership_id) AS left_in
        JOIN membership AS m
          ON m.family_id = left_in.family_id AND m.membership_id = left_in.membership_id
        WHERE m.state IN ('ACTIVE', 'SUSPENDED')
          AND NOT EXISTS (
              SELECT FROM enrolment AS e
              WHERE e.family_id = m.family_id AND e.membership_id = m.membership_id
                AND (e.last_month IS NULL OR e.last_month >= left_in.month))
        ORDER BY m.family_id, m.membership_id
        FOR NO KEY UPDATE OF m
    ), ended AS (
        UPDATE membership AS m SET state = 'INACTIVE_SEGMENT_CHANGE'
        FROM empty AS e
        WHERE m.family_id = e.family_id AND m.membership_id = e.membership_id
    ), recorded AS (
        INSERT INTO membership_event
            (family_id, membership_id, state, paid_through, effective_at, recorded_at, cause)
        SELECT family_id, membership_id, 'INACTIVE_SEGMENT_CHANGE', paid_through,
               wib_midnight(first_day_of(month)), p_at, 'LAST_MEMBER_LEFT'
        FROM empty
    )
    SELECT count(*) FROM person
$$;
