"""A program for the environment of shap: see ``rival_shap``.

It reads pipelines and rows from standard input, as a pickle, and writes what shap says.
"""

import pickle
import sys
import time
from contextlib import redirect_stdout

import numpy as np
import shap

REPEATS = 101


def matrix(rows):
    """Return a matrix of doubles."""
    return np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows, float)


def seconds(call, repeats):
    """Return the median time of a call, in seconds."""
    found = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        found.append(time.perf_counter() - started)
    return float(np.median(found))


def explained(pipeline, rows, typical):
    """Return what shap says of one pipeline."""
    preprocessing, classifier = pipeline[:-1], pipeline[-1]
    columns = matrix(preprocessing.transform(rows))
    if hasattr(classifier, "coef_"):
        means = matrix(preprocessing.transform(typical))
        # By itself it takes the means of 100 rows.
        every = shap.maskers.Independent(means, max_samples=len(means))
        explainer = shap.LinearExplainer(classifier, every)
    else:
        explainer = shap.TreeExplainer(
            classifier, feature_perturbation="tree_path_dependent"
        )
    one = rows.iloc[:1]
    return {
        "base": np.ravel(explainer.expected_value),
        "values": np.asarray(explainer.shap_values(columns)),
        "seconds": seconds(lambda: explainer.shap_values(columns[:1]), REPEATS),
        "from_row": seconds(
            lambda: explainer.shap_values(matrix(preprocessing.transform(one))), 21
        ),
        "bulk": seconds(lambda: explainer.shap_values(columns), 3) / len(rows),
    }


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):
        given = pickle.load(sys.stdin.buffer)
        said = {name: explained(one, *given[1:]) for name, one in given[0].items()}
    sys.stdout.buffer.write(pickle.dumps(said))
