-- A complaint whose last day passed without an answer is escalated, once.
ALTER TABLE complaint ADD COLUMN escalated_at timestamptz;
GRANT UPDATE (escalated_at) ON complaint TO iuran_app;

-- Claims that a day will change, so that looking for them is cheap.
CREATE INDEX claim_expiring ON claim (expires_on) WHERE state IN ('DRAFT', 'INCOMPLETE');
CREATE INDEX claim_in_silence ON claim (submitted_on)
    WHERE state = 'SUBMITTED' AND kind = 'FACILITY';
