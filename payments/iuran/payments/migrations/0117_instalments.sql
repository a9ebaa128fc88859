-- REHAB through settlement: what is payable is the step of the month; the last one settles all.
CREATE TABLE instalment_payment (
    family_id bigint NOT NULL,
    plan_id bigint NOT NULL,
    step smallint NOT NULL,
    payment_id bigint NOT NULL,
    amount bigint NOT NULL CONSTRAINT instalment_payment_amount CHECK (amount > 0),
    paid_at timestamptz NOT NULL,
    PRIMARY KEY (family_id, plan_id, step),
    FOREIGN KEY (family_id, plan_id) REFERENCES instalment_plan,
    FOREIGN KEY (family_id, payment_id) REFERENCES payment
);
GRANT SELECT, INSERT ON instalment_payment TO iuran_app;
