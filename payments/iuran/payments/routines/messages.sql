-- Messages that are older than the retention. The application may not delete facts; it may ask for
-- this, which deletes at most p_limit of each kind, and never what is younger than five years.
CREATE OR REPLACE FUNCTION purge_messages(p_before timestamptz, p_at timestamptz, p_limit integer)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, public
AS $$
DECLARE
    v_before timestamptz := least(p_before, p_at - interval '5 years');
    v_kept bigint;
    v_reserved bigint;
BEGIN
    DELETE FROM kept_message AS m
    USING (SELECT kept_at, message_id FROM kept_message
           WHERE kept_at < v_before ORDER BY kept_at, message_id LIMIT p_limit) AS old
    WHERE m.kept_at = old.kept_at AND m.message_id = old.message_id;
    GET DIAGNOSTICS v_kept = ROW_COUNT;
    DELETE FROM channel_message AS m
    USING (SELECT channel_id, service, wib_day, external_id FROM channel_message
           WHERE wib_day < wib_date(v_before) LIMIT p_limit) AS old
    WHERE m.channel_id = old.channel_id AND m.service = old.service
      AND m.wib_day = old.wib_day AND m.external_id = old.external_id;
    GET DIAGNOSTICS v_reserved = ROW_COUNT;
    RETURN v_kept + v_reserved;
END
$$;
