-- Messages of some families that were closed before an instant, with their delivery reports and the
-- look-ups from a provider's key. The application may not delete facts; it may ask for this, which
-- leaves what still waits for an answer and what is younger than 400 days. The key is written as in
-- `letters.message_key`.
CREATE OR REPLACE FUNCTION purge_reminders(
    p_family_from bigint, p_family_to bigint, p_before timestamptz, p_at timestamptz
)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, public
AS $$
DECLARE
    v_before timestamptz := least(p_before, p_at - interval '400 days');
    v_gone bigint;
BEGIN
    WITH old AS MATERIALIZED (
        SELECT r.family_id, r.membership_id, r.coverage_month, r.event, r.channel, r.occurrence
        FROM reminder AS r
        WHERE r.family_id BETWEEN p_family_from AND p_family_to AND r.closed_at < v_before
          AND NOT EXISTS (
              SELECT FROM reminder_watch AS w
              WHERE w.family_id = r.family_id AND w.membership_id = r.membership_id
                AND w.coverage_month = r.coverage_month AND w.event = r.event
                AND w.channel = r.channel AND w.occurrence = r.occurrence)
    ), reports AS (
        DELETE FROM reminder_report AS t
        USING old AS o
        WHERE t.family_id = o.family_id AND t.membership_id = o.membership_id
          AND t.coverage_month = o.coverage_month AND t.event = o.event
          AND t.channel = o.channel AND t.occurrence = o.occurrence
    ), keys AS (
        DELETE FROM reminder_key AS k
        USING old AS o
        WHERE k.message_key = 'iuran-' || left(encode(sha256(convert_to(
            format('(%s, %s, %s, ''%s'', ''%s'', %s)', o.family_id, o.membership_id,
                   o.coverage_month, o.event, o.channel, o.occurrence), 'UTF8')), 'hex'), 32)
    )
    DELETE FROM reminder AS r
    USING old AS o
    WHERE r.family_id = o.family_id AND r.membership_id = o.membership_id
      AND r.coverage_month = o.coverage_month AND r.event = o.event
      AND r.channel = o.channel AND r.occurrence = o.occurrence;
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    RETURN v_gone;
END
$$;
