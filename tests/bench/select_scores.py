"""Workload: SELECT of the score of every customer."""

from tests.bench import rival_orbital
from tests.bench.bench import execute
from tests.bench.correctness import (
    COMPILED_TOLERANCE,
    SAMPLED_ROWS,
    check_ours,
    check_select,
)
from tests.bench.measuring import Figure, Target, interleave, seconds_of
from tests.bench.models import is_compiled
from tests.bench.rival_expression import logistic_expression
from tests.bench.rival_functions import create_select
from tests.bench.sides import create_ours, create_rival, drop, settle

STATEMENT = "SELECT sum({}(c)) FROM customers c WHERE customer_id <= {}"
# As many rows at once as are quick in an array.
SCORE_MANY = """
    SELECT sum(s.score)
    FROM (
        SELECT churn.score_many(array_agg(c)) AS scores
        FROM customers c GROUP BY c.customer_id / 5000
    ) b
    CROSS JOIN unnest(b.scores) s (score)
"""
EXPRESSION = "SELECT sum({}) FROM customers c"
ORBITAL = "SELECT sum({}) FROM ({}) c"
BATCHED_TARGETS = {
    "logistic": Target(2, at_least=False),
    "gradient boosting": Target(2, at_least=False),
}
EXPRESSION_TARGET = Target(8, at_least=False)
TARGETS = {
    "logistic": Target(15),
    "bare logistic": Target(15),
    "forest": Target(200),
    "bare forest": Target(200),
}


def run(bench, source, models):
    """Measure each model against scikit-learn row by row, a batch and plain SQL."""
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
    if model.name in BATCHED_TARGETS:
        measure_batch(bench, ours, model, version)
        measure_orbital(bench, ours, model)
    drop(bench, ours, rival)


def measure_batch(bench, schema, model, version):
    """Measure one model against arrays of rows and, if it can be, plain SQL."""
    rows = bench.settings.selected_rows
    statements = {
        "churn.score(row)": STATEMENT.format("churn.score", rows),
        "churn.score_many(rows)": SCORE_MANY,
    }
    targets = {"churn.score_many(rows)": BATCHED_TARGETS[model.name]}
    if model.name == "logistic":
        statements["the sum in plain SQL"] = EXPRESSION.format(
            logistic_expression(bench, version)
        )
        targets["the sum in plain SQL"] = EXPRESSION_TARGET
    session = bench.connect(schema)
    sums = {name: execute(session, sql)[0][0] for name, sql in statements.items()}
    for name, total in sums.items():
        if abs(total - sums["churn.score(row)"]) > rows * COMPILED_TOLERANCE:
            bench.problems.append(f"{schema}: {name} gives {sums}")
    values = interleave(
        {
            name: microseconds_per_row(session, sql, rows)
            for name, sql in statements.items()
        },
        bench.settings.rounds,
        lambda name: None,
    )
    session.close()
    for rival, target in targets.items():
        bench.figures.append(
            Figure(
                "SELECT of the score",
                f"{model.name}, {rows:,} rows",
                rival,
                "microseconds/row",
                values["churn.score(row)"],
                values[rival],
                target=target,
            )
        )


def measure_orbital(bench, schema, model):
    """Measure one model against what orbital makes of the same pipeline."""
    if not rival_orbital.is_installed():
        bench.note("orbital's SQL: left out, as it is not installed; run: make rivals")
        return
    rows = bench.settings.selected_rows
    query = rival_orbital.create_query(bench, schema, model)
    session = bench.connect(schema)
    rival_orbital.check_query(bench, schema, session, query)
    statements = {
        "ours": STATEMENT.format("churn.score", rows),
        "orbital": ORBITAL.format(rival_orbital.PROBABILITY, query),
    }
    values = interleave(
        {
            side: microseconds_per_row(session, statement, rows)
            for side, statement in statements.items()
        },
        bench.settings.rounds,
        lambda side: None,
    )
    session.close()
    bench.execute(f"DROP VIEW {schema}.{rival_orbital.VIEW}")
    bench.figures.append(
        Figure(
            "SELECT of the score",
            f"{model.name}, {rows:,} rows",
            "orbital's SQL",
            "microseconds/row",
            values["ours"],
            values["orbital"],
        )
    )


def microseconds_per_row(session, statement, rows):
    """Return what measures a statement."""
    return lambda: seconds_of(lambda: execute(session, statement)) / rows * 1e6
