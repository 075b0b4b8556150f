"""What churn.compare takes for very many customers: seconds, megabytes, and cancels."""

import time

from tests.comparing import SINCE, said_of, trained_until
from tests.models import EVERY_KIND, fit, other_model, register
from tests.soak.bars import Bar
from tests.soak.cancels import latencies
from tests.soak.databases import trained_database
from tests.soak.monitoring import Watch
from tests.soak.sessions import megabytes

MOST_SECONDS = 120
MOST_MEGABYTES = 250
MOST_MILLISECONDS = 500
# As training_frame makes them up.
VALUES = {
    "number": "round((random() * 100)::numeric, 2)",
    "boolean": "random() < 0.5",
    "text": "substr('abc', 1 + floor(random() * 3)::integer, 1)",
}
LOG = """
    INSERT INTO churn.predictions
    SELECT 1, i::text, %s, random() * 0.3, json_build_object({features}), 'batch',
           %s::timestamptz + i * interval '1 second'
    FROM generate_series(1, %s) i;
    INSERT INTO churn.outcomes (attachment_id, key, outcome, known_at, source)
    SELECT 1, i::text, true, %s::timestamptz + interval '30 days', 'call'
    FROM generate_series(1, %s, 9) i;
    ANALYZE churn.predictions, churn.outcomes;
"""
COMPARE = "SELECT * FROM churn.compare('churn.customers', {}, {}, '{}')"


def measure(server, full):
    """Compare a version that has scored with one that has not."""
    rows = 1_000_000 if full else 10_000
    with trained_database(server, "compared_rows") as database:
        session = database.session(autocommit=True)
        versions = [
            said_of(session, register(session, model), trained_until())
            for model in (other_model(), fit(EVERY_KIND))
        ]
        features = ", ".join(
            f"'{name}', {VALUES[kind]}" for name, kind in EVERY_KIND.items()
        )
        session.run("SET synchronous_commit = off")
        session.run(
            LOG.format(features=features),
            *(versions[0], SINCE, rows, SINCE, rows),
        )
        statement = COMPARE.format(*versions, SINCE)
        seconds, most, found = watched(database, statement)
        yield Bar(
            f"churn.compare on {rows:,} customers with {len(EVERY_KIND)} features",
            f"at most {MOST_SECONDS} s",
            f"{seconds:.1f} s",
            seconds <= MOST_SECONDS and found[0][6] == rows,
        )
        yield Bar(
            "memory that it takes beyond a fresh session's",
            f"at most {MOST_MEGABYTES} MB",
            f"{most:.0f} MB",
            most <= MOST_MEGABYTES,
        )
        if full:
            worst = max(latencies(database, statement, 20, longest=seconds))
            yield Bar(
                "cancels and timeouts of it, 20",
                f"in {MOST_MILLISECONDS} ms at most",
                f"{worst:.0f} ms",
                worst <= MOST_MILLISECONDS,
            )


def watched(database, statement):
    """Return how long a statement takes, the memory it needs, and its rows."""
    session = database.session(autocommit=True)
    session.run("SELECT 1")
    before, watch = megabytes(session.backend), Watch(session.backend)
    started = time.monotonic()
    try:
        found = session.run(statement)
    finally:
        most = watch.end()
    return time.monotonic() - started, most - before, found
