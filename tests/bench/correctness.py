"""Figures count only where the result is right."""

import numpy as np
from pgchurn.loader.models.profile import Profile, features_frame

from tests.bench.bench import execute, sql_file
from tests.bench.features import select_list
from tests.bench.models import is_compiled

SAMPLED_ROWS = 500
PICKLED_TOLERANCE = 1e-9
COMPILED_TOLERANCE = 1e-6


def check_ours(bench, schema, model, version):
    """Ask churn.verify, the counters, and scikit-learn."""
    rows = bench.execute(f"SELECT * FROM churn.verify('{schema}.customers') LIMIT 3")
    if rows:
        bench.problems.append(f"{schema}: churn.verify reports {rows}")
    check_counters(bench, schema)
    check_scores(bench, schema, model, tolerance(bench, version))


def check_rival(bench, schema, model=None, version=None):
    """Hold a rival to the same; its rows began with the scores of a version."""
    check_counters(bench, schema)
    if model is not None:
        check_scores(bench, schema, model, tolerance(bench, version))


def tolerance(bench, version):
    """Return by how much a version's scores may differ from scikit-learn's."""
    return COMPILED_TOLERANCE if is_compiled(bench, version) else PICKLED_TOLERANCE


def check_counters(bench, schema):
    """Count the complaints anew."""
    ((wrong,),) = bench.execute(sql_file("wrong_counters.sql", schema=schema))
    if wrong:
        bench.problems.append(f"{schema}: {wrong} customers have a wrong counter")


def check_scores(bench, schema, model, allowed):
    """Hold the rows scored last against predict_proba at the client."""
    statement = (
        f"SELECT churn_score, {select_list(model.kinds)} FROM {schema}.customers"
        f" ORDER BY churn_scored_at DESC LIMIT {SAMPLED_ROWS}"
    )
    stored, *columns = zip(*execute(bench.admin, statement))
    expected = model.probabilities(features_frame(model.kinds, columns))
    worst = np.abs(np.array(stored, float) - expected).max()
    # Written so that NaN fails it.
    if not worst <= allowed:
        bench.problems.append(f"{schema}: scores differ from scikit-learn's by {worst}")


def check_select(bench, schema, model, version, limit):
    """Hold what SELECT computes against predict_proba at the client."""
    profile = Profile.find(bench.admin, f"{schema}.customers")
    statement = (
        f"SELECT churn.score(c), {select_list(model.kinds)}"
        f" FROM {profile.name} c ORDER BY c.customer_id LIMIT {limit}"
    )
    scores, *columns = zip(*execute(bench.admin, statement))
    expected = model.probabilities(features_frame(model.kinds, columns))
    worst = np.abs(np.array(scores, float) - expected).max()
    if not worst <= tolerance(bench, version):
        bench.problems.append(f"{schema}: churn.score differs by {worst}")
