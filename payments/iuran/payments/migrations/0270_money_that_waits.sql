-- What waits of the house's money for a second person, beside what waits of the core.
INSERT INTO approval_waiting (family_id, kind, number, amount, reason, proposed_by, proposed_at)
SELECT family_id, kind, number, amount, reason, proposed_by, proposed_at
FROM (
    SELECT r.family_id, 'REFUND' AS kind, r.refund_id::text AS number, r.amount, r.note AS reason,
           r.checked_by AS proposed_by, r.requested_at AS proposed_at
    FROM refund AS r WHERE r.state = 'COMPLETE'
    UNION ALL
    SELECT 0, 'PAYER_REFUND', r.refund_id::text, r.amount, r.note, r.requested_by, r.requested_at
    FROM payer_refund AS r
    WHERE NOT EXISTS (SELECT FROM payer_refund_decision AS d WHERE d.refund_id = r.refund_id)
    UNION ALL
    SELECT 0, 'GOVERNMENT_PAYMENT', p.region || '/' || p.payment_id, p.amount, p.note,
           p.recorded_by, p.recorded_at
    FROM government_payment AS p
    WHERE NOT EXISTS (SELECT FROM government_payment_approval AS a
                      WHERE a.region = p.region AND a.payment_id = p.payment_id)
    UNION ALL
    SELECT coalesce(o.only_family, 0), 'WRITE_OFF', o.order_id::text, NULL, o.reason,
           o.proposed_by, o.proposed_at
    FROM write_off_order AS o
    WHERE NOT EXISTS (SELECT FROM write_off_approval AS a WHERE a.order_id = o.order_id)
    UNION ALL
    SELECT 0, 'SUSPENSE_PROPOSAL', c.code || '/' || s.reference || '/' || s.proposal_id, i.amount,
           s.reason, s.proposed_by, s.proposed_at
    FROM suspense_proposal AS s
    JOIN suspense_item AS i ON i.channel_id = s.channel_id AND i.reference = s.reference
    JOIN channel AS c ON c.channel_id = s.channel_id
    WHERE NOT EXISTS (SELECT FROM suspense_placement AS p
                      WHERE p.channel_id = s.channel_id AND p.reference = s.reference)
    UNION ALL
    SELECT 0, 'DISPUTE', d.dispute_id || '/' || p.proposal_id, d.amount, p.reason, p.proposed_by,
           p.proposed_at
    FROM dispute_proposal AS p
    JOIN disputed_payment AS d ON d.channel_id = p.channel_id AND d.dispute_id = p.dispute_id
    WHERE d.closed_at IS NULL
    UNION ALL
    SELECT 0, 'CAPITATION', w.coverage_month / 12 || '-'
               || lpad((w.coverage_month % 12 + 1)::text, 2, '0'),
           w.amount, w.facilities || ' facilities', w.computed_by, w.computed_at
    FROM capitation_waiting AS w
) AS waiting
ORDER BY proposed_at;
DROP TABLE capitation_waiting;

-- Money in suspense that found no place yet. A row is written with its item and goes when it is
-- placed, so that the oldest are found however many were placed before.
CREATE TABLE suspense_waiting (
    channel_id integer NOT NULL,
    reference text NOT NULL,
    suspense_id bigint NOT NULL,
    PRIMARY KEY (channel_id, reference),
    FOREIGN KEY (channel_id, reference) REFERENCES suspense_item
);
INSERT INTO suspense_waiting (channel_id, reference, suspense_id)
SELECT i.channel_id, i.reference, i.suspense_id
FROM suspense_item AS i
WHERE NOT EXISTS (SELECT FROM suspense_placement AS p
                  WHERE p.channel_id = i.channel_id AND p.reference = i.reference);
CREATE INDEX suspense_waiting_order ON suspense_waiting (suspense_id);
GRANT SELECT, INSERT, DELETE ON suspense_waiting TO iuran_app;

-- Refunds to employers and governments that are neither refused nor paid out.
CREATE TABLE payer_refund_waiting (
    refund_id bigint PRIMARY KEY REFERENCES payer_refund
);
INSERT INTO payer_refund_waiting (refund_id)
SELECT r.refund_id
FROM payer_refund AS r
LEFT JOIN payer_refund_decision AS d ON d.refund_id = r.refund_id
LEFT JOIN payer_refund_payout AS p ON p.refund_id = r.refund_id
WHERE p.refund_id IS NULL AND d.is_approved IS NOT false;
GRANT SELECT, INSERT, DELETE ON payer_refund_waiting TO iuran_app;
