"""The private PostgreSQL server of this checkout: the default database.

It shares nothing with the machine's own servers: its data directory is its own, it
listens on a Unix socket only, and only root and the user who started it reach that
socket.

Nothing but the standard library is imported here, because this module also makes the
virtual environment that holds everything else::

    /usr/bin/python3 -m loader.private_server setup
"""

import argparse
import configparser
import contextlib
import fcntl
import hashlib
import os
import pwd
import re
import shlex
import shutil
import stat
import subprocess
import sys
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from . import distribution
from .distribution import SetupError, last_lines, report, run

CHECKOUT = Path(__file__).resolve().parent.parent
DATABASE = "pgchurn"
SUPERUSER = "postgres"
PORT = 5432
OLDEST_PYTHON = (3, 11)

# The server starts the same whoever starts it. PATH in particular is not the
# caller's: an embedded Python takes its own library from the python3 found there.
ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "PYTHONNOUSERSITE": "1",
    # A backend has one thread: more would only compete with the other backends.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # ONNX Runtime reports to its maker otherwise: nothing may leave the database.
    "ORT_DISABLE_TELEMETRY": "1",
}


class PrivateServerError(SetupError):
    """The private server or its set-up failed; the message says what to do."""


def checkout_key(checkout: Path) -> str:
    """Return the short name that tells one checkout's state from another's."""
    return hashlib.sha256(os.fsencode(checkout)).hexdigest()[:12]


def state_directory(checkout: Path = CHECKOUT, user_id: int | None = None) -> Path:
    """Return where the virtual environment, the data and the log live.

    Parameters
    ----------
    checkout : pathlib.Path
        The real path of the checkout.
    user_id : int, optional
        The user who asks; by default the current one.

    Returns
    -------
    pathlib.Path
        Outside of the checkout for root, whose server runs as another user, and
        that user may not be able to enter the checkout.
    """
    if _user_id(user_id) == 0:
        return Path("/var/lib/pgchurn") / checkout_key(checkout)
    return checkout / ".pgchurn"


def socket_directory(checkout: Path = CHECKOUT, user_id: int | None = None) -> Path:
    """Return the directory of the server's Unix socket.

    Parameters
    ----------
    checkout : pathlib.Path
        The real path of the checkout.
    user_id : int, optional
        The user who asks; by default the current one.

    Returns
    -------
    pathlib.Path
        Never below the checkout, whose path may exceed the 107 bytes that a Unix
        socket's path is limited to.
    """
    user_id = _user_id(user_id)
    if user_id == 0:
        return state_directory(checkout, user_id) / "socket"
    return Path(f"/tmp/pgchurn-{user_id}-{checkout_key(checkout)}")


def connection_url(directory: Path, database: str = DATABASE) -> str:
    """Return the URL of a database behind the socket in a directory.

    Parameters
    ----------
    directory : pathlib.Path
        The directory of the Unix socket.
    database : str
        The name of the database.

    Returns
    -------
    str
        With the port spelled out, because PGPORT would replace it otherwise.
    """
    host = urllib.parse.quote(str(directory), safe="")
    return f"postgresql://{SUPERUSER}@/{database}?host={host}&port={PORT}"


def requirements(configuration: str) -> list[str]:
    """Return the pinned dependencies, those of development included.

    Parameters
    ----------
    configuration : str
        The text of ``setup.cfg``.

    Returns
    -------
    list of str
        One requirement each.
    """
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(configuration)
    listed = (
        parser["options"]["install_requires"],
        parser["options.extras_require"]["dev"],
    )
    return [line for value in listed for line in value.split("\n") if line]


def embedded_python(linked: str) -> str:
    """Return the interpreter whose library PL/Python embeds.

    Parameters
    ----------
    linked : str
        What ``ldd`` prints about PL/Python's library.

    Returns
    -------
    str
        The absolute path of the interpreter.
    """
    match = re.search(r"\blibpython(3)\.(\d+)", linked)
    if match is None:
        raise PrivateServerError("PL/Python links no libpython3")
    found = (int(match[1]), int(match[2]))
    if found < OLDEST_PYTHON:
        raise PrivateServerError(
            "PL/Python embeds Python {}.{}, and pgchurn needs {}.{} or newer: use "
            "Debian 12 or 13".format(*found, *OLDEST_PYTHON)
        )
    return "/usr/bin/python{}.{}".format(*found)


