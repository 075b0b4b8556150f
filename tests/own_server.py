"""A PostgreSQL server of a test's own, to be killed, configured and replicated."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg2
from pgchurn.loader import private_server

from tests.databases import Server, postgresql_program, run

LONGEST_START = 60
# A server that comes and goes takes little; fsync stays on, which is what is tested.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "on",
    "shared_buffers": "64MB",
    "max_connections": "40",
    "wal_level": "replica",
    "log_min_messages": "warning",
}


class OwnServer:
    """A server in a directory of its own.

    The postmaster is a child of this process, so that one which was killed leaves no
    entry in the process table that the next would take for a running server.

    Parameters
    ----------
    directory : pathlib.Path
        The server's user can enter it; the socket, the log and ``data`` are in it.
    settings : dict of str to str
        Those of PostgreSQL, besides the ones above.

    Attributes
    ----------
    environment : dict of str to str
        That of the server, from its next start on.
    """

    def __init__(self, directory, settings):
        self.directory = directory
        self.settings = {
            **SETTINGS,
            "port": str(private_server.PORT),
            "unix_socket_directories": str(directory),
            **settings,
        }
        self.environment = private_server.server_environment()
        self.process = None

    @property
    def url(self):
        """The connection URL of the database ``postgres``."""
        return private_server.connection_url(self.directory, "postgres")

    @property
    def log(self):
        """What the server has logged."""
        return (self.directory / "log").read_text(errors="replace")

    def program(self, name, *arguments):
        """Run one of the server's programs as its user, in the directory."""
        return run(
            [postgresql_program(name), *arguments],
            cwd=self.directory,
            env=private_server.server_environment(),
            stdin=subprocess.DEVNULL,
            **private_server.server_identity(),
        )

    def create(self):
        """Make the cluster."""
        self.program(
            *("initdb", "-D", "data", "--username", private_server.SUPERUSER),
            *("--encoding", "UTF8", "--locale", "C.UTF-8"),
            *("--auth-local", "trust", "--auth-host", "reject", "--no-instructions"),
        )

    def copy(self, primary):
        """Make the cluster a streaming replica of another server's."""
        self.program(
            *("pg_basebackup", "-D", "data", "--write-recovery-conf"),
            *("--checkpoint=fast", "--dbname", primary.url),
        )

    def start(self):
        """Start the server, anew if sessions of a killed one still hold its memory."""
        deadline = time.monotonic() + LONGEST_START
        settings = [f"--{name}={value}" for name, value in self.settings.items()]
        while not self.answers():
            if self.process is None or self.process.poll() is not None:
                with open(self.directory / "log", "a") as log:
                    self.process = subprocess.Popen(
                        [postgresql_program("postgres"), "-D", "data", *settings],
                        cwd=self.directory,
                        env=self.environment,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                        **private_server.server_identity(),
                    )
            if time.monotonic() > deadline:
                raise RuntimeError(f"the server does not start:\n{self.log[-2000:]}")
            time.sleep(0.02)

    def answers(self):
        """Tell whether the server lets a session in."""
        try:
            psycopg2.connect(self.url).close()
        except psycopg2.OperationalError:
            return False
        return True

    def end(self, number):
        """Send the postmaster a signal and wait until it is gone."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait()

    def stop(self):
        """Stop the server; sessions are ended."""
        self.end(signal.SIGINT)


@contextlib.contextmanager
def directories(count):
    """Make directories that the server's user can work in; remove them at the end."""
    made = []
    try:
        for _ in range(count):
            # Short, because a Unix socket's path is limited to 107 bytes.
            made.append(Path(tempfile.mkdtemp(prefix="pgchurn-own-", dir="/tmp")))
            os.chown(made[-1], *private_server.server_user())
        yield made
    finally:
        for path in made:
            shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def own_server(**settings):
    """Make and start a server; stop and remove it at the end.

    Yields
    ------
    OwnServer
    """
    with directories(1) as (directory,):
        server = OwnServer(directory, settings)
        server.create()
        try:
            server.start()
            yield server
        finally:
            server.end(signal.SIGQUIT)


def as_server(own):
    """Return an own server as what makes databases on it."""
    return Server(own.url)
