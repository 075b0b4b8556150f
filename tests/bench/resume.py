"""Workload: scoring a whole table while it is killed, and others write."""

import contextlib
import io
import multiprocessing
import random
import threading
import time

import psycopg2
from pgchurn.loader import command_line

from tests.bench.bench import execute
from tests.bench.correctness import check_ours
from tests.bench.measuring import Figure, seconds_of
from tests.bench.models import register_version, train
from tests.bench.sides import create_ours, drop, settle

SCHEMA = "resumed"
TABLE = f"{SCHEMA}.customers"
WRITERS = 2
WORKERS = 2
LONGEST_WAIT = 600
WORKING = (
    "FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
    " AND query LIKE 'CALL churn.rescore%'"
)
# What the observer sees of a run; the newest is the last.
RUN = (
    "SELECT state, rows_done FROM churn.rescore_progress"
    f" WHERE profile = '{TABLE}'::regclass ORDER BY run_id DESC LIMIT 1"
)


class Client:
    """``pgchurn rescore`` in a process of its own, which waits until it is told to go.

    Forked, and so before any thread is started, that its start takes no time.
    """

    def __init__(self, bench):
        context = multiprocessing.get_context("fork")
        self.told = context.Event()
        self.process = context.Process(target=self.run, args=[bench], daemon=True)
        self.process.start()

    def run(self, bench):
        """Wait, then do what the command does."""
        self.told.wait()
        command = ["rescore", "--table", TABLE, "--workers", str(WORKERS)]
        command += ["--batch-size", str(bench.settings.resumed_batch)]
        if bench.settings.resumed_rate is not None:
            command += ["--rows-per-second", str(bench.settings.resumed_rate)]
        with contextlib.redirect_stdout(io.StringIO()):
            status = command_line.main([*command, "--database-url", bench.dsn])
        raise SystemExit(status)

    def go(self):
        """Let it begin."""
        self.told.set()

    def end(self):
        """Wait until it has ended; return its status."""
        self.process.join(LONGEST_WAIT)
        return self.process.exitcode


class Writers:
    """Sessions that file complaints and add customers until they are told to stop.

    Each holds a customer's row from before its complaint until its commit, so what it
    sees of the row is all that happened to it, in order.
    """

    def __init__(self, bench):
        self.dsn = bench.dsn
        self.rows = bench.settings.resumed_rows
        self.over = threading.Event()
        self.latest = {}
        self.added = 0
        self.problems = []
        self.threads = [
            threading.Thread(target=self.write, args=[number])
            for number in range(WRITERS)
        ]

    def __enter__(self):
        """Begin."""
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *raised):
        """Stop."""
        self.over.set()
        for thread in self.threads:
            thread.join()

    def write(self, number):
        """Work until it is over."""
        chosen = random.Random(number)
        with contextlib.closing(psycopg2.connect(self.dsn)) as connection:
            try:
                while not self.over.is_set():
                    self.complain(connection, chosen.randint(1, self.rows))
                    if chosen.random() < 0.1:
                        self.add(connection)
            except psycopg2.Error as error:
                self.problems.append(f"a writer failed: {error}")

    def complain(self, connection, customer):
        """File a complaint; keep when the customer was scored last."""
        scored = f"SELECT churn_scored_at FROM {TABLE} WHERE customer_id = %s"
        ((before,),) = execute(connection, f"{scored} FOR NO KEY UPDATE", [customer])
        execute(
            connection,
            f"INSERT INTO {SCHEMA}.complaints (customer_id, complained_at, channel,"
            " subject) VALUES (%s, now(), 'phone', 'slow internet')",
            [customer],
        )
        ((after,),) = execute(connection, scored, [customer])
        if not self.latest.get(customer, before) <= before < after:
            self.problems.append(f"the score of customer {customer} went back in time")
        self.latest[customer] = after
        connection.commit()

    def add(self, connection):
        """Add a customer, sometimes before and sometimes behind the others."""
        self.added += 1
        execute(
            connection,
            f"INSERT INTO {TABLE} (customer_id) SELECT CASE WHEN random() < 0.5"
            f" THEN least(min(customer_id), 0) - 1 ELSE max(customer_id) + 1 END"
            f" FROM {TABLE} ON CONFLICT DO NOTHING",
        )
        connection.commit()