def claim_directory(directory: Path, user_id: int) -> None:
    """Make a directory that only its owner can enter, or refuse a stranger's.

    Parameters
    ----------
    directory : pathlib.Path
        Where anybody may have put something of that name before.
    user_id : int
        The owner.
    """
    with contextlib.suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    found = directory.lstat()
    # Root makes a directory in a folder of its own and gives it away.
    owners = {user_id, os.geteuid()}
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners:
        raise PrivateServerError(f"{directory} is not ours: remove it and try again")
    directory.chmod(0o700)
    if found.st_uid != user_id:
        os.chown(directory, user_id, -1)


def server_directory() -> Path:
    """Return where the distribution keeps the server: its ``bin``, its ``lib``.

    Returns
    -------
    pathlib.Path
        Of the version that has made the private server's data, or else of the newest
        supported one that is installed.
    """
    installed = distribution.installed_versions()
    if not installed:
        raise PrivateServerError(
            "no supported PostgreSQL is installed; run: make setup"
        )
    version = _version_of_data()
    if version is not None and version not in installed:
        raise PrivateServerError(
            f"the private server's data are PostgreSQL {version}'s, which is not "
            "installed; to start anew, run: make clean"
        )
    return distribution.POSTGRESQL / str(version or installed[0])


def server_program(name: str) -> Path:
    """Return the path of one of PostgreSQL's programs, of the server's own version."""
    return server_directory() / "bin" / name


def python_path() -> Path:
    """Return the virtual environment's Python, as the checkout's folder sees it.

    Returns
    -------
    pathlib.Path
        Relative where it is below the checkout, whose path a shell may misread.
    """
    path = state_directory() / "venv/bin/python"
    return path.relative_to(CHECKOUT) if path.is_relative_to(CHECKOUT) else path


def url() -> str:
    """Return the URL of the private server's database.

    Returns
    -------
    str
        A libpq connection URL; the server need not be running.
    """
    return connection_url(socket_directory())


def shell_settings() -> str:
    """Return what makes a shell find ``pgchurn``, and ``pgchurn`` the database.

    Returns
    -------
    str
        Lines for the shell's ``eval``. A database that ``DATABASE_URL`` names already
        is left as it is.
    """
    programs = plain_state_directory() / "venv/bin"
    database = os.environ.get("DATABASE_URL") or url()
    return (
        f'export PATH={shlex.quote(str(programs))}:"$PATH"\n'
        f"export DATABASE_URL={shlex.quote(database)}"
    )


def plain_state_directory() -> Path:
    """Return the state directory by a path that is short and holds no colon.

    A colon would split PYTHONPATH, and a virtual environment refuses it.

    Returns
    -------
    pathlib.Path
        The same directory, for an ordinary user through a link.
    """
    state = state_directory()
    user_id, _ = server_user()
    claim_directory(socket_directory(), user_id)
    if os.geteuid() == 0:
        return state
    link = socket_directory() / "state"
    if not link.is_symlink() or os.readlink(link) != str(state):
        link.unlink(missing_ok=True)
        link.symlink_to(state)
    return link


def server_user() -> tuple[int, int]:
    """Return the user and the group that the server runs as."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    entry = pwd.getpwnam("postgres")
    return entry.pw_uid, entry.pw_gid


def server_identity() -> dict[str, Any]:
    """Return the options that make a program run as the server's user."""
    if os.geteuid() != 0:
        return {}
    user_id, group_id = server_user()
    return {"user": user_id, "group": group_id, "extra_groups": []}


def server_environment() -> dict[str, str]:
    """Return the environment in which a server finds the Python packages."""
    return {**ENVIRONMENT, "PYTHONPATH": str(_site_packages())}


def setup() -> None:
    """Install the distribution's packages and the virtual environment.

    Does nothing where both are complete.
    """
    distribution.install_server()
    with _locked():
        _install_environment()


def start() -> None:
    """Start the server and create its database; do nothing where it runs."""
    with _locked():
        plain_state_directory()
        _prepare_data()
        if not _accepts_connections():
            _launch()
        _create_database()


