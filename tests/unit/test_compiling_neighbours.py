"""Nearest neighbours: their compiled form, and the trees that a pickle brings."""

import itertools
import pickle

import numpy as np
import pytest
from pgchurn.plpython.runtime.compile_columns import NotCompilable
from pgchurn.plpython.runtime.compile_model import compile_model
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.estimators import load_estimator
from pgchurn.plpython.runtime.form_matrices import Inputs
from pgchurn.plpython.runtime.form_neighbours import (
    MOST_NUMBERS,
    MOST_POINTS,
    Donors,
    Nearest,
    Within,
)
from pgchurn.plpython.runtime.parity import compare_forms
from sklearn.impute import KNNImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, RadiusNeighborsClassifier
from sklearn.pipeline import make_pipeline

from tests.compiling import both_forms, signature_of

WIDTH = 3
NAMES = [f"f{i}" for i in range(WIDTH)]
RNG = np.random.default_rng(4)
POINTS = RNG.normal(size=(120, WIDTH))
LABELS = (POINTS[:, 0] > 0) ^ (RNG.random(120) < 0.3)
ROWS = RNG.normal(size=(90, WIDTH)) * 1.5
METRICS = {"p": 1}, {"p": 2}, {"p": float("inf")}, {"metric": "l1"}, {"metric": "l2"}
ALGORITHMS = ("brute", "kd_tree", "ball_tree")


def columns(rows):
    """Return rows as the columns that a model reads."""
    return dict(zip(NAMES, np.asarray(rows, float).T))


def forms(estimator):
    """Return the pickled and the compiled form of neighbours."""
    return both_forms(estimator, dict.fromkeys(NAMES, "number"), named=False)


