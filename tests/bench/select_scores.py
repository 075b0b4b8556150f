"""Workload: SELECT of the score of every customer."""

from tests.bench.bench import execute
from tests.bench.correctness import SAMPLED_ROWS, check_ours, check_select
from tests.bench.measuring import Figure, Target, interleave, seconds_of
from tests.bench.models import is_compiled
from tests.bench.rival_functions import create_select
from tests.bench.sides import create_ours, create_rival, drop, settle

STATEMENT = "SELECT sum({}(c)) FROM customers c WHERE customer_id <= {}"
TARGETS = {
    "logistic": Target(15),
    "bare logistic": Target(15),
    "forest": Target(200),
    "bare forest": Target(200),
}


def run(bench, source, models):
    """Measure each model against scikit-learn row by row."""
    for name in bench.settings.selected_models:
        bench.progress(f"SELECT of the score, {name}")
        measure(bench, source, models[name])


def measure(bench, source, model):
    """Measure one model; the rival on a sample, both per row."""
    settings = bench.settings
    ours, rival = f"select_{model.identifier}", f"predict_{model.identifier}"
    version = create_ours(bench, ours, source, settings.selected_rows, model)
    create_rival(bench, rival, source, settings.sampled_rows, ours)
    create_select(bench, rival, model)
    settle(bench, ours, rival)

    rows = {ours: settings.selected_rows, rival: settings.sampled_rows}
    if not is_compiled(bench, version):
        rows[ours] = settings.sampled_rows
    functions = {ours: "churn.score", rival: f"{rival}.predict"}
    sessions = {schema: bench.connect(schema) for schema in rows}
    sides = {}
    for schema, session in sessions.items():
        execute(session, STATEMENT.format(functions[schema], 10))
        statement = STATEMENT.format(functions[schema], rows[schema])
        sides[schema] = microseconds_per_row(session, statement, rows[schema])
    values = interleave(sides, settings.rounds, lambda schema: None)
    for session in sessions.values():
        session.close()

    check_ours(bench, ours, model, version)
    check_select(bench, ours, model, version, SAMPLED_ROWS)
    bench.figures.append(
        Figure(
            "SELECT of the score",
            f"{model.name}, {rows[ours]:,} rows",
            "scikit-learn row by row",
            "microseconds/row",
            values[ours],
            values[rival],
            as_speed=True,
            target=TARGETS.get(model.name),
            note=f"the rival on a sample of {rows[rival]:,} rows, both per row",
        )
    )
    drop(bench, ours, rival)


def microseconds_per_row(session, statement, rows):
    """Return what measures a statement."""
    return lambda: seconds_of(lambda: execute(session, statement)) / rows * 1e6