def stop() -> None:
    """Stop the server; do nothing where none runs."""
    if _server_runs():
        _run_server_program("pg_ctl", "stop", "-D", "data", "-s", "-m", "fast")


def clean() -> None:
    """Stop the server and remove it with its data and the virtual environment."""
    if _server_runs():
        _run_server_program("pg_ctl", "stop", "-D", "data", "-s", "-m", "immediate")
    for directory in (socket_directory(), state_directory()):
        if directory.exists():
            shutil.rmtree(directory)


def main(arguments: list[str] | None = None) -> int:
    """Run one command of the private server.

    Parameters
    ----------
    arguments : list of str, optional
        By default those of the process.

    Returns
    -------
    int
        The exit status: 0 done, 1 failed, 130 interrupted.
    """
    commands: dict[str, Callable[[], None]] = {
        "setup": setup,
        "start": start,
        "stop": stop,
        "clean": clean,
        "url": lambda: print(url()),
        "python": lambda: print(python_path()),
        "psql": lambda: print(server_program("psql")),
        "env": lambda: print(shell_settings()),
    }
    parser = argparse.ArgumentParser(prog="python3 -m loader.private_server")
    parser.add_argument("command", choices=commands)
    try:
        commands[parser.parse_args(arguments).command]()
    except (SetupError, OSError) as error:
        report(error)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _user_id(user_id: int | None) -> int:
    return os.geteuid() if user_id is None else user_id


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    """Keep a second run in the same checkout waiting until this one is through."""
    state = state_directory()
    for directory in (state.parent, state) if os.geteuid() == 0 else (state,):
        directory.mkdir(exist_ok=True)
        # The server's user passes through here whatever the caller's umask is.
        directory.chmod(0o755)
    with open(state / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(*command: str | Path, failure: str, **options: Any) -> str:
    """Run a program in the state directory and return its output."""
    options = {"cwd": state_directory(), "umask": 0o022, **options}
    return run(*command, failure=failure, **options)


def _run_server_program(
    program: str, *arguments: str | Path, environment: dict[str, str] = ENVIRONMENT
) -> str:
    """Run a program as the server's user and return its output.

    It runs in the state directory and gets relative paths, because some of these
    programs put the data directory's path into a shell command.
    """
    return _run(
        server_program(program),
        *arguments,
        failure=f"{program} failed",
        env=environment,
        **server_identity(),
    )


def _version_of_data() -> int | None:
    """Return the version of PostgreSQL that made the cluster, or None before that."""
    try:
        return int((state_directory() / "data/PG_VERSION").read_text())
    except FileNotFoundError:
        return None


def _install_environment() -> None:
    plpython = server_directory() / "lib/plpython3.so"
    interpreter = embedded_python(_run("ldd", plpython, failure="ldd failed"))
    configuration = (CHECKOUT / "setup.cfg").read_text(encoding="utf-8")
    wanted = requirements(configuration)
    _unless_done(
        *("venv/installed", "\n".join([interpreter, *wanted])),
        lambda: _make_environment(interpreter, wanted),
    )
    _unless_done("venv/checkout-installed", configuration, _install_checkout)


def _unless_done(name: str, content: str, action: Callable[[], None]) -> None:
    """Do something unless the stamp says that it was done with the same content.

    The stamp is written last, so that what was interrupted is not taken for whole.
    """
    stamp = state_directory() / name
    if stamp.exists() and stamp.read_text(encoding="utf-8") == content:
        return
    action()
    stamp.write_text(content, encoding="utf-8")
    stamp.chmod(0o644)


def _make_environment(interpreter: str, wanted: list[str]) -> None:
    report("installing the Python packages, which takes about a minute")
    venv = state_directory() / "venv"
    if venv.exists():
        shutil.rmtree(venv)
    _run(
        *(interpreter, "-m", "venv", plain_state_directory() / "venv"),
        failure="the virtual environment could not be made",
        env=_own_python_environment(),
    )
    _pip_install(*wanted, failure="the Python packages could not be installed")


def _install_checkout() -> None:
    """Make a command ``pgchurn`` of the checkout: what is edited is what runs."""
    _pip_install(
        *("--no-build-isolation", "--no-deps", "--editable", CHECKOUT),
        failure="the checkout could not be installed",
    )


def _pip_install(*arguments: str | Path, failure: str) -> None:
    python = plain_state_directory() / "venv/bin/python"
    _run(
        *(python, "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check"),
        *("install", *arguments),
        failure=failure,
        env=_own_python_environment(),
    )


def _own_python_environment() -> dict[str, str]:
    """Return the caller's environment without what is meant for another Python."""
    foreign = ("PYTHONHOME", "PYTHONPATH", "PYTHONSAFEPATH")
    return {name: value for name, value in os.environ.items() if name not in foreign}


def _site_packages() -> Path:
    """Return where the server finds the Python packages."""
    directories = (plain_state_directory() / "venv/lib").glob("python3*")
    found = next(directories, None)
    if found is None:
        raise PrivateServerError("the set-up is incomplete; run: make setup")
    return found / "site-packages"


def _prepare_data() -> None:
    """Make the log and the database cluster where they are not there."""
    state = state_directory()
    user_id, group_id = server_user()

    log = state / "server.log"
    log.touch(mode=0o600)
    os.chown(log, user_id, group_id)

    data = state / "data"
    if data.exists():
        return
    report("creating the database cluster")
    # Renamed when it is whole, so that an interrupted one is not taken for that.
    unfinished = state / "data.unfinished"
    if unfinished.exists():
        shutil.rmtree(unfinished)
    unfinished.mkdir(mode=0o700)
    os.chown(unfinished, user_id, group_id)
    _run_server_program(
        *("initdb", "-D", unfinished.name, "--username", SUPERUSER),
        *("--encoding", "UTF8", "--locale", "C.UTF-8"),
        # The socket directory's mode is what keeps others out.
        *("--auth-local", "trust", "--auth-host", "reject", "--no-instructions"),
    )
    unfinished.rename(data)


def _launch() -> None:
    if _server_runs():
        # It runs and does not answer: its socket went away when /tmp was emptied.
        stop()
    # The server would believe a number in these files that is in use again. Sessions
    # that outlived a crash keep it from starting all the same, by the shared memory.
    (state_directory() / "data/postmaster.pid").unlink(missing_ok=True)
    (socket_directory() / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)
    settings = (
        f"-c listen_addresses= -c port={PORT}"
        f" -c unix_socket_directories={socket_directory()}"
    )
    log = state_directory() / "server.log"
    logged_before = log.stat().st_size
    try:
        _run_server_program(
            *("pg_ctl", "start", "-D", "data", "-s", "-t", "300"),
            *("-l", log.name, "-o", settings),
            environment=server_environment(),
        )
    except SetupError as error:
        logged = last_lines(log.read_bytes()[logged_before:].decode(errors="replace"))
        raise PrivateServerError(
            f"the private server did not start; its log ends:\n{logged}"
        ) from error


def _create_database() -> None:
    names = _query("SELECT datname FROM pg_database").splitlines()
    if DATABASE not in names:
        _query(f"CREATE DATABASE {DATABASE}")


def _query(statement: str) -> str:
    return _run(
        *(server_program("psql"), "-XAtq", "-c", statement),
        connection_url(socket_directory(), "postgres"),
        failure="the private server does not answer",
        env=ENVIRONMENT,
    )


def _accepts_connections() -> bool:
    asked = subprocess.run(
        [server_program("pg_isready"), "-q", "-d", url()], env=ENVIRONMENT
    )
    return asked.returncode == 0


def _server_runs() -> bool:
    """Tell whether the recorded process is the server of this data directory.

    Its number alone does not tell: after a crash another program may have it, a
    copied data directory records the server of the original, and kill() takes a
    process that nobody has waited for to be alive.
    """
    try:
        recorded = (state_directory() / "data/postmaster.pid").read_text()
    except FileNotFoundError:
        return False
    process = recorded.split("\n")[0]
    # Asked as the server's user: in a container, root may not look at its processes.
    asked = subprocess.run(
        ["test", f"/proc/{process}/cwd", "-ef", "data"],
        cwd=state_directory(),
        env=ENVIRONMENT,
        **server_identity(),
    )
    return asked.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
