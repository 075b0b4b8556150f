-- Stop before anything is changed when this server cannot run pgchurn.
DO $prerequisites$
BEGIN
    IF NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
        RAISE insufficient_privilege USING
            MESSAGE = 'pgchurn must be migrated by a superuser',
            DETAIL = format('%I is none, and PL/Python is an untrusted language.',
                            current_user),
            HINT = 'Connect as a superuser, by default postgres.';
    END IF;
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
END
$prerequisites$;

CREATE EXTENSION IF NOT EXISTS plpython3u;

DO LANGUAGE plpython3u $prerequisites$
import os
import sys

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

OLDEST = {"numpy": ("numpy", (2, 4)), "scikit-learn": ("sklearn", (1, 9))}
python = f"Python {sys.version.split()[0]}, which PL/Python embeds"
for package, (module_name, oldest) in OLDEST.items():
    wanted = f"{package} {'.'.join(map(str, oldest))} or newer"
    hint = (
        f"Install {wanted} for this interpreter ({sys.exec_prefix}), and where it is "
        "not on its path set PYTHONPATH in the server's environment, then restart the "
        "server. The README has a page on it."
    )
    try:
        module = __import__(module_name)
    except ImportError as error:
        plpy.error(
            f"{package} is missing from {python}",
            detail=f"{error}.",
            hint=hint,
            sqlstate="58P01",
        )
    version = tuple(int(part) for part in module.__version__.split(".")[:2])
    if version < oldest:
        plpy.error(
            f"{package} {module.__version__} is too old in {python}",
            detail=f"pgchurn needs {wanted}.",
            hint=hint,
            sqlstate="0A000",
        )
$prerequisites$;
