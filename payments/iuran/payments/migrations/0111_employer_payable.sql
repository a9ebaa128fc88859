-- What an employer's number may pay; the functions of it are routines.
CREATE TYPE employer_payable AS (
    employer_id bigint,
    result text,        -- PAYABLE, ALREADY_PAID, NOT_BILLED, VIRTUAL_ACCOUNT_UNKNOWN
    name text,
    workers integer,
    amount bigint,
    arrears_months integer,
    first_month integer,
    last_month integer,
    version text        -- differs as soon as a bill does
);
