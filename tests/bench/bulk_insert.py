"""Workload: many complaints in one statement."""

from tests.bench.bench import execute, sql_file
from tests.bench.correctness import check_ours, check_rival
from tests.bench.measuring import Figure, Target, interleave, seconds_of
from tests.bench.rival_functions import create_counter
from tests.bench.settings import MODELS
from tests.bench.sides import create_ours, create_rival, drop, settle

INSERT = (
    "INSERT INTO complaints (customer_id, channel, subject)"
    " SELECT customer_id, channel, subject FROM {}.new_complaints"
)
# Loads the model ahead of what is measured.
FIRST = "INSERT INTO complaints (customer_id) VALUES (1)"
TARGETS = {
    "logistic": Target(1.25, at_least=False),
    "gradient boosting": Target(1.35, at_least=False),
    "forest": Target(1.6, at_least=False),
}


def run(bench, source, models):
    """Measure all models against the counter alone."""
    settings = bench.settings
    bench.progress(f"{settings.bulk_complaints:,} complaints in one statement")
    bench.execute(
        sql_file(
            "bulk_insert.sql",
            schema=source.schema,
            customers=settings.bulk_customers,
            complaints=settings.bulk_complaints,
        )
    )
    versions = {}
    for name in MODELS:
        ours = f"bulk_{models[name].identifier}"
        versions[name] = create_ours(
            bench, ours, source, settings.profiles, models[name]
        )
    create_rival(bench, "bulk_counter", source, settings.profiles, ours)
    create_counter(bench, "bulk_counter")

    schemas = ["bulk_counter", *(f"bulk_{models[n].identifier}" for n in MODELS)]
    sessions = {schema: bench.connect(schema) for schema in schemas}
    for session in sessions.values():
        execute(session, FIRST)
    statement = INSERT.format(source.schema)
    sides = {
        schema: lambda s=session: seconds_of(lambda: execute(s, statement))
        for schema, session in sessions.items()
    }
    values = interleave(sides, settings.rounds, lambda schema: settle(bench, schema))
    for session in sessions.values():
        session.close()

    check_rival(bench, "bulk_counter")
    for name in MODELS:
        schema = f"bulk_{models[name].identifier}"
        check_ours(bench, schema, models[name], versions[name])
        bench.figures.append(
            Figure(
                "complaints in one statement",
                f"{name}, {settings.bulk_complaints:,} complaints, "
                f"{settings.bulk_customers:,} customers",
                "counter only",
                "seconds",
                values[schema],
                values["bulk_counter"],
                target=TARGETS[name],
            )
        )
    drop(bench, *schemas)
