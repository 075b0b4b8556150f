"""How long a cancel or a termination takes with the largest models that are permitted.

Each is planted past registration, and interrupted at random moments of a session's
first score, where the model is loaded, of one that writes it out for single rows, and
of a bulk.
"""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psycopg2
from pgchurn.plpython.runtime.form_matrices import (
    Dense,
    Gaussian,
    Inputs,
    OnlyOne,
    Quadratic,
    Table,
)
from pgchurn.plpython.runtime.form_parts import Sigmoid, Sum
from pgchurn.plpython.runtime.form_scalars import Affine, Interpolated, Mean
from pgchurn.plpython.runtime.form_tree_checks import MEMBER
from pgchurn.plpython.runtime.form_trees import Trees

from tests.models import default_model
from tests.planted import form_of, plant
from tests.soak.bars import Bar
from tests.soak.databases import trained_database

MOST_MILLISECONDS = 500
# How many customers and complaints a bulk is of.
ROWS = {True: 100_000, False: 5_000}
TRIES = {True: 12, False: 1}
CUSTOMERS = (
    "INSERT INTO churn.customers (customer_id, age, data_usage_gb)"
    " SELECT i, i %% 80, i %% 300 FROM generate_series(41, %s) i"
)
# Of a fresh session, unless it is warm.
STATEMENTS = {
    "load": "SELECT churn.warm()",
    "single row": "INSERT INTO churn.complaints (customer_id) VALUES (1)",
    "first bulk": "INSERT INTO churn.complaints (customer_id)"
    " SELECT 1 + i % {0} FROM generate_series(1, {0}) i",
    "warm bulk": "SELECT cardinality(churn.score_many(array_agg(c)))"
    " FROM churn.customers c",
    "SELECT": "SELECT sum(churn.score(c)) FROM churn.customers c",
}
ENDINGS = {"cancel": "pg_cancel_backend", "termination": "pg_terminate_backend"}


def measure(server, full):
    """Give a bar for each model."""
    model = default_model()
    rows = ROWS[full]
    with trained_database(server, "latencies") as database:
        session = database.session(autocommit=True)
        session.run("SET session_replication_role = replica")
        session.run(CUSTOMERS, rows)
        session.run("RESET session_replication_role")
        session.run("ANALYZE churn.customers")
        for name, make in FAMILIES.items():
            if not full and name not in SHORT:
                continue
            plant(session, model, compiled=form_of(make(), model))
            worst = {}
            for statement, text in STATEMENTS.items():
                for ending in ENDINGS:
                    found = latencies(
                        database,
                        text.format(rows),
                        ending,
                        TRIES[full],
                        warm=statement == "warm bulk",
                    )
                    worst[f"{ending} of {statement}"] = max(found, default=0.0)
            largest = max(worst, key=worst.get)
            yield Bar(
                f"cancel and termination, {name}",
                f"in {MOST_MILLISECONDS} ms at most, {TRIES[full]} of each",
                f"{worst[largest]:.0f} ms ({largest})",
                worst[largest] <= MOST_MILLISECONDS,
            )


def latencies(database, statement, ending, tries, warm):
    """Return the milliseconds from an ending's call to the end of the session's work.

    What is over before that is tried again at an earlier moment.
    """
    source = random.Random(statement + ending)
    observer = database.session(autocommit=True)
    longest, found = 2.0, []
    for _ in range(tries):
        for _ in range(5):
            moment = source.uniform(0.0, longest)
            latency, seconds = interrupted(
                database, observer, statement, ending, moment, warm
            )
            if latency is not None:
                found.append(latency * 1000)
                break
            longest = min(longest, 0.9 * seconds)
    observer.close()
    return found


def interrupted(database, observer, statement, ending, moment, warm):
    """Interrupt a statement; return how long that took, None where it was over."""
    session = database.session(autocommit=True)
    if warm:
        session.run("SELECT churn.warm()")
    backend = session.backend
    begun = threading.Event()

    def work():
        begun.set()
        try:
            session.run(statement)
        except psycopg2.Error:
            return True, time.monotonic()
        return False, time.monotonic()

    with ThreadPoolExecutor(1) as pool:
        started = time.monotonic()
        running = pool.submit(work)
        begun.wait()
        time.sleep(moment)
        asked = time.monotonic()
        observer.run(f"SELECT {ENDINGS[ending]}(%s)", backend)
        failed, ended = running.result()
    session.close()
    return (ended - asked if failed and ended > asked else None), ended - started


def summed(**changed):
    """Return a sum of nothing but what is given."""
    empty = {"f": np.zeros(0), "i": np.zeros(0, np.int32)}
    fields = {name: empty[kind] for name, kind in Sum.FIELDS.items() if kind in empty}
    fields["forest"] = bushy(0, 0)
    return Sum(**{**fields, "constant": 0.0, **changed})


