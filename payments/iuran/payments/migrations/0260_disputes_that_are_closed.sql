-- A dispute ends: one person says what became of it with the bank, another approves. Its facts are the
-- proposals and the closing; `closed_at` says which are open, and is set once.
ALTER TABLE disputed_payment
    ADD COLUMN closed_at timestamptz,
    ADD CONSTRAINT disputed_payment_number UNIQUE (channel_id, dispute_id);
GRANT UPDATE (closed_at) ON disputed_payment TO iuran_app;

CREATE TABLE dispute_proposal (
    channel_id integer NOT NULL,
    dispute_id bigint NOT NULL,
    proposal_id bigint GENERATED ALWAYS AS IDENTITY,
    outcome text NOT NULL
        CONSTRAINT dispute_proposal_outcome
        CHECK (outcome IN ('BANK_CORRECTED', 'REFUNDED_BY_BANK', 'SAME_PAYMENT', 'BOOKED',
                           'SETTLED_OTHERWISE')),
    reason text NOT NULL
        CONSTRAINT dispute_proposal_reason CHECK (length(reason) BETWEEN 1 AND 1000),
    proposed_by text NOT NULL CONSTRAINT dispute_proposal_proposer CHECK (proposed_by <> ''),
    proposed_at timestamptz NOT NULL,
    PRIMARY KEY (channel_id, dispute_id, proposal_id),
    UNIQUE (channel_id, dispute_id, proposal_id, proposed_by),
    FOREIGN KEY (channel_id, dispute_id) REFERENCES disputed_payment (channel_id, dispute_id)
);

-- How it ended, once. Of BOOKED: under which reference, how much, and what it came to there.
CREATE TABLE dispute_closing (
    channel_id integer NOT NULL,
    dispute_id bigint NOT NULL,
    proposal_id bigint NOT NULL,
    proposed_by text NOT NULL,
    approved_by text NOT NULL CONSTRAINT dispute_closing_approver CHECK (approved_by <> ''),
    approved_at timestamptz NOT NULL,
    booked_reference text,
    booked_amount bigint CONSTRAINT dispute_closing_amount CHECK (booked_amount > 0),
    result text
        CONSTRAINT dispute_closing_result CHECK (result IN ('SETTLED', 'CREDITED', 'IN_SUSPENSE')),
    PRIMARY KEY (channel_id, dispute_id),
    FOREIGN KEY (channel_id, dispute_id, proposal_id, proposed_by)
        REFERENCES dispute_proposal (channel_id, dispute_id, proposal_id, proposed_by),
    CONSTRAINT dispute_closing_needs_two_persons CHECK (approved_by <> proposed_by),
    CONSTRAINT dispute_closing_booked CHECK (num_nonnulls(booked_reference, booked_amount, result)
                                             IN (0, 3))
);
GRANT SELECT, INSERT ON dispute_proposal, dispute_closing TO iuran_app;

-- Pages of disputes, of all channels and of one, of all and of those that are open or closed.
CREATE INDEX disputed_payment_open ON disputed_payment (dispute_id) WHERE closed_at IS NULL;
CREATE INDEX disputed_payment_closed ON disputed_payment (dispute_id) WHERE closed_at IS NOT NULL;
CREATE INDEX disputed_payment_of_channel_open ON disputed_payment (channel_id, dispute_id)
    WHERE closed_at IS NULL;
CREATE INDEX disputed_payment_of_channel_closed ON disputed_payment (channel_id, dispute_id)
    WHERE closed_at IS NOT NULL;
CREATE INDEX dispute_proposal_in_time ON dispute_proposal (proposed_at);
