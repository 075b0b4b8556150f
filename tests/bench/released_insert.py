"""Workload: single rows while a release is under way, and after it has ended."""

from tests.bench.correctness import check_ours
from tests.bench.measuring import Figure, Target, interleave
from tests.bench.models import register_version
from tests.bench.pgbench import Pgbench
from tests.bench.sides import create_ours, drop, settle

TARGETS = {"released": Target(0.95), "ended": Target(0.99)}
WORDS = {"released": "release under way", "ended": "release that has ended"}
SIDES = ("released", "ended", "unreleased")
# The same model again: what is measured is the look-up, and that two take turns.
RELEASE = "SELECT churn.release(%s::regclass, %s, steps => '{50}', min_customers => 0)"


def run(bench, source, model):
    """Measure tables with a release that is under way, or ended, against one without.

    Parameters
    ----------
    bench : Bench
    source : Source
    model : Model
    """
    settings = bench.settings
    versions = {
        schema: create_ours(bench, schema, source, settings.profiles, model)
        for schema in SIDES
    }
    for schema in TARGETS:
        challenger = register_version(bench, f"{schema}.customers", model)
        bench.execute(RELEASE, [f"{schema}.customers", challenger])
    bench.execute("SELECT churn.cancel_release('ended.customers')")
    bench.progress("single-row INSERT while a release is under way, and after it")
    sides = {
        schema: Pgbench(bench, schema, settings.profiles, 1, "off").throughput
        for schema in SIDES
    }
    values = interleave(sides, settings.rounds, lambda schema: settle(bench, schema))
    for schema, target in TARGETS.items():
        bench.figures.append(
            Figure(
                f"single-row INSERT, {WORDS[schema]}",
                f"{model.name}, 1 client, asynchronous commit",
                "the same without a release",
                "transactions/s",
                values[schema],
                values["unreleased"],
                target=target,
            )
        )
    ((named,),) = bench.execute(
        "SELECT count(DISTINCT churn_model_version) FROM released.customers"
    )
    if named != 2:
        bench.problems.append(f"releases: {named} versions have scored, not 2")
    bench.execute("SELECT churn.cancel_release('released.customers')")
    bench.execute("CALL churn.rescore('released.customers')")
    for schema, version in versions.items():
        check_ours(bench, schema, model, version)
    drop(bench, *SIDES)
