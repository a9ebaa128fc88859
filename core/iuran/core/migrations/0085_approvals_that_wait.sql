-- What waits for a second person, of every kind, in one list: pages of it are read by an index,
-- however much was approved before. A row is written with its proposal and goes with the decision.
-- Family 0 is nobody's.
CREATE TABLE approval_waiting (
    family_id bigint NOT NULL,
    kind text NOT NULL
        CONSTRAINT approval_waiting_kind
        CHECK (kind IN ('MANUAL_CHANGE', 'REFUND', 'PAYER_REFUND', 'GOVERNMENT_PAYMENT',
                        'WRITE_OFF', 'FACILITY_CONTRACT', 'INABILITY_CERTIFICATE',
                        'REMINDER_RULE', 'SUSPENSE_PROPOSAL', 'DISPUTE', 'CAPITATION',
                        'CAPITATION_TARIFF', 'WEBHOOK_ENDPOINT')),
    number text NOT NULL,
    approval_id bigint GENERATED ALWAYS AS IDENTITY,
    amount bigint,
    reason text NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, kind, number)
);
CREATE INDEX approval_waiting_order ON approval_waiting (approval_id);
CREATE INDEX approval_waiting_of_kind ON approval_waiting (kind, approval_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON approval_waiting TO iuran_app;

INSERT INTO approval_waiting (family_id, kind, number, reason, proposed_by, proposed_at)
SELECT family_id, kind, number, reason, proposed_by, proposed_at
FROM (
    SELECT c.family_id, 'MANUAL_CHANGE' AS kind, c.change_id::text AS number, c.reason,
           c.proposed_by, c.proposed_at
    FROM manual_change_waiting AS w
    JOIN manual_change AS c ON c.family_id = w.family_id AND c.change_id = w.change_id
    UNION ALL
    SELECT 0, 'FACILITY_CONTRACT', facility_code || '/' || first_day, reason, recorded_by,
           recorded_at
    FROM facility_contract WHERE approved_by IS NULL
    UNION ALL
    SELECT family_id, 'INABILITY_CERTIFICATE', certificate_number, issued_by, recorded_by,
           recorded_at
    FROM inability_certificate WHERE approved_by IS NULL
) AS waiting
ORDER BY proposed_at;
INSERT INTO approval_waiting (family_id, kind, number, amount, reason, proposed_by, proposed_at)
SELECT 0, 'CAPITATION_TARIFF', facility_code || '/' || first_month / 12 || '-'
       || lpad((first_month % 12 + 1)::text, 2, '0'), amount, reason, recorded_by, recorded_at
FROM capitation_tariff WHERE approved_by IS NULL
ORDER BY recorded_at;

DROP TABLE manual_change_waiting;
DROP INDEX facility_contract_waiting, capitation_tariff_waiting, inability_certificate_waiting;
