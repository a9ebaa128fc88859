-- Changes of the reminders' schedule and endpoints of webhooks that wait for a second person, beside
-- all else that waits for one.
INSERT INTO approval_waiting (family_id, kind, number, reason, proposed_by, proposed_at)
SELECT family_id, kind, number, reason, proposed_by, proposed_at
FROM (
    SELECT 0 AS family_id, 'REMINDER_RULE' AS kind, c.change_id::text AS number, c.reason,
           c.proposed_by, c.proposed_at
    FROM reminder_rule_change AS c
    WHERE NOT EXISTS (SELECT FROM reminder_rule_approval AS a WHERE a.change_id = c.change_id)
    UNION ALL
    SELECT 0, 'WEBHOOK_ENDPOINT', e.name, coalesce(nullif(array_to_string(e.kinds, ', '), ''), '*'),
           e.created_by, e.created_at
    FROM webhook_endpoint AS e
    WHERE e.approved_by IS NULL
) AS waiting
ORDER BY proposed_at;
