CREATE OR REPLACE FUNCTION churn_internal.load_runtime() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
# Filled when all is loaded, and emptied by PostgreSQL when this function is replaced,
# which it is whenever a module is.
if SD:
    return

# Read by the libraries when they are first imported: one backend, one thread, and no
# reports to ONNX Runtime's maker.
import os

for variable in (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ORT_DISABLE_TELEMETRY"
):
    os.environ[variable] = "1"

# These functions read the catalog as it is now, and no table under the snapshot of a
# transaction that may have begun before an upgrade: what is loaded fits what calls it.
plan = plpy.prepare(
    "SELECT pg_catalog.pg_get_functiondef(pg_catalog.to_regprocedure($1)) AS definition",
    ["text"],
)


def source_of(module):
    """Return the text of a module, or None when there is none."""
    definition = plpy.execute(plan, [f"churn_runtime.{module}()"])[0]["definition"]
    if definition is None:
        return None
    # Header, AS, and between two dollar quotes a line break and the text.
    tag, _, body = definition.partition("\nAS $")[2].partition("$")
    return body.rpartition(f"${tag}$")[0][1:]


# Nothing remains of what was loaded before, also if this ends half-way.
GD.pop("pgchurn", None)
finder = {"__name__": "finder"}
exec(source_of("finder"), finder)
finder["install"](source_of, source_of("bytecode") or "")
from churn_runtime.session import Session

SD["session"] = GD["pgchurn"] = Session(plpy)
$python$;
COMMENT ON FUNCTION churn_internal.load_runtime() IS
    'Lets this session import the modules of the schema churn_runtime, and makes what the '
    'other functions call: see plpython/README.md.';
