DROP TABLE churn.deployments, churn.models, churn.attachments;
DROP SCHEMA churn;

-- The roles stay while another database of this server still uses them.
DO $roles$
DECLARE
    role name;
BEGIN
    FOREACH role IN ARRAY
        ARRAY['churn_application', 'churn_scorer', 'churn_loader', 'churn_owner']
    LOOP
        BEGIN
            IF role = 'churn_owner' THEN
                REVOKE SET ON PARAMETER churn.writing_at_depth FROM churn_owner;
            END IF;
            EXECUTE format('DROP ROLE IF EXISTS %I', role);
        EXCEPTION WHEN dependent_objects_still_exist THEN
            RAISE NOTICE 'role % stays: it is used elsewhere', role;
        END;
    END LOOP;
END
$roles$;
