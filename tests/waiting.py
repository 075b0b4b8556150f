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


def wait_until_blocked(database, session, by=None):
    """Return when a session waits for another one's lock, for anybody's by default."""
    blocker = None if by is None else by.backend
    observer = observer_of(database)
    blocked = (
        "SELECT CASE WHEN %s IS NULL THEN b.pids <> '{}' ELSE %s = ANY (b.pids) END"
        " FROM pg_blocking_pids(%s) b (pids)"
    )
    deadline = time.monotonic() + LONGEST
    while not observer.value(blocked, blocker, blocker, session.backend):
        assert time.monotonic() < deadline, "the session was never blocked"
        threading.Event().wait(0.01)


def observer_of(database):
    """Return the session by which a database is watched."""
    if not hasattr(database, "observer"):
        database.observer = database.session(autocommit=True)
    return database.observer
