"""Workload: INSERT of a single complaint where the profile has a trigger of its own.

Whatever such a trigger raises costs no complaint, on either side.
"""

from tests.bench.bench import sql_file
from tests.bench.correctness import check_ours, check_rival
from tests.bench.measuring import Figure, Target, interleave
from tests.bench.pgbench import Pgbench
from tests.bench.rival_functions import create_protected_counter
from tests.bench.sides import create_ours, create_rival, drop, settle
from tests.bench.single_insert import WORKLOAD

TARGET = Target(0.87)
OURS, COUNTER = SIDES = ("protected", "protected_counter")


def run(bench, source, model):
    """Measure one model against a protected counter, both with a history.

    Parameters
    ----------
    bench : Bench
    source : Source
    model : Model
    """
    bench.progress("single-row INSERT, profile with a history")
    rows = bench.settings.profiles
    version = create_ours(bench, OURS, source, rows, model)
    create_rival(bench, COUNTER, source, rows, OURS)
    create_protected_counter(bench, COUNTER)
    for schema in SIDES:
        bench.execute(sql_file("history.sql", schema=schema))
    sides = {
        schema: Pgbench(bench, schema, rows, 1, "off").throughput for schema in SIDES
    }
    values = interleave(
        sides, bench.settings.rounds, lambda schema: settle(bench, schema)
    )
    check(bench, model, version)
    bench.figures.append(
        Figure(
            WORKLOAD,
            f"{model.name}, profile with a history, 1 client, asynchronous commit",
            "counter only, protected",
            "transactions/s",
            values[OURS],
            values[COUNTER],
            target=TARGET,
        )
    )
    drop(bench, *SIDES)


def check(bench, model, version):
    """Check counters and scores, and that the histories tell of every change."""
    check_ours(bench, OURS, model, version)
    check_rival(bench, COUNTER)
    for schema in SIDES:
        ((outdated,),) = bench.execute(sql_file("outdated_history.sql", schema=schema))
        if outdated:
            bench.problems.append(f"{schema}: {outdated} histories are out of date")
    ((protected,),) = bench.execute(
        "SELECT guarded FROM churn.attachments WHERE profile = to_regclass(%s)",
        [f"{OURS}.customers"],
    )
    if not protected:
        bench.problems.append(f"{OURS}: the write of the profile is not protected")
