"""Steps of two sessions, one of which waits for the other."""

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

LONGEST = 20


@contextlib.contextmanager
def in_background(work):
    """Do the work in a thread; give its future."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(work)


def wait_until_blocked(database, session):
    """Return when a session waits for another one's lock."""
    backend = session.backend
    observer = observer_of(database)
    deadline = time.monotonic() + LONGEST
    while not observer.value("SELECT pg_blocking_pids(%s) <> '{}'", backend):
        assert time.monotonic() < deadline, "the session was never blocked"
        threading.Event().wait(0.01)


def observer_of(database):
    """Return the session by which a database is watched."""
    if not hasattr(database, "observer"):
        database.observer = database.session(autocommit=True)
    return database.observer
