-- Bills that change after they were issued. New lines come first, under the next version; then the
-- bill, the ledger, the credit and the membership follow them.

-- Book the lines that were added to a bill as its next version.
CREATE OR REPLACE FUNCTION revise_bill(
    p_family_id bigint, p_membership_id bigint, p_billed_month integer, p_cause text,
    p_change_id bigint, p_at timestamptz
) RETURNS void
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_bill bill;
    v_amount bigint;
    v_central bigint;
    v_regional bigint;
    v_members integer;
    v_surplus bigint;
BEGIN
    SELECT * INTO v_bill FROM bill
    WHERE family_id = p_family_id AND membership_id = p_membership_id
      AND coverage_month = p_billed_month;
    SELECT sum(amount), sum(central_subsidy), sum(regional_subsidy),
           count(DISTINCT participant_id) FILTER (WHERE whole.left_over > 0)
    INTO v_amount, v_central, v_regional, v_members
    FROM (SELECT amount, central_subsidy, regional_subsidy, participant_id,
                 sum(amount) OVER (PARTITION BY participant_id) AS left_over
          FROM bill_line
          WHERE family_id = p_family_id AND membership_id = p_membership_id
            AND billed_month = p_billed_month) AS whole;
    v_surplus := greatest(v_bill.settled_amount - v_amount, 0);
    UPDATE bill SET
        amount = v_amount, central_subsidy = v_central, regional_subsidy = v_regional,
        members = v_members, version = v_bill.version + 1,
        settled_amount = v_bill.settled_amount - v_surplus,
        state = CASE WHEN v_bill.settled_amount >= v_amount THEN 'PAID'
                     WHEN v_bill.state = 'PAID' THEN 'OPEN' ELSE v_bill.state END,
        settled_at = CASE WHEN v_bill.settled_amount >= v_amount
                          THEN coalesce(v_bill.settled_at, p_at) END
    WHERE family_id = p_family_id AND membership_id = p_membership_id
      AND coverage_month = p_billed_month;
    INSERT INTO bill_revision (family_id, membership_id, coverage_month, version, cause, change_id,
                               amount_before, amount_after, revised_at)
    VALUES (p_family_id, p_membership_id, p_billed_month, v_bill.version + 1, p_cause, p_change_id,
            v_bill.amount, v_amount, p_at);
    INSERT INTO outbox (family_id, kind, payload, occurred_at)
    VALUES (p_family_id, 'bill.revised',
            jsonb_build_object('membership_id', p_membership_id, 'coverage_month', p_billed_month),
            p_at);
    INSERT INTO ledger_entry (family_id, debit_account, credit_account, amount, booked_at,
                              value_date, coverage_month)
    SELECT p_family_id, CASE WHEN part.amount > 0 THEN part.account ELSE part.against END,
           CASE WHEN part.amount > 0 THEN part.against ELSE part.account END, abs(part.amount),
           p_at, wib_date(p_at), p_billed_month
    FROM (VALUES
        ('CONTRIBUTION_RECEIVABLE', 'CONTRIBUTION_REVENUE',
         CASE v_bill.state WHEN 'WRITTEN_OFF' THEN -v_surplus ELSE v_amount - v_bill.amount END),
        ('WRITE_OFF_EXPENSE', 'CONTRIBUTION_REVENUE',  -- what was written off shrinks with its bill
         CASE v_bill.state WHEN 'WRITTEN_OFF' THEN v_amount - v_bill.amount + v_surplus END),
        ('CENTRAL_SUBSIDY_RECEIVABLE', 'CONTRIBUTION_REVENUE', v_central - v_bill.central_subsidy),
        ('REGIONAL_SUBSIDY_RECEIVABLE', 'CONTRIBUTION_REVENUE',
         v_regional - v_bill.regional_subsidy),
        ('CONTRIBUTION_RECEIVABLE', 'CREDIT_BALANCE', v_surplus)
    ) AS part (account, against, amount)
    WHERE part.amount <> 0;
    IF v_surplus > 0 THEN
        INSERT INTO credit_entry (family_id, membership_id, amount, cause, coverage_month,
                                  booked_at, value_date)
        VALUES (p_family_id, p_membership_id, v_surplus, 'CORRECTION', p_billed_month, p_at,
                wib_date(p_at));
        UPDATE membership SET credit = credit + v_surplus
        WHERE family_id = p_family_id AND membership_id = p_membership_id;
    END IF;
