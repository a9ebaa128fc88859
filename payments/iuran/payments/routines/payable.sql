-- What a virtual account may pay at an instant.

-- What a virtual account may pay at an instant. With p_lock the membership stays locked, so that
-- what is found here is true until the caller commits. Bills that the monthly run has not issued
-- yet are issued here: an answer never depends on how far the run has come.
CREATE OR REPLACE FUNCTION payable_at(p_customer_number text, p_at timestamptz, p_lock boolean)
    RETURNS payable
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v payable;
    v_issued_on date;
BEGIN
    SELECT n.family_id, a.membership_id, a.issued_on
    INTO v.family_id, v.membership_id, v_issued_on
    FROM virtual_account_number AS n
    JOIN virtual_account AS a ON a.family_id = n.family_id AND a.customer_number = n.customer_number
    WHERE n.customer_number = p_customer_number;
    IF NOT FOUND THEN
        v.result := 'VIRTUAL_ACCOUNT_UNKNOWN';
        RETURN v;
    END IF;
    RETURN payable_of(v.family_id, v.membership_id, v_issued_on, p_at, p_lock);
END
$$;

-- What a membership may pay at an instant; see `payable_at`.
CREATE OR REPLACE FUNCTION payable_of(
    p_family_id bigint, p_membership_id bigint, p_issued_on date, p_at timestamptz, p_lock boolean
) RETURNS payable
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_today date := wib_date(p_at);
    v_month integer := coverage_month_of(v_today);
    v_cap integer := regulation_value('arrears_months_max', v_today);
    v_open bigint;
    v_spent bigint;
    v_spent_through integer := 0;
    v payable;
BEGIN
    v.family_id := p_family_id;
    v.membership_id := p_membership_id;
    IF p_lock THEN
        PERFORM 1 FROM membership AS m
        WHERE m.family_id = p_family_id AND m.membership_id = p_membership_id
        FOR NO KEY UPDATE;
    END IF;
    SELECT m.state, m.paid_through, m.credit, m.plan_id, p.name
    INTO v.state, v.paid_through, v.credit, v.plan_id, v.name
    FROM membership AS m
    JOIN family AS f ON f.family_id = m.family_id
    JOIN participant AS p
      ON p.family_id = f.family_id AND p.participant_id = f.payer_participant_id
    WHERE m.family_id = p_family_id AND m.membership_id = p_membership_id;
    IF v.state = 'PENDING' THEN
        RETURN first_payable(v, p_issued_on, v_today);
    ELSIF v.plan_id IS NOT NULL AND NOT p_lock THEN  -- a missed step ends a plan: that is a change
        RETURN payable_of(p_family_id, p_membership_id, p_issued_on, p_at, true);
    ELSIF v.plan_id IS NOT NULL AND end_plan_if_missed(v, v_month, p_at) THEN
        RETURN payable_of(p_family_id, p_membership_id, p_issued_on, p_at, true);
    END IF;

    IF v.state IN ('ACTIVE', 'SUSPENDED') AND v.paid_through < v_month THEN
        PERFORM bring_up_to_date(p_family_id, p_membership_id, v.paid_through, v_month, p_at,
                                 p_lock AND v.credit > 0);
        IF p_lock AND v.credit > 0 THEN
            SELECT m.state, m.paid_through, m.credit INTO v.state, v.paid_through, v.credit
            FROM membership AS m
            WHERE m.family_id = p_family_id AND m.membership_id = p_membership_id;
        END IF;
    END IF;

    -- Without the lock nothing is spent: bills that the credit reached are counted as if it were.
    IF NOT p_lock AND v.credit > 0 THEN
        SELECT o.coverage_month, o.upto INTO v_spent_through, v_spent
        FROM (
            SELECT b.coverage_month,
                   sum(b.amount - b.settled_amount) OVER (ORDER BY b.coverage_month) AS upto
            FROM bill AS b
            WHERE b.family_id = p_family_id AND b.membership_id = p_membership_id
              AND b.state = 'OPEN' AND b.coverage_month <= v_month
        ) AS o
        WHERE o.upto <= credit_on(p_family_id, p_membership_id, first_day_of(o.coverage_month))
        ORDER BY o.coverage_month DESC
        LIMIT 1;
        v_spent_through := coalesce(v_spent_through, 0);
        v.credit := v.credit - coalesce(v_spent, 0);
    END IF;
    SELECT max(o.members) FILTER (WHERE o.coverage_month >= v_month - v_cap),
           sum(o.owed) FILTER (WHERE o.coverage_month >= v_month - v_cap),
           min(o.coverage_month) FILTER (WHERE o.coverage_month >= v_month - v_cap),
           max(o.coverage_month) FILTER (WHERE o.coverage_month >= v_month - v_cap),
           count(*) FILTER (WHERE o.coverage_month BETWEEN v_month - v_cap AND v_month - 1),
           string_agg(concat(o.coverage_month, '/', o.version), ',' ORDER BY o.coverage_month)
    INTO v.members, v_open, v.first_month, v.last_month, v.arrears_months, v.version
    FROM (
        SELECT b.members, b.coverage_month, b.version, b.amount - b.settled_amount AS owed
        FROM bill AS b
        WHERE b.family_id = p_family_id AND b.membership_id = p_membership_id
          AND b.state = 'OPEN' AND b.coverage_month BETWEEN v_spent_through + 1 AND v_month
    ) AS o;
    IF v.plan_id IS NOT NULL THEN
        RETURN instalment_due(v, v_month);
    END IF;
    v := with_amount_due(v, v_open, v_month, v_today);
    IF v.result = 'ALREADY_PAID' AND v.paid_through < v_month THEN
        PERFORM 1 FROM bill AS b
        WHERE b.family_id = p_family_id AND b.membership_id = p_membership_id
          AND b.coverage_month = v_month;
        IF NOT FOUND THEN  -- nobody is enrolled, or no rate is in force
            v.result := 'NOT_BILLED';
        END IF;
    END IF;
    RETURN v;
