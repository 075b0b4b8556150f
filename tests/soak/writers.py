"""Many writers at once: every complaint counted once, nobody deadlocked.

What is there at the end is held against what the writers say they were told had been
committed, not only against the tables.
"""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import psycopg2
from psycopg2.extensions import (
    ISOLATION_LEVEL_READ_COMMITTED,
    ISOLATION_LEVEL_REPEATABLE_READ,
    ISOLATION_LEVEL_SERIALIZABLE,
)

from tests.models import (
    TOLERANCE,
    default_model,
    divergences,
    expected_scores,
    stored_scores,
)
from tests.soak.bars import Bar
from tests.soak.databases import trained_database
from tests.soak.load import setting

WRITERS = 8
ROWS = 20
# `populate` makes forty.
CUSTOMERS = 50
LEVELS = {
    "READ COMMITTED": ISOLATION_LEVEL_READ_COMMITTED,
    "REPEATABLE READ": ISOLATION_LEVEL_REPEATABLE_READ,
    "SERIALIZABLE": ISOLATION_LEVEL_SERIALIZABLE,
}
INSERT = "INSERT INTO churn.complaints (customer_id) SELECT unnest(%s::bigint[])"
COUNTERS = "SELECT customer_id, complaint_count FROM churn.customers"


def measure(server, full):
    """Let eight writers insert at each isolation level."""
    statements = 500 if full else 15
    with trained_database(server, "writers") as database:
        session = database.session()
        session.run(
            "INSERT INTO churn.customers (customer_id, age, contract)"
            " SELECT i, i, 'one year' FROM generate_series(41, %s) i",
            CUSTOMERS,
        )
        session.commit()
        for name, level in LEVELS.items():
            yield writers_bar(database, session, name, level, statements)


def writers_bar(database, session, name, level, statements):
    """Let the writers write; return what came of it."""
    counted = Counter(dict(session.run(COUNTERS)))
    session.commit()
    over = threading.Event()
    writers = [
        Writer(database, level, seed, statements, over)
        for seed in range(1, WRITERS + 1)
    ]
    with ThreadPoolExecutor(WRITERS + 1) as pool, setting(over):
        alarms = pool.submit(verify_until, over, database.session(autocommit=True))
        for done in [pool.submit(writer.write) for writer in writers]:
            done.result()
        over.set()
    for writer in writers:
        counted += writer.committed
    counters, scores = disagreements(session, counted)
    session.commit()
    deadlocks = sum(writer.deadlocks for writer in writers)
    verified, false = alarms.result()
    return Bar(
        f"{WRITERS} writers x {statements} statements x {ROWS} rows, "
        f"{CUSTOMERS} customers, {name}",
        "0 wrong counters, 0 wrong scores, 0 deadlocks, 0 false alarms of verify",
        f"{counters} wrong counters, {scores} wrong scores, {deadlocks} deadlocks; "
        f"{sum(writer.retries for writer in writers):,} retries; {false} false alarms "
        f"of verify, called {verified:,} times meanwhile",
        (counters, scores, deadlocks, false) == (0, 0, 0, 0),
    )


def verify_until(over, session):
    """Verify again and again; return how often, and how much was found."""
    verified = found = 0
    while not over.is_set():
        found += len(divergences(session))
        verified += 1
        # It is the writers who are to be busy.
        over.wait(0.05)
    session.close()
    return verified, found


def disagreements(session, counted):
    """Return how many counters and how many scores are wrong, by anybody's account."""
    stored = dict(session.run(COUNTERS))
    found = divergences(session)
    wrong_counters = {str(key) for key in stored if stored[key] != counted[key]}
    wrong_counters |= {key for key, column, *_ in found if column != "churn_score"}
    scores, expected = stored_scores(session), expected_scores(session, default_model())
    wrong_scores = {
        key
        for key, score in scores.items()
        # Written so that NULL and NaN fail it.
        if score is None or not abs(score - expected[key]) <= TOLERANCE
    }
    wrong_scores |= {key for key, column, *_ in found if column == "churn_score"}
    return len(wrong_counters), len(wrong_scores)


class Writer:
    """One session that inserts complaints of random customers, in random order.

    Attributes
    ----------
    committed : collections.Counter
        Complaints by customer that the server has acknowledged.
    retries, deadlocks : int
        How often a statement was to be tried again, and why.
    """

    def __init__(self, database, level, seed, statements, over):
        self.session = database.session()
        self.session.connection.set_session(isolation_level=level)
        self.random = random.Random(seed)
        self.statements = statements
        self.over = over
        self.committed = Counter()
        self.retries = 0
        self.deadlocks = 0

    def write(self):
        """Insert until every statement has been committed, or it is over."""
        for _ in range(self.statements):
            if self.over.is_set():
                break
            customers = [self.random.randint(1, CUSTOMERS) for _ in range(ROWS)]
            while not self.insert(customers):
                pass
            self.committed.update(customers)
        self.session.close()

    def insert(self, customers):
        """Insert one complaint of each customer; tell whether it is committed."""
        try:
            self.session.run(INSERT, customers)
            self.session.commit()
        except psycopg2.errors.SerializationFailure:
            self.session.rollback()
            self.retries += 1
            return False
        except psycopg2.errors.DeadlockDetected:
            self.session.rollback()
            self.deadlocks += 1
            return False
        return True
