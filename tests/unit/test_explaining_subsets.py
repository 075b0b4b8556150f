"""Explanations of what has no way of its own, by all subsets of its features."""

import itertools
import math
import pickle
import warnings

import numpy as np
import pytest
from pgchurn.loader.models.training import train
from pgchurn.plpython.runtime.compile_columns import NotCompilable
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.explain_candidate import rows_that_score
from pgchurn.plpython.runtime.explain_model import explain_model
from pgchurn.plpython.runtime.explainer import Explainer, ExplanationForm
from pgchurn.plpython.runtime.form_explained_subsets import (
    MOST_PLAYERS,
    SUBSETS_AT_ONCE,
    Subsets,
    typical,
)
from pgchurn.plpython.runtime.form_matrices import Inputs
from pgchurn.plpython.runtime.pickled import PickledModel
from pgchurn.plpython.runtime.shapley import shapley_weights
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import AdaBoostClassifier, VotingClassifier
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler

from tests.compiling import columns_of, kind_of, signature_of, training
from tests.explaining import explainer_of, log_odds

FRAME, LABELS = training(rows=300, seed=1)
ROWS, _ = training(rows=25, seed=2, missing=0.15)
FEW = ["age", "contract", "charges", "usage"]
KINDS = {name: kind_of(name) for name in FEW}


def prepared(*steps):
    """Return preprocessing that fills and scales numbers, and encodes the text."""
    numbers = make_pipeline(SimpleImputer(), StandardScaler(), *steps)
    return ColumnTransformer(
        [
            ("numbers", numbers, ["age", "charges", "usage"]),
            ("text", OneHotEncoder(handle_unknown="ignore"), ["contract"]),
        ],
        sparse_threshold=0,
    )


def network():
    return MLPClassifier((8,), max_iter=60, random_state=0)


FAMILIES = {
    "neural network": (prepared, network),
    "naive Bayes": (prepared, GaussianNB),
    "neighbours": (prepared, KNeighborsClassifier),
    "boosted votes": (prepared, lambda: AdaBoostClassifier(n_estimators=5)),
    "modified Huber": (
        prepared,
        lambda: SGDClassifier(loss="modified_huber", random_state=0),
    ),
    "axes": (lambda: prepared(PCA(2)), LogisticRegression),
    "products": (lambda: prepared(PolynomialFeatures(2)), LogisticRegression),
    "vote with a network": (
        prepared,
        lambda: VotingClassifier(
            [("line", LogisticRegression()), ("network", network())], voting="soft"
        ),
    ),
}


def fitted(family):
    preprocessing, classifier = FAMILIES[family]
    with warnings.catch_warnings():
        # The network need not converge.
        warnings.simplefilter("ignore")
        return make_pipeline(preprocessing(), classifier()).fit(FRAME[FEW], LABELS)


def typical_row():
    """Return what stands for each feature that is not known."""
    numbers = {
        name: typical(FRAME[name].to_numpy(float)) for name in FEW if name != "contract"
    }
    contract = FRAME["contract"].mode()[0]
    return {**numbers, "contract": contract}


def slow_contributions(estimator, rows, usual):
    """Return the mean over all orders in which features become known."""

    def odds(known):
        given = rows[FEW].copy()
        for name in set(FEW) - set(known):
            given[name] = usual[name]
        return log_odds(estimator.predict_proba(given)[:, 1])

    worth = {
        frozenset(known): odds(known)
        for size in range(len(FEW) + 1)
        for known in itertools.combinations(FEW, size)
    }
    found = np.zeros((len(rows), len(FEW)))
    for order in itertools.permutations(FEW):
        for i, name in enumerate(order):
            before = frozenset(order[:i])
            found[:, FEW.index(name)] += worth[before | {name}] - worth[before]
    return worth[frozenset()][0], found / math.factorial(len(FEW))