END
$$;

-- The first payment of a membership that waits for it. After a change of segment there is no wait
-- for the payment: it is for every month since the last covered one, or for the current month only.
CREATE OR REPLACE FUNCTION first_payable(v payable, p_issued_on date, p_day date) RETURNS payable
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_month integer := coverage_month_of(p_day);
    v_cap integer := regulation_value('arrears_months_max', p_day);
    v_moved boolean;
    v_open bigint;
BEGIN
    SELECT CASE WHEN c.catches_up THEN greatest(c.last_covered_month + 1, v_month - v_cap)
                ELSE v_month END
    INTO v.first_month
    FROM segment_change AS c
    WHERE c.family_id = v.family_id AND c.membership_id = v.membership_id;
    v_moved := FOUND;
    v.first_month := coalesce(v.first_month, v_month);
    v.last_month := greatest(v.first_month, v_month);
    v.arrears_months := 0;
    SELECT count(DISTINCT l.participant_id), sum(l.amount) INTO v.members, v_open
    FROM generate_series(v.first_month, v.last_month) AS due (month)
    CROSS JOIN LATERAL contribution_lines(v.family_id, v.family_id, due.month) AS l
    WHERE l.membership_id = v.membership_id;
    v := with_amount_due(v, v_open, v.last_month, p_day);
    IF v_open IS NULL THEN
        v.result := 'NOT_BILLED';  -- nobody is enrolled
    END IF;
    IF v_moved THEN
        v.payable_from := first_day_of(v.first_month);
        IF p_day < v.payable_from THEN
            v.result := 'TOO_EARLY';
        END IF;
        RETURN v;
    END IF;
    v.payable_from := p_issued_on + regulation_value('first_payment_earliest_days', p_issued_on);
    v.payable_until := p_issued_on + regulation_value('first_payment_latest_days', p_issued_on);
    IF p_day < v.payable_from THEN
        v.result := 'TOO_EARLY';
    ELSIF p_day > v.payable_until THEN
        v.result := 'EXPIRED';
    END IF;
    RETURN v;
END
$$;

-- The sum to ask for: open bills and the months ahead that were wished for, less the credit.
CREATE OR REPLACE FUNCTION with_amount_due(v payable, p_open bigint, p_month integer, p_day date)
    RETURNS payable
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_due bigint;
BEGIN
    v.open_amount := coalesce(p_open, 0);
    v.months_ahead := months_ahead_asked(v.family_id, v.membership_id, p_day);
    v_due := v.open_amount - v.credit;
    IF v.months_ahead > 0 THEN
        v_due := v_due
            + price_ahead(v.family_id, v.membership_id, p_month, v.months_ahead);
        IF v.open_amount = 0 THEN
            v.first_month := p_month + 1;
            v.last_month := p_month + v.months_ahead;
        END IF;
    END IF;
    v.amount := CASE WHEN v_due > 0 THEN v_due END;
    v.result := CASE WHEN v.amount IS NULL THEN 'ALREADY_PAID' ELSE 'PAYABLE' END;
    v.version := payable_version(v.version, v.amount, v.open_amount, v.credit, v.months_ahead);
    RETURN v;
END
$$;

-- What differs as soon as anything does that a channel is told; `p_bills` are month/version pairs.
CREATE OR REPLACE FUNCTION payable_version(
    p_bills text, p_amount bigint, p_open_amount bigint, p_credit bigint, p_months_ahead integer
) RETURNS text
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN left(md5(concat_ws(':', p_bills, p_amount, p_open_amount, p_credit, p_months_ahead)), 16);
END
$$;

-- What a membership costs in the months that follow one.
CREATE OR REPLACE FUNCTION price_ahead(
    p_family_id bigint, p_membership_id bigint, p_month integer, p_months integer
) RETURNS bigint
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_price bigint;
BEGIN
    SELECT coalesce(sum(l.amount), 0) INTO v_price
    FROM generate_series(p_month + 1, p_month + p_months) AS ahead (month)
    CROSS JOIN LATERAL contribution_lines(p_family_id, p_family_id, ahead.month) AS l
    WHERE l.membership_id = p_membership_id;
    RETURN v_price;
END
$$;

-- How many months ahead a family has asked to pay, on the day of asking.
CREATE OR REPLACE FUNCTION months_ahead_asked(p_family_id bigint, p_membership_id bigint, p_day date)
    RETURNS integer
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_months integer;
BEGIN
    SELECT months INTO v_months
    FROM prepayment_request
    WHERE family_id = p_family_id AND membership_id = p_membership_id AND wib_day = p_day
    ORDER BY request_id DESC
    LIMIT 1;
    RETURN coalesce(v_months, 0);
END
$$;
