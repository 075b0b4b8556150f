"""PostgreSQL as the distribution has it: which version, and in which packages.

The version is found, because each release of a distribution ships one of its own:
Debian 12 has PostgreSQL 15, Debian 13 has 17.

Nothing but the standard library is imported here, as in ``private_server``, which
leans on this module.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

# The newest first, because that is the one to take where there is a choice.
SUPPORTED_VERSIONS = (17, 16, 15)
POSTGRESQL = Path("/usr/lib/postgresql")
PACKAGE_LISTS = Path("/var/lib/apt/lists")


class SetupError(RuntimeError):
    """The machine lacks something; the message says what to do."""


def server_packages(version: int) -> tuple[str, ...]:
    """Return the packages without which nothing works."""
    return (f"postgresql-{version}", f"postgresql-plpython3-{version}", "python3-venv")


def optional_packages(version: int) -> tuple[str, ...]:
    """Return the packages without which some tests are skipped.

    Parameters
    ----------
    version : int
        PostgreSQL's major version.

    Returns
    -------
    tuple of str
        For the nightly job, for a check of the functions that are written in
        PL/pgSQL, for ``pgchurn listen``, and for workers behind a pooler.
    """
    return (
        f"postgresql-{version}-cron",
        f"postgresql-{version}-plpgsql-check",
        f"postgresql-{version}-wal2json",
        "pgbouncer",
    )


def installed_versions(postgresql: Path = POSTGRESQL) -> list[int]:
    """Return the supported versions that are installed with PL/Python.

    Parameters
    ----------
    postgresql : pathlib.Path
        Where the distribution keeps its servers, each in a folder of its own.

    Returns
    -------
    list of int
        The newest first.
    """
    return [
        version
        for version in SUPPORTED_VERSIONS
        if (postgresql / f"{version}/bin/postgres").exists()
        and (postgresql / f"{version}/lib/plpython3.so").exists()
    ]


def newest_offered_version(policies: str) -> int:
    """Return the newest supported version of which apt has PL/Python.

    Parameters
    ----------
    policies : str
        What ``apt-cache policy`` prints about the packages of PL/Python.

    Returns
    -------
    int
        PostgreSQL's major version.
    """
    offered = offered_packages(policies)
    for version in SUPPORTED_VERSIONS:
        if f"postgresql-plpython3-{version}" in offered:
            return version
    newest, *_, oldest = SUPPORTED_VERSIONS
    raise SetupError(
        f"no PostgreSQL from {oldest} to {newest} with PL/Python (the package "
        f"postgresql-plpython3-{newest}, say) is installed or offered by apt; use "
        "Debian 12 or 13, or let apt know a source that has one"
    )


def offered_packages(policies: str) -> set[str]:
    """Return the names of the packages that apt could install.

    Parameters
    ----------
    policies : str
        What ``apt-cache policy`` prints.

    Returns
    -------
    set of str
        Without those that apt knows by name only.
    """
    found = re.findall(r"^(\S+):\n.*\n  Candidate: (\S+)$", policies, re.MULTILINE)
    return {name for name, candidate in found if candidate != "(none)"}


def missing_packages(statuses: str, wanted: Iterable[str]) -> list[str]:
    """Return which packages are not installed.

    Parameters
    ----------
    statuses : str
        One line for each package that is known: its name, a space, its status.
    wanted : iterable of str
        The packages that are asked about.

    Returns
    -------
    list of str
        In the order of `wanted`.
    """
    known = dict(line.split() for line in statuses.splitlines())
    return [name for name in wanted if known.get(name) != "installed"]


def missing_packages_message(missing: Iterable[str]) -> str:
    """Return the line that tells an ordinary user how to install packages."""
    names = " ".join(missing)
    return f"packages are missing; run as root: apt-get install {names}"


def install_server() -> None:
    """Install a supported PostgreSQL with PL/Python; do nothing where there is one."""
    version = next(iter(installed_versions()), None)
    if version is not None and not _missing(version):
        return
    if os.geteuid() == 0:
        update_package_lists()
    if version is None:
        version = newest_offered_version(
            _policies(f"postgresql-plpython3-{one}" for one in SUPPORTED_VERSIONS)
        )
    missing = _missing(version)
    if missing and os.geteuid() != 0:
        raise SetupError(missing_packages_message(missing))
    if missing:
        install_packages(missing)


def update_package_lists() -> None:
    """Let apt learn what its sources offer; only root can."""
    _apt_get("-qq", "update")


def install_packages(names: Iterable[str]) -> None:
    """Install packages of the distribution; only root can."""
    names = list(names)
    report(f"installing {' '.join(names)}")
    options = ("-o", "DPkg::Lock::Timeout=300", "-qq", "-y", "--no-install-recommends")
    _apt_get(*options, "install", *names)


def report(message: object) -> None:
    """Print a line for whoever runs the set-up."""
    print(f"pgchurn: {message}", file=sys.stderr, flush=True)


def run(*command: str | Path, failure: str, **options: Any) -> str:
    """Run a program.

    Parameters
    ----------
    *command : str or pathlib.Path
        The program and its arguments.
    failure : str
        What to say if it fails, above the end of its output.
    **options
        Those of `subprocess.run`.

    Returns
    -------
    str
        What it printed.
    """
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        **options,
    )
    if done.returncode:
        raise SetupError(f"{failure}\n{last_lines(done.stdout)}".rstrip())
    return str(done.stdout)


def last_lines(text: str) -> str:
    """Return as much of the end of a program's output as helps."""
    return "\n".join(text.splitlines()[-20:])


def _missing(version: int) -> list[str]:
    required = _not_installed(server_packages(version))
    # An ordinary user does without what only root could install.
    if os.geteuid() != 0:
        return required
    optional = _not_installed(optional_packages(version))
    # An image without lists of packages does not know yet what it is offered.
    if optional and any(PACKAGE_LISTS.glob("*_Packages*")):
        offered = offered_packages(_policies(optional))
        optional = [name for name in optional if name in offered]
    return required + optional


def _not_installed(names: Iterable[str]) -> list[str]:
    query = ("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\\n", *names)
    return missing_packages(_answer(*query), names)


def _policies(names: Iterable[str]) -> str:
    return _answer("apt-cache", "policy", *names)


def _answer(*command: str) -> str:
    """Return what a program that may fail, or not be there, has to say."""
    # What is parsed is not translated.
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
    except FileNotFoundError:
        return ""
    return done.stdout


def _apt_get(*arguments: str) -> None:
    run(
        *("apt-get", *arguments),
        failure="apt-get failed",
        cwd="/",
        umask=0o022,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
    )
