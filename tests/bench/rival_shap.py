"""What the shap package says of a classifier, and how long it takes for that.

It runs in an environment of its own, for it brings numba and llvmlite.
"""

import pickle
import subprocess
from importlib import metadata
from pathlib import Path

from tests import environments

ENVIRONMENT = "shap"
# The same versions as the project's, because it loads the classifiers' pickles.
REQUIREMENTS = "".join(
    f"{line}\n"
    for line in (
        "shap==0.51.0",
        *(
            f"{name}=={metadata.version(name)}"
            for name in ("scikit-learn", "numpy", "pandas")
        ),
    )
)


def install():
    """Install shap in an environment of its own."""
    environments.install(ENVIRONMENT, REQUIREMENTS, "shap")


def is_installed():
    """Return whether shap can be asked."""
    return environments.is_installed(ENVIRONMENT, REQUIREMENTS)


def explained(pipelines, rows, typical):
    """Return what shap says of pipelines of preprocessing and a classifier.

    Parameters
    ----------
    pipelines : dict of str to sklearn.pipeline.Pipeline
    rows, typical : pandas.DataFrame
        To explain, and to tell means by.

    Returns
    -------
    dict of str to dict
        ``base`` and ``values``, of the columns after preprocessing, of shape
        (n_rows, n_columns) or (n_rows, n_columns, n_classes); ``seconds`` of one row
        of such columns, ``from_row`` with the preprocessing, and ``bulk``, a row among
        all, each the median of many times.
    """
    done = subprocess.run(
        [
            environments.python_of(ENVIRONMENT),
            # Without the program's folder in its path, which has a queue of its own.
            "-P",
            Path(__file__).with_name("shap_values.py"),
        ],
        input=pickle.dumps((pipelines, rows, typical)),
        capture_output=True,
    )
    if done.returncode:
        raise RuntimeError(f"shap failed:\n{done.stderr.decode()}")
    return pickle.loads(done.stdout)
