-- Pages of the mandates that live, of all banks and of one.

CREATE INDEX autodebit_mandate_living ON autodebit_mandate (family_id, mandate_id)
    WHERE revoked_at IS NULL;

DROP INDEX autodebit_mandate_of_channel;
CREATE INDEX autodebit_mandate_of_channel ON autodebit_mandate (channel_id, family_id, mandate_id)
    WHERE revoked_at IS NULL;