END
$$;

-- After revisions: nothing is owed up to the month before the oldest open bill. Then credit pays.
CREATE OR REPLACE FUNCTION restate_membership(
    p_family_id bigint, p_membership_id bigint, p_cause text, p_at timestamptz
) RETURNS void
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_month integer := coverage_month_of(wib_date(p_at));
    v_state text;
    v_was integer;
    v_oldest integer;
    v_paid_through integer;
BEGIN
    SELECT state, paid_through INTO v_state, v_was FROM membership
    WHERE family_id = p_family_id AND membership_id = p_membership_id;
    IF v_state NOT IN ('ACTIVE', 'SUSPENDED') THEN
        RETURN;
    END IF;
    SELECT min(coverage_month) INTO v_oldest FROM bill
    WHERE family_id = p_family_id AND membership_id = p_membership_id AND state = 'OPEN';
    v_paid_through := coalesce(v_oldest - 1, greatest(v_was, v_month));
    IF v_paid_through <> v_was OR (v_state = 'SUSPENDED' AND v_paid_through >= v_month - 1) THEN
        v_state := CASE WHEN v_paid_through >= v_month - 1 THEN 'ACTIVE' ELSE v_state END;
        UPDATE membership SET state = v_state, paid_through = v_paid_through
        WHERE family_id = p_family_id AND membership_id = p_membership_id;
        INSERT INTO membership_event (family_id, membership_id, state, paid_through, effective_at,
                                      recorded_at, cause)
        VALUES (p_family_id, p_membership_id, v_state, v_paid_through, p_at, p_at, p_cause);
    END IF;
    PERFORM spend_credit(p_family_id, p_membership_id, v_month, p_at, p_at);
END
$$;

-- Bill a member who came later in the current month's bill, for each month from `p_first_month` on,
-- in the class that the family had in it and at that month's rate. The caller inserted him.
CREATE OR REPLACE FUNCTION bill_new_member(
    p_family_id bigint, p_membership_id bigint, p_participant_id bigint, p_first_month integer,
    p_at timestamptz
) RETURNS void
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_month integer := coverage_month_of(wib_date(p_at));
BEGIN
    INSERT INTO bill_line (family_id, membership_id, billed_month, participant_id, coverage_month,
                           amount, central_subsidy, regional_subsidy, rate_group, care_class,
                           rate_first_month, version)
    SELECT p_family_id, p_membership_id, v_month, p_participant_id, owed.month,
           r.participant_share, r.central_share, r.regional_share, r.rate_group, r.care_class,
           r.first_month, b.version + 1
    FROM generate_series(p_first_month, v_month) AS owed (month)
    JOIN membership AS m ON m.family_id = p_family_id AND m.membership_id = p_membership_id
    JOIN segment AS s ON s.segment = m.segment AND s.payer = 'FAMILY'
    JOIN bill AS b
      ON b.family_id = p_family_id AND b.membership_id = p_membership_id
     AND b.coverage_month = v_month
    LEFT JOIN bill AS of_month
      ON of_month.family_id = p_family_id AND of_month.membership_id = p_membership_id
     AND of_month.coverage_month = owed.month
    JOIN contribution_rate AS r
      ON r.rate_group = s.rate_group
     AND r.care_class = coalesce(of_month.care_class, care_class_in(
             m.care_class, m.previous_care_class, m.class_since, owed.month))
     AND r.first_month <= owed.month AND (r.last_month IS NULL OR r.last_month >= owed.month);
    IF FOUND THEN
        PERFORM revise_bill(p_family_id, p_membership_id, v_month, 'MEMBER_ADDED', NULL, p_at);
        PERFORM restate_membership(p_family_id, p_membership_id, 'MEMBER_ADDED', p_at);
    END IF;
END
$$;

