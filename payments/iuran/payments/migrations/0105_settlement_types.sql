-- What settlement takes and gives; the functions of it are routines.
CREATE TYPE payment_instruction AS (
    channel_id integer,
    external_id text,
    reference text,
    customer_number text,
    amount bigint,
    channel_time timestamptz,
    target text,
    headers jsonb,
    body bytea
);

-- How an instruction relates to what we knew (verdict), and what its reference came to (result).
CREATE TYPE payment_outcome AS (
    item integer,
    verdict text,  -- NEW, REPEATED_MESSAGE, REPEATED_REFERENCE, EXTERNAL_ID_REUSED, INCONSISTENT
    result text,
    detail jsonb
);

CREATE TYPE payable AS (
    family_id bigint,
    membership_id bigint,
    result text,        -- PAYABLE, or the reason why not
    name text,
    members integer,
    amount bigint,
    arrears_months integer,
    first_month integer,
    last_month integer,
    payable_from date,
    payable_until date,
    state text,
    paid_through integer,
    open_amount bigint,     -- of the bills, before credit and months ahead
    credit bigint,
    months_ahead integer,
    version text,           -- differs as soon as anything of the answer does
    plan_id bigint          -- the amount is an instalment of this plan
);
