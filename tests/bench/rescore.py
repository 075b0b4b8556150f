"""Workload: scoring a whole table anew."""

from tests.bench import rival_batch
from tests.bench.bench import execute
from tests.bench.correctness import check_ours, check_rival
from tests.bench.measuring import Figure, Target, interleave, seconds_of
from tests.bench.models import train
from tests.bench.sides import create_ours, create_rival, drop, settle

TARGET = Target(1.5)


def run(bench, source):
    """Measure some models against the round trip to the client."""
    for name in bench.settings.rescored_models:
        bench.progress(f"rescoring {bench.settings.rescored_rows:,} profiles, {name}")
        measure(bench, source, train(name, source))


def measure(bench, source, model):
    """Measure one model; either side in a session that has scored before."""
    settings = bench.settings
    ours, rival = f"rescore_{model.identifier}", f"batch_{model.identifier}"
    version = create_ours(bench, ours, source, settings.rescored_rows, model)
    create_rival(bench, rival, source, settings.rescored_rows, ours)

    database = bench.connect(ours)
    execute(database, "SELECT churn.score(c) FROM customers c LIMIT 10")
    client = bench.connect(rival)
    client.autocommit = False
    sides = {
        ours: lambda: seconds_of(
            lambda: execute(database, "CALL churn.rescore('customers')")
        ),
        rival: lambda: seconds_of(lambda: rival_batch.rescore(client, model)),
    }
    values = interleave(sides, settings.rounds, lambda schema: settle(bench, schema))
    database.close()
    client.close()

    check_ours(bench, ours, model, version)
    check_rival(bench, rival, model, version)
    bench.figures.append(
        Figure(
            "rescoring a table",
            f"{model.name}, {settings.rescored_rows:,} profiles of "
            f"{len(model.kinds)} features",
            "COPY out, predict, COPY in",
            "seconds",
            values[ours],
            values[rival],
            as_speed=True,
            target=TARGET,
        )
    )
    drop(bench, ours, rival)