-- Take back what was billed for a participant for months after his last one. What had been paid of
-- it becomes credit. The enrolment has ended already; `p_change_id` is approved.
CREATE OR REPLACE FUNCTION correct_bills_after(
    p_family_id bigint, p_membership_id bigint, p_participant_id bigint, p_last_month integer,
    p_cause text, p_change_id bigint, p_at timestamptz
) RETURNS void
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_billed integer;
BEGIN
    FOR v_billed IN
        SELECT billed_month FROM bill_line
        WHERE family_id = p_family_id AND membership_id = p_membership_id
          AND participant_id = p_participant_id AND coverage_month > p_last_month
        GROUP BY billed_month HAVING sum(amount) <> 0
        ORDER BY billed_month
    LOOP
        INSERT INTO bill_line (family_id, membership_id, billed_month, participant_id,
                               coverage_month, amount, central_subsidy, regional_subsidy,
                               rate_group, care_class, rate_first_month, version)
        SELECT p_family_id, p_membership_id, v_billed, p_participant_id, l.coverage_month,
               -sum(l.amount), -sum(l.central_subsidy), -sum(l.regional_subsidy),
               min(l.rate_group), min(l.care_class), max(l.rate_first_month), min(b.version) + 1
        FROM bill_line AS l
        JOIN bill AS b
          ON b.family_id = l.family_id AND b.membership_id = l.membership_id
         AND b.coverage_month = l.billed_month
        WHERE l.family_id = p_family_id AND l.membership_id = p_membership_id
          AND l.billed_month = v_billed AND l.participant_id = p_participant_id
          AND l.coverage_month > p_last_month
        GROUP BY l.coverage_month HAVING sum(l.amount) <> 0;
        PERFORM revise_bill(p_family_id, p_membership_id, v_billed, p_cause, p_change_id, p_at);
    END LOOP;
    PERFORM restate_membership(p_family_id, p_membership_id, 'BILL_CORRECTED', p_at);
END
$$;

-- Bill a coverage month again at the rate that is now known for it, wherever it was billed (a
-- newborn's months stand in a later bill); the difference of what was paid becomes credit. For a
-- ruling that takes a rate back (MA 7P/HUM/2020, April 2020): it makes no month dearer [D].
CREATE OR REPLACE FUNCTION rebill_month(
    p_family_id bigint, p_membership_id bigint, p_month integer, p_change_id bigint, p_at timestamptz
) RETURNS boolean
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_billed integer;
    v_changed boolean := false;
BEGIN
    FOR v_billed IN
        SELECT DISTINCT billed_month FROM bill_line
        WHERE family_id = p_family_id AND membership_id = p_membership_id
          AND coverage_month = p_month
        ORDER BY billed_month
    LOOP
        INSERT INTO bill_line (family_id, membership_id, billed_month, participant_id,
                               coverage_month, amount, central_subsidy, regional_subsidy,
                               rate_group, care_class, rate_first_month, version)
        SELECT p_family_id, p_membership_id, v_billed, told.participant_id, p_month,
               r.participant_share - told.amount, r.central_share - told.central_subsidy,
               r.regional_share - told.regional_subsidy, r.rate_group, r.care_class, r.first_month,
               b.version + 1
        FROM (
            SELECT participant_id, rate_group, care_class, sum(amount) AS amount,
                   sum(central_subsidy) AS central_subsidy, sum(regional_subsidy) AS regional_subsidy
            FROM bill_line
            WHERE family_id = p_family_id AND membership_id = p_membership_id
              AND billed_month = v_billed AND coverage_month = p_month
            GROUP BY participant_id, rate_group, care_class
            HAVING sum(amount) > 0
        ) AS told
        JOIN bill AS b
          ON b.family_id = p_family_id AND b.membership_id = p_membership_id
         AND b.coverage_month = v_billed
        JOIN contribution_rate AS r
          ON r.rate_group = told.rate_group AND r.care_class = told.care_class
         AND r.first_month <= p_month AND (r.last_month IS NULL OR r.last_month >= p_month)
        WHERE r.participant_share <= told.amount
          AND (r.participant_share, r.central_share, r.regional_share)
              <> (told.amount, told.central_subsidy, told.regional_subsidy);
        CONTINUE WHEN NOT FOUND;
        v_changed := true;
        PERFORM revise_bill(p_family_id, p_membership_id, v_billed, 'RATE_RULING', p_change_id,
                            p_at);
    END LOOP;
    IF v_changed THEN
        PERFORM restate_membership(p_family_id, p_membership_id, 'BILL_CORRECTED', p_at);
    END IF;
    RETURN v_changed;
END
$$;
