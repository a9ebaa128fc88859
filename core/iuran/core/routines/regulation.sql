-- Dated rules, and the one place where a percentage rounds.

-- In PL/pgSQL, whose plans outlive a transaction: as a SQL function it took ten times as long.
CREATE OR REPLACE FUNCTION regulation_value(p_name text, p_day date) RETURNS integer
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    v_value integer;
BEGIN
    SELECT value INTO v_value
    FROM regulation_parameter
    WHERE name = p_name AND effective_from <= p_day
      AND (effective_to IS NULL OR effective_to >= p_day)
    ORDER BY effective_from DESC
    LIMIT 1;
    RETURN v_value;
END
$$;

-- `iuran.core.money.share_of` for set-based SQL: thousandths, rounded half up, once. A property test
-- holds both to one another.
CREATE OR REPLACE FUNCTION share_of(p_amount bigint, p_per_mille integer, p_base_per_mille integer DEFAULT 1000)
    RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (p_amount * p_per_mille * p_base_per_mille * 2 + 1000000) / 2000000;
