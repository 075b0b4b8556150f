"""Small pipelines, their signatures, and the truth that the server is held against.

The client's side is written anew here, on purpose: it takes rows as psycopg2 gives
them, sharing nothing with the runtime in the server.
"""

import functools
import hashlib
import json
import pickle
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest
from pgchurn.plpython.runtime.environment import current_environment
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

CUSTOMERS = 40
CONTRACTS = ("month to month", "one year", "two year")
# What the default model reads of churn.customers: each kind, and each of the SQL
# types integer, numeric, double precision.
KINDS = {
    "age": "number",
    "monthly_charges": "number",
    "data_usage_gb": "number",
    "contract": "text",
    "paperless_billing": "boolean",
    "complaint_count": "number",
}
# Of more columns than have all their subsets tried.
EVERY_KIND = {
    **dict.fromkeys(("age", "tenure_months", "monthly_charges"), "number"),
    **dict.fromkeys(("total_charges", "data_usage_gb", "support_calls"), "number"),
    **dict.fromkeys(("late_payments", "complaint_count"), "number"),
    **dict.fromkeys(("paperless_billing", "has_dependents"), "boolean"),
    **dict.fromkeys(("region", "contract", "payment_method"), "text"),
    **dict.fromkeys(("internet_service", "customer_name"), "text"),
}
CATEGORIES = {"contract": CONTRACTS}
TOLERANCE = 1e-9
# What servers have made of models, in this process: see ``register_once``.
EVALUATED = {}


@dataclass
class Model:
    """A fitted classifier and what is said about it when it is registered."""

    pipeline: object
    kinds: dict
    named_columns: bool = True
    refuses_null: tuple = ()
    environment: dict = field(default_factory=current_environment)

    @property
    def artifact(self):
        return pickle.dumps(self.pipeline)

    @property
    def signature(self):
        return {
            "features": [
                {
                    "name": name,
                    "kind": kind,
                    "accepts_null": name not in self.refuses_null,
                }
                for name, kind in self.kinds.items()
            ],
            "classes": [False, True],
            "positive_class": 1,
            "named_columns": self.named_columns,
        }

    def probabilities(self, frame):
        """Return what scikit-learn itself says at the client."""
        rows = frame[list(self.kinds)]
        rows = rows if self.named_columns else rows.to_numpy()
        return self.pipeline.predict_proba(rows)[:, 1]


def training_frame(kinds=KINDS, rows=120, seed=0):
    """Return made-up rows and labels in which every feature matters."""
    rng = np.random.default_rng(seed)
    frame, odds = {}, np.zeros(rows)
    for number, (name, kind) in enumerate(kinds.items(), 1):
        if name == "complaint_count":
            values = rng.poisson(1, rows).astype(float)
            effect = values - 1
        elif kind == "number":
            values = rng.uniform(0, 100, rows)
            effect = (values - 50) / 50 / number
        elif kind == "boolean":
            values = rng.integers(0, 2, rows).astype(float)
            effect = values - 0.5
        else:
            categories = CATEGORIES.get(name, ("a", "b", "c"))
            codes = rng.integers(0, len(categories), rows)
            values = np.array(categories, dtype=object)[codes]
            effect = codes - 1.0
        frame[name] = values
        odds = odds + effect
    labels = rng.random(rows) < 1 / (1 + np.exp(-odds))
    return pd.DataFrame(frame), labels


def pipeline_for(kinds, classifier=None, handle_unknown="ignore"):
    """Return an unfitted pipeline that imputes, scales and one-hot encodes."""
    numbers = [name for name, kind in kinds.items() if kind != "text"]
    texts = [name for name, kind in kinds.items() if kind == "text"]
    transformers = [
        ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        ("texts", OneHotEncoder(handle_unknown=handle_unknown), texts),
    ]
    return make_pipeline(
        ColumnTransformer([group for group in transformers if group[2]]),
        LogisticRegression() if classifier is None else classifier,
    )


def fit(kinds=KINDS, pipeline=None, seed=0, **options):
    """Return a model fitted on a made-up frame with these columns."""
    frame, labels = training_frame(kinds, seed=seed)
    pipeline = pipeline or pipeline_for(kinds)
    return Model(pipeline.fit(frame, labels), dict(kinds), **options)


