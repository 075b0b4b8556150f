DROP TABLE
    churn.complaints, churn.customers, churn.deployments, churn.models, churn.attachments,
    churn.outbox, churn.alert_outbox, churn.predictions, churn.outcomes, churn.actions,
    churn.monitor_results, churn.alerts, churn.release_evidence,
    churn.exposures, churn_internal.experiment_plans,
    churn_internal.release_plans, churn_internal.retraining_plans,
    churn_internal.retrainings, churn_internal.learned_batches,
    churn_internal.learning_streams, churn_internal.failed_profiles,
    churn_internal.pending_profiles, churn_internal.rescore_ranges,
    churn_internal.rescore_runs, churn_trust.trusted_keys, churn_trust.allowed_pickles;
DROP SEQUENCE churn_internal.own_writes;
DROP DOMAIN
    churn_internal.probability, churn_internal.probabilities, churn_internal.required_boolean,
    churn_internal.required_integer, churn_internal.required_jsonb,
    churn_internal.required_text, churn_trust.array_image;
DROP SCHEMA churn, churn_internal, churn_runtime, churn_trust;

-- The roles stay while another database of this server still uses them.
DO $roles$
DECLARE
    role name;
BEGIN
    FOREACH role IN ARRAY
        ARRAY['churn_application', 'churn_scorer', 'churn_loader', 'churn_owner']
    LOOP
        BEGIN
            EXECUTE format('DROP ROLE IF EXISTS %I', role);
        EXCEPTION WHEN dependent_objects_still_exist THEN
            RAISE NOTICE 'role % stays: it is used elsewhere', role;
        END;
    END LOOP;
END $roles$;
