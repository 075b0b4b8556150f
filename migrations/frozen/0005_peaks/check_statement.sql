CREATE OR REPLACE FUNCTION churn.check_statement(
    artifact_sha256 bytea, compiled_sha256 bytea, signature jsonb, environment jsonb,
    statement text, statement_signature bytea, statement_key text,
    active_statement text, allow_older boolean
)
RETURNS boolean
LANGUAGE plpython3u STABLE PARALLEL UNSAFE
AS $python$
try:
    session = GD["pgchurn runtime 740f9107a67d4e59"]
except KeyError:
    plpy.execute("SELECT churn.load_runtime()")
    session = GD["pgchurn runtime 740f9107a67d4e59"]
return session.check_statement(
    artifact_sha256, compiled_sha256, signature, environment,
    (statement, statement_signature, statement_key), active_statement, allow_older,
)
$python$;
COMMENT ON FUNCTION churn.check_statement IS
    'An error unless a candidate is signed as it must be; false when its compiled form is '
    'not signed with it.';
ALTER FUNCTION churn.check_statement OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.check_statement FROM PUBLIC;
