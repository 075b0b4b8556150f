"""Measure explanations beside the shap package: ``python -m tests.bench.explain``.

One row, warm, of each family: pgchurn explains a row as the profile has it, shap the
columns after preprocessing, and with the preprocessing. Then 100,000 rows of boosting,
with what the process holds at most.
"""

import re
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from tests.bench import rival_shap
from tests.compiling import COLUMNS, columns_of, kind_of, signature_of, training
from tests.explaining import explainer_of, scaled

MODELS = {
    "logistic": LogisticRegression(),
    "boosting 100 x 3": GradientBoostingClassifier(random_state=0),
    "histogram boosting": HistGradientBoostingClassifier(random_state=0),
    "forest of 7,000 leaves": RandomForestClassifier(
        100, max_leaf_nodes=70, random_state=0
    ),
}
SIGNATURE = signature_of({name: kind_of(name) for name in COLUMNS})
TRAINING_ROWS, ROWS, MANY_ROWS = 3_000, 1_000, 100_000
REPEATS = 301
MOST_MILLISECONDS, MOST_MEGABYTES = 0.15, 200
MICROSECONDS = 1e6


def median_seconds(explainer, columns):
    """Return the median time of one row, which is always the same one."""
    one = {name: values[:1] for name, values in columns.items()}
    found = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        explainer.explain(one)
        found.append(time.perf_counter() - started)
    return float(np.median(found))


def measure():
    """Print a line for each family; return whether each bar was met."""
    frame, labels = training(TRAINING_ROWS)
    rows, _ = training(ROWS, seed=9)
    fitted = {
        name: make_pipeline(scaled(), one).fit(frame[COLUMNS], labels)
        for name, one in MODELS.items()
    }
    said = {}
    if rival_shap.is_installed():
        said = rival_shap.explained(fitted, rows[COLUMNS], frame[COLUMNS])
    met = True
    for name, pipeline in fitted.items():
        explainer = explainer_of(pipeline, SIGNATURE, columns_of(frame[COLUMNS]))
        ours = median_seconds(explainer, columns_of(rows[COLUMNS]))
        line = f"{name:24}{ours * MICROSECONDS:8,.0f} us a row of the profile"
        if name in said:
            alone, whole = said[name]["seconds"], said[name]["from_row"]
            line += (
                f"; shap {whole * MICROSECONDS:8,.0f} us,"
                f" {alone * MICROSECONDS:8,.0f} us without preprocessing"
            )
            met &= ours <= whole
        print(line)
    return met & measure_many(fitted["boosting 100 x 3"], columns_of(frame[COLUMNS]))


def measure_many(pipeline, typical):
    """Print how long many rows take, and what they hold; return whether that is met."""
    explainer = explainer_of(pipeline, SIGNATURE, typical)
    rows, _ = training(MANY_ROWS, seed=10)
    columns = columns_of(rows[COLUMNS])
    explainer.explain({name: values[:1] for name, values in columns.items()})
    # From here on the most that is held is counted anew: see proc(5).
    Path("/proc/self/clear_refs").write_text("5")
    before = most_held()
    started = time.perf_counter()
    # As many at once as a session explains.
    for first in range(0, MANY_ROWS, explainer.most_rows):
        rows = slice(first, first + explainer.most_rows)
        explainer.explain({name: values[rows] for name, values in columns.items()})
    milliseconds = (time.perf_counter() - started) / MANY_ROWS * 1e3
    held = most_held() - before
    print(
        f"{MANY_ROWS:,} rows of boosting: {milliseconds:.3f} ms a row, {held:.0f} MB "
        "beyond what the process held"
    )
    return milliseconds <= MOST_MILLISECONDS and held <= MOST_MEGABYTES


def most_held():
    """Return what the process has held at most, in megabytes."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


if __name__ == "__main__":
    sys.exit(not measure())
