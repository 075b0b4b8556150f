CREATE SCHEMA churn AUTHORIZATION churn_owner;
COMMENT ON SCHEMA churn IS
    'pgchurn: churn scores that are fresh whenever a complaint commits. What people call '
    'and read.';
GRANT USAGE ON SCHEMA churn TO churn_loader, churn_scorer, churn_application;

CREATE SCHEMA churn_internal AUTHORIZATION churn_owner;
COMMENT ON SCHEMA churn_internal IS 'pgchurn: what its own functions and triggers use.';
GRANT USAGE ON SCHEMA churn_internal TO churn_loader, churn_scorer, churn_application;

CREATE SCHEMA churn_runtime AUTHORIZATION churn_owner;
COMMENT ON SCHEMA churn_runtime IS
    'pgchurn: the Python modules that score, each the body of a function that is never '
    'called.';

-- Of the superuser who migrates, and not of churn_owner, who may drop what is its own and
-- put something else in its place.
CREATE SCHEMA churn_trust;
COMMENT ON SCHEMA churn_trust IS
    'pgchurn: who may sign models, out of reach of all but superusers.';
REVOKE ALL ON SCHEMA churn_trust FROM PUBLIC;
GRANT USAGE ON SCHEMA churn_trust TO churn_owner;
