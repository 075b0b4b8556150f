"""How long a cancel or a timeout takes to end what scores very many rows."""

import random
import time
from concurrent.futures import ThreadPoolExecutor, wait

import psycopg2
from sklearn.ensemble import RandomForestClassifier

from tests.models import (
    KINDS,
    Model,
    activate,
    pipeline_for,
    register,
    training_frame,
)
from tests.soak.bars import Bar
from tests.soak.databases import trained_database

MOST_MILLISECONDS = 500
CANCELLED = "57014"
SHORTEST_WAIT, LONGEST_WAIT = 0.02, 3.0
FEW_TREES, TREES, MANY_TREES = 30, 100, 1000
CUSTOMERS = (
    "INSERT INTO churn.customers (customer_id, age, contract, paperless_billing,"
    " monthly_charges, data_usage_gb)"
    " SELECT i, 18 + i %% 60, 'one year', i %% 2 = 0, 20 + i %% 90, i %% 300"
    " FROM generate_series(41, %s) i"
)
# How often each is interrupted is the same; {0} is the number of customers.
STATEMENTS = {
    "bulk INSERT": (
        "INSERT INTO churn.complaints (customer_id)"
        " SELECT 1 + i % {0} FROM generate_series(1, 2 * {0}) i"
    ),
    "churn.rescore": "CALL churn.rescore('churn.customers')",
    "churn.verify": "SELECT count(*) FROM churn.verify('churn.customers')",
    "churn.score_many": (
        "SELECT cardinality(churn.score_many(array_agg(c))) FROM churn.customers c"
    ),
}


def pickled(session, trees):
    """Register a forest that scores from its pickle; return its version."""
    return register(session, forest(trees), compile_form=False)


def measure(server, full):
    """Interrupt each statement under each form of a forest at random moments."""
    customers, tries = (50_000, 20) if full else (5_000, 1)
    with trained_database(server, "cancels") as database:
        session = database.session(autocommit=True)
        if not full:
            versions = {f"pickled forest of {FEW_TREES}": pickled(session, FEW_TREES)}
        else:
            versions = {
                f"pickled forest of {TREES}": pickled(session, TREES),
                f"compiled forest of {TREES}": register(session, forest(TREES)),
                f"pickled forest of {MANY_TREES:,}": pickled(session, MANY_TREES),
            }
        # Written as a replica writes, so that nobody waits for scores.
        session.run("SET session_replication_role = replica")
        session.run(CUSTOMERS, customers)
        session.run("RESET session_replication_role")
        session.run("ANALYZE churn.customers")
        for form, version in versions.items():
            activate(session, version)
            worst = {
                name: max(latencies(database, statement.format(customers), tries))
                for name, statement in STATEMENTS.items()
            }
            listed = ", ".join(f"{value:.0f} {name}" for name, value in worst.items())
            yield Bar(
                f"cancels and timeouts, {customers:,} customers, {form}",
                f"in {MOST_MILLISECONDS} ms at most, {tries} of each",
                f"{max(worst.values()):.0f} ms ({listed})",
                max(worst.values()) <= MOST_MILLISECONDS,
            )


def forest(trees):
    """Return a model with trees of a usual size."""
    frame, labels = training_frame(KINDS, rows=2000)
    classifier = RandomForestClassifier(trees, max_depth=8, random_state=0)
    return Model(pipeline_for(KINDS, classifier).fit(frame, labels), dict(KINDS))


def latencies(database, statement, tries, longest=LONGEST_WAIT):
    """Yield the milliseconds from a cancel or a timeout to the error.

    The two take turns, or where there is but one try, both are tried.
    """
    source = random.Random(0)
    session, other = (database.session(autocommit=True) for _ in range(2))
    session.run("SET synchronous_commit = off; SELECT churn.warm()")
    for interrupt in (cancelled_after, timed_out_after) * max(1, tries // 2):
        while True:
            moment = source.uniform(SHORTEST_WAIT, max(longest, SHORTEST_WAIT))
            started = time.monotonic()
            latency = interrupt(session, other, statement, moment)
            if latency is not None:
                break
            # It was over before that.
            longest = min(longest, 0.8 * (time.monotonic() - started))
        yield latency * 1000
    session.close()
    other.close()


def cancelled_after(session, other, statement, seconds):
    """Cancel a statement; return how long that took, None if it was over before."""
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(outcome, session, statement)
        wait([running], seconds)
        asked = time.monotonic()
        other.run("SELECT pg_cancel_backend(%s)", session.backend)
        state, ended = running.result()
    return ended - asked if state == CANCELLED and ended > asked else None


def timed_out_after(session, other, statement, seconds):
    """Let a statement run into a timeout; return how late it ended."""
    session.run("SELECT set_config('statement_timeout', %s, false)", f"{seconds:.3f}s")
    started = time.monotonic()
    state, ended = outcome(session, statement)
    # Which may itself meet the timeout.
    while outcome(session, "RESET statement_timeout")[0] == CANCELLED:
        pass
    return ended - started - seconds if state == CANCELLED else None


def outcome(session, statement):
    """Return the SQLSTATE with which a statement ended, None for success, and when."""
    try:
        session.run(statement)
    except psycopg2.Error as error:
        return error.pgcode, time.monotonic()
    return None, time.monotonic()
