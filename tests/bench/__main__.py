"""The benchmark: ``python -m tests.bench``.

Every figure is a ratio to a rival, measured in the same run, in turn with it.
"""

import argparse
import os
import sys
import time
import traceback
from pathlib import Path

from pgchurn.loader import private_server

from tests.bench import (
    bulk_insert,
    growth,
    listen,
    monitored_insert,
    notify,
    prediction_log,
    protected_insert,
    queue,
    released_insert,
    report,
    rescore,
    resume,
    score_query,
    select_scores,
    sessions,
    single_insert,
)
from tests.bench.bench import Bench
from tests.bench.circumstances import circumstances
from tests.bench.models import train
from tests.bench.scratch import scratch_database
from tests.bench.settings import BARE_MODELS, FULL, LONG_WORKLOADS, MODELS, QUICK
from tests.bench.sides import drop
from tests.bench.sources import telecom_source, wide_source

# What a full run found, for people to read.
RESULTS = Path(__file__).with_name("RESULTS.md")
WORKLOADS = {
    "insert": lambda bench, source, models: single_insert.run(bench, source, models),
    "protected": lambda bench, source, models: protected_insert.run(
        bench, source, models["logistic"]
    ),
    "bulk": lambda bench, source, models: bulk_insert.run(bench, source, models),
    "select": lambda bench, source, models: select_scores.run(bench, source, models),
    "sessions": lambda bench, source, models: sessions.run(bench, source, models),
    "rescore": lambda bench, source, models: run_rescore(bench),
    "resume": lambda bench, source, models: resume.run(bench, source),
    "query": lambda bench, source, models: score_query.run(bench, source, models),
    "queue": lambda bench, source, models: queue.run(bench, source, models["logistic"]),
    "log": lambda bench, source, models: prediction_log.run(
        bench, source, models["logistic"]
    ),
    "monitored": lambda bench, source, models: monitored_insert.run(
        bench, source, models["logistic"]
    ),
    "released": lambda bench, source, models: released_insert.run(
        bench, source, models["logistic"]
    ),
    "profiles": lambda bench, source, models: growth.run_profiles(
        bench, source, models["logistic"]
    ),
    "features": lambda bench, source, models: growth.run_features(bench, "logistic"),
    "notify": lambda bench, source, models: notify.run(bench, source, models),
    "listen": lambda bench, source, models: listen.run(bench),
}
NOTES = (
    "a model is a pipeline that takes a data frame of all features, nulls and texts "
    "included; a bare one takes a matrix of numbers, the cheapest row for scikit-learn",
    "clients are on the server's machine: no network slows the application and the "
    "batch client",
    "a target applies to the median of the ratios of the rounds; spread is min..max",
)


def main(arguments=None):
    """Run the benchmark.

    Returns
    -------
    int
        0 when all results were correct, met targets or not; 1 otherwise.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="on small tables")
    parser.add_argument("--json", metavar="FILE", type=Path, help="where to write JSON")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=WORKLOADS,
        help="measure only these workloads",
    )
    options = parser.parse_args(arguments)
    file = options.json or private_server.state_directory() / "bench.json"
    # Refused now rather than when all is measured.
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    server_url = os.environ.get("DATABASE_URL") or private_server.url()
    with scratch_database(server_url) as dsn:
        bench = Bench(dsn, QUICK if options.quick else FULL)
        result = {"quick": options.quick, "circumstances": circumstances(bench)}
        source, models = trained(bench)
        for name in options.only or workloads_of(bench, options.quick):
            measure(bench, name, source, models)
            # Now, because a run that is cut off has measured something, too.
            result |= found(bench)
            write(file, report.as_json(result))
    print(report.as_text(result, bench.figures))
    bench.progress(f"took {result['seconds']} s; JSON is in {file}")
    if not (options.quick or options.only):
        write(RESULTS, report.as_page(result, bench.figures))
        bench.progress(f"the page of figures is {RESULTS}")
    return 1 if bench.problems else 0


def found(bench):
    """Return what was measured so far."""
    return {
        "seconds": round(time.monotonic() - bench.started),
        "figures": [figure.to_json() for figure in bench.figures],
        "notes": bench.notes,
        "problems": bench.problems,
    }


def write(file, text):
    """Write a text file anew."""
    file.write_text(text + "\n", encoding="utf-8")


def workloads_of(bench, quick):
    """Return the names of the workloads that a run measures."""
    if not quick:
        return list(WORKLOADS)
    bench.note(f"in the full run only: {', '.join(LONG_WORKLOADS)}")
    return [name for name in WORKLOADS if name not in LONG_WORKLOADS]


def measure(bench, name, source, models):
    """Measure a workload."""
    try:
        WORKLOADS[name](bench, source, models)
    except Exception as error:
        # The other workloads are worth having all the same.
        traceback.print_exc()
        bench.problems.append(f"workload {name} failed: {error}")


def trained(bench):
    """Return the simulated customers, and the models trained on them."""
    bench.progress("simulating customers, training models")
    source = telecom_source(bench, bench.settings.source_rows)
    for note in NOTES:
        bench.note(note)
    return source, {name: train(name, source) for name in (*MODELS, *BARE_MODELS)}


def run_rescore(bench):
    """Rescore customers of a table of its own."""
    settings = bench.settings
    source = wide_source(bench, settings.source_rows, settings.rescored_features)
    rescore.run(bench, source)
    drop(bench, source.schema)


if __name__ == "__main__":
    sys.exit(main())
