-- Arrears paid in steps ("pembayaran bertahap", REHAB). While a plan runs its bills stay open and
-- the money is held; a membership has at most one.
CREATE TABLE instalment_plan (
    family_id bigint NOT NULL,
    plan_id bigint GENERATED ALWAYS AS IDENTITY,
    membership_id bigint NOT NULL,
    first_month coverage_month NOT NULL,   -- the month of the first step; one step a month
    oldest_month coverage_month NOT NULL,  -- the oldest bill that the plan settles
    steps smallint NOT NULL CONSTRAINT instalment_plan_steps CHECK (steps >= 2),
    arrears_months smallint NOT NULL,
    planned_amount bigint NOT NULL CONSTRAINT instalment_plan_amount CHECK (planned_amount > 0),
    step_amount bigint NOT NULL CONSTRAINT instalment_plan_step CHECK (step_amount > 0),
    active_at_first boolean NOT NULL,
    registered_by text NOT NULL,
    registered_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'RUNNING'
        CONSTRAINT instalment_plan_state CHECK (state IN ('RUNNING', 'FINISHED', 'MISSED')),
    paid_steps smallint NOT NULL DEFAULT 0,
    held_amount bigint NOT NULL DEFAULT 0
        CONSTRAINT instalment_plan_held CHECK (held_amount >= 0),
    ended_at timestamptz,
    PRIMARY KEY (family_id, plan_id),
    FOREIGN KEY (family_id, membership_id) REFERENCES membership,
    CONSTRAINT instalment_plan_paid_steps CHECK (paid_steps BETWEEN 0 AND steps),
    CONSTRAINT instalment_plan_ends_empty
        CHECK ((state = 'RUNNING') = (ended_at IS NULL) AND (state = 'RUNNING' OR held_amount = 0))
);
CREATE UNIQUE INDEX instalment_plan_running ON instalment_plan (family_id, membership_id)
    WHERE state = 'RUNNING';
GRANT SELECT, INSERT ON instalment_plan TO iuran_app;
GRANT UPDATE (state, paid_steps, held_amount, ended_at) ON instalment_plan TO iuran_app;

ALTER TABLE membership ADD COLUMN plan_id bigint;
GRANT UPDATE (plan_id) ON membership TO iuran_app;
