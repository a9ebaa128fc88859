-- Autodebit: which families a collection file names, and which of them have paid meanwhile.

-- Put what the live mandates of a bank owe at an instant into a file, for a range of families.
-- Running it again adds only whom it lacks.
CREATE OR REPLACE FUNCTION prepare_autodebit(
    p_channel_id integer, p_file_id bigint, p_family_from bigint, p_family_to bigint,
    p_at timestamptz
) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_added bigint := 0;
    m autodebit_mandate;
    v payable;
BEGIN
    FOR m IN
        SELECT * FROM autodebit_mandate AS a
        WHERE a.channel_id = p_channel_id AND a.family_id BETWEEN p_family_from AND p_family_to
          AND a.revoked_at IS NULL
        ORDER BY a.family_id, a.mandate_id
    LOOP
        v := payable_at(m.customer_number, p_at, false);
        CONTINUE WHEN v.result <> 'PAYABLE' OR coalesce(v.amount, 0) <= 0;
        INSERT INTO autodebit_item (family_id, file_id, customer_number, membership_id, mandate_id,
                                    amount, first_month, last_month, version)
        VALUES (m.family_id, p_file_id, m.customer_number, m.membership_id, m.mandate_id, v.amount,
                v.first_month, v.last_month, coalesce(v.version, ''))
        ON CONFLICT (family_id, file_id, customer_number) DO NOTHING;
        IF FOUND THEN
            v_added := v_added + 1;
        END IF;
    END LOOP;
    RETURN v_added;
END
$$;

-- Leave out of a file, before it is sent, whose bill is another one now or whose mandate has ended.
CREATE OR REPLACE FUNCTION exclude_autodebit(
    p_file_id bigint, p_family_from bigint, p_family_to bigint, p_at timestamptz
) RETURNS bigint
    LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    v_excluded bigint := 0;
    v_reason text;
    i record;
    v payable;
BEGIN
    FOR i IN
        SELECT n.family_id, n.customer_number, n.amount, n.version, m.revoked_at
        FROM autodebit_item AS n
        JOIN autodebit_mandate AS m
          ON m.family_id = n.family_id AND m.mandate_id = n.mandate_id
        WHERE n.file_id = p_file_id AND n.family_id BETWEEN p_family_from AND p_family_to
        ORDER BY n.family_id, n.customer_number
    LOOP
        v := payable_at(i.customer_number, p_at, false);
        v_reason := CASE
            WHEN i.revoked_at IS NOT NULL THEN 'MANDATE_REVOKED'
            WHEN v.result <> 'PAYABLE' THEN v.result
            WHEN v.amount <> i.amount OR v.version IS DISTINCT FROM i.version THEN 'BILL_CHANGED'
        END;
        CONTINUE WHEN v_reason IS NULL;
        INSERT INTO autodebit_result (family_id, file_id, customer_number, outcome, reason,
                                      recorded_at)
        VALUES (i.family_id, p_file_id, i.customer_number, 'EXCLUDED', v_reason, p_at)
        ON CONFLICT DO NOTHING;
        v_excluded := v_excluded + 1;
    END LOOP;
    RETURN v_excluded;
END
$$;
