CREATE OR REPLACE FUNCTION churn_internal.fit_prediction_log() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    PERFORM churn_internal.create_log_predictions(a)
    FROM churn.attachments a
    WHERE a.attachment_id = NEW.attachment_id AND a.detached_at IS NULL
      AND a.log_rate > 0;
    RETURN NULL;
END $body$;
COMMENT ON FUNCTION churn_internal.fit_prediction_log() IS
    'Trigger of churn.deployments: has the features of a version that becomes active '
    'logged, too.';

CREATE OR REPLACE TRIGGER fit_prediction_log AFTER INSERT ON churn.deployments
    FOR EACH ROW EXECUTE FUNCTION churn_internal.fit_prediction_log();
COMMENT ON TRIGGER fit_prediction_log ON churn.deployments IS
    'Logs the features of the version that becomes active.';
