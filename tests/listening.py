"""`pgchurn listen` on a server of its own, and the truth that it is held against."""

import contextlib
import itertools
import json
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg2
from pgchurn.loader.private_server import server_directory

from tests.databases import CHECKOUT, Session
from tests.models import CUSTOMERS
from tests.own_server import own_server
from tests.soak.load import setting

LONGEST = 20
PLUGIN = server_directory() / "lib/wal2json.so"
PLUGINS = "pgoutput, test_decoding, wal2json"
# Who commits takes the next number last, and keeps others from theirs until then.
COMMIT_ORDER = """
    DELETE FROM churn.outbox;
    CREATE TABLE last_commit AS SELECT 0::bigint AS number;
    CREATE TABLE commits (number bigint PRIMARY KEY, transaction xid NOT NULL);
"""
COMPLAIN = "INSERT INTO churn.complaints (customer_id) SELECT unnest(%s::bigint[])"
TAKE_NUMBER = """
    WITH next AS (UPDATE last_commit SET number = number + 1 RETURNING number)
    INSERT INTO commits SELECT number, pg_current_xact_id()::xid FROM next
"""
TRUTH = """
    SELECT o.change_id FROM churn.outbox o
    LEFT JOIN commits c ON c.transaction = o.xmin
    ORDER BY c.number, o.change_id
"""


@contextlib.contextmanager
def decoding_server():
    """Make a server that decodes its log with wal2json.

    Yields
    ------
    OwnServer
    """
    with own_server(wal_level="logical") as own:
        permit_plugins(own, PLUGINS)
        yield own


def permit_plugins(own, plugins):
    """Say which libraries may decode, where the server's release asks for it."""
    connection = psycopg2.connect(own.url)
    connection.autocommit = True
    session = Session(connection)
    if session.run("SELECT 1 FROM pg_settings WHERE name = 'output_plugin_libraries'"):
        session.run(f"ALTER SYSTEM SET output_plugin_libraries = {plugins}")
        session.run("SELECT pg_reload_conf()")
    session.close()


class Listener:
    """A `pgchurn listen` that appends to a file.

    Parameters
    ----------
    database : Database
    file : pathlib.Path
    """

    def __init__(self, database, file):
        self.database = database
        self.file = file
        self.file.touch()
        self.process = None

    def start(self, *arguments, output=None):
        """Start it."""
        with open(self.file, "a") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pgchurn.loader", "listen", *arguments],
                stdout=file if output is None else output,
                stderr=subprocess.PIPE,
                text=True,
                cwd=CHECKOUT,
                env=self.database.environment(),
            )
        return self

    def lines(self):
        """Return the whole lines that it has printed."""
        return self.file.read_text(encoding="utf-8").split("\n")[:-1]

    def wait_for(self, condition):
        """Return when a condition on its lines holds."""
        deadline = time.monotonic() + LONGEST
        while not condition(self.lines()):
            if self.process.poll() is not None:
                raise RuntimeError(f"it has ended: {self.process.stderr.read()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"it does not get on: {self.lines()[-3:]}")
            time.sleep(0.02)

    def wait_for_lines(self, count):
        """Return when it has printed so many lines."""
        self.wait_for(lambda lines: len(lines) >= count)

    def wait_until_connected(self):
        """Return when it reads its slot: to create it takes it as well, for a while."""
        self.wait_on_server(
            "SELECT count(*) FROM pg_replication_slots s"
            " JOIN pg_stat_replication r ON r.pid = s.active_pid"
        )

    def wait_until_listening(self):
        """Return when it waits for notifications."""
        self.wait_on_server(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE query LIKE 'LISTEN churn_scores%' AND state = 'idle'"
        )

    def wait_on_server(self, condition):
        """Return when the server says so."""
        observer = self.database.session(autocommit=True)
        deadline = time.monotonic() + LONGEST
        while not observer.value(condition):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"in vain: {condition}")
            time.sleep(0.02)
        observer.close()

    def give_up(self):
        """Kill it, where it runs, and drop its slot."""
        if self.process is not None and self.process.poll() is None:
            self.end(signal.SIGKILL)
        session = self.database.session(autocommit=True)
        deadline = time.monotonic() + LONGEST
        while session.value("SELECT count(*) FROM pg_replication_slots WHERE active"):
            if time.monotonic() > deadline:
                raise RuntimeError("its slot stays in use")
            time.sleep(0.02)
        session.run(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
        )
        session.close()

    def end(self, number=signal.SIGTERM):
        """Send it a signal; return its exit status and what it said."""
        self.process.send_signal(number)
        return self.result()

    def result(self):
        """Wait until it has ended; return its exit status and what it said."""
        said = self.process.communicate(timeout=LONGEST)[1]
        return self.process.returncode, said


