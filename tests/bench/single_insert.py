"""Workload: INSERT of a single complaint, by one client and by four."""

from tests.bench.application_clients import ApplicationClients
from tests.bench.correctness import check_ours, check_rival
from tests.bench.measuring import Figure, Target, interleave
from tests.bench.pgbench import Pgbench
from tests.bench.rival_functions import create_counter, create_row_trigger
from tests.bench.sides import create_ours, create_rival, drop, settle

COUNTER_TARGET = Target(0.7)
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
    settings = bench.settings
    versions = create_sides(bench, source, models)
    everyone = [
        "counter",
        *(f"ours_{models[n].identifier}" for n in settings.inserted_models),
        *(f"row_{models[n].identifier}" for n in settings.row_models),
        *(f"application_{models[n].identifier}" for n in settings.application_models),
    ]
    concurrent = {"", *(models[n].identifier for n in settings.concurrent_models)}

    def chosen(*sides):
        parts = {schema: schema.partition("_") for schema in everyone}
        return [s for s, (a, _, b) in parts.items() if a in sides and b in concurrent]

    measure(bench, models, everyone, 1, "off")
    measure(bench, models, chosen("ours", *settings.concurrent_rivals), 4, "off")
    if settings.synchronous_commit:
        measure(bench, models, chosen("ours", "counter"), 1, "on")
    check(bench, models, versions)
    drop(bench, *everyone)


def create_sides(bench, source, models):
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
    """Keep one figure for each model and rival; targets are for one client."""
    has_targets = clients == 1 and synchronous_commit == "off"
    for name, model in models.items():
        rivals = {
            "counter only": ("counter", COUNTER_TARGET),
            "row trigger": (f"row_{model.identifier}", ROW_TRIGGER_TARGETS.get(name)),
            "application": (f"application_{model.identifier}", None),
        }
        for rival, (schema, target) in rivals.items():
            if f"ours_{model.identifier}" in values and schema in values:
                bench.figures.append(
                    Figure(
                        "single-row INSERT",
                        f"{name}, {case}",
                        rival,
                        "transactions/s",
                        values[f"ours_{model.identifier}"],
                        values[schema],
                        target=target if has_targets else None,
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
        if name in bench.settings.application_models:
            check_rival(bench, f"application_{model.identifier}", model, version)
