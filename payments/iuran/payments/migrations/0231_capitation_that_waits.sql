-- Months whose capitation was computed and waits for a second person: what waits of it, in rupiah.
-- The row is written with the statements and goes with their approval.
CREATE TABLE capitation_waiting (
    coverage_month coverage_month PRIMARY KEY,
    facilities integer NOT NULL CONSTRAINT capitation_waiting_facilities CHECK (facilities > 0),
    amount bigint NOT NULL CONSTRAINT capitation_waiting_amount CHECK (amount >= 0),
    computed_by text NOT NULL,
    computed_at timestamptz NOT NULL
);
INSERT INTO capitation_waiting (coverage_month, facilities, amount, computed_by, computed_at)
SELECT n.coverage_month, count(*), sum(n.amount), max(n.computed_by), max(n.computed_at)
FROM (SELECT DISTINCT ON (s.facility_code, s.coverage_month) s.*
      FROM capitation_statement AS s
      ORDER BY s.facility_code, s.coverage_month, s.statement_id DESC) AS n
WHERE NOT EXISTS (SELECT FROM capitation_approval AS a
                  WHERE a.facility_code = n.facility_code AND a.coverage_month = n.coverage_month)
GROUP BY n.coverage_month;
GRANT SELECT, INSERT, UPDATE, DELETE ON capitation_waiting TO iuran_app;
