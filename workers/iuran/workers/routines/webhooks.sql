-- Some rows of the delivery log that are older than an instant. The application may not delete facts;
-- it may ask for this, which leaves what is younger than 62 days.
CREATE OR REPLACE FUNCTION purge_webhook_attempts(
    p_before timestamptz, p_at timestamptz, p_limit integer
)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, public
AS $$
DECLARE
    v_gone bigint;
BEGIN
    DELETE FROM webhook_attempt AS a
    USING (
        SELECT o.family_id, o.endpoint_id, o.attempt_id
        FROM webhook_endpoint AS e
        CROSS JOIN LATERAL (
            SELECT x.family_id, x.endpoint_id, x.attempt_id, x.tried_at
            FROM webhook_attempt AS x
            WHERE x.endpoint_id = e.endpoint_id
            ORDER BY x.attempt_id
            LIMIT p_limit
        ) AS o
        WHERE o.tried_at < least(p_before, p_at - interval '62 days')
    ) AS old
    WHERE a.family_id = old.family_id AND a.endpoint_id = old.endpoint_id
      AND a.attempt_id = old.attempt_id;
    GET DIAGNOSTICS v_gone = ROW_COUNT;
    RETURN v_gone;
END
$$;
