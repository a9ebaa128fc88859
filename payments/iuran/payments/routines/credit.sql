-- A membership's credit: how it grows and what it pays.

-- What the monthly run does after it issued a month's bills: credit pays where it suffices, as of
-- the month's first instant, since it lay there already. Locks memberships by family.
CREATE OR REPLACE FUNCTION spend_credits(
    p_family_from bigint, p_family_to bigint, p_month integer, p_at timestamptz
) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_spent bigint := 0;
    v_family_id bigint;
    v_membership_id bigint;
BEGIN
    FOR v_family_id, v_membership_id IN
        SELECT m.family_id, m.membership_id FROM membership AS m
        WHERE m.family_id BETWEEN p_family_from AND p_family_to
          AND m.credit > 0 AND m.paid_through < p_month AND m.state IN ('ACTIVE', 'SUSPENDED')
        ORDER BY m.family_id, m.membership_id
        FOR NO KEY UPDATE
    LOOP
        v_spent := v_spent + spend_credit(
            v_family_id, v_membership_id, p_month,
            least(p_at, wib_midnight(first_day_of(p_month))), p_at)::integer;
    END LOOP;
    RETURN v_spent;
END
$$;

-- Let credit settle what is open up to a month, if it suffices for all of it; else nothing changes.
-- The caller has locked the membership. Returns whether the membership changed.
CREATE OR REPLACE FUNCTION spend_credit(
    p_family_id bigint, p_membership_id bigint, p_month integer, p_effective_at timestamptz,
    p_at timestamptz
) RETURNS boolean
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_day date := wib_date(p_effective_at);
    v_cap integer := regulation_value('arrears_months_max', v_day);
    v_credit bigint;
    v payable;
BEGIN
    SELECT m.state, m.paid_through, m.credit, m.plan_id
    INTO v.state, v.paid_through, v_credit, v.plan_id
    FROM membership AS m
    WHERE m.family_id = p_family_id AND m.membership_id = p_membership_id;
    IF v_credit = 0 OR v.state = 'PENDING' OR v.plan_id IS NOT NULL THEN
        RETURN false;
    END IF;
    SELECT sum(b.amount - b.settled_amount), min(b.coverage_month), max(b.coverage_month),
           count(*) FILTER (WHERE b.coverage_month < p_month)
    INTO v.amount, v.first_month, v.last_month, v.arrears_months
    FROM bill AS b
    WHERE b.family_id = p_family_id AND b.membership_id = p_membership_id
      AND b.state = 'OPEN' AND b.coverage_month BETWEEN p_month - v_cap AND p_month;
    IF v.amount IS NULL OR v.amount > v_credit
        OR v.amount > credit_on(p_family_id, p_membership_id, v_day) THEN
        RETURN false;
    ELSIF v.state <> 'INACTIVE_SEGMENT_CHANGE' AND p_month - v.paid_through > (
        SELECT count(*) FROM bill AS b
        WHERE b.family_id = p_family_id AND b.membership_id = p_membership_id
          AND b.coverage_month > v.paid_through AND b.coverage_month <= p_month
    ) THEN
        RETURN false;  -- a month between is not billed yet: it would be passed over
    END IF;
    v.family_id := p_family_id;
    v.membership_id := p_membership_id;
    PERFORM settle_bills(p_family_id, p_membership_id, v.first_month, v.last_month, 0, NULL, p_at,
                         v_day);
    PERFORM make_active(v, paid_through_after(v, p_month), v_credit - v.amount, p_effective_at, p_at,
                        'CREDIT_USED');
    RETURN true;
END
$$;

-- The credit that lay there on a day: what came later cannot have paid then.
CREATE OR REPLACE FUNCTION credit_on(p_family_id bigint, p_membership_id bigint, p_day date) RETURNS bigint
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_credit bigint;
BEGIN
    SELECT coalesce(sum(amount), 0) INTO v_credit FROM credit_entry
    WHERE family_id = p_family_id AND membership_id = p_membership_id AND value_date <= p_day;
    RETURN v_credit;
END
$$;

-- Keep what a payment brought beyond the bills: it is the family's, and later bills use it.
CREATE OR REPLACE FUNCTION keep_surplus(
    p_family_id bigint, p_membership_id bigint, p_amount bigint, p_payment_id bigint,
    p_channel_id integer, p_at timestamptz, p_value_date date
) RETURNS void
    LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    INSERT INTO credit_entry (family_id, membership_id, amount, cause, payment_id, booked_at,
                              value_date)
    VALUES (p_family_id, p_membership_id, p_amount, 'SURPLUS', p_payment_id, p_at, p_value_date);
    INSERT INTO ledger_entry (family_id, debit_account, credit_account, amount, booked_at,
                              value_date, channel_id, payment_id)
    VALUES (p_family_id, 'CHANNEL_CLEARING', 'CREDIT_BALANCE', p_amount, p_at, p_value_date,
            p_channel_id, p_payment_id);
END
$$;

-- Issue what the monthly run has not, and let credit pay month by month, as the run would have.
CREATE OR REPLACE FUNCTION bring_up_to_date(
    p_family_id bigint, p_membership_id bigint, p_paid_through integer, p_month integer,
    p_at timestamptz, p_credit boolean
) RETURNS void
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_issued integer;
BEGIN
    SELECT count(*) INTO v_issued
    FROM bill AS b
    WHERE b.family_id = p_family_id AND b.membership_id = p_membership_id
      AND b.coverage_month > p_paid_through AND b.coverage_month <= p_month;
    FOR v_month IN p_paid_through + 1 .. p_month LOOP
        IF v_issued < p_month - p_paid_through THEN
            PERFORM bill_month(p_family_id, p_family_id, v_month, p_at);
        END IF;
        IF p_credit THEN
            PERFORM spend_credit(p_family_id, p_membership_id, v_month,
                                 least(p_at, wib_midnight(first_day_of(v_month))), p_at);
        END IF;
    END LOOP;
END
$$;
