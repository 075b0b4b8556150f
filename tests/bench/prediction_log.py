"""Workload: what it costs to log every score, one by one and in bulk."""

from tests.bench.bench import execute
from tests.bench.correctness import check_ours
from tests.bench.measuring import Figure, Target, interleave, seconds_of
from tests.bench.pgbench import Pgbench
from tests.bench.sides import create_ours, drop, settle

TARGET = Target(0.85)
INSERT = (
    "INSERT INTO complaints (customer_id, channel, subject)"
    " SELECT 1 + i % {customers}, 'phone', 'slow internet'"
    " FROM generate_series(1, {complaints}) i"
)
SIDES = ("logged", "unlogged")
# Of each stored score: whether the log has it. What else is logged was stored before.
MISSING = """
    SELECT count(*) FROM logged.customers c
    WHERE c.churn_scored_at > %s AND NOT EXISTS (
        SELECT FROM churn.predictions p
        WHERE (p.key, p.version, p.score, p.predicted_at)
            = (c.customer_id::text, c.churn_model_version, c.churn_score,
               c.churn_scored_at)
    )
"""


def run(bench, source, model):
    """Measure one attachment with a log against the same one without."""
    settings = bench.settings
    versions = {
        schema: create_ours(bench, schema, source, settings.profiles, model)
        for schema in SIDES
    }
    ((began,),) = bench.execute("SELECT clock_timestamp()")
    bench.execute("SELECT churn.set_prediction_log('logged.customers', 1)")
    measure_single(bench, model)
    measure_bulk(bench, model)

    ((missing,),) = bench.execute(MISSING, [began])
    if missing:
        bench.problems.append(f"log: {missing} stored scores are missing from it")
    ((logged,), (counted,)) = bench.execute(
        "SELECT count(*) FROM churn.predictions WHERE cause = 'complaint'"
        " UNION ALL SELECT count(*) FROM churn.predictions"
    )
    if not logged == counted > settings.bulk_customers:
        bench.problems.append(f"log: {logged} of {counted} scores are of complaints")
    for schema, version in versions.items():
        check_ours(bench, schema, model, version)
    drop(bench, *SIDES)


def measure_single(bench, model):
    """Measure single-row INSERTs of one client."""
    settings = bench.settings
    bench.progress("single-row INSERT with every score logged")
    sides = {
        schema: Pgbench(bench, schema, settings.profiles, 1, "off").throughput
        for schema in SIDES
    }
    values = interleave(sides, settings.rounds, lambda schema: settle(bench, schema))
    keep_figure(
        bench,
        "single-row INSERT, logged",
        f"{model.name}, 1 client, asynchronous commit",
        "transactions/s",
        values,
        target=TARGET,
    )


def measure_bulk(bench, model):
    """Measure many complaints in one statement."""
    settings = bench.settings
    bench.progress(f"{settings.bulk_complaints:,} complaints with every score logged")
    statement = INSERT.format(
        customers=settings.bulk_customers, complaints=settings.bulk_complaints
    )
    sessions = {schema: bench.connect(schema) for schema in SIDES}
    for session in sessions.values():
        execute(session, "INSERT INTO complaints (customer_id) VALUES (1)")
    sides = {
        schema: lambda s=session: seconds_of(lambda: execute(s, statement))
        for schema, session in sessions.items()
    }
    values = interleave(sides, settings.rounds, lambda schema: settle(bench, schema))
    for session in sessions.values():
        session.close()
    keep_figure(
        bench,
        "complaints in one statement, logged",
        f"{model.name}, {settings.bulk_complaints:,} complaints, "
        f"{settings.bulk_customers:,} customers",
        "seconds",
        values,
        as_speed=True,
    )


def keep_figure(bench, workload, case, unit, values, **options):
    """Keep the figure of a comparison."""
    bench.figures.append(
        Figure(
            workload,
            case,
            "the same without the log",
            unit,
            values["logged"],
            values["unlogged"],
            **options,
        )
    )