class Writers:
    """Clients that make complaints and write down in which order they committed.

    Parameters
    ----------
    database : Database
    count : int
    """

    def __init__(self, database, count):
        self.database = database
        self.count = count
        self.over = threading.Event()
        session = database.session(autocommit=True)
        session.run(COMMIT_ORDER)
        session.close()

    @contextlib.contextmanager
    def writing(self):
        """Write while the block lasts."""
        with ThreadPoolExecutor(self.count) as pool:
            with setting(self.over):
                done = [pool.submit(self.write, seed) for seed in range(self.count)]
                yield
        for writer in done:
            writer.result()

    def write(self, seed):
        """Commit one complaint or five, now and then roll back, until it is over."""
        source = random.Random(seed)
        session = self.database.session()
        while not self.over.is_set():
            complaints = source.choice((1, 1, 5))
            session.run(
                COMPLAIN, [source.randint(1, CUSTOMERS) for _ in range(complaints)]
            )
            if source.random() < 0.1:
                session.rollback()
                continue
            session.run(TAKE_NUMBER)
            session.commit()
        session.close()

    def truth(self):
        """Return the changes of scores in the order in which they were committed."""
        session = self.database.session(autocommit=True)
        changes = session.column(TRUTH)
        session.close()
        return changes


def listen_and_kill(database, file, writers, kills, seed=0):
    """Kill a consumer at random, again and again, while writers write.

    Returns
    -------
    Reception
    """
    source = random.Random(seed)
    listener = Listener(database, file).start()
    listener.wait_until_connected()
    crowd = Writers(database, writers)
    with crowd.writing():
        for _ in range(kills):
            listener.wait_for_lines(len(listener.lines()) + 1)
            time.sleep(source.uniform(0, 1))
            listener.end(signal.SIGKILL)
            listener.start()
        listener.wait_for_lines(len(listener.lines()) + 1)
    truth = crowd.truth()
    last = json.dumps({"change_id": truth[-1]})[:-1] + ","
    listener.wait_for(lambda lines: any(line.startswith(last) for line in lines))
    status, said = listener.end()
    if status != 0:
        raise RuntimeError(f"it ended with {status}: {said}")
    return Reception(listener.lines(), truth, kills)


class Reception:
    """What a consumer has got, held against the truth.

    Parameters
    ----------
    lines : list of str
    truth : list of int
        The changes in the order of their commits.
    kills : int
        How often the consumer was killed.

    Attributes
    ----------
    changes, repeats, torn, missing : int
        The changes there are; lines that came again, lines that a kill cut off, and
        changes that never came.
    in_order : bool
        Whether, repeats dropped, they came in the order of commits.
    jumps : int
        How often the consumer went back; it may only after a kill.
    leaps : int
        How often it left something out, even if that came later.
    overtaking : int
        How often a change was committed before one with a smaller `change_id`.
    """

    def __init__(self, lines, truth, kills):
        received = []
        self.torn = 0
        for line in lines:
            try:
                received.append(json.loads(line)["change_id"])
            except ValueError:
                self.torn += 1
        self.kills = kills
        self.changes = len(truth)
        self.repeats = len(received) - len(set(received))
        self.missing = len(set(truth) - set(received))
        self.in_order = list(dict.fromkeys(received)) == truth
        places = {change: place for place, change in enumerate(truth)}
        steps = [
            places[after] - places[before]
            for before, after in itertools.pairwise(received)
            if before in places and after in places
        ]
        self.jumps = sum(step <= 0 for step in steps)
        self.leaps = sum(step > 1 for step in steps)
        self.overtaking = sum(a > b for a, b in itertools.pairwise(truth))

    @property
    def faultless(self):
        """Whether nothing is missing, and all is in order."""
        return (
            self.changes > 0
            and self.in_order
            and self.missing == self.leaps == 0
            and self.jumps <= self.kills
            and self.torn <= self.kills
        )

    def __str__(self):
        """Return what is told of it."""
        return (
            f"{self.kills} kills, {self.changes:,} changes, {self.missing} missing, "
            f"{'in' if self.in_order else 'NOT IN'} commit order, {self.repeats} "
            f"repeats in {self.jumps} replays, {self.torn} torn lines; "
            f"{self.overtaking:,} changes were committed before one with a smaller "
            "change_id"
        )
