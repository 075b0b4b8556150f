CREATE OR REPLACE FUNCTION churn_internal.template_attached_columns() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
-- Until commit nobody writes: no complaint slips in between the count and the triggers.
LOCK TABLE @profile@, @complaints@ IN SHARE ROW EXCLUSIVE MODE;
-- The owner of the trigger functions reads both tables and writes its own columns; its
-- trigger for updates is fitted to the table's other triggers.
GRANT SELECT ON @profile@, @complaints@ TO churn_owner;
GRANT TRIGGER ON @profile@ TO churn_owner;
ALTER TABLE @profile@
    ADD COLUMN complaint_count integer NOT NULL DEFAULT 0,
    ADD COLUMN last_complaint_at timestamptz,
    ADD COLUMN churn_score double precision,
    ADD COLUMN churn_model_version bigint,
    ADD COLUMN churn_scored_at timestamptz;
GRANT UPDATE (
    complaint_count, last_complaint_at, churn_score, churn_model_version,
    churn_scored_at
) ON @profile@ TO churn_owner;
COMMENT ON COLUMN @profile@.complaint_count IS
    'How many complaints the customer has made. Kept by pgchurn.';
COMMENT ON COLUMN @profile@.last_complaint_at IS
    'When the customer last complained. Kept by pgchurn.';
COMMENT ON COLUMN @profile@.churn_score IS
    'Probability of churn, 0 to 1; null: never scored. Kept by pgchurn.';
COMMENT ON COLUMN @profile@.churn_model_version IS
    'The version in churn.models that gave the score. Kept by pgchurn.';
COMMENT ON COLUMN @profile@.churn_scored_at IS 'When the score was given. Kept by pgchurn.';
$template$ $body$;
COMMENT ON FUNCTION churn_internal.template_attached_columns IS 'Template: see churn_trust.fill_template.';
