import pickle

import numpy as np
import pandas as pd
import pytest
from pgchurn.loader.models.algorithms import ALGORITHMS
from pgchurn.loader.models.pipelines import (
    TRANSFORMERS,
    as_features,
    build_pipeline,
    curved_numbers,
)
from pgchurn.plpython.runtime.signature import FEATURE_KINDS

# A warning here would be one on every score; but for what is said while fitting.
pytestmark = pytest.mark.filterwarnings(
    "error", "ignore::sklearn.exceptions.ConvergenceWarning"
)

every_algorithm = pytest.mark.parametrize("algorithm", ALGORITHMS)

KINDS = {
    "complaint_count": "number",
    "monthly_charges": "number",
    "never_filled_number": "number",
    "paperless_billing": "boolean",
    "never_filled_boolean": "boolean",
    "contract": "text",
    "never_filled_text": "text",
}

# What a strict unpickler will let through; only this many, whatever the algorithm.
PERMITTED_ESTIMATORS = {
    "Pipeline",
    "ColumnTransformer",
    "SimpleImputer",
    "StandardScaler",
    "OneHotEncoder",
    "LogisticRegression",
    "SplineTransformer",
    "VarianceThreshold",
    "RandomForestClassifier",
    "ExtraTreesClassifier",
    "MLPClassifier",
    "GradientBoostingClassifier",
    "HistGradientBoostingClassifier",
}


def customers(rows=400, seed=0):
    """Return features with gaps, and churn that complaints and contract bring about."""
    rng = np.random.default_rng(seed)
    complaint_count = rng.poisson(0.7, rows)
    contract = rng.choice(np.array(["monthly", "yearly"], dtype=object), rows)
    log_odds = -1.5 + 1.5 * complaint_count - 1.0 * (contract == "yearly")
    churned = rng.random(rows) < 1 / (1 + np.exp(-log_odds))
    frame = pd.DataFrame(
        {
            "complaint_count": complaint_count.astype("float64"),
            "monthly_charges": rng.normal(60, 20, rows),
            "never_filled_number": np.full(rows, np.nan),
            "paperless_billing": rng.integers(0, 2, rows).astype("float64"),
            "never_filled_boolean": np.full(rows, np.nan),
            "contract": pd.Series(contract, dtype=object),
            "never_filled_text": pd.Series([np.nan] * rows, dtype=object),
        }
    )
    frame.loc[::7, "monthly_charges"] = np.nan
    frame.loc[::5, "paperless_billing"] = np.nan
    return frame, churned


@pytest.fixture(scope="module")
def fitted():
    """Return a fitted pipeline for each algorithm."""
    frame, churned = customers()
    return {
        algorithm: build_pipeline(
            algorithm, KINDS, curved=curved_numbers(frame, KINDS)
        ).fit(frame, churned)
        for algorithm in ALGORITHMS
    }


def assert_probabilities(probabilities, rows):
    assert probabilities.shape == (rows, 2)
    assert np.isfinite(probabilities).all()
    assert ((probabilities >= 0) & (probabilities <= 1)).all()


def test_columns_of_every_kind_go_through_a_transformer():
    assert list(TRANSFORMERS) == list(FEATURE_KINDS)


@every_algorithm
@pytest.mark.parametrize("column", KINDS)
def test_a_null_in_any_column_still_gets_a_probability(fitted, algorithm, column):
    frame, _ = customers(rows=20, seed=1)
    frame[column] = pd.Series([np.nan] * 20, dtype=frame[column].dtype)
    assert_probabilities(fitted[algorithm].predict_proba(frame), 20)


@every_algorithm
def test_a_customer_of_whom_nothing_is_known_gets_a_probability(fitted, algorithm):
    frame, _ = customers(rows=1)
    nothing = frame.where(pd.DataFrame(False, frame.index, frame.columns))
    assert_probabilities(fitted[algorithm].predict_proba(nothing), 1)


@every_algorithm
def test_a_category_never_seen_in_training_still_gets_a_probability(fitted, algorithm):
    frame, _ = customers(rows=20, seed=1)
    frame["contract"] = "lifetime"
    assert_probabilities(fitted[algorithm].predict_proba(frame), 20)


@every_algorithm
def test_an_unseen_category_scores_like_a_null_when_training_had_no_null(
    fitted, algorithm
):
    frame, _ = customers(rows=20, seed=1)
    unseen = fitted[algorithm].predict_proba(frame.assign(contract="lifetime"))
    null = frame.assign(contract=pd.Series([np.nan] * 20, dtype=object))
    assert np.array_equal(unseen, fitted[algorithm].predict_proba(null))


@every_algorithm
def test_a_column_all_null_in_training_takes_values_later(fitted, algorithm):
    frame, _ = customers(rows=20, seed=1)
    frame["never_filled_number"] = 12.5
    frame["never_filled_boolean"] = 1.0
    frame["never_filled_text"] = "filled at last"
    assert_probabilities(fitted[algorithm].predict_proba(frame), 20)


