"""Workload: what telling others of stored scores costs the writers."""

import select
import threading
from contextlib import contextmanager

from tests.bench.correctness import check_ours
from tests.bench.measuring import Figure, interleave
from tests.bench.pgbench import Pgbench
from tests.bench.sides import create_ours, drop, settle

CLIENTS = 8
MODEL = "logistic"
QUIET = "downstream_off"
# What is turned on in each side's schema.
SIDES = {
    "downstream_notify": "SELECT churn.set_notifications(%s, 'every')",
    "downstream_threshold": "SELECT churn.set_notifications(%s, 'threshold', 0.5)",
    "downstream_outbox": "SELECT churn.set_outbox(%s, 'every')",
}
NAMES = {
    "downstream_notify": "NOTIFY of every score",
    "downstream_threshold": "NOTIFY at a threshold of 0.5",
    "downstream_outbox": "outbox",
}


def run(bench, source, models):
    """Measure single-row INSERTs of many clients with and without each."""
    model = models[MODEL]
    rows = bench.settings.profiles
    versions = {
        schema: create_ours(bench, schema, source, rows, model)
        for schema in (QUIET, *SIDES)
    }
    for schema, statement in SIDES.items():
        bench.execute(statement, [f"{schema}.customers"])
    with listener(bench):
        for synchronous_commit in bench.settings.downstream_commits:
            measure(bench, synchronous_commit)
    for schema, version in versions.items():
        check_ours(bench, schema, model, version)
    check_outbox(bench)
    drop(bench, QUIET, *SIDES)
    bench.execute("TRUNCATE churn.outbox")


@contextmanager
def listener(bench):
    """Keep a session that listens: without one nothing is delivered to anybody."""
    session = bench.connect()
    with session.cursor() as cursor:
        cursor.execute("LISTEN churn_scores")
    over = threading.Event()
    reading = threading.Thread(target=read_notifications, args=(session, over))
    reading.start()
    try:
        yield
    finally:
        over.set()
        reading.join()
        session.close()


def read_notifications(session, over):
    """Take what a session is told until it is over."""
    while not over.is_set():
        select.select([session], [], [], 0.1)
        session.poll()
        session.notifies.clear()


def measure(bench, synchronous_commit):
    """Measure every side in turn, and keep a figure for each that tells others."""
    kind = "synchronous" if synchronous_commit == "on" else "asynchronous"
    case = f"{CLIENTS} clients, {kind} commit"
    bench.progress(f"telling others, {case}")
    sides = {
        schema: Pgbench(
            bench, schema, bench.settings.profiles, CLIENTS, synchronous_commit
        ).throughput
        for schema in (QUIET, *SIDES)
    }
    values = interleave(
        sides, bench.settings.long_rounds, lambda schema: settle(bench, schema)
    )
    for schema in SIDES:
        bench.figures.append(
            Figure(
                "telling others",
                f"{NAMES[schema]}, {case}",
                "the same without",
                "transactions/s",
                values[schema],
                values[QUIET],
            )
        )


def check_outbox(bench):
    """Check that the newest row of the outbox for each key is the stored score."""
    missing = bench.execute("""
        SELECT count(*) FROM (
            SELECT DISTINCT ON (o.key) o.key, o.score, o.scored_at
            FROM churn.outbox o WHERE o.profile = 'downstream_outbox.customers'
            ORDER BY o.key, o.change_id DESC
        ) newest
        FULL JOIN (
            SELECT c.* FROM downstream_outbox.customers c
            WHERE c.churn_scored_at > (SELECT min(o.scored_at) FROM churn.outbox o)
        ) c ON c.customer_id::text = newest.key
        WHERE (newest.score, newest.scored_at)
              IS DISTINCT FROM (c.churn_score, c.churn_scored_at)
        """)[0][0]
    if missing:
        bench.problems.append(f"{missing} scores are not the newest of the outbox")
