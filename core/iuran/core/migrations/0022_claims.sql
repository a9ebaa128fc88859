-- Claims: of facilities for care they gave (FACILITY), and of participants who paid themselves
-- (REIMBURSEMENT). One person proposes an amount or a rejection, another decides.
CREATE TABLE claim (
    family_id bigint NOT NULL,
    claim_id bigint GENERATED ALWAYS AS IDENTITY,
    participant_id bigint NOT NULL,
    kind text NOT NULL CONSTRAINT claim_kind CHECK (kind IN ('FACILITY', 'REIMBURSEMENT')),
    care_type text NOT NULL
        CONSTRAINT claim_care_type CHECK (care_type IN ('RJTP', 'RITP', 'RJTL', 'RITL')),
    is_emergency boolean NOT NULL,
    facility_code text NOT NULL,
    letter_number text,
    visit_number text,
    served_on date NOT NULL,
    expires_on date NOT NULL,
    amount_claimed bigint NOT NULL CONSTRAINT claim_amount CHECK (amount_claimed > 0),
    state text NOT NULL DEFAULT 'DRAFT'
        CONSTRAINT claim_state
        CHECK (state IN ('DRAFT', 'SUBMITTED', 'INCOMPLETE', 'VERIFYING', 'PENDING', 'DISPUTED',
                         'APPROVED', 'REJECTED', 'PAID', 'EXPIRED')),
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL,
    submitted_on date,
    complete_on date,
    pay_by date,
    proposal text CONSTRAINT claim_proposal CHECK (proposal IN ('APPROVED', 'REJECTED')),
    amount_verified bigint,
    exclusion text,
    verified_by text,
    decided_by text,
    PRIMARY KEY (family_id, claim_id),
    FOREIGN KEY (family_id, participant_id) REFERENCES participant,
    FOREIGN KEY (family_id, letter_number) REFERENCES eligibility_letter,
    FOREIGN KEY (family_id, visit_number) REFERENCES facility_visit,
    CONSTRAINT claim_of_facility_has_paper
        CHECK (kind <> 'FACILITY' OR num_nonnulls(letter_number, visit_number) = 1),
    CONSTRAINT claim_submitted CHECK (submitted_on IS NOT NULL OR state IN ('DRAFT', 'EXPIRED')),
    CONSTRAINT claim_complete_has_deadline CHECK ((complete_on IS NULL) = (pay_by IS NULL)),
    CONSTRAINT claim_proposal_has_person
        CHECK ((proposal IS NULL) = (verified_by IS NULL)
               AND (proposal IS NULL) = (amount_verified IS NULL)),
    CONSTRAINT claim_amount_verified
        CHECK (amount_verified BETWEEN 0 AND amount_claimed
               AND (proposal <> 'APPROVED' OR amount_verified > 0)),
    CONSTRAINT claim_decision_has_person
        CHECK ((state IN ('APPROVED', 'REJECTED', 'PAID')) = (decided_by IS NOT NULL)),
    CONSTRAINT claim_decides_what_was_proposed
        CHECK (state NOT IN ('APPROVED', 'REJECTED', 'PAID')
               OR (proposal IS NOT NULL
                   AND proposal = CASE state WHEN 'PAID' THEN 'APPROVED' ELSE state END)),
    CONSTRAINT claim_decided_by_another
        CHECK (decided_by <> verified_by AND decided_by <> opened_by)
) WITH (fillfactor = 80);
-- Care is claimed once; a rejected or expired claim may be filed anew.
CREATE UNIQUE INDEX claim_once_a_letter ON claim (family_id, letter_number)
    WHERE letter_number IS NOT NULL AND state NOT IN ('REJECTED', 'EXPIRED');
CREATE UNIQUE INDEX claim_once_a_visit ON claim (family_id, visit_number)
    WHERE visit_number IS NOT NULL AND state NOT IN ('REJECTED', 'EXPIRED');
CREATE INDEX claim_facility ON claim (facility_code, claim_id);

CREATE TABLE claim_document (
    family_id bigint NOT NULL,
    claim_id bigint NOT NULL,
    document text NOT NULL
        CONSTRAINT claim_document_kind CHECK (document ~ '^[A-Z][A-Z_]{1,39}$'),
    sha256 text NOT NULL CONSTRAINT claim_document_sha256 CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    added_at timestamptz NOT NULL,
    added_by text NOT NULL,
    PRIMARY KEY (family_id, claim_id, document, sha256),
    FOREIGN KEY (family_id, claim_id) REFERENCES claim
);

-- What happened to a claim: who, when, why, and what it was before; appended.
CREATE TABLE claim_event (
    family_id bigint NOT NULL,
    event_id bigint GENERATED ALWAYS AS IDENTITY,
    claim_id bigint NOT NULL,
    was text,
    state text NOT NULL,
    proposal text,
    amount_verified bigint,
    reason text NOT NULL,
    by_whom text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (family_id, event_id),
    FOREIGN KEY (family_id, claim_id) REFERENCES claim
);
CREATE INDEX claim_event_claim ON claim_event (family_id, claim_id, event_id);

GRANT SELECT, INSERT ON claim, claim_document, claim_event TO iuran_app;
GRANT UPDATE (state, submitted_on, complete_on, pay_by, proposal, amount_verified, exclusion,
              verified_by, decided_by) ON claim TO iuran_app;
