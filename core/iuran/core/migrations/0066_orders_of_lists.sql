-- The orders in which frontends list: claims by when they were submitted (those that never were at the
-- new end), complaints by when they have to be answered, facilities and employers by name; and an index
-- for each condition that may narrow such a list, so that none walks over rows that it does not show.
CREATE INDEX claim_facility_state ON claim (facility_code, state, claim_id);
CREATE INDEX claim_submitted ON claim ((coalesce(submitted_on, '9999-12-31'::date)), claim_id);
CREATE INDEX claim_state_submitted
    ON claim (state, (coalesce(submitted_on, '9999-12-31'::date)), claim_id);
CREATE INDEX claim_facility_submitted
    ON claim (facility_code, (coalesce(submitted_on, '9999-12-31'::date)), claim_id);
CREATE INDEX claim_facility_state_submitted
    ON claim (facility_code, state, (coalesce(submitted_on, '9999-12-31'::date)), claim_id);
CREATE INDEX complaint_unanswered ON complaint (complaint_id) WHERE state <> 'ANSWERED';
CREATE INDEX complaint_deadline ON complaint (answer_by, complaint_id);
CREATE INDEX facility_by_name ON facility (lower(name), facility_id);
CREATE INDEX employer_by_name ON employer (lower(name), employer_id);
CREATE INDEX government_bill_line_region
    ON government_bill_line (region, coverage_month, line_id);
