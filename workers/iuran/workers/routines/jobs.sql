-- Let up to p_limit dead jobs begin anew, of one kind and key or of all, and note who did it and
-- what they had died of. All instants are real time. Returns which they were.
CREATE OR REPLACE FUNCTION retry_jobs(
    p_kind text, p_key text, p_by text, p_reason text, p_at timestamptz, p_limit integer
) RETURNS TABLE (kind text, key text)
    LANGUAGE plpgsql VOLATILE
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH dead AS MATERIALIZED (
        SELECT j.kind, j.key, j.bucket, j.attempts, j.last_error
        FROM job AS j
        WHERE j.state = 'DEAD' AND (p_kind IS NULL OR j.kind = p_kind)
          AND (p_key IS NULL OR j.key = p_key)
        ORDER BY j.kind, j.key
        LIMIT p_limit
        FOR UPDATE
    ), noted AS (
        INSERT INTO job_retry (kind, key, bucket, retried_by, reason, retried_at, attempts,
                               last_error)
        SELECT d.kind, d.key, d.bucket, p_by, p_reason, p_at, d.attempts, d.last_error
        FROM dead AS d
    )
    UPDATE job AS j
    SET state = 'WAITING', attempts = 0, next_at = p_at, armed_at = p_at, ended_at = NULL
    FROM dead AS d
    WHERE j.kind = d.kind AND j.key = d.key
    RETURNING j.kind, j.key;
END
$$;