def part(kind=Nearest, points=POINTS, labels=LABELS, **options):
    """Return a part of points, as the compiler makes it."""
    options = {"metric": "euclidean", "weights": "uniform", **options}
    width = points.shape[1]
    return kind(
        of=Inputs(
            positions=np.arange(width, dtype=np.int32), steps="", constants=np.zeros(0)
        ),
        points=points.T.ravel(),
        labels=np.asarray(labels, np.uint8),
        **options,
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("metric", METRICS, ids=str)
@pytest.mark.parametrize("positive_class", [0, 1])
def test_nearest_neighbours_are_compiled(algorithm, weights, metric, positive_class):
    near = KNeighborsClassifier(7, algorithm=algorithm, weights=weights, **metric)
    within = RadiusNeighborsClassifier(
        0.9,
        algorithm=algorithm,
        weights=weights,
        outlier_label=True,
        **metric,
    )
    for estimator in (near, within):
        pickled, compiled = both_forms(
            estimator.fit(POINTS, LABELS),
            dict.fromkeys(NAMES, "number"),
            named=False,
            positive_class=positive_class,
        )

        largest, compared = compare_forms(pickled, compiled, [columns(ROWS)])

        assert largest < 1e-12
        assert compared > len(ROWS) / 2


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_the_points_themselves_count_alone_when_distance_counts(weights):
    estimator = KNeighborsClassifier(5, weights=weights).fit(POINTS, LABELS)
    pickled, compiled = forms(estimator)

    expected = pickled.probabilities(columns(POINTS))
    found = compiled.probabilities(columns(POINTS))

    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    if weights == "distance":
        np.testing.assert_array_equal(found, LABELS)


def test_of_points_that_are_as_far_the_first_count():
    points = np.array([[1.0], [-1.0], [1.0], [3.0]])
    near = part(points=points, labels=[1, 0, 0, 1], count=2)

    assert near.values(np.zeros((1, 1))).tolist() == [0.5]
    assert part(points=points, labels=[1, 0, 0, 1], count=1).values(
        np.zeros((1, 1))
    ).tolist() == [1.0]
    assert near.tied(np.zeros((1, 1))).tolist() == [True]
    assert part(points=points, labels=[1, 0, 0, 1], count=3).tied(
        np.zeros((1, 1))
    ).tolist() == [False]


def test_rows_that_scikit_learn_decides_by_order_are_not_compared():
    points = np.round(POINTS)
    pickled, compiled = forms(KNeighborsClassifier(5).fit(points, LABELS))
    rows = np.round(ROWS)

    largest, compared = compare_forms(pickled, compiled, [columns(rows)])

    assert largest < 1e-12
    assert compared < len(rows)
    assert compiled.tied(columns(rows)).any()


def test_a_row_far_from_all_points_is_tied():
    compiled = forms(KNeighborsClassifier(5).fit(POINTS, LABELS))[1]

    assert compiled.tied(columns([[1e30, 0.0, 0.0]])).all()
    assert not compiled.tied(columns(ROWS[:1])).any()


@pytest.mark.parametrize("label, share", [(True, 1.0), (False, 0.0)])
def test_a_row_without_neighbours_is_of_the_class_for_outliers(label, share):
    estimator = RadiusNeighborsClassifier(0.5, outlier_label=label).fit(POINTS, LABELS)
    pickled, compiled = forms(estimator)

    for form in (pickled, compiled):
        assert form.probabilities(columns([[50.0, 0, 0]])).tolist() == [share]


def test_a_row_without_neighbours_is_refused_where_there_is_no_such_class():
    estimator = RadiusNeighborsClassifier(0.5).fit(POINTS, LABELS)
    for form in forms(estimator):
        with pytest.raises(ScoringError):
            form.probabilities(columns([[50.0, 0, 0], [0, 0, 0]]))

    with pytest.raises(ScoringError, match="no neighbours") as raised:
        forms(estimator)[1].probability.value(50.0, 0.0, 0.0)
    assert "within 0.5" in raised.value.detail


@pytest.mark.parametrize("metric", ["l2", "minkowski"])
@pytest.mark.filterwarnings("ignore:Outlier label:UserWarning")
def test_a_row_that_is_given_no_class_is_told_from_one_that_is(metric):
    estimator = RadiusNeighborsClassifier(
        0.5, algorithm="brute", metric=metric, outlier_label="most_frequent"
    ).fit(POINTS, LABELS)
    far = np.full((1, WIDTH), 50.0)

    if estimator.predict_proba(far).any():
        pickled, compiled = forms(estimator)
        assert compare_forms(pickled, compiled, [columns(far)]) == (0.0, 1)
    else:
        with pytest.raises(NotCompilable, match="outliers no class"):
            forms(estimator)


@pytest.mark.parametrize("kind", [Nearest, Within])
def test_a_row_that_is_not_known_has_no_share(kind):
    options = {"count": 3} if kind is Nearest else {"radius": 1.0, "lonely": "refused"}

    with np.errstate(invalid="ignore"):
        shares = part(kind, **options).values(np.full((2, WIDTH), np.nan))

    assert np.isnan(shares).all()


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"metric": "cosine"}, "A distance is none"),
        ({"weights": "votes"}, "Points do not count"),
        ({"count": 0}, "Points are too few"),
        ({"count": len(POINTS) + 1}, "Points are too few"),
        ({"labels": LABELS[1:]}, "not those of the numbers"),
        ({"labels": np.full(len(POINTS), 2)}, "not those of the numbers"),
        ({"points": np.full((len(POINTS), WIDTH), np.nan)}, "not those of the numbers"),
        ({"points": np.zeros((0, WIDTH)), "labels": []}, "not those of the numbers"),
    ],
)
def test_points_that_do_not_fit_are_refused(changes, said):
    with pytest.raises(ScoringError) as raised:
        part(**{"count": 3, **changes})

    assert said in raised.value.detail