def test_a_null_that_training_has_seen_counts_as_a_category():
    frame, _ = customers()
    frame.loc[::2, "contract"] = np.nan
    churned = frame["contract"].isna()
    pipeline = build_pipeline("logistic_regression", {"contract": "text"})
    probabilities = pipeline.fit(frame, churned).predict_proba(frame)[:, 1]
    assert probabilities[churned].min() > 0.9
    assert probabilities[~churned].max() < 0.1


@every_algorithm
def test_more_complaints_raise_the_probability(fitted, algorithm):
    frame, _ = customers(rows=200, seed=1)
    before = fitted[algorithm].predict_proba(frame.assign(complaint_count=0.0))
    after = fitted[algorithm].predict_proba(frame.assign(complaint_count=1.0))
    assert (after - before)[:, 1].mean() > 0.1


@every_algorithm
def test_the_same_random_state_gives_the_same_pipeline(fitted, algorithm):
    frame, churned = customers()
    curved = curved_numbers(frame, KINDS)
    again = build_pipeline(algorithm, KINDS, curved=curved).fit(frame, churned)
    expected = fitted[algorithm].predict_proba(frame)
    assert np.array_equal(again.predict_proba(frame), expected)


@every_algorithm
def test_columns_are_found_by_name_whatever_their_order(fitted, algorithm):
    frame, _ = customers(rows=20, seed=1)
    expected = fitted[algorithm].predict_proba(frame)
    assert np.array_equal(
        fitted[algorithm].predict_proba(frame[frame.columns[::-1]]), expected
    )


@every_algorithm
@pytest.mark.parametrize(
    "kinds",
    [
        {"monthly_charges": "number"},
        {"paperless_billing": "boolean"},
        {"contract": "text", "never_filled_text": "text"},
    ],
    ids=["numbers", "booleans", "texts"],
)
def test_features_may_be_of_one_kind_only(algorithm, kinds):
    frame, churned = customers()
    pipeline = build_pipeline(algorithm, kinds).fit(frame, churned)
    assert len(pipeline.named_steps["features"].transformers) == 1
    assert_probabilities(pipeline.predict_proba(frame), len(frame))


@every_algorithm
def test_a_pickled_pipeline_scores_as_it_did(fitted, algorithm):
    frame, _ = customers(rows=20, seed=1)
    restored = pickle.loads(pickle.dumps(fitted[algorithm]))
    expected = fitted[algorithm].predict_proba(frame)
    assert np.array_equal(restored.predict_proba(frame), expected)


def estimators_within(estimator):
    """Yield every fitted estimator that a pipeline is made of, itself included."""
    yield estimator
    parts = [step for _, step in getattr(estimator, "steps", [])]
    parts += [part for _, part, _ in getattr(estimator, "transformers_", [])]
    for part in parts:
        if not isinstance(part, str):
            yield from estimators_within(part)


@every_algorithm
def test_only_permitted_estimators_are_used(fitted, algorithm):
    used = {type(part).__name__ for part in estimators_within(fitted[algorithm])}
    assert len(used) >= 5
    assert used <= PERMITTED_ESTIMATORS


@every_algorithm
def test_nothing_runs_in_parallel(algorithm):
    pipeline = build_pipeline(algorithm, KINDS)
    settings = pipeline.get_params()
    parallel = [name for name in settings if name.endswith("n_jobs")]
    assert all(settings[name] in (None, 1) for name in parallel)


def test_an_unknown_algorithm_is_refused_with_those_known():
    with pytest.raises(ValueError, match="'oracle'.*logistic_regression"):
        build_pipeline("oracle", {"age": "number"})


def test_a_pipeline_without_features_is_refused():
    with pytest.raises(ValueError, match="at least one feature"):
        build_pipeline("logistic_regression", {})


def test_columns_of_any_type_are_cast_to_what_pipelines_take():
    frame = pd.DataFrame(
        {
            "region": pd.Series(["north", None], dtype="str"),
            "age": pd.Series([41, None], dtype="Int64"),
            "has_dependents": pd.Series([True, None], dtype="boolean"),
            "customer_id": [1, 2],
        }
    )
    kinds = {"age": "number", "region": "text", "has_dependents": "boolean"}
    features = as_features(frame, kinds)
    assert list(features.columns) == ["age", "region", "has_dependents"]
    assert features.dtypes.tolist() == ["float64", object, "float64"]
    assert features.loc[0].tolist() == [41.0, "north", 1.0]
    assert all(isinstance(value, float) for value in features.loc[1])
    assert features.loc[1].isna().all()


def test_categories_that_are_numbers_become_text():
    frame = pd.DataFrame({"tariff": pd.Series([1, None, 2], dtype=object)})
    features = as_features(frame, {"tariff": "text"})
    assert features["tariff"].dropna().tolist() == ["1", "2"]


def test_text_in_a_number_column_is_refused_by_name():
    frame = pd.DataFrame({"age": ["forty"]})
    with pytest.raises(ValueError, match="'age' is not a number throughout"):
        as_features(frame, {"age": "number"})


def test_an_unknown_kind_is_refused_by_name():
    frame = pd.DataFrame({"signed_up_on": ["2026-01-01"]})
    with pytest.raises(ValueError, match="'signed_up_on' is of unknown kind 'date'"):
        as_features(frame, {"signed_up_on": "date"})
