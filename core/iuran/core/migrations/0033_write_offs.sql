-- Arrears that a law lets us write off ("pemutihan"): the rules, filled by every `iuran migrate`; the
-- orders, which need two persons; and what was written off under them.
CREATE TABLE write_off_rule (
    rule text PRIMARY KEY CONSTRAINT write_off_rule_name CHECK (rule ~ '^[A-Z][A-Z0-9_]{2,39}$'),
    in_force boolean NOT NULL,
    effective_from date NOT NULL,
    effective_to date,
    segments text[] NOT NULL,
    care_classes smallint[] NOT NULL,
    last_month coverage_month,
    legal_basis text NOT NULL,
    CONSTRAINT write_off_rule_interval CHECK (effective_to >= effective_from)
);

-- `only_family` names one family; without it an order reaches every family under the rule.
CREATE TABLE write_off_order (
    order_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule text NOT NULL REFERENCES write_off_rule,
    only_family bigint,
    reason text NOT NULL CONSTRAINT write_off_order_reason CHECK (length(reason) BETWEEN 1 AND 1000),
    proposed_by text NOT NULL CONSTRAINT write_off_order_proposer CHECK (proposed_by <> ''),
    proposed_at timestamptz NOT NULL,
    UNIQUE (order_id, proposed_by)
);

CREATE TABLE write_off_approval (
    order_id bigint PRIMARY KEY,
    proposed_by text NOT NULL,
    approved_by text NOT NULL CONSTRAINT write_off_approval_approver CHECK (approved_by <> ''),
    approved_at timestamptz NOT NULL,
    FOREIGN KEY (order_id, proposed_by) REFERENCES write_off_order (order_id, proposed_by),
    CONSTRAINT write_off_needs_two_persons CHECK (approved_by <> proposed_by)
);

-- What was written off of a bill, in rupiah; once for a bill.
CREATE TABLE write_off (
    family_id bigint NOT NULL,
    membership_id bigint NOT NULL,
    coverage_month coverage_month NOT NULL,
    order_id bigint NOT NULL REFERENCES write_off_approval,
    amount bigint NOT NULL CONSTRAINT write_off_amount CHECK (amount > 0),
    written_off_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, membership_id, coverage_month),
    FOREIGN KEY (family_id, membership_id, coverage_month) REFERENCES bill
);

GRANT SELECT ON write_off_rule TO iuran_app;
GRANT SELECT, INSERT ON write_off_order, write_off_approval, write_off TO iuran_app;

ALTER TABLE bill
    DROP CONSTRAINT bill_state,
    ADD CONSTRAINT bill_state CHECK (state IN ('OPEN', 'PAID', 'NOT_BILLABLE', 'WRITTEN_OFF'));

DO $$
DECLARE
    v_cause text;
BEGIN
    SELECT regexp_replace(pg_get_constraintdef(oid), '^CHECK ', '') INTO STRICT v_cause
    FROM pg_constraint
    WHERE conrelid = 'membership_event'::regclass AND conname = 'membership_event_cause';
    ALTER TABLE membership_event DROP CONSTRAINT membership_event_cause;
    EXECUTE format('ALTER TABLE membership_event ADD CONSTRAINT membership_event_cause CHECK '
                   '(%s OR cause = ''ARREARS_WRITTEN_OFF'')', v_cause);
END
$$;
