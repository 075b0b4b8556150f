CREATE OR REPLACE FUNCTION churn_internal.load_pickle_reader() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE
AS $python$
session = GD["@runtime_key@"]
ScoringError = session.refusal

@pickle_reader_source@

session.load_estimator = load_estimator
$python$;
COMMENT ON FUNCTION churn_internal.load_pickle_reader() IS
    'Loads the strict loader of pickles into a session that has the runtime.';
ALTER FUNCTION churn_internal.load_pickle_reader() OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal.load_pickle_reader() FROM PUBLIC;
