DROP TABLE churn.rescoring_marks;
DROP FUNCTION
    churn.register_model,
    churn.activate_model,
    churn.check_statement,
    churn.check_activation,
    churn.active_statement;
ALTER TABLE churn.models
    DROP COLUMN statement,
    DROP COLUMN statement_signature,
    DROP COLUMN statement_key;
DROP FUNCTION
    churn_trust.keys_in_force,
    churn_trust.trust_key,
    churn_trust.revoke_key;
DROP TABLE churn_trust.trusted_keys;
DROP FUNCTION churn_trust.refuse_key_change;
DROP SCHEMA churn_trust;
