-- What a membership is worth in a month, and its suspension.

-- What a membership is worth in a month, whether or not the monthly run has come by: a month that
-- closed unpaid suspends from its end, not from when we noticed; and who was still in time for the
-- month that is asked for is not suspended in it, although the run has noted so in the next.
CREATE OR REPLACE FUNCTION membership_state_in(p_state text, p_paid_through integer, p_month integer)
    RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN p_state NOT IN ('ACTIVE', 'SUSPENDED') THEN p_state
        WHEN p_paid_through < p_month - 1 THEN 'SUSPENDED'
        ELSE 'ACTIVE'
    END;

-- What a membership was at an instant: its last fact, and behind it what the monthly run has still to
-- note. Credit that lay there on the 1st of a month has paid for it, a family's or its employer's, and
-- a month that closed unpaid has suspended, whether or not the run has come by. Where later facts are known nothing is added:
-- whoever noted those has brought the membership up to date.
CREATE OR REPLACE FUNCTION membership_told_at(
    p_family_id bigint, p_membership_id bigint, p_at timestamptz
)
    RETURNS TABLE (state text, paid_through integer, cause text, effective_at timestamptz)
    LANGUAGE plpgsql STABLE
    ROWS 1
AS $$
DECLARE
    v_month integer := coverage_month_of(wib_date(p_at));
    v_event_id bigint;
    v_reached integer;
    v_payer text;
    v_has_credit boolean;
    v_is_latest boolean;
BEGIN
    SELECT e.state, e.paid_through, e.cause, e.effective_at, e.event_id
    INTO state, paid_through, cause, effective_at, v_event_id
    FROM membership_event AS e
    WHERE e.family_id = p_family_id AND e.membership_id = p_membership_id
      AND e.effective_at <= p_at
    ORDER BY e.effective_at DESC, e.event_id DESC
    LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    ELSIF state NOT IN ('ACTIVE', 'SUSPENDED') OR paid_through >= v_month THEN
        RETURN NEXT;
        RETURN;
    END IF;
    SELECT s.payer, m.credit > 0 AND m.plan_id IS NULL, NOT EXISTS (
               SELECT FROM membership_event AS e
               WHERE e.family_id = m.family_id AND e.membership_id = m.membership_id
                 AND e.event_id > v_event_id)
    INTO v_payer, v_has_credit, v_is_latest
    FROM membership AS m
    JOIN segment AS s ON s.segment = m.segment
    WHERE m.family_id = p_family_id AND m.membership_id = p_membership_id;
    IF v_payer = 'EMPLOYER' THEN
        RETURN QUERY SELECT * FROM employee_told_in(p_family_id, p_membership_id, v_month, state,
                                                    paid_through, cause, effective_at, v_is_latest);
        RETURN;
    END IF;
    IF v_payer = 'FAMILY' AND v_has_credit AND v_is_latest THEN
        v_reached := month_reached_by_credit(p_family_id, p_membership_id, paid_through, v_month);
        IF v_reached > paid_through THEN
            state := 'ACTIVE';
            paid_through := v_reached;
            cause := 'CREDIT_USED';
            effective_at := wib_midnight(first_day_of(v_reached));
        END IF;
    END IF;
    IF v_payer = 'FAMILY' AND state = 'ACTIVE' AND paid_through < v_month - 1 THEN
        state := 'SUSPENDED';
        cause := 'MONTH_CLOSED_UNPAID';
        effective_at := wib_midnight(first_day_of(paid_through + 2));
    END IF;
    RETURN NEXT;
END
$$;

-- The last month up to `p_month` that credit has paid for, on the 1st of it or of a month behind it, as
-- `spend_credit` will: all that is open or nothing, and not over a month that nobody is billed for.
CREATE OR REPLACE FUNCTION month_reached_by_credit(
    p_family_id bigint, p_membership_id bigint, p_paid_through integer, p_month integer
) RETURNS integer
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_reached integer := p_paid_through;
    v_used bigint := 0;
    v_owed bigint[] := '{}';
    v_price bigint;
    v_total bigint;
BEGIN
    FOR v_due IN p_paid_through + 1 .. p_month LOOP
        SELECT CASE b.state WHEN 'OPEN' THEN b.amount - b.settled_amount ELSE 0 END INTO v_price
        FROM bill AS b
        WHERE b.family_id = p_family_id AND b.membership_id = p_membership_id
          AND b.coverage_month = v_due;
        IF NOT FOUND THEN
            SELECT sum(l.amount) INTO v_price
            FROM contribution_lines(p_family_id, p_family_id, v_due) AS l
            WHERE l.membership_id = p_membership_id;
        END IF;
        EXIT WHEN v_price IS NULL;
        v_owed := (v_price || v_owed)[1 : regulation_value('arrears_months_max', first_day_of(v_due)) + 1];
        SELECT sum(one) INTO v_total FROM unnest(v_owed) AS owed (one);
        IF v_total > 0 AND v_total + v_used <= (
            SELECT least(m.credit, (
                SELECT sum(c.amount) FROM credit_entry AS c
                WHERE c.family_id = p_family_id AND c.membership_id = p_membership_id
                  AND c.value_date <= first_day_of(v_due)))
            FROM membership AS m
            WHERE m.family_id = p_family_id AND m.membership_id = p_membership_id
        ) THEN
            v_used := v_used + v_total;
            v_owed := '{}';
            v_reached := v_due;
        END IF;
    END LOOP;
    RETURN v_reached;
END
$$;

-- The class of a month: bills of the months before a change keep the class they had.
CREATE OR REPLACE FUNCTION care_class_in(
    p_care_class smallint, p_previous smallint, p_since date, p_month integer
) RETURNS smallint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN p_previous IS NOT NULL AND p_month < coverage_month_of(p_since) THEN p_previous
        ELSE p_care_class
    END;

-- Months that closed unpaid suspend from the 1st of the next (Perpres 82/2018 art. 42(1)).
-- Set-based over a range of families; running it again finds nothing. Locks memberships in the
-- order of family_id, as settlement does.
CREATE OR REPLACE FUNCTION suspend_unpaid(
    p_family_from bigint, p_family_to bigint, p_month integer, p_at timestamptz
) RETURNS bigint
    LANGUAGE sql VOLATILE
AS $$
    WITH due AS MATERIALIZED (
        SELECT family_id, membership_id, paid_through
        FROM membership
        WHERE family_id BETWEEN p_family_from AND p_family_to
          AND state = 'ACTIVE' AND paid_through < p_month - 1
          AND segment IN (SELECT segment FROM segment WHERE payer = 'FAMILY')
        ORDER BY family_id
        FOR NO KEY UPDATE
    ), suspended AS (
        UPDATE membership AS m SET state = 'SUSPENDED'
        FROM due AS d
        WHERE m.family_id = d.family_id AND m.membership_id = d.membership_id
    ), recorded AS (
        INSERT INTO membership_event
            (family_id, membership_id, state, paid_through, effective_at, recorded_at, cause)
        SELECT family_id, membership_id, 'SUSPENDED', paid_through,
               wib_midnight(first_day_of(paid_through + 2)), p_at, 'MONTH_CLOSED_UNPAID'
        FROM due
        RETURNING family_id, membership_id, effective_at
    ), announced AS (
        INSERT INTO outbox (family_id, kind, payload, occurred_at)
        SELECT family_id, 'membership.suspended',
               jsonb_build_object('membership_id', membership_id, 'effective_at', effective_at),
               p_at
        FROM recorded
        RETURNING 1
    )
    SELECT count(*) FROM announced
$$;
