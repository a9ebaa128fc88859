-- Care that a participant seeks: visits to the first level, referrals, letters of eligibility (SEP)
-- and the fine of an advanced inpatient stay. Each paper has a number of 19 characters: facility (8),
-- MMYY, a letter (V letter of eligibility, Y visit, P referral) and a serial of 6 digits.
--
-- Locks: the participant, then the counter of a facility, then what the family owns.

-- Serials by facility and month; they may have gaps.
CREATE TABLE care_number_counter (
    facility_code text NOT NULL,
    kind text NOT NULL CONSTRAINT care_number_counter_kind CHECK (kind IN ('V', 'Y', 'P')),
    month coverage_month NOT NULL,
    last_serial integer NOT NULL
        CONSTRAINT care_number_serials_left CHECK (last_serial BETWEEN 1 AND 999999),
    PRIMARY KEY (facility_code, kind, month)
) WITH (fillfactor = 50);

CREATE TABLE care_number (
    care_number text PRIMARY KEY
        CONSTRAINT care_number_form
        CHECK (care_number ~ '^[0-9]{4}[0-9A-Z][0-9]{3}(0[1-9]|1[0-2])[0-9]{2}[VYP][0-9]{6}$'),
    family_id bigint NOT NULL
);

CREATE TABLE facility_visit (
    family_id bigint NOT NULL,
    visit_number text NOT NULL,
    participant_id bigint NOT NULL,
    facility_code text NOT NULL,
    care_type text NOT NULL CONSTRAINT facility_visit_type CHECK (care_type IN ('RJTP', 'RITP')),
    is_emergency boolean NOT NULL,
    is_away boolean NOT NULL,  -- outside the home FKTP
    visited_at timestamptz NOT NULL,
    visited_on date NOT NULL,
    recorded_by text NOT NULL,
    PRIMARY KEY (family_id, visit_number),
    FOREIGN KEY (family_id, participant_id) REFERENCES participant
);
CREATE INDEX facility_visit_month
    ON facility_visit (family_id, participant_id, facility_code, visited_on);

CREATE TABLE referral (
    family_id bigint NOT NULL,
    referral_number text NOT NULL,
    participant_id bigint NOT NULL,
    from_facility_code text NOT NULL,
    to_facility_code text NOT NULL,
    diagnosis_code text NOT NULL
        CONSTRAINT referral_diagnosis CHECK (diagnosis_code ~ '^[A-Z][0-9]{2}(\.[0-9A-Z]{1,4})?$'),
    issued_on date NOT NULL,
    valid_until date NOT NULL,
    issued_at timestamptz NOT NULL,
    issued_by text NOT NULL,
    PRIMARY KEY (family_id, referral_number),
    FOREIGN KEY (family_id, participant_id) REFERENCES participant,
    CONSTRAINT referral_interval CHECK (valid_until >= issued_on)
);
CREATE INDEX referral_participant ON referral (family_id, participant_id, to_facility_code);

CREATE TABLE eligibility_letter (
    family_id bigint NOT NULL,
    letter_number text NOT NULL,
    participant_id bigint NOT NULL,
    membership_id bigint NOT NULL,
    facility_code text NOT NULL,
    care_type text NOT NULL CONSTRAINT eligibility_letter_type CHECK (care_type IN ('RJTL', 'RITL')),
    care_class smallint NOT NULL
        CONSTRAINT eligibility_letter_class CHECK (care_class IN (1, 2, 3)),
    is_emergency boolean NOT NULL,
    referral_number text,
    diagnosis_code text NOT NULL
        CONSTRAINT eligibility_letter_diagnosis
        CHECK (diagnosis_code ~ '^[A-Z][0-9]{2}(\.[0-9A-Z]{1,4})?$'),
    starts_at timestamptz NOT NULL,
    starts_on date NOT NULL,
    issued_at timestamptz NOT NULL,
    issued_by text NOT NULL,
    PRIMARY KEY (family_id, letter_number),
    FOREIGN KEY (family_id, participant_id) REFERENCES participant,
    FOREIGN KEY (family_id, membership_id) REFERENCES membership,
    FOREIGN KEY (family_id, referral_number) REFERENCES referral,
    CONSTRAINT eligibility_letter_referred CHECK (is_emergency OR referral_number IS NOT NULL)
);
CREATE INDEX eligibility_letter_participant
    ON eligibility_letter (family_id, participant_id, starts_on);

CREATE TABLE discharge (
    family_id bigint NOT NULL,
    letter_number text NOT NULL,
    discharged_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by text NOT NULL,
    PRIMARY KEY (family_id, letter_number),
    FOREIGN KEY (family_id, letter_number) REFERENCES eligibility_letter
);

-- What an advanced inpatient stay costs in the 45 days (Perpres 64/2020 art. 42(5) to (7)); a stay
-- without a fine keeps the reason. Each stay by itself.
CREATE TABLE stay_fine (
    family_id bigint NOT NULL,
    letter_number text NOT NULL,
    debtor text NOT NULL CONSTRAINT stay_fine_debtor CHECK (debtor IN ('FAMILY', 'EMPLOYER')),
    amount bigint NOT NULL CONSTRAINT stay_fine_amount CHECK (amount >= 0),
    months smallint NOT NULL CONSTRAINT stay_fine_months CHECK (months >= 0),
    exemption text
        CONSTRAINT stay_fine_exemption
        CHECK (exemption IN ('OUTPATIENT', 'RITP', 'PBI_OR_PEMDA', 'CERTIFIED_UNABLE', 'NO_WINDOW',
                             'AFTER_WINDOW')),
    window_first_day date,
    window_last_day date,
    fine_rate_from date,
    estimated_tariff bigint NOT NULL CONSTRAINT stay_fine_tariff CHECK (estimated_tariff >= 0),
    pay_by timestamptz NOT NULL,
    assessed_at timestamptz NOT NULL,
    paid_at timestamptz,
    PRIMARY KEY (family_id, letter_number),
    FOREIGN KEY (family_id, letter_number) REFERENCES eligibility_letter,
    CONSTRAINT stay_fine_exempt_is_free CHECK (exemption IS NULL OR amount = 0),
    CONSTRAINT stay_fine_has_rate CHECK (exemption IS NOT NULL OR fine_rate_from IS NOT NULL),
    CONSTRAINT stay_fine_paid CHECK (paid_at IS NULL OR amount > 0)
) WITH (fillfactor = 80);

-- A letter of the social office that a family is unable to pay: no fine. One person records it,
-- another approves; it counts only then.
CREATE TABLE inability_certificate (
    family_id bigint NOT NULL REFERENCES family,
    certificate_number text NOT NULL,
    issued_by text NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    approved_by text,
    approved_at timestamptz,
    PRIMARY KEY (family_id, certificate_number),
    CONSTRAINT inability_certificate_interval CHECK (last_day >= first_day),
    CONSTRAINT inability_certificate_approved_by_another CHECK (approved_by <> recorded_by),
    CONSTRAINT inability_certificate_approval
        CHECK ((approved_by IS NULL) = (approved_at IS NULL))
);

GRANT SELECT, INSERT ON care_number_counter, care_number, facility_visit, referral,
    eligibility_letter, discharge, stay_fine, inability_certificate TO iuran_app;
GRANT UPDATE (last_serial) ON care_number_counter TO iuran_app;
GRANT UPDATE (paid_at) ON stay_fine TO iuran_app;
GRANT UPDATE (approved_by, approved_at) ON inability_certificate TO iuran_app;
