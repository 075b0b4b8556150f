"""Workload: single rows where outcomes are recorded and scores monitored, too."""

from tests.bench.correctness import check_ours
from tests.bench.measuring import Figure, Target, interleave
from tests.bench.pgbench import Pgbench
from tests.bench.sides import create_ours, drop, settle

TARGET = Target(0.95)
SIDES = ("monitored", "logged_only")


def run(bench, source, model):
    """Measure a table with log, outcomes and monitoring against one with the log."""
    settings = bench.settings
    versions = {}
    for schema in SIDES:
        versions[schema] = create_ours(bench, schema, source, settings.profiles, model)
        bench.execute("SELECT churn.set_prediction_log(%s, 1)", [f"{schema}.customers"])
        bench.execute(f"CALL churn.rescore('{schema}.customers')")
    bench.execute("SELECT churn.set_outcome('monitored.customers', 'churned')")
    bench.execute(
        "UPDATE monitored.customers SET churned = true WHERE customer_id % 9 = 0"
    )
    ((results,),) = bench.execute(
        "SELECT count(*) FROM churn.monitor('monitored.customers')"
    )
    if results < len(model.kinds):
        bench.problems.append(f"monitoring: only {results} results of a window")
    bench.progress("single-row INSERT with outcomes and monitoring beside the log")
    sides = {
        schema: Pgbench(bench, schema, settings.profiles, 1, "off").throughput
        for schema in SIDES
    }
    values = interleave(sides, settings.rounds, lambda schema: settle(bench, schema))
    bench.figures.append(
        Figure(
            "single-row INSERT, outcomes and monitoring on",
            f"{model.name}, 1 client, asynchronous commit",
            "the same with the log alone",
            "transactions/s",
            values["monitored"],
            values["logged_only"],
            target=TARGET,
        )
    )
    for schema, version in versions.items():
        check_ours(bench, schema, model, version)
    drop(bench, *SIDES)
