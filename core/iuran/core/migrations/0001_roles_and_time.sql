-- The role that the running product uses. It owns nothing; each migration grants what a room needs,
-- so that "append-only" is a fact of the database and not a promise of the code.
DO $$
BEGIN
    CREATE ROLE iuran_app NOLOGIN;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN
        NULL;  -- roles belong to the cluster; another database of it made this one
END
$$;
GRANT iuran_app TO CURRENT_USER;
GRANT USAGE ON SCHEMA public TO iuran_app;

-- A coverage month ("bulan pelayanan") as a count of months: year * 12 + month - 1.
-- Arithmetic is exact, four bytes in every key, and nobody can take it for a date.
CREATE DOMAIN coverage_month AS integer
    CONSTRAINT coverage_month_in_jkn CHECK (VALUE BETWEEN 2014 * 12 AND 2100 * 12);

-- The test clock of demonstrations and tests: how far legal time stands from real time.
CREATE TABLE test_clock (
    only_row boolean PRIMARY KEY DEFAULT true CONSTRAINT test_clock_is_one CHECK (only_row),
    offset_microseconds bigint NOT NULL,
    set_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON test_clock TO iuran_app;
