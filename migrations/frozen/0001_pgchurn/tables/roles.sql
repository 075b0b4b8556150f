-- Roles belong to the whole server: another database may have created them already.
DO $roles$
DECLARE
    role name;
BEGIN
    FOREACH role IN ARRAY
        ARRAY['churn_owner', 'churn_loader', 'churn_scorer', 'churn_application']
    LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role);
        END IF;
    END LOOP;
END $roles$;
-- Counters and scores are of all rows, whatever row level security shows to whom.
ALTER ROLE churn_owner BYPASSRLS;
COMMENT ON ROLE churn_owner IS 'Owns every object of pgchurn. Nobody logs in as it.';
COMMENT ON ROLE churn_loader IS 'Registers and activates models. Grant it to data scientists.';
COMMENT ON ROLE churn_scorer IS 'Reads scores and asks for new ones. Grant it to analysts.';
COMMENT ON ROLE churn_application IS 'Inserts complaints, nothing else. Grant it to applications.';
