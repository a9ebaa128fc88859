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
