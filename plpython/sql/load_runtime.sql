CREATE OR REPLACE FUNCTION churn_internal.load_runtime() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE
AS $python$
# Read by the libraries when they are first imported: one backend, one thread, and no
# reports to ONNX Runtime's maker.
import os

for variable in (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ORT_DISABLE_TELEMETRY"
):
    os.environ[variable] = "1"

@runtime_source@

def load_estimator(artifact):
    # The strict loader takes a twentieth of the time until a session's first score to
    # read. A process that judges reads it at once, and its name then means the loader.
    session = GD["@runtime_key@"]
    if session.load_estimator is None:
        plpy.execute("SELECT churn_internal.load_pickle_reader()")
    return session.load_estimator(artifact)

# GD outlives an upgrade: the runtime before this one is let go.
for key in [key for key in GD if key.startswith("pgchurn runtime ")]:
    del GD[key]
GD["@runtime_key@"] = Session(plpy)
$python$;
COMMENT ON FUNCTION churn_internal.load_runtime() IS
    'Loads the scoring runtime into this session, under a key that names its content.';
ALTER FUNCTION churn_internal.load_runtime() OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal.load_runtime() FROM PUBLIC;
