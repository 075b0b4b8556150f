"""The models that are measured, and how they get into the registry."""

import pickle
from dataclasses import dataclass
from functools import cached_property

from pgchurn.loader.models.candidate import Candidate
from pgchurn.loader.models.pipelines import as_features, build_pipeline
from pgchurn.loader.models.profile import Profile
from pgchurn.loader.models.registration import register
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

ALGORITHMS = {
    "logistic": "logistic_regression",
    "gradient boosting": "gradient_boosting",
    "forest": "random_forest",
}
BARE = "bare "
TRAINING_ROWS = 5_000


@dataclass(frozen=True, eq=False)
class Model:
    """A fitted classifier.

    Attributes
    ----------
    name : str
    estimator : scikit-learn classifier
    kinds : dict of str to {"number", "boolean", "text"}
        Kind of each feature, in feature order.
    """

    name: str
    estimator: object
    kinds: dict

    @cached_property
    def artifact(self):
        """The pickle."""
        return pickle.dumps(self.estimator, protocol=pickle.HIGHEST_PROTOCOL)

    @property
    def takes_frame(self):
        """Whether the estimator was fitted on named columns."""
        return hasattr(self.estimator, "feature_names_in_")

    @property
    def identifier(self):
        """The name as part of a schema's name."""
        return self.name.replace(" ", "_")

    def probabilities(self, frame):
        """Return the churn probability of every row of a frame of features."""
        rows = frame if self.takes_frame else frame.to_numpy()
        return self.estimator.predict_proba(rows)[:, 1]


def train(name, source):
    """Fit a model on the customers of a source.

    Parameters
    ----------
    name : str
        A key of `ALGORITHMS`: a pipeline of all features, nulls and texts included,
        given a data frame. With `BARE` before it, the classifier on a matrix of the
        numbers that are never missing: the least that scikit-learn can take for a row.
    source : Source
    """
    algorithm = ALGORITHMS[name.removeprefix(BARE)]
    frame = as_features(source.frame, source.kinds)[:TRAINING_ROWS]
    labels = source.churned[:TRAINING_ROWS]
    if not name.startswith(BARE):
        pipeline = build_pipeline(algorithm, source.kinds)
        return Model(name, pipeline.fit(frame, labels), source.kinds)
    kinds = {
        n: kind
        for n, kind in source.kinds.items()
        if kind == "number" and not frame[n].isna().any()
    }
    if algorithm == "logistic_regression":
        estimator = make_pipeline(StandardScaler(), LogisticRegression())
    else:
        estimator = build_pipeline(algorithm, kinds).steps[-1][1]
    return Model(name, estimator.fit(frame[list(kinds)].to_numpy(), labels), kinds)


def register_version(bench, table, model, compiled=True):
    """Register a model for an attached table and return its version.

    Parameters
    ----------
    compiled : bool
        Whether a compiled form is wanted. A registry that knows none keeps the
        pickle alone.
    """
    connection = bench.registering
    profile = Profile.find(connection, table)
    connection.rollback()
    registered = register(
        connection,
        profile,
        Candidate(model.artifact, model.estimator),
        model.kinds,
        metrics={},
        provenance={"source": "benchmark", "algorithm": model.name},
        compile_form=compiled,
        allow_pickle=not compiled,
    )
    # What registration looked up after its commit has begun another transaction.
    connection.rollback()
    return registered["version"]


def is_compiled(bench, version):
    """Return whether a version has a compiled form."""
    ((compiled,),) = bench.execute(
        "SELECT compiled IS NOT NULL FROM churn.models WHERE version = %s", [version]
    )
    return compiled


def compilation(bench, version):
    """Return what the registry says about a version's compiled form."""
    ((said,),) = bench.execute(
        "SELECT compilation::text FROM churn.models WHERE version = %s", [version]
    )
    return said
