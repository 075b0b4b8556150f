"""Workload: scoring the rows of a query into a new table, in bounded memory."""

import time
from concurrent.futures import ThreadPoolExecutor

from tests.bench import rival_batch
from tests.bench.bench import execute, sql_file
from tests.bench.correctness import check_ours, tolerance
from tests.bench.measuring import Figure, Target, interleave, seconds_of
from tests.bench.sides import create_ours, drop, settle

WORKLOAD = "scoring a query"
# What it is to be, measured against nobody: at most so much for each row, and at most
# so much more memory than the session had.
MICROSECONDS_PER_ROW = 10
MEGABYTES = 200
WITHIN = Target(1, at_least=False)
SAMPLING_SECONDS = 0.005

OURS = "CREATE TABLE {}.scored AS SELECT * FROM churn.predict_query({}, '{}')"
QUERY = "SELECT customer_id, {} FROM {}.customers"
SELECT = (
    "CREATE TABLE {}.selected AS"
    " SELECT customer_id, churn.score(c) AS score FROM {}.customers c"
)
TABLES = {"predict_query": "scored", "score": "selected", "copy": "scores"}


def run(bench, source, models):
    """Measure some models against a score for each row and against the client."""
    rows = bench.settings.queried_rows
    for name in bench.settings.queried_models:
        bench.progress(f"scoring a query of {rows:,} rows, {name}")
        measure(bench, source, models[name])


def measure(bench, source, model):
    """Measure one model; every side in a session that has scored before."""
    settings = bench.settings
    schema = f"query_{model.identifier}"
    version = create_ours(bench, schema, source, settings.queried_rows, model)
    settle(bench, schema)
    query = QUERY.format(", ".join(model.kinds), schema)
    ours = OURS.format(schema, version, query)

    database = bench.connect(schema)
    execute(database, "SELECT churn.score(c) FROM customers c LIMIT 10")
    execute(database, ours.replace("customers", "customers LIMIT 10"))
    client = bench.connect(schema)
    client.autocommit = False
    statements = {
        "predict_query": lambda: execute(database, ours),
        "score": lambda: execute(database, SELECT.format(schema, schema)),
        "copy": lambda: rival_batch.score_into_table(client, model),
    }
    values = interleave(
        {name: microseconds_per_row(bench, act) for name, act in statements.items()},
        settings.long_rounds,
        lambda name: drop_table(bench, schema, name),
    )
    client.close()
    check_scored(bench, schema, version)

    drop_table(bench, schema, "predict_query")
    grown = megabytes_grown(bench, schema, database, ours)
    database.close()
    check_ours(bench, schema, model, version)

    case = f"{model.name}, {settings.queried_rows:,} rows"
    rivals = {"score": "churn.score(row)", "copy": "COPY out, predict, COPY in"}
    for name, rival in rivals.items():
        bench.figures.append(
            Figure(
                WORKLOAD,
                case,
                rival,
                "microseconds/row",
                values["predict_query"],
                values[name],
                as_speed=True,
            )
        )
    for unit, measured, allowed in (
        ("microseconds/row", values["predict_query"], MICROSECONDS_PER_ROW),
        ("megabytes", [grown], MEGABYTES),
    ):
        bench.figures.append(
            Figure(
                WORKLOAD,
                case,
                f"{allowed} {unit}",
                unit,
                measured,
                [allowed] * len(measured),
                target=WITHIN,
            )
        )
    drop(bench, schema)


def microseconds_per_row(bench, action):
    """Return what measures an action on all rows."""
    return lambda: seconds_of(action) / bench.settings.queried_rows * 1e6


def drop_table(bench, schema, side):
    """Drop what a side has made, and write everything out."""
    bench.execute(f"DROP TABLE IF EXISTS {schema}.{TABLES[side]}")
    bench.execute("CHECKPOINT")


def megabytes_grown(bench, schema, session, statement):
    """Return by how much a session's private memory grows while a statement runs."""
    bench.execute(sql_file("backend_memory.sql", schema=schema))
    backend = session.info.backend_pid

    def sample():
        statement = f"SELECT {schema}.private_megabytes(%s)"
        ((megabytes,),) = bench.execute(statement, [backend])
        return megabytes

    before = most = sample()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(execute, session, statement)
        while not running.done():
            most = max(most, sample())
            time.sleep(SAMPLING_SECONDS)
        running.result()
    return most - before


def check_scored(bench, schema, version):
    """Hold the rows of the new table against the scores that are stored."""
    ((rows, expected, worst),) = bench.execute(
        f"SELECT count(s.score), (SELECT count(*) FROM {schema}.customers),"
        " max(abs(s.score - c.churn_score))"
        f" FROM {schema}.scored s LEFT JOIN {schema}.customers c"
        " ON c.customer_id = (s.passed->>'customer_id')::bigint"
    )
    if rows != expected:
        bench.problems.append(f"{schema}: {rows} of {expected} rows were scored")
    # Written so that NaN and null fail it.
    if worst is None or not worst <= tolerance(bench, version):
        bench.problems.append(f"{schema}: churn.predict_query differs by {worst}")
