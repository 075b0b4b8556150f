DROP EVENT TRIGGER churn_follow_altered_tables;
DROP EVENT TRIGGER churn_keep_attached_tables;
SELECT churn.detach(a.profile) FROM churn.attachments a WHERE a.detached_at IS NULL;
DROP TRIGGER refuse_change ON churn.models;
DROP TRIGGER refuse_change ON churn.deployments;
DROP VIEW churn.active_deployments;
DROP PROCEDURE churn.rescore;
-- In one list, because some depend on each other.
DROP FUNCTION
    churn.activate_model,
    churn.active_deployment,
    churn.attach,
    churn.attachment_of,
    churn.check_attachable,
    churn.check_model,
    churn.column_kind,
    churn.complaint_time,
    churn.create_attachment_functions,
    churn.create_attachment_triggers,
    churn.create_from_template,
    churn.create_profile_update_trigger,
    churn.detach,
    churn.examine_model,
    churn.feature_arrays,
    churn.fill_template,
    churn.key_type,
    churn.layout,
    churn.load_runtime,
    churn.lock_deployments,
    churn.predict,
    churn.refresh_attachment,
    churn.refuse_change,
    churn.register_model,
    churn.revoke_from_owner,
    churn.rollback_model,
    churn.score_batch,
    churn.score_changed,
    churn.score_features,
    churn.score_features_many,
    churn.server_environment,
    churn.set_on_error,
    churn.table_name,
    churn.to_double,
    churn.verify,
    churn.warm,
    churn.follow_altered_tables,
    churn.keep_attached_tables;
