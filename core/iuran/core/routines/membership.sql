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