def run(bench, source):
    """Score a table with and without interruptions, and hold the end against all."""
    settings = bench.settings
    bench.progress(f"rescoring {settings.resumed_rows:,} profiles, killed and resumed")
    former, later = train("logistic", source), train("gradient boosting", source)
    versions = {
        "whole": create_ours(bench, SCHEMA, source, settings.resumed_rows, former),
        "resumed": register_version(bench, TABLE, later),
    }
    settle(bench, SCHEMA)
    clients = [Client(bench) for _ in range(3)]

    seconds = {}
    latest = {}
    for name, work in (
        ("resumed", lambda: kill_and_resume(bench, *clients[:2])),
        ("whole", lambda: let_it_work(clients[2])),
    ):
        bench.execute("SELECT churn.activate_model(%s)", [versions[name]])
        with Writers(bench) as writers:
            writers.latest = latest
            seconds[name] = seconds_of(work)
        check(bench, writers, versions[name])
        model = {"whole": former, "resumed": later}[name]
        check_ours(bench, SCHEMA, model, versions[name])
        settle(bench, SCHEMA)
    bench.figures.append(
        Figure(
            "rescoring, killed at a third and at a half",
            f"{settings.resumed_rows:,} profiles, {WORKERS} workers, {WRITERS} writers",
            "the same without kills",
            "seconds",
            [seconds["resumed"]],
            [seconds["whole"]],
        )
    )
    drop(bench, SCHEMA)


def let_it_work(client):
    """Score without interruption."""
    client.go()
    if client.end():
        raise RuntimeError("pgchurn rescore failed")


def kill_and_resume(bench, killed, resuming):
    """Kill the client at a third, go on, and end one of its sessions at a half."""
    rows = bench.settings.resumed_rows
    killed.go()
    reach(bench, rows // 3)
    killed.process.kill()
    killed.end()
    # Its sessions find out by themselves.
    wait_for(bench, f"SELECT NOT EXISTS (SELECT {WORKING})")
    ((state, done),) = bench.execute(RUN)
    if state != "interrupted" or not rows // 3 <= done < rows:
        raise RuntimeError(f"the kill came too late: {state} after {done:,} rows")
    resuming.go()
    reach(bench, max(rows // 2, done + 1))
    ended = bench.execute(f"SELECT pg_terminate_backend(pid, 20000) {WORKING} LIMIT 1")
    if ended != [(True,)] or resuming.end():
        raise RuntimeError("pgchurn rescore did not survive the end of one session")
    runs = bench.execute(RUN.replace(" LIMIT 1", " LIMIT 2"))
    if runs[0][0] != "done" or not rows <= runs[0][1] <= rows * 1.2:
        bench.problems.append(f"{TABLE}: the run was not resumed: {runs}")


def reach(bench, rows):
    """Wait until so many rows of a run are done."""
    wait_for(
        bench,
        f"SELECT EXISTS (SELECT {WORKING}) AND"
        f" (SELECT r.rows_done >= {rows} FROM ({RUN}) r)",
    )


def wait_for(bench, condition):
    """Wait until a condition is true."""
    deadline = time.monotonic() + LONGEST_WAIT
    while bench.execute(condition) != [(True,)]:
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited in vain: {bench.execute(RUN)}")
        time.sleep(0.005)


def check(bench, writers, version):
    """Every row has the version, and no score that a writer saw was taken back."""
    bench.problems += writers.problems
    bench.note(
        f"beside the rescoring of {bench.settings.resumed_rows:,} profiles writers "
        f"filed complaints of {len(writers.latest):,} customers and added "
        f"{writers.added:,}"
    )
    ((wrong,),) = bench.execute(
        f"SELECT count(*) FROM {TABLE} WHERE churn_model_version IS DISTINCT FROM %s",
        [version],
    )
    if wrong:
        bench.problems.append(f"{TABLE}: {wrong} rows are not at version {version}")
    stored = dict(
        bench.execute(
            f"SELECT customer_id, churn_scored_at FROM {TABLE}"
            " WHERE customer_id = ANY (%s)",
            [list(writers.latest)],
        )
    )
    older = [key for key, at in writers.latest.items() if stored[key] < at]
    if older:
        bench.problems.append(f"{TABLE}: {len(older)} scores are older than seen")
