-- The order in which frontends list an employer's workers, and the bills of governments.
CREATE INDEX employment_in_order ON employment (employer_id, family_id, membership_id);
DROP INDEX employment_employer;
CREATE INDEX government_bill_line_order ON government_bill_line (coverage_month, line_id);
