CREATE OR REPLACE FUNCTION churn_internal.compile_runtime() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
import base64
import hashlib
import importlib.util
import marshal

# What a sum or trees need to score a row.
MODULES = (
    "arms", "batches", "bounded_cache", "compiled", "errors", "features", "form",
    "form_arrays", "form_parts", "form_scalars", "form_source", "form_tree_checks",
    "form_tree_walk", "form_trees", "numpy_later", "pacing", "registry", "scoring",
    "session", "signature",
)
# The last format that gives the same bytes whatever else the session holds.
FORMAT = 2
plpy.execute("SELECT churn_internal.load_runtime()")
lines = [importlib.util.MAGIC_NUMBER.hex()]
for module in MODULES:
    loader = importlib.import_module(f"churn_runtime.{module}").__loader__
    digest = hashlib.sha256(loader.source.encode()).hexdigest()
    code = base64.b64encode(marshal.dumps(loader.compiled(), FORMAT)).decode()
    lines.append(f"{module} {digest} {code}")
body = "\n".join(["", "'''", *lines, "'''", ""])
# In the schema in which nobody but superusers creates anything.
plpy.execute(
    "CREATE OR REPLACE FUNCTION churn_runtime.bytecode() RETURNS void"
    f" LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS {plpy.quote_literal(body)}"
)
$python$;
COMMENT ON FUNCTION churn_internal.compile_runtime() IS
    'Compiles the modules that a first score needs, for all sessions. Where a text or Python '
    'itself has changed since, a session compiles the module, which takes it up to 10 ms.';
