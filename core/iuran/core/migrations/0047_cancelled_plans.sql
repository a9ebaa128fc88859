-- A family may give its instalment plan up: who, when and why.
ALTER TABLE instalment_plan DROP CONSTRAINT instalment_plan_state;
ALTER TABLE instalment_plan ADD CONSTRAINT instalment_plan_state
    CHECK (state IN ('RUNNING', 'FINISHED', 'MISSED', 'CANCELLED')) NOT VALID;

CREATE TABLE instalment_plan_cancellation (
    family_id bigint NOT NULL,
    plan_id bigint NOT NULL,
    cancelled_by text NOT NULL
        CONSTRAINT instalment_plan_cancellation_by CHECK (length(cancelled_by) BETWEEN 1 AND 100),
    reason text NOT NULL
        CONSTRAINT instalment_plan_cancellation_reason CHECK (length(reason) BETWEEN 1 AND 1000),
    cancelled_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, plan_id),
    FOREIGN KEY (family_id, plan_id) REFERENCES instalment_plan
);

GRANT SELECT, INSERT ON instalment_plan_cancellation TO iuran_app;
