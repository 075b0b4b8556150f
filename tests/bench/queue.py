"""Workload: a burst of complaints in queued mode, and the workers that follow it up."""

import contextlib
import os
import signal
import subprocess
import sys
import time

from pgchurn.loader.private_server import CHECKOUT

from tests.bench.correctness import check_counters, check_ours, check_rival
from tests.bench.measuring import Figure, Target, interleave
from tests.bench.pgbench import Pgbench, transaction_ends
from tests.bench.rival_functions import create_counter
from tests.bench.sides import create_ours, create_rival, drop, settle
from tests.bench.throughput import WARM_UP

CLIENTS = 4
WORKERS = 3
TARGET = Target(0.95)
# Seconds for the workers to empty the queue.
LONGEST = 120
TOLERANCE = 1e-9
SIDES = ("queued", "queue_counter", "queue_inline")


def run(bench, source, model):
    """Measure the burst with nobody at work, the work, and both at once.

    Parameters
    ----------
    bench : Bench
    source : Source
    model : Model
    """
    queued, counter, inline = SIDES
    rows = bench.settings.queued_customers
    versions = {
        side: create_ours(bench, side, source, rows, model) for side in (queued, inline)
    }
    create_rival(bench, counter, source, rows, queued)
    create_counter(bench, counter)
    bench.execute(
        "SELECT churn.set_scoring_mode(%s, 'queued')", [f"{queued}.customers"]
    )
    bench.progress("a burst of complaints in queued mode")
    bursts = {side: Burst(bench, side, rows) for side in SIDES}
    rounds = bench.settings.rounds
    values = interleave(bursts, rounds, lambda side: follow_up(bench, side))
    for rival, side, target in (
        ("counter only", counter, TARGET),
        ("inline", inline, None),
    ):
        keep_figure(bench, "workers off", rival, values[queued], values[side], target)

    with workers(bench) as running:
        drain(bench, model, running)
        check_ours(bench, queued, model, versions[queued])
        check_same_end(bench)
        bench.progress("a burst of complaints while workers are at work")
        at_work = interleave(bursts, 1, lambda side: settle(bench, side))
        wait_until_empty(bench, running[1:])
    keep_figure(
        bench,
        f"{WORKERS - 1} workers on",
        "counter only",
        at_work[queued],
        at_work[counter],
    )
    check_ours(bench, queued, model, versions[queued])
    check_ours(bench, inline, model, versions[inline])
    check_rival(bench, counter)
    check_same_end(bench)
    drop(bench, *SIDES)


class Burst:
    """Single complaints of random customers, the same ones on every side.

    Parameters
    ----------
    bench : Bench
    schema : str
    rows : int
        Customers there are.
    """

    def __init__(self, bench, schema, rows):
        settings = bench.settings
        self.pgbench = Pgbench(bench, schema, rows, CLIENTS, "off")
        self.transactions = settings.queued_complaints // CLIENTS
        self.round = 1

    def __call__(self):
        """Return the throughput of the next round."""
        self.round += 1
        log = self.pgbench.run(
            *("-t", self.transactions + WARM_UP, f"--random-seed={self.round}")
        )
        return burst_throughput(transaction_ends(log))


def follow_up(bench, side):
    """Let a burst begin with nobody waiting, and with tables in order."""
    while side == SIDES[0] and waiting(bench):
        bench.execute("SELECT churn.work(10000)")
    settle(bench, side)


def burst_throughput(ends):
    """Return the transactions per second of clients that each do the same number.

    Parameters
    ----------
    ends : list of list of float
        For each client the times, in seconds and ascending, at which its transactions
        ended; the first ones are its warm-up.
    """
    return sum(
        (len(times) - WARM_UP) / (times[-1] - times[WARM_UP - 1]) for times in ends
    )


def keep_figure(bench, case, rival, ours, theirs, target=None):
    """Keep the throughput of the queued side against another's."""
    bench.figures.append(
        Figure(
            "burst in queued mode",
            f"{CLIENTS} clients, {case}",
            rival,
            "transactions/s",
            ours,
            theirs,
            target=target,
        )
    )


def drain(bench, model, running):
    """Let workers empty the queue, kill one of them midway, and keep the speed."""
    before = waiting(bench)
    bench.progress(f"{WORKERS} workers score {before:,} customers")
    wait_until_fewer(bench, running, before)
    started = time.monotonic()
    first = waiting(bench)
    wait_until_fewer(bench, running, before / 2)
    killed, *others = running
    killed.kill()
    if killed.wait() != -signal.SIGKILL:
        bench.problems.append("queue: a worker ended before it was killed")
    wait_until_empty(bench, others)
    seconds = time.monotonic() - started
    bench.note(
        f"{WORKERS} workers, one of them killed midway, scored {first:,} of "
        f"{before:,} customers under {model.name} in {seconds:.1f} s"
    )


def wait_until_empty(bench, running):
    """Wait until nobody waits in the queue."""
    wait_until_fewer(bench, running, 1)


def wait_until_fewer(bench, running, count):
    """Wait until fewer customers wait in the queue; an error if nobody works on it."""
    deadline = time.monotonic() + LONGEST
    while waiting(bench) >= count:
        if time.monotonic() > deadline or any(w.poll() is not None for w in running):
            raise RuntimeError(f"{waiting(bench)} customers were left waiting")
        time.sleep(0.005)


@contextlib.contextmanager
def workers(bench):
    """Run ``pgchurn work`` several times side by side."""
    command = [sys.executable, "-m", "pgchurn.loader", "work"]
    running = [
        subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env={**os.environ, "DATABASE_URL": bench.dsn},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(WORKERS)
    ]
    try:
        yield running
    finally:
        for worker in running:
            worker.terminate()
            worker.wait()


def waiting(bench):
    """Return how many customers wait in the queue."""
    ((count,),) = bench.execute("SELECT sum(waiting)::bigint FROM churn.queue")
    return count


def check_same_end(bench):
    """Hold the queued side against the inline one, score for score."""
    queued, _, inline = SIDES
    ((rows, different),) = bench.execute(f"""
        SELECT count(*), count(*) FILTER (WHERE
            q.complaint_count IS DISTINCT FROM i.complaint_count
            OR (abs(q.churn_score - i.churn_score) <= {TOLERANCE}) IS NOT TRUE)
        FROM {queued}.customers q FULL JOIN {inline}.customers i USING (customer_id)
    """)
    if different or rows != bench.settings.queued_customers:
        bench.problems.append(f"queue: {different} of {rows} customers end differently")
    check_counters(bench, queued)