@pytest.mark.parametrize("family", [f for f in FAMILIES if "vote with" not in f])
def test_contributions_are_the_mean_over_all_orders(family):
    estimator = fitted(family)
    explainer = explainer_of(estimator, signature_of(KINDS), columns_of(FRAME[FEW]))

    found = explainer.explain(columns_of(ROWS[FEW]))

    base, slow = slow_contributions(estimator, ROWS, typical_row())
    assert explainer.base == pytest.approx(base, abs=1e-9)
    np.testing.assert_allclose(found.contributions, slow, rtol=0, atol=1e-9)


@pytest.mark.parametrize("positive_class", [1, 0])
@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_explained_adds_up_to_the_score(family, positive_class):
    estimator = fitted(family)
    signature = signature_of(KINDS, positive_class=positive_class)
    explainer = explainer_of(estimator, signature, columns_of(FRAME[FEW]))
    model = PickledModel(pickle.dumps(estimator), signature)
    rows, _ = rows_that_score(model, columns_of(ROWS[FEW]))

    found = explainer.explain(rows)

    np.testing.assert_allclose(found.scores, model.probabilities(rows), atol=1e-12)
    odds = explainer.base + found.contributions.sum(axis=1)
    # A score that is exactly 0 or 1 leaves its log odds open.
    certain = np.isin(found.scores, [0, 1]) | (np.abs(odds) > 36)
    apart = np.abs(odds - log_odds(found.scores))
    assert (certain | (apart <= 1e-9)).all()
    points = explainer.base_probability + found.points.sum(axis=1)
    np.testing.assert_allclose(points, found.scores, rtol=0, atol=1e-12)


def test_a_feature_that_is_as_usual_contributes_nothing():
    estimator = fitted("neural network")
    explainer = explainer_of(estimator, signature_of(KINDS), columns_of(FRAME[FEW]))
    usual = typical_row()
    rows = (
        FRAME[FEW].head(3).assign(**{name: usual[name] for name in ("age", "contract")})
    )

    found = explainer.explain(columns_of(rows)).contributions

    assert (found[:, [FEW.index("age"), FEW.index("contract")]] == 0).all()
    assert (found[:, FEW.index("charges")] != 0).any()


def test_what_training_makes_of_several_is_explained_with_its_network():
    columns = ["age", "charges", "usage", "contract"]
    frame = FRAME[columns]
    kinds = {name: "text" if name == "contract" else "number" for name in columns}
    model = train(frame, LABELS, kinds, "neural_network").pipeline
    signature = signature_of(kinds)
    explainer = explainer_of(model, signature, columns_of(frame))

    found = explainer.explain(columns_of(ROWS[columns]))

    expected = model.predict_proba(ROWS[columns])[:, 1]
    np.testing.assert_allclose(found.scores, expected, rtol=0, atol=1e-12)


def test_the_typical_value_occurs_and_is_missing_where_most_are():
    nan = float("nan")
    assert typical(np.array([1.0, 2.0, 3.0, 10.0])) == 2.0
    assert typical(np.array([0.0, 1.0, 5.0, 5.0, 5.0])) == 5.0
    assert typical(np.array([nan, 4.0, 7.0])) == 4.0
    assert np.isnan(typical(np.array([nan, nan, 1.0, 1.0])))
    assert np.isnan(typical(np.array([nan, nan])))


def test_a_feature_that_is_mostly_missing_stays_missing_where_it_is_not_known():
    frame = FRAME[FEW].copy()
    frame.loc[frame.index[::2], "usage"] = np.nan
    frame.loc[frame.index[:20], "usage"] = np.nan
    preparing = ColumnTransformer(
        [("numbers", make_pipeline(KNNImputer(), StandardScaler()), FEW[:1] + FEW[2:])]
    )
    estimator = make_pipeline(preparing, GaussianNB()).fit(frame, LABELS)
    explainer = explainer_of(estimator, signature_of(KINDS), columns_of(frame))

    found = explainer.explain(columns_of(frame.head(40))).contributions

    missing = frame["usage"].head(40).isna().to_numpy()
    assert (found[missing, FEW.index("usage")] == 0).all()
    assert (found[~missing, FEW.index("usage")] != 0).any()


