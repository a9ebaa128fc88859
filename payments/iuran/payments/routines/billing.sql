-- The monthly run, posted to the ledger: what families, employers and governments owe from now on.

-- Issue the bills of a month and post them: what families and governments owe from now on.
CREATE OR REPLACE FUNCTION bill_month(
    p_family_from bigint, p_family_to bigint, p_month integer, p_at timestamptz,
    p_include_pending boolean DEFAULT false
) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_issued bigint;
    v_value_date date := wib_date(p_at);
BEGIN
    WITH issued AS (
        SELECT * FROM issue_bills(p_family_from, p_family_to, p_month, p_at, p_include_pending)
    ), posted AS (
        INSERT INTO ledger_entry
            (family_id, debit_account, credit_account, amount, booked_at, value_date,
             coverage_month)
        SELECT i.family_id, part.account, 'CONTRIBUTION_REVENUE', part.amount, p_at,
               v_value_date, p_month
        FROM issued AS i
        CROSS JOIN LATERAL (VALUES
            ('CONTRIBUTION_RECEIVABLE', i.amount),
            ('CENTRAL_SUBSIDY_RECEIVABLE', i.central_subsidy),
            ('REGIONAL_SUBSIDY_RECEIVABLE', i.regional_subsidy)
        ) AS part (account, amount)
        WHERE part.amount > 0
    )
    SELECT count(*) INTO v_issued FROM issued;
    RETURN v_issued;
END
$$;

-- Issue what employers owe up to a month and post it, in the caller's transaction.
CREATE OR REPLACE FUNCTION bill_employers(
    p_employer_from bigint, p_employer_to bigint, p_month integer, p_at timestamptz
) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_bills bigint;
BEGIN
    WITH issued AS (
        SELECT * FROM issue_employer_bills(p_employer_from, p_employer_to, p_month, p_at)
    ), posted AS (
        INSERT INTO employer_ledger_entry
            (employer_id, debit_account, credit_account, amount, booked_at, value_date,
             coverage_month, part)
        SELECT employer_id, 'EMPLOYER_RECEIVABLE', 'CONTRIBUTION_REVENUE', amount, p_at,
               wib_date(p_at), coverage_month, part
        FROM issued
    )
    SELECT count(*) INTO v_bills FROM issued;
    RETURN v_bills;
END
$$;

-- Bill governments for a month: the difference between what they owe and what they were billed, so
-- that a second run adds nothing and later news adds only itself. Issuers take turns on region 00.
-- The class III subsidy was posted with the families' bills; here it is only billed.
CREATE OR REPLACE FUNCTION bill_governments(p_month integer, p_at timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_lines bigint;
BEGIN
    INSERT INTO government (region) VALUES ('00') ON CONFLICT DO NOTHING;
    PERFORM 1 FROM government WHERE region = '00' FOR UPDATE;
    WITH news AS MATERIALIZED (
        SELECT region, programme, coalesce(d.people, 0) - coalesce(b.people, 0) AS people,
               coalesce(d.amount, 0) - coalesce(b.amount, 0) AS amount,
               coalesce(d.withheld, 0) - coalesce(b.withheld, 0) AS withheld
        FROM government_dues(p_month) AS d
        FULL JOIN (
            SELECT region, programme, sum(people)::bigint AS people, sum(amount)::bigint AS amount,
                   sum(withheld)::bigint AS withheld
            FROM government_bill_line
            WHERE coverage_month = p_month
            GROUP BY region, programme
        ) AS b USING (region, programme)
    ), known AS (
        INSERT INTO government (region)
        SELECT DISTINCT region FROM news
        ON CONFLICT DO NOTHING
    ), billed AS (
        INSERT INTO government_bill_line
            (region, coverage_month, programme, people, amount, withheld, issued_at)
        SELECT region, p_month, programme, people, amount, withheld, p_at
        FROM news
        WHERE people <> 0 OR amount <> 0 OR withheld <> 0
        ORDER BY region, programme
        RETURNING region, programme, amount, withheld
    ), posted AS (
        INSERT INTO government_ledger_entry
            (region, debit_account, credit_account, amount, booked_at, value_date,
             coverage_month, programme)
        SELECT b.region,
               CASE WHEN part.amount > 0 THEN part.account ELSE 'CONTRIBUTION_REVENUE' END,
               CASE WHEN part.amount > 0 THEN 'CONTRIBUTION_REVENUE' ELSE part.account END,
               abs(part.amount), p_at, wib_date(p_at), p_month, b.programme
        FROM billed AS b
        CROSS JOIN LATERAL (VALUES
            (CASE b.programme WHEN 'PBPU_PEMDA' THEN 'REGIONAL_CONTRIBUTION_RECEIVABLE'
                              ELSE 'CENTRAL_CONTRIBUTION_RECEIVABLE' END, b.amount),
            ('PENSION_RECEIVABLE', b.withheld)
        ) AS part (account, amount)
        WHERE b.programme <> 'CLASS_III' AND part.amount <> 0
    )
    SELECT count(*) INTO v_lines FROM billed;
    RETURN v_lines;
END
$$;
