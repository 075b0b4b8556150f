"""The rival that is SQL, written by orbital from the same fitted pipeline.

orbital (https://posit-dev.github.io/orbital/) goes by way of ONNX and translates the
pipelines whole, preprocessing included. In this its SQL differs from scikit-learn and
from pgchurn:

- Fills, thresholds and leaves are rounded to single precision. Scikit-learn's trees
  round what they compare, too, so its user hands on numbers of the type real: else a
  value between a threshold and its rounded one takes another branch.
- A category that stands for missing texts becomes the text 'nan', which no NULL equals.
- It fills with COALESCE and a number, which PostgreSQL refuses for a boolean column: so
  its user casts columns, here in a view.
- PostgreSQL takes the constants of its trees for numeric, and so their sum and EXP.
"""

import pickle
import subprocess
from importlib import metadata
from pathlib import Path

from tests import environments
from tests.bench.bench import execute

ENVIRONMENT = "rivals"
# The same versions as the project's, because it loads the pipeline's pickle.
REQUIREMENTS = "".join(
    f"{line}\n"
    for line in (
        "orbital==0.6.0",
        *(f"{name}=={metadata.version(name)}" for name in ("scikit-learn", "numpy")),
    )
)
CASTS = {
    "number": "{name}::real",
    "boolean": "{name}::int::real AS {name}",
    "text": "{name}",
}
VIEW = "orbital_customers"
PROBABILITY = '"output_probability.1"'
# By how much a sum of rounded numbers may differ.
TOLERANCE = 1e-6


def install():
    """Install orbital in an environment of its own."""
    environments.install(ENVIRONMENT, REQUIREMENTS, "orbital")


def is_installed():
    """Return whether orbital can be asked."""
    return environments.is_installed(ENVIRONMENT, REQUIREMENTS)


def create_query(bench, schema, model):
    """Create the view of a side's customers; return orbital's query of their scores.

    Returns
    -------
    str
        A SELECT of ``customer_id`` and `PROBABILITY`, among others.
    """
    columns = ", ".join(CASTS[kind].format(name=n) for n, kind in model.kinds.items())
    bench.execute(
        f"CREATE VIEW {schema}.{VIEW} AS"
        f" SELECT customer_id, {columns} FROM {schema}.customers"
    )
    arguments = {
        "estimator": model.estimator,
        "kinds": model.kinds,
        "key": "customer_id",
        "table": VIEW,
    }
    done = subprocess.run(
        [
            environments.python_of(ENVIRONMENT),
            # Without the program's folder in its path, which has a queue of its own.
            "-P",
            Path(__file__).with_name("export_orbital.py"),
        ],
        input=pickle.dumps(arguments),
        capture_output=True,
    )
    if done.returncode:
        raise RuntimeError(f"orbital failed:\n{done.stderr.decode()}")
    return done.stdout.decode()


def check_query(bench, schema, session, query):
    """Compare orbital's probabilities with the stored scores, row by row."""
    ((different, worst),) = execute(
        session,
        f"SELECT count(*) FILTER (WHERE (difference <= {TOLERANCE}) IS NOT TRUE),"
        " max(difference)"
        f" FROM (SELECT abs(o.{PROBABILITY} - c.churn_score) AS difference"
        f" FROM ({query}) o FULL JOIN customers c USING (customer_id)) d",
    )
    if different:
        bench.problems.append(
            f"{schema}: {different} scores of orbital's differ, by up to {worst}"
        )
