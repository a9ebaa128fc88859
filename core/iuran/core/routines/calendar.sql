-- The calendar of JKN in SQL: coverage months as counts of months, legal dates in WIB.

-- `iuran.core.months.CoverageMonth` as the number that every table keeps: year * 12 + month - 1.
CREATE OR REPLACE FUNCTION coverage_month_of(day date) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN extract(year FROM day)::integer * 12 + extract(month FROM day)::integer - 1;

CREATE OR REPLACE FUNCTION first_day_of(month integer) RETURNS date
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN make_date(month / 12, month % 12 + 1, 1);

-- Legal dates are WIB dates, wherever the server stands.
CREATE OR REPLACE FUNCTION wib_date(instant timestamptz) RETURNS date
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (instant AT TIME ZONE 'Asia/Jakarta')::date;

CREATE OR REPLACE FUNCTION wib_midnight(day date) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN day::timestamp AT TIME ZONE 'Asia/Jakarta';
