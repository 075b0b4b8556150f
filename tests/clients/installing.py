"""What the clients need, and where it is installed.

The packages of Python are in an environment of their own, beside the checkout's, as an
application has them. Those of Debian only root can install.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pgchurn.loader import distribution

from tests import environments
from tests.databases import CHECKOUT, run

FOLDER = CHECKOUT / "tests/clients"
REQUIREMENTS = FOLDER / "requirements.txt"
ENVIRONMENT = "clients"
DRIVER = Path("/usr/share/java/postgresql.jar")
COMPILER = "javac"
DEBIAN_PACKAGES = ("default-jdk-headless", "libpostgresql-jdbc-java")


@dataclass(frozen=True)
class Client:
    """A client of the store.

    Parameters
    ----------
    program : str
        The file of its program.
    packages : tuple of str
        What it imports; none for Java's.
    arguments : tuple of str
        Those of the program, before the others.
    creates_tables : bool
        Whether the store's tables are its own doing.
    """

    program: str
    packages: tuple = ()
    arguments: tuple = ()
    creates_tables: bool = False


CLIENTS = {
    "Django": Client("django_client.py", ("django", "psycopg"), creates_tables=True),
    "SQLAlchemy on psycopg 2": Client(
        "sqlalchemy_client.py", ("sqlalchemy", "alembic", "psycopg2"), ("psycopg2",)
    ),
    "SQLAlchemy on psycopg 3": Client(
        "sqlalchemy_client.py", ("sqlalchemy", "alembic", "psycopg"), ("psycopg",)
    ),
    "asyncpg": Client("asyncpg_client.py", ("asyncpg",)),
    "psycopg 3": Client("psycopg3_client.py", ("psycopg",)),
    "JDBC": Client("JdbcClient.java"),
}


def install():
    """Install what is missing, or say what only root could."""
    requirements = REQUIREMENTS.read_text(encoding="utf-8")
    environments.install(ENVIRONMENT, requirements, "Django and other clients")
    if _lacks_java():
        if os.geteuid() == 0:
            distribution.update_package_lists()
            distribution.install_packages(DEBIAN_PACKAGES)
        else:
            distribution.report(_lacks_java())


def missing(client):
    """Return why a client cannot run, or None."""
    if not client.packages:
        return _lacks_java()
    if _interpreter(client.packages) is None:
        return f"{' or '.join(client.packages)} is not installed; run: make clients"
    return None


def command(client, folder):
    """Return what runs a client's program; its own arguments follow.

    Parameters
    ----------
    client : Client
        One that can run.
    folder : pathlib.Path
        Where a program may be compiled.
    """
    program = FOLDER / client.program
    if client.packages:
        return [_interpreter(client.packages), program, *client.arguments]
    run([COMPILER, "-cp", DRIVER, "-Xlint:all", "-Werror", "-d", folder, program])
    return ["java", "-cp", f"{folder}:{DRIVER}", program.stem]


def _interpreter(packages):
    """Return a Python that has packages: the clients' own, or else this one."""
    for python in (environments.python_of(ENVIRONMENT), Path(sys.executable)):
        imports = [python, "-c", f"import {', '.join(packages)}"]
        if (
            python.exists()
            and not subprocess.run(imports, capture_output=True).returncode
        ):
            return python
    return None


def _lacks_java():
    if shutil.which(COMPILER) and DRIVER.exists():
        return None
    return distribution.missing_packages_message(DEBIAN_PACKAGES)
