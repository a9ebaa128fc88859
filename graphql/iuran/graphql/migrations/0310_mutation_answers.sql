-- What mutations did under an idempotency key, in the transaction of the effect. A key belongs to who
-- sent it (`principal`: a hash of role and subject), and `bucket` is the first byte of that hash: what
-- may be forgotten is found bucket by bucket. `kept_at` is real time, as keys are about networks and
-- not about law. The input itself is not kept, for it may hold numbers of people: only its hash.
CREATE TABLE mutation_answer (
    bucket     smallint NOT NULL,
    principal  text NOT NULL,
    key        text NOT NULL CONSTRAINT mutation_answer_key CHECK (length(key) BETWEEN 8 AND 64),
    mutation   text NOT NULL,
    input_hash bytea NOT NULL,
    answer     jsonb,
    kept_at    timestamptz NOT NULL,
    PRIMARY KEY (bucket, principal, key)
);
CREATE INDEX mutation_answer_by_age ON mutation_answer (bucket, kept_at);

GRANT SELECT, INSERT, DELETE ON mutation_answer TO iuran_app;
GRANT UPDATE (answer) ON mutation_answer TO iuran_app;
