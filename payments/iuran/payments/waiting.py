"""Whether the lists of what waits agree with the facts that they are made of."""

from typing import LiteralString

from iuran.core.database.pool import Connection
from iuran.payments.ledger import Disagreement

SELECT_DISAGREEMENTS: LiteralString = """
    WITH facts (family_id, kind, number) AS (
        SELECT c.family_id, 'MANUAL_CHANGE', c.change_id::text
        FROM manual_change AS c
        WHERE NOT EXISTS (SELECT FROM manual_change_approval AS a
                          WHERE a.family_id = c.family_id AND a.change_id = c.change_id)
        UNION ALL
        SELECT r.family_id, 'REFUND', r.refund_id::text FROM refund AS r WHERE r.state = 'COMPLETE'
        UNION ALL
        SELECT 0, 'PAYER_REFUND', r.refund_id::text
        FROM payer_refund AS r
        WHERE NOT EXISTS (SELECT FROM payer_refund_decision AS d WHERE d.refund_id = r.refund_id)
        UNION ALL
        SELECT 0, 'GOVERNMENT_PAYMENT', p.region || '/' || p.payment_id
        FROM government_payment AS p
        WHERE NOT EXISTS (SELECT FROM government_payment_approval AS a
                          WHERE a.region = p.region AND a.payment_id = p.payment_id)
        UNION ALL
        SELECT coalesce(o.only_family, 0), 'WRITE_OFF', o.order_id::text
        FROM write_off_order AS o
        WHERE NOT EXISTS (SELECT FROM write_off_approval AS a WHERE a.order_id = o.order_id)
        UNION ALL
        SELECT 0, 'FACILITY_CONTRACT', facility_code || '/' || first_day
        FROM facility_contract WHERE approved_by IS NULL
        UNION ALL
        SELECT family_id, 'INABILITY_CERTIFICATE', certificate_number
        FROM inability_certificate WHERE approved_by IS NULL
        UNION ALL
        SELECT 0, 'REMINDER_RULE', c.change_id::text
        FROM reminder_rule_change AS c
        WHERE NOT EXISTS (SELECT FROM reminder_rule_approval AS a WHERE a.change_id = c.change_id)
        UNION ALL
        SELECT 0, 'SUSPENSE_PROPOSAL', c.code || '/' || s.reference || '/' || s.proposal_id
        FROM suspense_proposal AS s
        JOIN channel AS c ON c.channel_id = s.channel_id
        WHERE NOT EXISTS (SELECT FROM suspense_placement AS p
                          WHERE p.channel_id = s.channel_id AND p.reference = s.reference)
        UNION ALL
        SELECT 0, 'DISPUTE', d.dispute_id || '/' || p.proposal_id
        FROM dispute_proposal AS p
        JOIN disputed_payment AS d ON d.channel_id = p.channel_id AND d.dispute_id = p.dispute_id
        WHERE d.closed_at IS NULL
        UNION ALL
        SELECT DISTINCT 0, 'CAPITATION', s.coverage_month / 12 || '-'
               || lpad((s.coverage_month % 12 + 1)::text, 2, '0')
        FROM capitation_statement AS s
        WHERE NOT EXISTS (SELECT FROM capitation_approval AS a
                          WHERE a.facility_code = s.facility_code
                            AND a.coverage_month = s.coverage_month)
        UNION ALL
        SELECT 0, 'CAPITATION_TARIFF', facility_code || '/' || first_month / 12 || '-'
               || lpad((first_month % 12 + 1)::text, 2, '0')
        FROM capitation_tariff WHERE approved_by IS NULL
        UNION ALL
        SELECT 0, 'WEBHOOK_ENDPOINT', name FROM webhook_endpoint WHERE approved_by IS NULL
        UNION ALL
        SELECT 0, 'IN_SUSPENSE', i.suspense_id::text
        FROM suspense_item AS i
        WHERE NOT EXISTS (SELECT FROM suspense_placement AS p
                          WHERE p.channel_id = i.channel_id AND p.reference = i.reference)
        UNION ALL
        SELECT 0, 'PAYER_REFUND_OPEN', r.refund_id::text
        FROM payer_refund AS r
        LEFT JOIN payer_refund_decision AS d ON d.refund_id = r.refund_id
        LEFT JOIN payer_refund_payout AS p ON p.refund_id = r.refund_id
        WHERE p.refund_id IS NULL AND d.is_approved IS NOT false
    ), lists (family_id, kind, number) AS (
        SELECT family_id, kind, number FROM approval_waiting
        UNION ALL
        SELECT 0, 'IN_SUSPENSE', suspense_id::text FROM suspense_waiting
        UNION ALL
        SELECT 0, 'PAYER_REFUND_OPEN', refund_id::text FROM payer_refund_waiting
    )
    SELECT kind || ' ' || number || ' that waits' AS what,
           (f.is_there IS NOT NULL)::integer AS facts,
           (l.is_there IS NOT NULL)::integer AS listed
    FROM (SELECT family_id, kind, number, kind AS is_there FROM facts) AS f
    FULL JOIN (SELECT family_id, kind, number, kind AS is_there FROM lists) AS l
        USING (family_id, kind, number)
    WHERE f.is_there IS NULL OR l.is_there IS NULL
    ORDER BY 1
    LIMIT 100
"""


async def waiting_disagreements(connection: Connection) -> tuple[Disagreement, ...]:
    """Compare what waits with the facts; empty when all is well. It reads all of both."""
    return tuple(
        Disagreement(what=row["what"], facts=row["facts"], ledger=row["listed"])
        for row in await connection.fetch(SELECT_DISAGREEMENTS)
    )
