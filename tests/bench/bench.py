"""What every workload is handed: connections, sizes, and where results go."""

import time
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2
from pgchurn.loader import output

from tests.bench.settings import Settings


@dataclass
class Bench:
    """One run.

    Attributes
    ----------
    dsn : str
        Of the scratch database.
    settings : Settings
    admin : psycopg2 connection
        In autocommit, for everything that is not measured.
    registering : psycopg2 connection
        For registrations, which set an isolation level of their own.
    figures : list of Figure
    notes : list of str
        What was left out, and what to know when reading the figures.
    problems : list of str
        What turned out incorrect.
    started : float
        When the run began, on the monotonic clock.
    """

    dsn: str
    settings: Settings
    admin: object = None
    registering: object = None
    figures: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self):
        """Open the connections."""
        self.admin = self.connect()
        self.registering = psycopg2.connect(self.dsn)

    def connect(self, schema="public", synchronous_commit="on"):
        """Open a session in autocommit."""
        connection = psycopg2.connect(
            self.dsn, options=session_options(schema, synchronous_commit)
        )
        connection.autocommit = True
        return connection

    def execute(self, statement, parameters=None):
        """Run statements in the administrator's session; return rows, if any."""
        return execute(self.admin, statement, parameters)

    def note(self, text):
        """Keep a note, once."""
        if text not in self.notes:
            self.notes.append(text)

    def progress(self, text):
        """Tell the person who watches what is going on."""
        seconds = time.monotonic() - self.started
        output.message(f"bench: {seconds:5.0f} s: {text}")


def session_options(schema, synchronous_commit):
    """Return the settings of a measured session, as libpq takes them."""
    return f"-c search_path={schema} -c synchronous_commit={synchronous_commit}"


def execute(connection, statement, parameters=None):
    """Run statements and return the last one's rows, if any."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else None


def sql_file(name, **values):
    """Return an SQL file of this folder with its placeholders filled in.

    They are quoted identifiers, so that the file parses; in Python they are bare.
    """
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    for placeholder, value in values.items():
        for written in (f'"@{placeholder}@"', f"@{placeholder}@"):
            text = text.replace(written, str(value))
    return text
