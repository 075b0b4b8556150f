CREATE OR REPLACE VIEW churn.known_outcomes (
    profile, key, outcome, known_at
) AS
    SELECT a.profile, o.key, o.outcome, o.known_at
    FROM churn.outcomes o
    JOIN churn.attachments a USING (attachment_id);
COMMENT ON VIEW churn.known_outcomes IS
    'What became of customers, to be read, and to be written by INSERT and COPY as by '
    'churn.record_outcome.';
COMMENT ON COLUMN churn.known_outcomes.profile IS 'The profile table.';
COMMENT ON COLUMN churn.known_outcomes.key IS 'The profile row''s key, as text.';
COMMENT ON COLUMN churn.known_outcomes.outcome IS
    'Whether the customer has left; null: what was known before is withdrawn.';
COMMENT ON COLUMN churn.known_outcomes.known_at IS
    'Since when that is known; left out of an INSERT: since now.';
GRANT SELECT, INSERT ON churn.known_outcomes TO churn_loader;
GRANT SELECT ON churn.known_outcomes TO churn_scorer;

CREATE OR REPLACE FUNCTION churn_internal.insert_known_outcome() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    -- Null tells that nothing was written, so that the command counts what was.
    RETURN CASE WHEN churn.record_outcome(
        NEW.profile, NEW.key, NEW.outcome, coalesce(NEW.known_at, now())
    ) THEN NEW END;
END $body$;
COMMENT ON FUNCTION churn_internal.insert_known_outcome() IS
    'Trigger of churn.known_outcomes: records what is inserted.';

CREATE OR REPLACE TRIGGER insert_known_outcome INSTEAD OF INSERT ON churn.known_outcomes
    FOR EACH ROW EXECUTE FUNCTION churn_internal.insert_known_outcome();
COMMENT ON TRIGGER insert_known_outcome ON churn.known_outcomes IS
    'Appends to churn.outcomes.';
