"""Databases and sessions on the server under test, as the fixtures hand them out."""

import contextlib
import io
import os
import subprocess
import sys
import threading
from collections import namedtuple
from pathlib import Path

import psycopg2
import pytest
from pgchurn.loader import private_server
from psycopg2.extensions import make_dsn
from pytest_postgresql.janitor import DatabaseJanitor

CHECKOUT = Path(__file__).resolve().parent.parent
MIGRATING = 7_242_876
MOST_SECONDS_TO_DROP = 30

Refusal = namedtuple("Refusal", "sqlstate message detail hint")


class Session:
    """A psycopg2 connection with shorthands; `connection` is the thing itself."""

    def __init__(self, connection):
        self.connection = connection

    def run(self, statement, *parameters):
        """Execute a statement and return its rows."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def row(self, statement, *parameters):
        """Return the only row of a statement."""
        (row,) = self.run(statement, *parameters)
        return row

    def value(self, statement, *parameters):
        """Return the only value of a statement."""
        (value,) = self.row(statement, *parameters)
        return value

    def column(self, statement, *parameters):
        """Return the first column of a statement."""
        return [row[0] for row in self.run(statement, *parameters)]

    def copy(self, statement, lines):
        """Send lines to a COPY ... FROM STDIN."""
        with self.connection.cursor() as cursor:
            cursor.copy_expert(statement, io.StringIO("".join(lines)))

    def refusal(self, statement, *parameters):
        """Return how a statement is refused; the transaction goes on."""
        try:
            with self.savepoint():
                self.run(statement, *parameters)
        except psycopg2.Error as error:
            return Refusal(
                error.pgcode,
                error.diag.message_primary,
                error.diag.message_detail,
                error.diag.message_hint,
            )
        pytest.fail(f"not refused: {statement}")

    @contextlib.contextmanager
    def savepoint(self):
        """Undo what is done inside if it fails."""
        if self.connection.autocommit:
            yield
            return
        self.run("SAVEPOINT test")
        try:
            yield
        except BaseException:
            if not self.connection.closed:
                self.run("ROLLBACK TO SAVEPOINT test")
            raise
        self.run("RELEASE SAVEPOINT test")

    @contextlib.contextmanager
    def role(self, name):
        """Act as another role."""
        self.run(f"SET LOCAL ROLE {name}")
        try:
            yield
        finally:
            self.run("RESET ROLE")

    def take_notices(self):
        """Return the notices and warnings since the last call."""
        taken = "".join(self.connection.notices)
        self.connection.notices.clear()
        return taken

    @property
    def backend(self):
        """The process number of the server's side."""
        return self.connection.info.backend_pid

    def commit(self):
        """Commit."""
        self.connection.commit()

    def rollback(self):
        """Roll back."""
        self.connection.rollback()

    def close(self):
        """Close."""
        self.connection.close()


class Database:
    """One database of the server under test."""

    def __init__(self, server, name):
        self.server = server
        self.name = name
        self.url = server.dsn(name)
        self.sessions = []

    def session(self, autocommit=False):
        """Open a session that is closed with the database."""
        connection = psycopg2.connect(self.url)
        connection.autocommit = autocommit
        session = Session(connection)
        self.sessions.append(session)
        return session

    def close(self):
        """Close every session."""
        for session in self.sessions:
            session.close()

    def environment(self):
        """Return the environment of programs that work on this database."""
        return {**os.environ, "DATABASE_URL": self.url}

    def alembic(self, *arguments, check=True):
        """Run alembic as a DBA does."""
        command = [sys.executable, "-m", "alembic", "-c", "setup.cfg", *arguments]
        with self.server.migrating():
            return run(command, check=check, env=self.environment(), cwd=CHECKOUT)

    def program(self, name, *arguments, check=True, **options):
        """Run pg_dump, psql and the like on this database."""
        return run(
            [postgresql_program(name), *arguments, "--dbname", self.url],
            check=check,
            **options,
        )


class Janitor(DatabaseJanitor):
    """Creates a database and drops it again, also where a session does not notice that.

    A session that is cancelled while it is told to let go of a database's files forgets
    about it, and DROP DATABASE waits until something else interrupts it. Seen in
    PostgreSQL 15, whose ProcessInterrupts raises the cancel first.
    """

    def drop(self):
        """Drop the database."""
        nudge = threading.Timer(MOST_SECONDS_TO_DROP, self.interrupt_idle_sessions)
        nudge.start()
        try:
            super().drop()
        finally:
            nudge.cancel()

    def interrupt_idle_sessions(self):
        """Interrupt whoever waits for its client, to whom a cancel is nothing else."""
        with self.cursor() as cursor:
            cursor.execute(
                "SELECT pg_cancel_backend(pid) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND state LIKE 'idle%'"
            )


class Server:
    """The server under test, in the terms that pytest-postgresql asks for."""

    # Read by pytest-postgresql: the first template has none of its own.
    template_dbname = None
    options = ""

    def __init__(self, url):
        with contextlib.closing(psycopg2.connect(url)) as connection:
            info = connection.info
            self.host, self.port = info.host, info.port
            self.user, self.password = info.user, info.password or None
            self.maintenance_dbname = info.dbname
        self.url = url

    def dsn(self, name):
        """Return how to connect to a database of this server."""
        return make_dsn(self.url, dbname=name)

    @contextlib.contextmanager
    def migrating(self):
        """Keep two test runs from changing the server's roles at once."""
        with contextlib.closing(psycopg2.connect(self.url)) as connection:
            connection.autocommit = True
            connection.cursor().execute("SELECT pg_advisory_lock(%s)", (MIGRATING,))
            yield

    def janitor(self, name, template=None):
        """Return what creates a database and drops it again."""
        return Janitor(
            user=self.user,
            host=self.host,
            port=self.port,
            password=self.password,
            dbname=name,
            template_dbname=template,
            maintenance_dbname=self.maintenance_dbname,
        )

    @contextlib.contextmanager
    def database(self, suffix, template=None):
        """Create a database, a clone if a template is named, and drop it at the end."""
        name = database_name(suffix)
        with self.janitor(name, template):
            database = Database(self, name)
            try:
                yield database
            finally:
                database.close()


def database_name(suffix):
    """Return a name that no other test run uses."""
    return f"pgchurn_test_{os.getpid()}_{suffix}"


def run(command, check=True, **options):
    """Run a program and return its result; its output is in the failure."""
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if check and done.returncode:
        pytest.fail(f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done


def postgresql_program(name):
    """Return the path of one of PostgreSQL's programs, of the server's version."""
    return str(private_server.server_program(name))
