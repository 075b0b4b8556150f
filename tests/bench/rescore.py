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
ROWS_OF_TARGET = 1_000_000
WORKERS = 2


def run(bench, source):
    """Measure some models against the round trip to the client."""
    for name in bench.settings.rescored_models:
        bench.progress(f"rescoring {bench.settings.rescored_rows:,} profiles, {name}")
        measure(bench, source, train(name, source))


def measure(bench, source, model):
    """Measure one model.

    The client's workers start within the measured time; the other session and the
    rival's have scored before.
    """
    settings = bench.settings
    ours, rival = f"rescore_{model.identifier}", f"batch_{model.identifier}"
    version = create_ours(bench, ours, source, settings.rescored_rows, model)
    create_rival(bench, rival, source, settings.rescored_rows, ours)

    database = bench.connect(ours)
    execute(database, "SELECT churn.score(c) FROM customers c LIMIT 10")
    client = bench.connect(rival)
    client.autocommit = False
    pace = Pace(WORKERS, 10_000, rows_per_second=None, restart=False)
    sides = {
        "workers": lambda: seconds_of(
            lambda: rescore_profiles(bench.dsn, f"{ours}.customers", pace)
        ),
        "session": lambda: seconds_of(
            lambda: execute(database, "CALL churn.rescore('customers')")
        ),
        "rival": lambda: seconds_of(lambda: rival_batch.rescore(client, model)),
    }
    schemas = {"workers": ours, "session": ours, "rival": rival}
    values = interleave(
        sides, settings.long_rounds, lambda side: settle(bench, schemas[side])
    )
    database.close()
    client.close()

    check_ours(bench, ours, model, version)
    check_rival(bench, rival, model, version)
    full = settings.rescored_rows >= ROWS_OF_TARGET
    for side, case, target in (
        ("workers", f"pgchurn rescore --workers {WORKERS}", TARGET if full else None),
        ("session", "one session", None),
    ):
        bench.figures.append(
            Figure(
                "rescoring a table",
                f"{model.name}, {settings.rescored_rows:,} profiles of "
                f"{len(model.kinds)} features, {case}",
                "COPY out, predict, COPY in",
                "seconds",
                values[side],
                values["rival"],
                as_speed=True,
                target=target,
            )
        )
    drop(bench, ours, rival)
