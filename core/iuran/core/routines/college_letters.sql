-- Birthdays.

-- The day on which somebody completes some years; who was born on 29 February does on 1 March of a
-- year without one (`iuran.core.children.age_on`).
CREATE OR REPLACE FUNCTION birthday_of(p_birth_date date, p_years integer) RETURNS date
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    v_day date := (p_birth_date + make_interval(years => p_years))::date;
BEGIN
    RETURN v_day + (extract(day FROM v_day) <> extract(day FROM p_birth_date))::integer;
END
$$;

-- Since which WIB date a worker's child is insured with him no more, NULL while he is: from 21 on,
-- but for the days of his college's letters before he is 25 (Perpres 82/2018). The worker himself
-- may be a child of the family card; and who is paid for as another relative has no such limit.
CREATE OR REPLACE FUNCTION child_cover_ended_on(
    p_family_id bigint, p_participant_id bigint, p_membership_id bigint, p_day date
) RETURNS date
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_birth_date date;
    v_of_age date;
    v_too_old date;
    v_covered_to date;
BEGIN
    SELECT birth_date INTO v_birth_date FROM participant
    WHERE family_id = p_family_id AND participant_id = p_participant_id AND relation = 'CHILD';
    v_of_age := birthday_of(v_birth_date, regulation_value('child_age_max', p_day));
    IF v_of_age IS NULL OR p_day < v_of_age THEN
        RETURN NULL;
    END IF;
    v_too_old := birthday_of(v_birth_date, regulation_value('student_age_max', p_day));
    SELECT max(last_day) INTO v_covered_to FROM college_letter
    WHERE family_id = p_family_id AND participant_id = p_participant_id AND first_day <= p_day;
    IF v_covered_to >= p_day AND p_day < v_too_old THEN
        RETURN NULL;
    END IF;
    PERFORM 1 FROM employment AS e
    LEFT JOIN layoff AS l ON l.family_id = e.family_id AND l.employment_id = e.membership_id
    WHERE e.family_id = p_family_id AND e.participant_id = p_participant_id
      AND p_membership_id IN (e.membership_id, l.membership_id);
    IF FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM 1 FROM additional_member
    WHERE family_id = p_family_id AND membership_id = p_membership_id
      AND participant_id = p_participant_id AND kind = 'OTHER_RELATIVE'
      AND first_month <= coverage_month_of(p_day)
      AND (last_month IS NULL OR last_month >= coverage_month_of(p_day));
    IF FOUND THEN
        RETURN NULL;
    END IF;
    RETURN least(greatest(v_of_age, v_covered_to + 1), v_too_old);
END
$$;
