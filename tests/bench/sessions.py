"""Workloads: the first score of a new session, and the memory of one that scores."""

import json

from tests.bench.bench import execute, sql_file
from tests.bench.correctness import check_ours
from tests.bench.measuring import Figure, Target, interleave, seconds_of
from tests.bench.models import is_compiled, register_version
from tests.bench.sides import create_ours, drop

TARGETS = {
    "seconds": Target(0.25, at_least=False),
    "RssAnon": Target(0.5, at_least=False),
    "Pss": Target(0.5, at_least=False),
    "VmRSS": Target(0.5, at_least=False),
}
MEASUREMENTS = tuple(TARGETS)
# The same, measured against nobody: once the session is connected.
MILLISECONDS = 50
WITHIN = Target(1, at_least=False)
FIRST_SCORE = "SELECT churn.score(c) FROM customers c WHERE customer_id = 1"
# What a session of an application and one of an analyst do.
COMPLAINT = "INSERT INTO complaints (customer_id) VALUES (1)"
SCORES = "SELECT sum(churn.score(c)) FROM customers c WHERE customer_id <= 100"


def run(bench, source, models):
    """Measure sessions with compiled models against sessions with pickled ones."""
    for name in bench.settings.session_models:
        bench.progress(f"first score and memory of a session, {name}")
        measure(bench, source, models[name])


def measure(bench, source, model):
    """Measure one model, compiled and kept on its pickle, on the same table."""
    schema = f"session_{model.identifier}"
    table = f"{schema}.customers"
    compiled = create_ours(bench, schema, source, source.rows, model)
    pickled = register_version(bench, table, model, compiled=False)
    if not is_compiled(bench, compiled) or is_compiled(bench, pickled):
        bench.note(
            f"first score and memory, {model.name}: left out, for want of a compiled "
            "and a pickled version to compare"
        )
        drop(bench, schema)
        return
    bench.execute(sql_file("session_memory.sql", schema=schema))
    sessions = {
        compiled: lambda: session_figures(bench, schema),
        pickled: lambda: session_figures(bench, schema),
    }
    values = interleave(
        sessions,
        bench.settings.rounds,
        lambda version: bench.execute("SELECT churn.activate_model(%s)", [version]),
    )
    bench.execute(f"CALL churn.rescore('{table}')")
    check_ours(bench, schema, model, pickled)
    for measured in MEASUREMENTS:
        is_time = measured == "seconds"
        bench.figures.append(
            Figure(
                "first score in a new session" if is_time else "memory of a session",
                model.name if is_time else f"{model.name}, {measured}",
                "pickled",
                "seconds" if is_time else "megabytes",
                [value[measured] for value in values[compiled]],
                [value[measured] for value in values[pickled]],
                target=TARGETS[measured],
            )
        )
    connected = [value["connected"] * 1000 for value in values[compiled]]
    bench.figures.append(
        Figure(
            "first score in a new session",
            f"{model.name}, once connected",
            f"{MILLISECONDS} milliseconds",
            "milliseconds",
            connected,
            [MILLISECONDS] * len(connected),
            target=WITHIN,
        )
    )
    drop(bench, schema)


def session_figures(bench, schema):
    """Open a session and score; return the seconds it took, and its megabytes."""
    opened = []
    connecting = seconds_of(lambda: opened.append(bench.connect(schema)))
    (session,) = opened
    connected = seconds_of(lambda: execute(session, FIRST_SCORE))
    execute(session, COMPLAINT)
    execute(session, SCORES)
    ((memory,),) = execute(session, f"SELECT {schema}.memory()")
    session.close()
    kilobytes = json.loads(memory)
    return {
        "seconds": connecting + connected,
        "connected": connected,
        **{name: amount / 1024 for name, amount in kilobytes.items()},
    }
