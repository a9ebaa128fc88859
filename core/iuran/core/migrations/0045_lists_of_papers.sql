-- What frontends list and look up: a number for each facility and each paper of care, under which it
-- can be asked for again, and an index for each order in which they are listed.
ALTER TABLE facility ADD COLUMN facility_id bigint GENERATED ALWAYS AS IDENTITY;
CREATE UNIQUE INDEX facility_number ON facility (facility_id);

ALTER TABLE facility_visit ADD COLUMN visit_id bigint GENERATED ALWAYS AS IDENTITY;
CREATE UNIQUE INDEX facility_visit_id ON facility_visit (family_id, visit_id);
CREATE INDEX facility_visit_facility ON facility_visit (facility_code, visit_id);

ALTER TABLE referral ADD COLUMN referral_id bigint GENERATED ALWAYS AS IDENTITY;
CREATE UNIQUE INDEX referral_number ON referral (family_id, referral_id);
CREATE INDEX referral_from ON referral (from_facility_code, referral_id);
CREATE INDEX referral_to ON referral (to_facility_code, referral_id);

ALTER TABLE eligibility_letter ADD COLUMN letter_id bigint GENERATED ALWAYS AS IDENTITY;
CREATE UNIQUE INDEX eligibility_letter_id ON eligibility_letter (family_id, letter_id);
CREATE INDEX eligibility_letter_facility ON eligibility_letter (facility_code, letter_id);

CREATE INDEX claim_order ON claim (claim_id);
CREATE INDEX claim_in_state ON claim (state, claim_id);
CREATE INDEX complaint_of_family ON complaint (reporter_family, complaint_id)
    WHERE reporter_family IS NOT NULL;
CREATE INDEX complaint_order ON complaint (complaint_id);