def fit_matrix(features, classifier=None, seed=0, **options):
    """Return a model fitted on a plain matrix of these number features."""
    kinds = dict.fromkeys(features, "number")
    frame, labels = training_frame(kinds, seed=seed)
    if classifier is None:
        classifier = LogisticRegression()
    pipeline = make_pipeline(SimpleImputer(), classifier)
    pipeline.fit(frame.to_numpy(), labels)
    return Model(pipeline, kinds, named_columns=False, **options)


def not_compilable():
    """Return a model that the compiler does not cover: it fills another value."""
    matrix = np.arange(20.0).reshape(20, 1) % 4
    pipeline = make_pipeline(SimpleImputer(missing_values=-1.0), LogisticRegression())
    pipeline.fit(matrix, np.arange(20) % 2)
    return Model(pipeline, {"complaint_count": "number"}, named_columns=False)


def unexplained():
    """Return a model without an explanation: its kind has none of so many features."""
    return fit(EVERY_KIND, pipeline_for(EVERY_KIND, KNeighborsClassifier(3)))


def read_features(session, kinds, profile="churn.customers", key="customer_id"):
    """Return the profile as a frame of what scikit-learn takes, by key as text."""
    columns = ", ".join(map(quoted, kinds))
    rows = session.run(f"SELECT {quoted(key)}::text, {columns} FROM {profile}")
    frame = {
        name: [client_value(row[position], kind) for row in rows]
        for position, (name, kind) in enumerate(kinds.items(), 1)
    }
    series = {
        name: pd.Series(values, dtype="object" if kinds[name] == "text" else "float64")
        for name, values in frame.items()
    }
    return pd.DataFrame(series).set_axis([row[0] for row in rows])


def client_value(value, kind):
    """Return a value of psycopg2 as a model input."""
    if value is None:
        return float("nan")
    return str(value) if kind == "text" else float(value)


def quoted(name):
    """Return an SQL identifier."""
    return '"{}"'.format(name.replace('"', '""'))


def expected_scores(session, model, profile="churn.customers", key="customer_id"):
    """Return what the client computes for every row, by key as text."""
    frame = read_features(session, model.kinds, profile, key)
    if frame.empty:
        return {}
    return dict(zip(frame.index, model.probabilities(frame).tolist()))


def stored_scores(session, profile="churn.customers", key="customer_id"):
    """Return the stored scores by key as text."""
    return dict(session.run(f"SELECT {quoted(key)}::text, churn_score FROM {profile}"))


def handed_over(model, **changed):
    """Return what ``churn.register_model`` is told of a model, in its order."""
    return {
        "artifact": model.artifact,
        "signature": json.dumps(model.signature),
        "metrics": "{}",
        "environment": json.dumps(model.environment),
        "provenance": '{"from": "tests"}',
        **changed,
    }


def register(
    session,
    model,
    profile="churn.customers",
    key="customer_id",
    replay=None,
    compile_form=True,
    **changed,
):
    """Register a model, replaying every row unless told; return its version.

    One that is not to be compiled scores from its pickle, which a superuser may allow.
    """
    if replay is None:
        replay = expected_scores(session, model, profile, key)
    given = handed_over(model, **changed)
    return session.value(
        "SELECT churn.register_model(%s::regclass, %s, %s, %s, %s, %s, %s::text[],"
        " %s::float8[], compile => %s, allow_pickle => %s)",
        *(profile, *given.values(), list(replay), list(replay.values())),
        *(compile_form, not compile_form),
    )


def activate(session, version):
    """Make a version score its profile."""
    session.run("SELECT churn.activate_model(%s)", version)


def deploy(session, model, profile="churn.customers", key="customer_id", **changed):
    """Register and activate a model and score every row; return its version."""
    version = register_once(session, model, profile, key, **changed)
    activate(session, version)
    rescore_in_place(session, profile)
    return version


