"""Servers that lack something: tiny private ones, started here."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from pgchurn.loader import private_server

from tests.databases import CHECKOUT, postgresql_program, run


@pytest.fixture(scope="module")
def folder():
    """A short path, that the server's user owns, away from pytest's closed ones."""
    path = Path(tempfile.mkdtemp(prefix="pgchurn-test-", dir="/tmp"))
    os.chown(path, *private_server.server_user())
    yield path
    shutil.rmtree(path)


def server_program(folder, name, *arguments, python_path=None):
    environment = dict(private_server.ENVIRONMENT)
    if python_path:
        environment["PYTHONPATH"] = str(python_path)
    done = subprocess.run(
        [postgresql_program(name), *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        **private_server.server_identity(),
    )
    assert done.returncode == 0, name


@pytest.fixture(scope="module")
def cluster(folder):
    server_program(
        *(folder, "initdb", "-D", "data", "-U", "postgres", "-E", "UTF8"),
        *("--locale", "C.UTF-8", "--auth", "trust", "--no-sync"),
    )
    return folder


@contextlib.contextmanager
def running(cluster, python_path=None):
    settings = f"-c listen_addresses= -c unix_socket_directories={cluster} -c fsync=off"
    server_program(
        *(cluster, "pg_ctl", "start", "-D", "data", "-s", "-w", "-l", "log"),
        *("-o", settings),
        python_path=python_path,
    )
    try:
        yield f"host={cluster} port=5432 user=postgres dbname=postgres"
    finally:
        server_program(cluster, "pg_ctl", "stop", "-D", "data", "-s", "-m", "immediate")


def alembic(url, *arguments):
    return run(
        [sys.executable, "-m", "alembic", "-c", "setup.cfg", *arguments],
        check=False,
        cwd=CHECKOUT,
        env={**os.environ, "DATABASE_URL": url},
    )


def query(url, statement):
    return run([postgresql_program("psql"), "-XAtc", statement, url]).stdout.strip()


OBJECTS = (
    "SELECT count(*) FROM pg_namespace WHERE nspname = 'churn' UNION ALL"
    " SELECT count(*) FROM pg_roles WHERE rolname ~ '^churn' UNION ALL"
    " SELECT count(*) FROM pg_extension WHERE extname = 'plpython3u' UNION ALL"
    " SELECT count(*) FROM pg_class WHERE relname ~ 'alembic'"
)


def assert_refused(url, *expected):
    done = alembic(url, "upgrade", "head")

    assert done.returncode != 0
    for text in expected:
        assert text in done.stderr
    assert "Traceback" not in done.stderr
    assert query(url, OBJECTS).split() == ["0", "0", "0", "0"]


def packages(folder, *names):
    """Return a search path that holds only these of the installed packages."""
    installed = Path(__import__("numpy").__file__).parents[1]
    path = Path(tempfile.mkdtemp(dir=folder))
    path.chmod(0o755)
    for name in names:
        (path / name).symlink_to(installed / name)
    return path


def test_a_server_without_numpy_is_told_what_is_missing(cluster):
    with running(cluster) as url:
        assert_refused(
            url,
            "numpy is missing from Python 3.",
            "which PL/Python embeds",
            "Install numpy 2.4 or newer",
            "PYTHONPATH",
        )


def test_a_server_without_scikit_learn_is_told_what_is_missing(cluster):
    with running(cluster, packages(cluster, "numpy", "numpy.libs")) as url:
        assert_refused(url, "scikit-learn is missing", "Install scikit-learn 1.9")


def test_a_server_with_an_old_numpy_is_told_so(cluster):
    path = packages(cluster)
    (path / "numpy.py").write_text("__version__ = '1.26.4'")

    with running(cluster, path) as url:
        assert_refused(url, "numpy 1.26.4 is too old", "numpy 2.4 or newer")


def other_cryptography(folder):
    """Return a search path with every package, and a place for another of this one."""
    installed = Path(__import__("numpy").__file__).parents[1]
    names = {path.name for path in installed.iterdir()} - {"cryptography"}
    path = packages(folder, *names)
    (path / "cryptography").mkdir()
    return path


def test_a_server_without_cryptography_is_told_what_is_missing(cluster):
    path = other_cryptography(cluster)
    (path / "cryptography" / "__init__.py").write_text("raise ImportError('not here')")

    with running(cluster, path) as url:
        assert_refused(
            url,
            "cryptography is missing from Python 3.",
            "not here.",
            "Install cryptography 50.0 or newer",
            "PYTHONPATH",
        )


def test_a_server_with_an_old_cryptography_is_told_so(cluster):
    path = other_cryptography(cluster)
    (path / "cryptography" / "__init__.py").write_text("__version__ = '38.0.4'")
    parts = path / "cryptography" / "hazmat" / "primitives" / "asymmetric"
    parts.mkdir(parents=True)
    (parts / "ed25519.py").write_text("")

    with running(cluster, path) as url:
        assert_refused(
            url, "cryptography 38.0.4 is too old", "cryptography 50.0 or newer"
        )


def test_alone_on_a_server_the_way_down_to_base_takes_the_roles_along(cluster):
    site_packages = Path(__import__("numpy").__file__).parents[1]
    with running(cluster, site_packages) as url:
        assert alembic(url, "upgrade", "head").returncode == 0
        assert alembic(url, "downgrade", "base").returncode == 0

        assert (
            query(url, "SELECT count(*) FROM pg_roles WHERE rolname ~ '^churn'") == "0"
        )
