-- Settlement that knows credit, months ahead, versions of bills and money that cannot be refused.
-- The order of locks stays the written one; whoever spends credit holds the membership first.

-- Settle the open bills of some months, the oldest first from `p_money`, the rest from credit.
-- Returns what they came to. The caller has locked the membership and seen that both suffice.
CREATE FUNCTION settle_bills(
    p_family_id bigint, p_membership_id bigint, p_first_month integer, p_last_month integer,
    p_money bigint, p_payment_id bigint, p_at timestamptz, p_value_date date
) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_total bigint;
BEGIN
    WITH owing AS (
        SELECT coverage_month, amount - settled_amount AS owed,
               (sum(amount - settled_amount) OVER (ORDER BY coverage_month))::bigint AS upto
        FROM bill
        WHERE family_id = p_family_id AND membership_id = p_membership_id AND state = 'OPEN'
          AND coverage_month BETWEEN p_first_month AND p_last_month
    ), paid AS (
        UPDATE bill AS b SET state = 'PAID', settled_amount = b.amount, settled_at = p_at
        FROM owing AS o
        WHERE b.family_id = p_family_id AND b.membership_id = p_membership_id
          AND b.coverage_month = o.coverage_month
        RETURNING o.coverage_month, o.owed,
                  least(o.owed, greatest(0, p_money - (o.upto - o.owed))) AS from_money
    ), allocated AS (
        INSERT INTO payment_allocation (family_id, payment_id, membership_id, coverage_month, amount)
        SELECT p_family_id, p_payment_id, p_membership_id, coverage_month, from_money
        FROM paid WHERE from_money > 0
    ), used AS (
        INSERT INTO credit_entry (family_id, membership_id, amount, cause, coverage_month,
                                  payment_id, booked_at, value_date)
        SELECT p_family_id, p_membership_id, from_money - owed, 'USED', coverage_month,
               p_payment_id, p_at, p_value_date
        FROM paid WHERE from_money < owed
        RETURNING coverage_month, -amount AS amount
    ), posted AS (
        INSERT INTO ledger_entry (family_id, debit_account, credit_account, amount, booked_at,
                                  value_date, coverage_month)
        SELECT p_family_id, 'CREDIT_BALANCE', 'CONTRIBUTION_RECEIVABLE', amount, p_at,
               p_value_date, coverage_month
        FROM used
    )
    SELECT coalesce(sum(owed), 0) INTO v_total FROM paid;
    RETURN v_total;
END
$$;