@pytest.mark.parametrize(
    "changes, said",
    [({"radius": -1.0}, "A radius is none"), ({"lonely": "third"}, "A share is none")],
)
def test_a_radius_that_is_none_is_refused(changes, said):
    with pytest.raises(ScoringError) as raised:
        part(Within, **{"radius": 1.0, "lonely": "first", **changes})

    assert said in raised.value.detail


def test_what_many_points_take_is_known_before():
    few, many = (part(points=POINTS[:n], labels=LABELS[:n], count=3) for n in (10, 100))

    assert many.operations() > 9 * few.operations() - 1_000
    assert many.numbers_held() > 5 * few.numbers_held()


@pytest.mark.parametrize(
    "rows, width", [(MOST_POINTS + 1, 1), (MOST_NUMBERS // 20 + 1, 20)]
)
def test_more_points_than_a_row_can_be_compared_with_are_refused_by_name(rows, width):
    points = np.arange(rows * width, dtype=float).reshape(rows, width)
    estimator = KNeighborsClassifier(algorithm="brute").fit(points, points[:, 0] > 9)

    with pytest.raises(ScoringError, match="too many neighbours") as raised:
        load_estimator(pickle.dumps(estimator))

    assert f"the {rows} of its training" in raised.value.detail
    names = [f"f{i}" for i in range(width)]
    with pytest.raises(NotCompilable, match="more than"):
        compile_model(
            estimator, signature_of(dict.fromkeys(names, "number"), named=False)
        )


@pytest.mark.parametrize("algorithm", ["kd_tree", "ball_tree"])
def test_a_tree_that_a_pickle_brings_is_made_anew(algorithm):
    estimator = KNeighborsClassifier(algorithm=algorithm).fit(POINTS, LABELS)
    expected = estimator.predict_proba(ROWS)
    state = list(estimator._tree.__getstate__())
    # Which points a node holds, and where they stand.
    state[1] = np.full_like(state[1], 2**40)
    nodes = state[2].copy()
    nodes["idx_end"] = 2**40
    state[2] = nodes
    estimator._tree.__setstate__(tuple(state))

    loaded = load_estimator(pickle.dumps(estimator))

    np.testing.assert_array_equal(loaded.predict_proba(ROWS), expected)


OUT_OF_PLACE = {
    "_fit_X": np.zeros((3, WIDTH)),
    "_y": np.full(len(POINTS), 7),
    "classes_": np.zeros((0,)),
    "n_neighbors": len(POINTS) + 1,
    "n_samples_fit_": 5,
    "_fit_method": "brute",
    "weights": "votes",
    "metric": "hamming",
    "effective_metric_": "manhattan",
    "effective_metric_params_": {"w": np.zeros(1)},
    "metric_params": {"w": 1},
    "outputs_2d_": True,
    "p": 3,
    "n_features_in_": 2,
    "_tree": None,
}


@pytest.mark.parametrize("name", OUT_OF_PLACE)
def test_neighbours_that_do_not_fit_one_another_are_refused(name):
    estimator = KNeighborsClassifier(algorithm="kd_tree").fit(POINTS, LABELS)
    setattr(estimator, name, OUT_OF_PLACE[name])

    with pytest.raises(ScoringError) as raised:
        load_estimator(pickle.dumps(estimator))

    assert raised.value.sqlstate == "55000"
    assert raised.value.detail


def test_a_tree_of_other_points_is_refused():
    estimator = KNeighborsClassifier(algorithm="kd_tree").fit(POINTS, LABELS)
    estimator._tree = (
        KNeighborsClassifier(algorithm="kd_tree").fit(ROWS, ROWS[:, 0] > 0)._tree
    )

    with pytest.raises(ScoringError, match=r"_tree|cannot be unpickled"):
        load_estimator(pickle.dumps(estimator))


@pytest.mark.parametrize("radius", [-1.0, float("nan"), float("inf"), "far", None])
def test_a_radius_that_is_no_distance_is_refused(radius):
    estimator = RadiusNeighborsClassifier().fit(POINTS, LABELS)
    estimator.radius = radius

    with pytest.raises(ScoringError):
        load_estimator(pickle.dumps(estimator))


def test_row_by_row_and_in_bulk_give_the_same():
    compiled = forms(KNeighborsClassifier(9, weights="distance").fit(POINTS, LABELS))[1]

    in_bulk = compiled.probabilities(columns(ROWS))

    np.testing.assert_allclose(
        compiled.row_probabilities(columns(ROWS)), in_bulk, rtol=0, atol=1e-15
    )


def donors(points=POINTS, **options):
    """Return a part that fills numbers with those of points."""
    given = {"means": np.zeros(WIDTH), "weights": "uniform", "count": 3, **options}
    of = Inputs(
        positions=np.arange(WIDTH, dtype=np.int32), steps="", constants=np.zeros(0)
    )
    return Donors(of=of, points=np.asarray(points).T.ravel(), **given)


def with_gaps(rows, seed=0):
    """Return rows of which some numbers are missing, and in one all."""
    rng = np.random.default_rng(seed)
    rows = np.where(rng.random(rows.shape) < 0.3, np.nan, rows)
    rows[0] = np.nan
    return rows


@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("count", [1, 4, 500])
def test_gaps_are_filled_as_scikit_learn_does(weights, count):
    imputer = KNNImputer(n_neighbors=count, weights=weights)
    model = make_pipeline(imputer, LogisticRegression()).fit(with_gaps(POINTS), LABELS)
    rows = columns(with_gaps(ROWS, seed=1))
    pickled, compiled = forms(model)

    largest, compared = compare_forms(pickled, compiled, [rows])

    assert largest < 1e-9
    assert compared == len(ROWS) - compiled.tied(rows).sum() > 80


def test_of_points_that_are_as_near_those_that_come_first_fill_gaps():
    points = np.array([[0.0, 1, 5], [0, 3, 5], [0, 5, 5], [9, 7, 9]])
    row = np.array([[0.0, np.nan, 5]])

    part = donors(points, count=2)

    assert part.values(row).tolist() == [[0, 2, 5]]
    assert part.tied(row).tolist() == [True]


def test_where_no_point_can_be_compared_the_mean_fills_gaps():
    points = np.array([[np.nan, 1.0, 2.0], [np.nan, 3.0, 4.0]])
    row = np.array([[5.0, np.nan, np.nan]])

    part = donors(points, means=np.array([0.0, 2.0, 3.0]))

    assert part.values(row).tolist() == [[5, 2, 3]]


@pytest.mark.parametrize(
    "changed",
    [
        {"points": POINTS[:0]},
        {"points": np.full((2, WIDTH), np.inf)},
        {"points": POINTS[:, :2].ravel()[:-1, None]},
        {"means": np.zeros(2)},
        {"means": np.full(WIDTH, np.nan)},
        {"weights": "none"},
        {"count": 0},
    ],
    ids=itertools.count(),
)
def test_donors_that_do_not_fit_are_refused(changed):
    with pytest.raises(ScoringError, match="malformed"):
        donors(**changed)


@pytest.mark.parametrize(
    "name, value",
    [
        ("metric", "euclidean"),
        ("weights", "none"),
        ("n_neighbors", 0),
        ("n_features_in_", 2),
        ("_fit_X", np.full((120, WIDTH), np.inf)),
        ("_mask_fit_X", np.zeros((2, WIDTH), bool)),
        ("_mask_fit_X", np.zeros((120, WIDTH))),
        ("_valid_mask", np.zeros(WIDTH, bool)),
    ],
    ids=itertools.count(),
)
def test_donors_in_a_pickle_that_do_not_fit_are_refused(name, value):
    model = make_pipeline(KNNImputer(), LogisticRegression()).fit(POINTS, LABELS)
    setattr(model[0], name, value)

    with pytest.raises(ScoringError) as raised:
        load_estimator(pickle.dumps(model))

    assert name in raised.value.detail
