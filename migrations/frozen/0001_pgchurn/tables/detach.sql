-- What stands in the way of dropping the functions: attachments, triggers, constraints.
DROP EVENT TRIGGER churn_admit_owner;
DROP EVENT TRIGGER churn_follow_altered_tables;
DROP EVENT TRIGGER churn_keep_attached_tables;
DROP EVENT TRIGGER churn_keep_unique_keys;
SELECT churn.detach(a.profile) FROM churn.attachments a WHERE a.detached_at IS NULL;
DROP TRIGGER refuse_change ON churn.models;
DROP TRIGGER refuse_change ON churn.deployments;
DROP TRIGGER fit_prediction_log ON churn.deployments;
DROP TRIGGER refuse_key_change ON churn_trust.trusted_keys;
DROP TRIGGER refuse_key_truncation ON churn_trust.trusted_keys;
DROP TRIGGER refuse_pickle_change ON churn_trust.allowed_pickles;
DROP TRIGGER refuse_pickle_truncation ON churn_trust.allowed_pickles;
ALTER DOMAIN churn_internal.probability DROP CONSTRAINT not_failed;
ALTER DOMAIN churn_internal.probabilities DROP CONSTRAINT not_failed;
ALTER DOMAIN churn_internal.required_boolean DROP CONSTRAINT not_failed;
ALTER DOMAIN churn_internal.required_integer DROP CONSTRAINT not_failed;
ALTER DOMAIN churn_internal.required_jsonb DROP CONSTRAINT not_failed;
ALTER DOMAIN churn_internal.required_text DROP CONSTRAINT not_failed;
