-- Two persons stand for the money of a stay's fine that a channel collected at a counter.

ALTER TABLE manual_change
    DROP CONSTRAINT manual_change_kind,
    ADD CONSTRAINT manual_change_kind
        CHECK (kind IN ('DEATH', 'REMOVAL', 'RATE_RULING', 'DATA', 'SEGMENT', 'LAYOFF',
                        'FAMILY_MOVE', 'FINE_PAYMENT')) NOT VALID;

-- The fines that wait for their money, the latest deadline first.
CREATE INDEX stay_fine_unpaid ON stay_fine (pay_by DESC) WHERE paid_at IS NULL AND amount > 0;
