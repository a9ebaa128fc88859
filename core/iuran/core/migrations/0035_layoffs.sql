-- A worker who was laid off keeps the benefits for six months without contribution, with his family
-- (Perpres 59/2024 art. 27): a membership of its own behind the one of the employment. Two persons
-- stand for it. Appended; an early end, because somebody else insures him, is a fact of its own.
CREATE TABLE layoff (
    family_id bigint NOT NULL,
    membership_id bigint NOT NULL,
    employment_id bigint NOT NULL,  -- the membership that the employer paid for
    change_id bigint NOT NULL,
    last_month coverage_month NOT NULL,
    papers text[] NOT NULL CONSTRAINT layoff_papers CHECK (cardinality(papers) > 0),
    PRIMARY KEY (family_id, membership_id),
    UNIQUE (family_id, employment_id),
    FOREIGN KEY (family_id, membership_id) REFERENCES membership,
    FOREIGN KEY (family_id, employment_id) REFERENCES employment,
    FOREIGN KEY (family_id, change_id) REFERENCES manual_change_approval
);

CREATE TABLE layoff_end (
    family_id bigint NOT NULL,
    membership_id bigint NOT NULL,
    last_month coverage_month NOT NULL,
    reported_by text NOT NULL CONSTRAINT layoff_end_by CHECK (length(reported_by) > 0),
    reason text NOT NULL CONSTRAINT layoff_end_reason CHECK (length(reason) > 0),
    reported_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, membership_id),
    FOREIGN KEY (family_id, membership_id) REFERENCES layoff
);

GRANT SELECT, INSERT ON layoff, layoff_end TO iuran_app;

ALTER TABLE manual_change DROP CONSTRAINT manual_change_kind;
ALTER TABLE manual_change ADD CONSTRAINT manual_change_kind
    CHECK (kind IN ('DEATH', 'REMOVAL', 'RATE_RULING', 'DATA', 'SEGMENT', 'LAYOFF')) NOT VALID;

DO $$
DECLARE
    v_cause text;
BEGIN
    SELECT regexp_replace(pg_get_constraintdef(oid), '^CHECK ', '') INTO STRICT v_cause
    FROM pg_constraint
    WHERE conrelid = 'membership_event'::regclass AND conname = 'membership_event_cause';
    ALTER TABLE membership_event DROP CONSTRAINT membership_event_cause;
    EXECUTE format('ALTER TABLE membership_event ADD CONSTRAINT membership_event_cause CHECK '
                   '(%s OR cause IN (''LAYOFF'', ''LAYOFF_ENDED''))', v_cause);
END
$$;