def bushy(count, comparisons, members=0):
    """Return so many trees of so many comparisons, as even as they can be."""
    nodes = 2 * comparisons + 1
    place = np.arange(nodes)
    inner = place < comparisons
    starts = np.repeat(np.arange(count) * nodes, nodes)

    def children(first):
        return np.where(
            np.tile(inner, count), np.tile(2 * place + first, count) + starts, 0
        )

    source = np.random.default_rng(0)
    inputs = source.integers(0, 5, count * nodes)
    constants = np.where(
        np.tile(inner, count), source.uniform(0, 80, count * nodes), 1e-6
    )
    if members:
        constants = np.where(np.tile(inner, count), 0.0, 1e-6)
    mode = MEMBER if members else 1
    return Trees(
        roots=np.arange(count, dtype=np.int32) * nodes,
        positions=np.where(np.tile(inner, count), inputs, 0).astype(np.int32),
        modes=np.where(np.tile(inner, count), mode, 0).astype(np.uint8),
        constants=constants,
        true=children(1).astype(np.int32),
        false=children(2).astype(np.int32),
        members=np.arange(members, dtype=float),
        ends=np.array([members] if members else [], np.int32),
    )


def forest(count, comparisons, members=0):
    """Return what a forest gives."""
    return Sigmoid(of=summed(forest=bushy(count, comparisons, members)))


def inputs(count):
    """Return so many inputs."""
    positions = (np.arange(count) % 5).astype(np.int32)
    return Inputs(positions=positions, steps="fill", constants=np.zeros(count))


def layer(of, width):
    """Return a layer of a network."""
    weights = np.random.default_rng(0).normal(size=of.width * width) / 1_000
    return Dense(of=of, weights=weights, biases=np.zeros(width), activation="tanh")


def alone(part):
    """Return a part's numbers as a share."""
    return Sigmoid(of=OnlyOne(of=layer(part, 1)))


def weights(count):
    """Return a sum of so many weighted inputs."""
    return summed(
        positions=(np.arange(count) % 5).astype(np.int32),
        weights=np.full(count, 1e-9),
        fills=np.zeros(count),
    )


def tables(count):
    """Return a sum of so many tables."""
    none, ends = np.zeros(count), np.arange(1, count + 1, dtype=np.int32)
    return summed(
        tables=(np.arange(count) % 5).astype(np.int32),
        defaults=none,
        missing=none,
        ends=ends,
        keys=none,
        entries=none,
    )


def gaussian(width):
    """Return a difference of likelihoods of so many numbers."""
    return Sigmoid(
        of=Gaussian(
            of=inputs(width),
            means=np.zeros(2 * width),
            variances=np.ones(2 * width) * 1e9,
            constants=np.zeros(2),
        )
    )


def quadratic(width):
    """Return a difference of distances of so many numbers."""
    first, second = (layer(inputs(50), width) for _ in range(2))
    return Sigmoid(of=Quadratic(first=first, second=second, constant=0.0))


def votes(count):
    """Return the mean of so many models."""
    parts = [
        Sigmoid(of=Affine(of=weights(8), slope=1.0, constant=0.0)) for _ in range(count)
    ]
    return Mean(of=parts, weights=np.full(count, 1 / count))


def calibrated(points):
    """Return a function of so many points of a sum."""
    x = np.arange(points, dtype=float)
    return Interpolated(of=weights(5), x=x, y=x / points)


# The largest, or the slowest, that a session takes of each kind.
FAMILIES = {
    "24,900 comparisons as Python": lambda: forest(300, 82),
    "a tree of 24,900 comparisons": lambda: forest(1, 24_900),
    "a graph of 99,900 nodes": lambda: forest(300, 166),
    "1.7 million nodes": lambda: forest(1_000, 850),
    "100,000 small trees": lambda: forest(100_000, 3),
    "sets of 1,000,000 members": lambda: forest(10, 1_000, 1_000_000),
    "sets of 240,000 members": lambda: forest(10, 1_000, 240_000),
    "24,900 weights": lambda: Sigmoid(of=weights(24_900)),
    "900,000 weights": lambda: Sigmoid(of=weights(900_000)),
    "10,000 tables": lambda: Sigmoid(of=tables(10_000)),
    "a network of 1,000 by 4,000 numbers": lambda: alone(
        layer(layer(inputs(100), 1_000), 4_000)
    ),
    "a table of 600,000 numbers": lambda: alone(
        Table(position=0, keys=np.zeros(1), entries=np.zeros(1_800_000))
    ),
    "naive Bayes of 500,000 numbers": lambda: gaussian(500_000),
    "distances of 50,000 numbers": lambda: quadratic(50_000),
    "800 votes": lambda: votes(800),
    "a calibration of 3 million points": lambda: calibrated(3_000_000),
}
SHORT = ("24,900 comparisons as Python",)