def wide(count):
    """Return a network of so many numbers, their kinds, and rows."""
    rng = np.random.default_rng(0)
    names = [f"n{i}" for i in range(count)]
    matrix = rng.normal(size=(80, count))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator = MLPClassifier((2,), max_iter=5, random_state=0).fit(
            matrix, matrix[:, 0] > 0
        )
    rows = {name: matrix[:, i] for i, name in enumerate(names)}
    return estimator, signature_of(dict.fromkeys(names, "number"), named=False), rows


def test_as_many_features_as_have_subsets_enough_are_explained():
    estimator, signature, rows = wide(MOST_PLAYERS)
    explainer = explainer_of(estimator, signature, rows)
    one = {name: values[:1] + 10.0 for name, values in rows.items()}
    assert explainer.explain(one).contributions.all()


def test_one_feature_more_is_refused_by_name():
    estimator, signature, _ = wide(MOST_PLAYERS + 1)
    with pytest.raises(NotCompilable, match="^MLPClassifier; explained .* any other"):
        explain_model(estimator, signature)


def test_what_refuses_its_own_base_is_malformed(monkeypatch):
    signature = signature_of(KINDS)
    content = explain_model(fitted("naive Bayes"), signature)
    means = ExplanationForm(content, signature).from_rows(columns_of(FRAME[FEW]))

    def refuse(part):
        raise ScoringError(
            "row has a value whose function is infinite", sqlstate="22023"
        )

    monkeypatch.setattr(Subsets, "prepare", refuse)
    with pytest.raises(ScoringError, match="explanation form is malformed") as refused:
        Explainer(content, signature, {"means": means})
    assert refused.value.sqlstate == "55000"


def test_without_typical_rows_nothing_is_explained():
    content = explain_model(fitted("naive Bayes"), signature_of(KINDS))
    with pytest.raises(ScoringError, match="needs typical rows"):
        Explainer(content, signature_of(KINDS), None)


@pytest.mark.parametrize(
    "means", [[], [[1.0]], [[1.0] * 5], [[1.0, 2.0, 3.0, "4"]], [None], {"a": 1}]
)
def test_typical_rows_of_another_model_are_refused(means):
    signature = signature_of(KINDS)
    content = explain_model(fitted("naive Bayes"), signature)
    with pytest.raises(ScoringError):
        Explainer(content, signature, {"means": means})


@pytest.mark.parametrize(
    "inputs", [[], [-1], [1, 0], [0, 0], [0, 2**31 - 1, -(2**31)], range(15)], ids=str
)
def test_inputs_that_do_not_rise_or_are_too_many_are_refused(inputs):
    of = Inputs(positions=np.zeros(1, np.int32), steps="", constants=np.zeros(0))
    with pytest.raises(ScoringError, match="malformed"):
        Subsets(of=of, inputs=np.array(inputs, np.int32), surest=0.9)


@pytest.mark.parametrize("surest", [0.5, 1.0, 2.0, float("nan")])
def test_a_surest_probability_that_is_none_is_refused(surest):
    of = Inputs(positions=np.zeros(1, np.int32), steps="", constants=np.zeros(0))
    with pytest.raises(ScoringError, match="malformed"):
        Subsets(of=of, inputs=np.zeros(1, np.int32), surest=surest)


@pytest.mark.parametrize("count", range(1, 8))
def test_weights_of_subsets_add_up_to_the_whole(count):
    weights = shapley_weights(count)
    total = weights.sum(axis=1)
    # Of all players less that of none.
    assert total[-1] == pytest.approx(1)
    assert total[0] == pytest.approx(-1)
    np.testing.assert_allclose(total[1:-1], 0, atol=1e-15)


def test_a_pause_comes_amid_the_subsets_of_a_row():
    estimator, signature, rows = wide(MOST_PLAYERS)
    content = explain_model(estimator, signature)
    means = ExplanationForm(content, signature).from_rows(rows)
    paused = []
    explainer = Explainer(
        content, signature, {"means": means}, lambda: paused.append(1)
    )
    before = len(paused)
    explainer.explain({name: values[:1] + 10.0 for name, values in rows.items()})
    assert len(paused) - before > (1 << MOST_PLAYERS) // SUBSETS_AT_ONCE
