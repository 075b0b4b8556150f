-- Stop before anything is changed when this server cannot run pgchurn.
DO $prerequisites$
BEGIN
    IF current_setting('server_version_num')::integer < 150000 THEN
        RAISE feature_not_supported USING
            MESSAGE = 'pgchurn needs PostgreSQL 15 or newer',
            DETAIL = format('This server is %s.', current_setting('server_version'));
    END IF;
    IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_available_extensions WHERE name = 'plpython3u'
    ) THEN
        RAISE undefined_object USING
            MESSAGE = 'PL/Python (extension plpython3u) is not installed on this server',
            HINT = format('On Debian: apt-get install postgresql-plpython3-%s',
                          current_setting('server_version_num')::integer / 10000);
    END IF;
END $prerequisites$;

CREATE EXTENSION IF NOT EXISTS plpython3u;

DO LANGUAGE plpython3u $prerequisites$
import importlib
import os
import sys

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

OLDEST = {
    "numpy": ("numpy", (2, 4)),
    "scikit-learn": ("sklearn", (1, 9)),
    "cryptography": ("cryptography", (50, 0)),
}
python = f"Python {sys.version.split()[0]}, which PL/Python embeds"


def refuse(sqlstate, message, detail, hint):
    # By PL/pgSQL, because PL/Python puts the name of its class in front of a message.
    texts = [plpy.quote_literal(text) for text in (message, detail, hint)]
    block = (
        f"BEGIN RAISE SQLSTATE '{sqlstate}' USING MESSAGE = {texts[0]},"
        f" DETAIL = {texts[1]}, HINT = {texts[2]}; END"
    )
    plpy.execute(f"DO {plpy.quote_literal(block)}")


for package, (module_name, oldest) in OLDEST.items():
    wanted = f"{package} {'.'.join(map(str, oldest))} or newer"
    hint = (
        f"Install {wanted} for this interpreter ({sys.exec_prefix}), and where it is "
        "not on its path set PYTHONPATH in the server's environment, then restart the "
        "server. migrations/README.md has a page on it."
    )
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        refuse("58P01", f"{package} is missing from {python}", f"{error}.", hint)
    version = tuple(int(part) for part in module.__version__.split(".")[:2])
    if version < oldest:
        refuse(
            "0A000",
            f"{package} {module.__version__} is too old in {python}",
            f"pgchurn needs {wanted}.",
            hint,
        )
$prerequisites$;
