"""Sessions and servers killed under load: what was acknowledged is there."""

import os
import random
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg2
from pgchurn.loader import private_server

from tests.models import CUSTOMERS, divergences
from tests.own_server import as_server, own_server
from tests.soak.bars import Bar
from tests.soak.databases import trained_database
from tests.soak.load import setting

SETTINGS = {
    "synchronous_commit": "on",
    # So that there is something to recover from the log.
    "checkpoint_timeout": "1h",
    # Before recovery PostgreSQL syncs its files: one after the other took most of the
    # time, 2 to 5 seconds on a busy disk.
    "recovery_init_sync_method": "syncfs",
}
# Between two attempts to connect again, as a connection pool has it.
PAUSE = 0.2
BACK_WITHIN = 5
INSERT = (
    "INSERT INTO churn.complaints (customer_id, subject)"
    " SELECT * FROM unnest(%s::bigint[], %s::text[])"
)


def measure(server, full):
    """Kill backends, then the server, while others insert."""
    backends, servers, writers = (20, 5, 4) if full else (4, 2, 2)
    with own_server(**SETTINGS) as own:
        with trained_database(as_server(own), "kills") as database:
            assert_durable(database)
            yield kills_bar(
                own,
                database,
                f"{backends} backends killed during load, fsync on",
                [terminate_backend, kill_backend] * (backends // 2),
                writers,
            )
            kills = [kill_server, shut_down_server] * servers
            yield kills_bar(
                own,
                database,
                f"{servers} server kills during load, fsync on",
                kills[:servers],
                writers,
            )


def assert_durable(database):
    """Make sure that it is what it says it is."""
    session = database.session()
    durable = session.row(
        "SELECT current_setting('fsync'), current_setting('synchronous_commit'),"
        " current_setting('full_page_writes')"
    )
    session.close()
    if durable != ("on", "on", "on"):
        raise RuntimeError(f"the server is not durable: {durable}")


def kills_bar(own, database, what, kills, writers):
    """Kill, again and again, under load; return what was lost."""
    over = threading.Event()
    writers = [Writer(database, what, seed, over) for seed in range(writers)]
    source = random.Random(0)
    downtimes = []
    with ThreadPoolExecutor(len(writers)) as pool, setting(over):
        writing = [pool.submit(writer.write) for writer in writers]
        for kill in kills:
            wait_for_load(writers, writing)
            started = time.monotonic()
            kill(own, database, source.choice(writers))
            Probe(database).wait_until_accepted(started)
            downtimes.append(time.monotonic() - started)
    for done in writing:
        done.result()
    session = database.session()
    stored = set(session.column("SELECT subject FROM churn.complaints"))
    acknowledged = set().union(*(writer.acknowledged for writer in writers))
    lost = len(acknowledged - stored)
    drift = len(divergences(session))
    session.close()
    return Bar(
        what,
        f"acknowledged complaints lost 0, drift 0, back within {BACK_WITHIN} s",
        f"lost {lost} of {len(acknowledged):,}, drift {drift}, back within "
        f"{max(downtimes):.1f} s; {sum(writer.failures for writer in writers)} "
        "sessions ended",
        lost == 0 and drift == 0 and max(downtimes) <= BACK_WITHIN,
    )


def wait_for_load(writers, writing):
    """Return when every writer has had a complaint acknowledged since the call."""
    before = [len(writer.acknowledged) for writer in writers]
    deadline = time.monotonic() + 60
    while any(len(w.acknowledged) < n + 20 for w, n in zip(writers, before)):
        for done in writing:
            if done.done():
                done.result()
        if time.monotonic() > deadline:
            raise RuntimeError("the writers do not get on")
        time.sleep(0.01)


def terminate_backend(own, database, writer):
    """End a session the way a DBA does."""
    observer = database.session(autocommit=True)
    observer.value("SELECT pg_terminate_backend(%s)", writer.backend)
    observer.close()


def kill_backend(own, database, writer):
    """Kill a session's process, which makes the server end all of them."""
    send_signal(writer.backend, signal.SIGKILL)


def kill_server(own, database, writer):
    """Kill the postmaster and start the server again."""
    own.end(signal.SIGKILL)
    own.start()


def shut_down_server(own, database, writer):
    """Shut down without a checkpoint and start the server again."""
    own.end(signal.SIGQUIT)
    own.start()


def send_signal(process, number):
    """Send a signal to a process of the server's user."""
    subprocess.run(
        ["kill", f"-{int(number)}", str(process)],
        check=True,
        **private_server.server_identity(),
    )


class Writer:
    """A client that inserts complaints with names, and connects again when cut off.

    Attributes
    ----------
    acknowledged : set of str
        Subjects of the complaints whose INSERT the server has answered.
    failures : int
        How many sessions ended under it.
    backend : int
        The process of its present session on the server.
    """

    def __init__(self, database, name, seed, over):
        self.database = database
        self.name = f"{name}, writer {seed}"
        self.over = over
        self.random = random.Random(seed)
        self.acknowledged = set()
        self.failures = 0
        self.backend = None

    def write(self):
        """Insert, one row or five, until it is over."""
        session = None
        number = 0
        while not self.over.is_set():
            try:
                if session is None:
                    session = self.database.session(autocommit=True)
                    self.backend = session.backend
                number += 1
                rows = self.random.choice((1, 1, 5))
                subjects = [f"{self.name}: {number}.{row}" for row in range(rows)]
                customers = [self.random.randint(1, CUSTOMERS) for _ in range(rows)]
                session.run(INSERT, customers, subjects)
                self.acknowledged.update(subjects)
            except psycopg2.Error as error:
                # A connection that breaks while an answer is read is a DatabaseError,
                # and not always closed yet; but what the server refuses has a code.
                broken = session is None or error.pgcode is None
                if not broken and not isinstance(error, psycopg2.OperationalError):
                    raise
                self.failures += session is not None
                session = None
                self.over.wait(PAUSE)
        if session is not None:
            session.close()


class Probe:
    """A client that has a complaint to make just after a kill."""

    def __init__(self, database):
        self.database = database

    def wait_until_accepted(self, started):
        """Return when a new session has a complaint acknowledged."""
        while True:
            try:
                session = self.database.session(autocommit=True)
                session.run(INSERT, [1], [f"probe {os.getpid()} {started}"])
                session.close()
                return
            except psycopg2.OperationalError:
                if time.monotonic() - started > 60:
                    raise
                time.sleep(0.02)
