-- Where a person belongs, and what goes with him.

-- Which participant of which family a person is in a month, whoever he was before or after a move.
-- The month decides, not whether the monthly run has turned his numbers by then.
CREATE OR REPLACE FUNCTION person_in(p_family_id bigint, p_participant_id bigint, p_month integer)
    RETURNS TABLE (family_id bigint, participant_id bigint)
    LANGUAGE plpgsql STABLE ROWS 1
AS $$
#variable_conflict use_column
DECLARE
    v_move family_move;
BEGIN
    FOR v_step IN 1 .. 100 LOOP
        SELECT * INTO v_move FROM family_move
        WHERE family_id = p_family_id AND participant_id = p_participant_id
          AND ((direction = 'IN' AND first_month > p_month)
               OR (direction = 'OUT' AND first_month <= p_month));
        EXIT WHEN NOT FOUND;
        p_family_id := v_move.other_family_id;
        p_participant_id := v_move.other_participant_id;
    END LOOP;
    RETURN QUERY SELECT p_family_id, p_participant_id;
END
$$;

-- The fine window of a person's newest reactivation before an instant: only that one counts. It goes
-- with him to another family card, and one that the family there had opened before is not his [D].
-- Benefits after a layoff go on under the window of the employment; what his employer pays later
-- reactivates nobody who was covered all along [D].
CREATE OR REPLACE FUNCTION fine_window_of(
    p_family_id bigint, p_participant_id bigint, p_membership_id bigint, p_at timestamptz
) RETURNS SETOF fine_window
    LANGUAGE plpgsql STABLE ROWS 1
AS $$
DECLARE
    v_limit date := 'infinity';
    v_before date;
    v_move family_move;
    v_employment_id bigint;
BEGIN
    FOR v_step IN 1 .. 100 LOOP
        SELECT l.employment_id, first_day_of(min(e.first_month)::integer)
        INTO v_employment_id, v_before
        FROM layoff AS l
        JOIN enrolment AS e ON e.family_id = l.family_id AND e.membership_id = l.membership_id
        WHERE l.family_id = p_family_id AND l.membership_id = p_membership_id
        GROUP BY l.employment_id;
        IF FOUND THEN
            p_membership_id := v_employment_id;
        ELSE
            v_before := v_limit;
        END IF;
        SELECT * INTO v_move FROM family_move
        WHERE family_id = p_family_id AND participant_id = p_participant_id AND direction = 'IN'
          AND membership_id = p_membership_id;
        RETURN QUERY
        SELECT * FROM fine_window
        WHERE family_id = p_family_id AND membership_id = p_membership_id AND opened_at <= p_at
          AND first_day < v_before
          AND (v_move.first_month IS NULL OR first_day >= first_day_of(v_move.first_month))
        ORDER BY window_id DESC
        LIMIT 1;
        EXIT WHEN FOUND OR v_move.first_month IS NULL;
        v_limit := first_day_of(v_move.first_month);
        p_family_id := v_move.other_family_id;
        p_participant_id := v_move.other_participant_id;
        p_membership_id := v_move.other_membership_id;
    END LOOP;
END
$$;
