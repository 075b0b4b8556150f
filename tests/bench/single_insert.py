"""Workload: INSERT of a single complaint, by one client and by four."""

import tempfile
from pathlib import Path

from tests.bench.application_clients import ApplicationClients
from tests.bench.correctness import check_ours, check_rival
from tests.bench.measuring import Figure, Target, interleave
from tests.bench.pgbench import Pgbench
from tests.bench.rival_functions import (
    create_counter,
    create_joblib_trigger,
    create_row_trigger,
)
from tests.bench.sides import create_ours, create_rival, drop, settle

WORKLOAD = "single-row INSERT"
# By the number of clients.
COUNTER_TARGETS = {
    1: {
        "logistic": Target(0.88),
        "gradient boosting": Target(0.82),
        "forest": Target(0.7),
        "bare logistic": Target(0.7),
        "bare forest": Target(0.7),
    },
    4: {
        "logistic": Target(0.75),
        "gradient boosting": Target(0.7),
        "forest": Target(0.55),
    },
}
ROW_TRIGGER_TARGETS = {
    "logistic": Target(3),
    "bare logistic": Target(3),
    "forest": Target(25),
    "bare forest": Target(25),
}


def run(bench, source, models):
    """Measure all of it.

    Parameters
    ----------
    bench : Bench
    source : Source
    models : dict of str to Model
    """
    with tempfile.TemporaryDirectory() as folder:
        # The server's user reads there.
        Path(folder).chmod(0o755)
        versions = create_sides(bench, source, models, folder)
        measure_sides(bench, models)
    check(bench, models, versions)
    drop(bench, *sides(bench, models))


def sides(bench, models):
    """Return the schemas of all sides."""
    settings = bench.settings
    return [
        "counter",
        *(f"ours_{models[n].identifier}" for n in settings.inserted_models),
        *(f"row_{models[n].identifier}" for n in settings.row_models),
        *(f"joblib_{models[n].identifier}" for n in settings.joblib_models),
        *(f"application_{models[n].identifier}" for n in settings.application_models),
    ]


def measure_sides(bench, models):
    """Measure all sides by one client, and some by four and with waiting commits."""
    settings = bench.settings
    everyone = sides(bench, models)
    concurrent = {"", *(models[n].identifier for n in settings.concurrent_models)}

    def chosen(*sides):
        parts = {schema: schema.partition("_") for schema in everyone}
        return [s for s, (a, _, b) in parts.items() if a in sides and b in concurrent]

    measure(bench, models, everyone, 1, "off")
    measure(bench, models, chosen("ours", *settings.concurrent_rivals), 4, "off")
    if settings.synchronous_commit:
        measure(bench, models, chosen("ours", "counter"), 1, "on")


def create_sides(bench, source, models, folder):
    """Create the tables of every side; return the version of each model."""
    settings = bench.settings
    versions = {}
    for name in settings.inserted_models:
        model = models[name]
        ours = f"ours_{model.identifier}"
        versions[name] = create_ours(bench, ours, source, settings.profiles, model)
        if name in settings.row_models:
            row = f"row_{model.identifier}"
            create_rival(bench, row, source, settings.profiles, ours)
            create_row_trigger(bench, row, model)
        if name in settings.joblib_models:
            from_file = f"joblib_{model.identifier}"
            create_rival(bench, from_file, source, settings.profiles, ours)
            create_joblib_trigger(bench, from_file, model, folder)
        if name in settings.application_models:
            application = f"application_{model.identifier}"
            create_rival(bench, application, source, settings.profiles, ours)
    create_rival(bench, "counter", source, settings.profiles, ours)
    create_counter(bench, "counter")
    return versions


def measure(bench, models, schemas, clients, synchronous_commit):
    """Measure the throughput of some sides in turn, and keep the figures."""
    case = f"{clients} client{'s' if clients > 1 else ''}, " + (
        "synchronous commit" if synchronous_commit == "on" else "asynchronous commit"
    )
    bench.progress(f"single-row INSERT, {case}")
    rows = bench.settings.profiles
    by_identifier = {model.identifier: model for model in models.values()}
    applications = {}
    sides = {}
    for schema in schemas:
        if schema.startswith("application_"):
            model = by_identifier[schema.partition("_")[2]]
            applications[schema] = ApplicationClients(
                bench, schema, model, rows, clients, synchronous_commit
            )
            sides[schema] = applications[schema].throughput
        else:
            pgbench = Pgbench(bench, schema, rows, clients, synchronous_commit)
            sides[schema] = pgbench.throughput
    try:
        values = interleave(
            sides, bench.settings.rounds, lambda schema: settle(bench, schema)
        )
    finally:
        for application in applications.values():
            application.close()
    keep_figures(bench, models, values, case, clients, synchronous_commit)


def keep_figures(bench, models, values, case, clients, synchronous_commit):
    """Keep one figure for each model and rival; no targets where commits wait."""
    targets = COUNTER_TARGETS[clients] if synchronous_commit == "off" else {}
    row_targets = ROW_TRIGGER_TARGETS if targets and clients == 1 else {}
    for name, model in models.items():
        rivals = {
            "counter only": ("counter", targets.get(name)),
            "row trigger": (f"row_{model.identifier}", row_targets.get(name)),
            "row trigger, joblib file": (f"joblib_{model.identifier}", None),
            "application": (f"application_{model.identifier}", None),
        }
        for rival, (schema, target) in rivals.items():
            if f"ours_{model.identifier}" in values and schema in values:
                bench.figures.append(
                    Figure(
                        WORKLOAD,
                        f"{name}, {case}",
                        rival,
                        "transactions/s",
                        values[f"ours_{model.identifier}"],
                        values[schema],
                        target=target,
                    )
                )


def check(bench, models, versions):
    """Check that every side did its work."""
    check_rival(bench, "counter")
    for name, version in versions.items():
        model = models[name]
        check_ours(bench, f"ours_{model.identifier}", model, version)
        if name in bench.settings.row_models:
            check_rival(bench, f"row_{model.identifier}", model, version)
        if name in bench.settings.joblib_models:
            check_rival(bench, f"joblib_{model.identifier}", model, version)
        if name in bench.settings.application_models:
            check_rival(bench, f"application_{model.identifier}", model, version)
