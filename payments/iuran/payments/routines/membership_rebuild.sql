-- Memberships as their whole history tells them: what is stored can always be made again.

-- Fold every fact of a range of families into the memberships that they come to: the last event in
-- the order in which they were noted, the classes that were asked for one after another, all credit.
-- `is_continuous` says whether the facts follow from one another: a history begins pending, a month
-- that closes unpaid pays nothing, nothing but a return follows an end, each class follows the one
-- before.
CREATE OR REPLACE FUNCTION rebuilt_memberships(p_family_from bigint, p_family_to bigint)
    RETURNS TABLE (
        family_id bigint, membership_id bigint, state text, paid_through integer,
        care_class smallint, class_since date, credit bigint, is_continuous boolean
    )
    LANGUAGE sql STABLE
AS $$
    WITH event AS (
        SELECT e.family_id, e.membership_id, e.event_id, e.state, e.paid_through, e.cause,
               lag(e.state) OVER w AS state_before, lag(e.paid_through) OVER w AS paid_before,
               row_number() OVER w AS place,
               row_number() OVER (PARTITION BY e.family_id, e.membership_id
                                  ORDER BY e.event_id DESC) AS place_from_end
        FROM membership_event AS e
        WHERE e.family_id BETWEEN p_family_from AND p_family_to
        WINDOW w AS (PARTITION BY e.family_id, e.membership_id ORDER BY e.event_id)
    ), told AS (
        SELECT v.family_id, v.membership_id,
               max(v.state) FILTER (WHERE v.place_from_end = 1) AS state,
               max(v.paid_through) FILTER (WHERE v.place_from_end = 1) AS paid_through,
               bool_and(CASE
                   WHEN v.place = 1 THEN v.state = 'PENDING'
                   WHEN v.state = 'PENDING' THEN false
                   WHEN v.cause = 'MONTH_CLOSED_UNPAID' THEN v.paid_through = v.paid_before
                   WHEN v.cause = 'SEGMENT_RETURNED'
                       THEN v.state_before = 'INACTIVE_SEGMENT_CHANGE'
                   WHEN v.state_before = 'INACTIVE_SEGMENT_CHANGE'
                       THEN v.state = 'INACTIVE_SEGMENT_CHANGE'
                   ELSE v.paid_through IS NOT NULL
               END) AS is_continuous
        FROM event AS v
        GROUP BY v.family_id, v.membership_id
    ), class AS (
        SELECT c.family_id, c.membership_id,
               (array_agg(c.class_after ORDER BY c.change_id DESC))[1] AS care_class,
               first_day_of((array_agg(c.first_month ORDER BY c.change_id DESC))[1])
                   AS class_since,
               bool_and(c.follows) AS is_continuous
        FROM (
            SELECT k.*, coalesce(k.class_before = lag(k.class_after) OVER (
                PARTITION BY k.family_id, k.membership_id ORDER BY k.change_id), true) AS follows
            FROM class_change AS k
            WHERE k.family_id BETWEEN p_family_from AND p_family_to
        ) AS c
        GROUP BY c.family_id, c.membership_id
    ), money AS (
        SELECT n.family_id, n.membership_id, sum(n.amount)::bigint AS credit
        FROM credit_entry AS n
        WHERE n.family_id BETWEEN p_family_from AND p_family_to
        GROUP BY n.family_id, n.membership_id
    )
    SELECT t.family_id, t.membership_id, t.state, t.paid_through::integer, c.care_class,
           c.class_since, coalesce(n.credit, 0),
           t.is_continuous AND coalesce(c.is_continuous, true)
    FROM told AS t
    LEFT JOIN class AS c ON c.family_id = t.family_id AND c.membership_id = t.membership_id
    LEFT JOIN money AS n ON n.family_id = t.family_id AND n.membership_id = t.membership_id
$$;
