"""Workload: scoring a whole table anew."""

from pgchurn.loader.operations.rescoring import Pace, rescore_profiles

from tests.bench import rival_batch
from tests.bench.bench import execute
from tests.bench.correctness import check_ours, check_rival
from tests.bench.measuring import Figure, Target, interleave, seconds_of
from tests.bench.models import train
from tests.bench.sides import create_ours, create_rival, drop, settle

# Of the full size: in a small table the workers' start takes most of the time.
TARGET = Target(1.5)
PLAIN_TARGET = Target(0.7)
ROWS_OF_TARGET = 1_000_000
WORKERS = 2
# What writing alone takes, in the same three columns.
PLAIN_UPDATE = """
    UPDATE customers SET
        churn_score = churn_score,
        churn_model_version = churn_model_version,
        churn_scored_at = clock_timestamp()
"""


def run(bench, source):
    """Measure some models against the round trip to the client and a plain UPDATE."""
    for name in bench.settings.rescored_models:
        bench.progress(f"rescoring {bench.settings.rescored_rows:,} profiles, {name}")
        measure(bench, source, train(name, source))


def measure(bench, source, model):
    """Measure one model.

    The client's workers start within the measured time; the other sessions are there
    before, and have scored.
    """
    settings = bench.settings
    schemas = {
        "session": f"rescore_{model.identifier}",
        "client": f"batch_{model.identifier}",
        "update": f"update_{model.identifier}",
    }
    ours, client, update = schemas.values()
    version = create_ours(bench, ours, source, settings.rescored_rows, model)
    for rival in (client, update):
        create_rival(bench, rival, source, settings.rescored_rows, ours)

    sessions = {side: bench.connect(schema) for side, schema in schemas.items()}
    execute(sessions["session"], "SELECT churn.score(c) FROM customers c LIMIT 10")
    sessions["client"].autocommit = False
    pace = Pace(WORKERS, 10_000, rows_per_second=None, restart=False)
    sides = {
        "workers": lambda: seconds_of(
            lambda: rescore_profiles(bench.dsn, f"{ours}.customers", pace)
        ),
        "session": lambda: seconds_of(
            lambda: execute(sessions["session"], "CALL churn.rescore('customers')")
        ),
        "client": lambda: seconds_of(
            lambda: rival_batch.rescore(sessions["client"], model)
        ),
        "update": lambda: seconds_of(lambda: execute(sessions["update"], PLAIN_UPDATE)),
    }
    values = interleave(
        sides, settings.long_rounds, lambda side: settle(bench, schemas.get(side, ours))
    )
    for session in sessions.values():
        session.close()

    check_ours(bench, ours, model, version)
    for rival in (client, update):
        check_rival(bench, rival, model, version)
    full = settings.rescored_rows >= ROWS_OF_TARGET
    workers, session = f"pgchurn rescore --workers {WORKERS}", "one session"
    batch, plain = "COPY out, predict, COPY in", "plain UPDATE of the three columns"
    for side, case, other, rival, target in (
        ("workers", workers, "client", batch, TARGET),
        ("session", session, "client", batch, None),
        ("session", session, "update", plain, PLAIN_TARGET),
    ):
        bench.figures.append(
            Figure(
                "rescoring a table",
                f"{model.name}, {settings.rescored_rows:,} profiles of "
                f"{len(model.kinds)} features, {case}",
                rival,
                "seconds",
                values[side],
                values[other],
                as_speed=True,
                target=target if full else None,
            )
        )
    drop(bench, *schemas.values())
