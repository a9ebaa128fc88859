-- Changes by hand that nobody has approved yet: what a list of them is read from, however many were
-- approved before. A row is written with the proposal and goes with its approval.
CREATE TABLE manual_change_waiting (
    family_id bigint NOT NULL,
    change_id bigint NOT NULL,
    proposed_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, change_id),
    FOREIGN KEY (family_id, change_id) REFERENCES manual_change
);
CREATE INDEX manual_change_waiting_since ON manual_change_waiting (proposed_at);
INSERT INTO manual_change_waiting (family_id, change_id, proposed_at)
SELECT c.family_id, c.change_id, c.proposed_at
FROM manual_change AS c
WHERE NOT EXISTS (SELECT FROM manual_change_approval AS a
                  WHERE a.family_id = c.family_id AND a.change_id = c.change_id);
GRANT SELECT, INSERT, DELETE ON manual_change_waiting TO iuran_app;

CREATE INDEX facility_contract_waiting ON facility_contract (recorded_at) WHERE approved_by IS NULL;
CREATE INDEX capitation_tariff_waiting ON capitation_tariff (recorded_at) WHERE approved_by IS NULL;
CREATE INDEX inability_certificate_waiting ON inability_certificate (recorded_at)
    WHERE approved_by IS NULL;