-- Keep what a payment brought beyond the bills: it is the family's, and later bills use it.
CREATE FUNCTION keep_surplus(
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

-- Up to which month nothing is owed once all that was open up to `p_month` is settled.
CREATE FUNCTION paid_through_after(p payable, p_month integer) RETURNS integer
    LANGUAGE sql IMMUTABLE
    RETURN greatest(CASE p.state WHEN 'INACTIVE_SEGMENT_CHANGE' THEN p.last_month ELSE p_month END,
                    p.paid_through);

-- Nothing is owed any more up to a month: the membership is active, with a window if it was
-- suspended. Returns what it was and the window's last day, for the answer and the outbox.
CREATE FUNCTION make_active(
    p payable, p_month integer, p_credit bigint, p_effective_at timestamptz, p_at timestamptz,
    p_cause text
) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_today date := wib_date(p_effective_at);
    v_was text := membership_state_in(p.state, p.paid_through, p_month);
    v_is text := CASE p.state WHEN 'INACTIVE_SEGMENT_CHANGE' THEN p.state ELSE 'ACTIVE' END;
    v_last_day date;
BEGIN
    UPDATE membership SET state = v_is, paid_through = p_month, credit = p_credit
    WHERE family_id = p.family_id AND membership_id = p.membership_id;
    IF v_was = 'SUSPENDED' AND p.arrears_months > 0 THEN  -- none is left after a correction
        UPDATE bill SET state = 'NOT_BILLABLE'
        WHERE family_id = p.family_id AND membership_id = p.membership_id AND state = 'OPEN'
          AND coverage_month < p.first_month;
        v_last_day := v_today + regulation_value('fine_window_days', v_today)
            - regulation_value('fine_window_activation_day', v_today);
        INSERT INTO fine_window (family_id, membership_id, first_day, last_day, arrears_months,
                                 opened_at)
        VALUES (p.family_id, p.membership_id, v_today, v_last_day, p.arrears_months, p_at);
        IF p.state = 'ACTIVE' THEN  -- the monthly run has not come by: record what it would have
            INSERT INTO membership_event (family_id, membership_id, state, paid_through,
                                          effective_at, recorded_at, cause)
            VALUES (p.family_id, p.membership_id, 'SUSPENDED', p.paid_through,
                    wib_midnight(first_day_of(p.paid_through + 2)), p_at, 'MONTH_CLOSED_UNPAID');
        END IF;
    END IF;
    INSERT INTO membership_event (family_id, membership_id, state, paid_through, effective_at,
                                  recorded_at, cause)
    VALUES (p.family_id, p.membership_id, v_is, p_month, p_effective_at, p_at, p_cause);
    IF p.state = 'SUSPENDED' AND v_was = 'ACTIVE' THEN  -- the run passed before the money was told
        INSERT INTO membership_event (family_id, membership_id, state, paid_through, effective_at,
                                      recorded_at, cause)
        VALUES (p.family_id, p.membership_id, 'ACTIVE', p_month,
                wib_midnight(first_day_of(p.paid_through + 2)), p_at, 'SUSPENSION_UNDONE');
    END IF;
    INSERT INTO outbox (family_id, kind, payload, occurred_at)
    SELECT p.family_id, told.kind,
           jsonb_build_object('membership_id', p.membership_id, 'effective_at', p_effective_at,
                              'window_last_day', v_last_day), p_at
    FROM (VALUES (CASE
        WHEN v_was = 'PENDING' THEN 'membership.activated'
        WHEN v_was = 'SUSPENDED' THEN 'membership.reactivated'
        WHEN p.state = 'SUSPENDED' THEN 'membership.suspension_undone'
    END)) AS told (kind)
    WHERE told.kind IS NOT NULL;
    RETURN jsonb_build_object('was', v_was, 'window_last_day', v_last_day);
END
$$;

-- The credit that lay there on a day: what came later cannot have paid then.
CREATE FUNCTION credit_on(p_family_id bigint, p_membership_id bigint, p_day date) RETURNS bigint
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

-- Let credit settle what is open up to a month, if it suffices for all of it; else nothing changes.
-- The caller has locked the membership. Returns whether the membership changed.
CREATE FUNCTION spend_credit(
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

-- What the monthly run does after it issued a month's bills: credit pays where it suffices, as of
-- the month's first instant, since it lay there already. Locks memberships by family.
CREATE FUNCTION spend_credits(
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

-- Issue what the monthly run has not, and let credit pay month by month, as the run would have.
CREATE FUNCTION bring_up_to_date(
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

-- What a membership costs in the months that follow one.
CREATE FUNCTION price_ahead(
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

CREATE FUNCTION months_ahead_asked(p_family_id bigint, p_membership_id bigint, p_day date)
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

-- The sum to ask for: open bills and the months ahead that were wished for, less the credit.
CREATE FUNCTION with_amount_due(v payable, p_open bigint, p_month integer, p_day date)
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
    v.version := left(md5(concat_ws(':', v.version, v.amount, v.open_amount, v.credit,
                                    v.months_ahead)), 16);
    RETURN v;
END
$$;

-- The first payment of a membership that waits for it. After a change of segment there is no wait
-- for the payment: it is for every month since the last covered one, or for the current month only.
CREATE FUNCTION first_payable(v payable, p_issued_on date, p_day date) RETURNS payable
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

-- When a first payment gives cover: at once, but after a change of segment only 14 days later if it
-- leaves out months since the last covered one (Peraturan BPJS Kesehatan 6/2018).
CREATE FUNCTION first_cover_at(p payable, p_paid_at timestamptz) RETURNS timestamptz
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_day date := wib_date(p_paid_at);
BEGIN
    PERFORM 1 FROM segment_change
    WHERE family_id = p.family_id AND membership_id = p.membership_id
      AND p.first_month > last_covered_month + 1;
    RETURN CASE
        WHEN FOUND
        THEN wib_midnight(v_day + regulation_value('segment_change_wait_days', v_day))
        ELSE p_paid_at
    END;
END
$$;

-- What a membership may pay at an instant; see `payable_at`.
CREATE FUNCTION payable_of(
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

-- Everything that a payment changes, for one membership that `payable_at` found and locked at
-- `p_paid_at`: bills, credit, ledger, membership, outbox. Money beyond the bills becomes credit.
CREATE FUNCTION take_payment(
    p payable, p_instruction payment_instruction, p_paid_at timestamptz, p_at timestamptz
) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_day date := wib_date(p_paid_at);
    v_month integer := coverage_month_of(v_day);
    v_payment_id bigint;
    v_money bigint := p_instruction.amount;
    v_owed bigint := 0;
    v_change jsonb;
BEGIN
    IF p.state = 'PENDING' AND p.open_amount > 0 THEN
        FOR v_billed IN p.first_month .. p.last_month LOOP
            PERFORM bill_month(p.family_id, p.family_id, v_billed, p_at, true);
        END LOOP;
    END IF;
    INSERT INTO payment (family_id, membership_id, channel_id, reference, amount, channel_time,
                         received_at, value_date)
    VALUES (p.family_id, p.membership_id, p_instruction.channel_id, p_instruction.reference,
            v_money, p_instruction.channel_time, p_at, v_day)
    RETURNING payment_id INTO v_payment_id;
    IF p.plan_id IS NOT NULL AND p.open_amount > 0 THEN
        v_owed := p.open_amount;
        v_change := take_instalment(p, v_payment_id, p_instruction.channel_id, p_paid_at, p_at);
    ELSIF p.open_amount > 0 THEN
        v_owed := settle_bills(p.family_id, p.membership_id, p.first_month, p.last_month, v_money,
                               v_payment_id, p_at, v_day);
        INSERT INTO ledger_entry (family_id, debit_account, credit_account, amount, booked_at,
                                  value_date, channel_id, payment_id)
        VALUES (p.family_id, 'CHANNEL_CLEARING', 'CONTRIBUTION_RECEIVABLE', least(v_money, v_owed),
                p_at, v_day, p_instruction.channel_id, v_payment_id);
    END IF;
    IF v_money > v_owed THEN
        PERFORM keep_surplus(p.family_id, p.membership_id, v_money - v_owed, v_payment_id,
                             p_instruction.channel_id, p_at, v_day);
    END IF;
    IF p.plan_id IS NOT NULL AND v_owed > 0 THEN
        UPDATE membership SET credit = credit + v_money - v_owed
        WHERE family_id = p.family_id AND membership_id = p.membership_id;
    ELSIF v_owed > 0 THEN
        v_change := make_active(p, paid_through_after(p, v_month), p.credit + v_money - v_owed,
                                CASE p.state WHEN 'PENDING' THEN first_cover_at(p, p_paid_at)
                                             ELSE p_paid_at END,
                                p_at, CASE p.state WHEN 'PENDING' THEN 'FIRST_PAYMENT' ELSE 'PAYMENT' END);
    ELSE
        UPDATE membership SET credit = p.credit + v_money
        WHERE family_id = p.family_id AND membership_id = p.membership_id;
        v_change := jsonb_build_object(
            'was', membership_state_in(p.state, p.paid_through, v_month), 'window_last_day', NULL);
    END IF;
    INSERT INTO outbox (family_id, kind, payload, occurred_at)
    VALUES (p.family_id, 'payment.settled', jsonb_build_object(
                'payment_id', v_payment_id, 'membership_id', p.membership_id, 'amount', v_money,
                'first_month', p.first_month, 'last_month', p.last_month), p_at);
    RETURN v_change || jsonb_build_object(
        'payment_id', v_payment_id, 'family_id', p.family_id, 'name', p.name,
        'members', p.members, 'amount', v_money, 'first_month', p.first_month,
        'last_month', p.last_month, 'credit', p.credit + v_money - v_owed,
        'months_ahead', p.months_ahead);
END
$$;

CREATE OR REPLACE FUNCTION apply_payment(
    p payable, p_instruction payment_instruction, p_at timestamptz
) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    RETURN take_payment(p, p_instruction, p_at, p_at);
END
$$;

-- Whether a payment finds the bill that its inquiry was told, on the same WIB day [D].
CREATE FUNCTION bill_changed_since_inquiry(
    p_channel_id integer, p_reference text, p_version text, p_day date
) RETURNS boolean
    LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_same boolean;
BEGIN
    SELECT version = p_version AND wib_day = p_day INTO v_same
    FROM inquiry
    WHERE channel_id = p_channel_id AND reference = p_reference
    ORDER BY inquiry_id DESC
    LIMIT 1;
    RETURN FOUND AND NOT v_same;
END
$$;

-- What any number may pay: a family's or an employer's. This is what an inquiry asks.
CREATE FUNCTION payable_of_number(p_customer_number text, p_at timestamptz) RETURNS payable
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v payable := payable_at(p_customer_number, p_at, false);
BEGIN
    IF v.result = 'VIRTUAL_ACCOUNT_UNKNOWN' THEN
        RETURN as_payable(employer_payable_at(p_customer_number, p_at, false));
    END IF;
    RETURN v;
END
$$;

-- Answer a channel's inquiry and remember what it was told, so that its payment finds the same bill.
CREATE FUNCTION inquire(
    p_channel_id integer, p_reference text, p_customer_number text, p_at timestamptz
) RETURNS payable
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v payable := payable_of_number(p_customer_number, p_at);
BEGIN
    IF v.result = 'PAYABLE' THEN
        INSERT INTO inquiry (channel_id, reference, customer_number, wib_day, version, amount,
                             asked_at)
        VALUES (p_channel_id, p_reference, p_customer_number, wib_date(p_at), v.version, v.amount,
                p_at);
    END IF;
    RETURN v;
END
$$;

-- An employer's bill in the form of a family's: its workers are the members.
CREATE FUNCTION as_payable(e employer_payable) RETURNS payable
    LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v payable;
BEGIN
    v.result := e.result;
    v.name := e.name;
    v.members := e.workers;
    v.amount := e.amount;
    v.arrears_months := e.arrears_months;
    v.first_month := e.first_month;
    v.last_month := e.last_month;
    v.version := e.version;
    RETURN v;
END
$$;

-- What a payment that may still be refused comes to.
CREATE FUNCTION payment_result(v payable, p_instruction payment_instruction, p_at timestamptz)
    RETURNS text
    LANGUAGE plpgsql STABLE
AS $$
BEGIN
    IF v.result <> 'PAYABLE' THEN
        RETURN v.result;
    ELSIF bill_changed_since_inquiry(p_instruction.channel_id, p_instruction.reference, v.version,
                                     wib_date(p_at)) THEN
        RETURN 'BILL_CHANGED';
    ELSIF v.amount IS DISTINCT FROM p_instruction.amount THEN
        RETURN 'AMOUNT_MISMATCH';
    END IF;
    RETURN 'SETTLED';
END
$$;

-- Settle one instruction whose identity is ours, and remember the answer. A number that is no
-- family's may be an employer's; a family's payment is not a look-up slower for it.
CREATE OR REPLACE FUNCTION settle_instruction(p_instruction payment_instruction, p_at timestamptz)
    RETURNS void
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v payable := payable_at(p_instruction.customer_number, p_at, true);
    e employer_payable;
    v_result text;
    v_detail jsonb;
BEGIN
    IF v.result = 'VIRTUAL_ACCOUNT_UNKNOWN' THEN
        e := employer_payable_at(p_instruction.customer_number, p_at, true);
        v := as_payable(e);
    END IF;
    v_result := payment_result(v, p_instruction, p_at);
    IF v_result = 'SETTLED' AND e.employer_id IS NOT NULL THEN
        v_detail := apply_employer_payment(e, p_instruction, p_at);
    ELSIF v_result = 'SETTLED' THEN
        v_detail := apply_payment(v, p_instruction, p_at);
    ELSE
        v_detail := jsonb_strip_nulls(jsonb_build_object(
            'name', v.name, 'amount', v.amount, 'payable_from', v.payable_from,
            'payable_until', v.payable_until));
    END IF;
    INSERT INTO payment_answer (channel_id, reference, result, detail, answered_at)
    VALUES (p_instruction.channel_id, p_instruction.reference, v_result, v_detail, p_at);
END
$$;