def register_once(
    session, model, profile="churn.customers", key="customer_id", **changed
):
    """Register a model for a test that is not about that; return its version.

    To evaluate one takes the server more than a second, so what it has made of one
    before, for this table or another, is used again.
    """
    made = made_before(model, **changed)
    if made in EVALUATED and is_superuser(session):
        return register_evaluated(session, model, profile, EVALUATED[made])
    version = register(session, model, profile, key, **changed)
    if made is not None:
        found = evaluated(session, version)
        # Of a table without rows it says less than other tests are about.
        if found[-1] is not None:
            EVALUATED[made] = found
    return version


def made_before(model, compile_form=True, **changed):
    """Return what tells whether the server would make the same; None: nothing does."""
    if changed or not compile_form:
        return None
    digest = hashlib.sha256(model.artifact).digest()
    return digest, json.dumps([model.signature, model.environment])


def is_superuser(session):
    """Return whether a session may write to the registry itself."""
    return session.value("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")


def evaluated(session, version):
    """Return what the server has made of a version."""
    return session.row(
        "SELECT compiled, compiled_sha256, parity, compilation, explanation,"
        " explanation_sha256, explanation_problem, reference::text,"
        " reference_sha256 FROM churn.models"
        " WHERE version = %s",
        version,
    )


def register_evaluated(session, model, profile, made):
    """Register a model that the server has evaluated before; return its version."""
    attachment = session.value(
        "SELECT attachment_id FROM churn.attachments"
        " WHERE profile = %s::regclass AND detached_at IS NULL",
        profile,
    )
    version = session.value(
        """
        INSERT INTO churn.models (
            attachment_id, artifact, artifact_sha256, signature, metrics, environment,
            provenance, compiled, compiled_sha256, parity, compilation, explanation,
            explanation_sha256, explanation_problem, reference, reference_sha256
        )
        VALUES (
            %s, %s, sha256(%s), %s, '{}', %s, '{"from": "tests"}',
            %s, %s, %s, %s, %s, %s, %s, %s, %s
        )
        RETURNING version
        """,
        *(attachment, model.artifact, model.artifact, json.dumps(model.signature)),
        *(json.dumps(model.environment), *made),
    )
    session.run(
        "SELECT churn_internal.fit_functions(a) FROM churn.attachments a"
        " WHERE a.attachment_id = %s",
        attachment,
    )
    return version


def rescore_in_place(session, profile):
    """Score every row without leaving the transaction, by touching each of them."""
    session.run(f"UPDATE {profile} SET churn_score = -1")


def divergences(session, profile="churn.customers"):
    """Return what churn.verify finds."""
    return session.run("SELECT * FROM churn.verify(%s::regclass)", profile)


def assert_fresh(session, model, profile="churn.customers", key="customer_id"):
    """Hold every counter and score against the truth, the server's and our own."""
    assert divergences(session, profile) == []
    expected = expected_scores(session, model, profile, key)
    assert stored_scores(session, profile, key) == pytest.approx(
        expected, rel=0, abs=TOLERANCE
    )


def populate(session, compile_form=True):
    """Fill the default tables and activate the default model."""
    session.run(
        """
        INSERT INTO churn.customers (
            customer_id, customer_name, age, contract, paperless_billing,
            monthly_charges, data_usage_gb
        )
        SELECT i, 'customer ' || i, CASE WHEN i %% 7 > 0 THEN 18 + i END,
               (%s::text[])[1 + i %% 3], CASE WHEN i %% 5 > 0 THEN i %% 2 = 0 END,
               20 + i * 1.25, i * 2.5
        FROM generate_series(1, %s) i
        """,
        list(CONTRACTS),
        CUSTOMERS,
    )
    session.run(
        """
        INSERT INTO churn.complaints (customer_id, complained_at)
        SELECT i, timestamptz '2025-01-01' + i * interval '1 day'
        FROM generate_series(2, %s, 3) i, generate_series(1, 1 + i %% 3)
        """,
        CUSTOMERS,
    )
    deploy(session, default_model(), compile_form=compile_form)


@functools.cache
def default_model():
    """Return the model that `populate` activates."""
    return fit()


@functools.cache
def other_model():
    """Return another model of the same features."""
    return fit(seed=1)
