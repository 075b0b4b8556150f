"""The table of what a pickle may hold, and what derives from it."""

import importlib

import pytest
from pgchurn.plpython.runtime.permitted import (
    BY_NAME,
    CALIBRATED,
    CHECKS,
    CLASSIFIERS,
    LINEAR,
    PERMITTED,
    PREPROCESSING,
    SCORING,
    STATES,
)
from pgchurn.plpython.runtime.pickle_values import SPLINE_ARRAYS, SPLINE_PART, Token
from pgchurn.plpython.runtime.unread import SAMPLERS, UNREAD
from scipy.interpolate import _bsplines
from sklearn.base import BaseEstimator
from sklearn.metrics import get_scorer, get_scorer_names
from sklearn.model_selection import BaseCrossValidator, BaseShuffleSplit, _split

from tests.databases import CHECKOUT
from tests.documents.pages import Page
from tests.legitimate import PIPELINES, fitted

# Which a notebook may have, and the tests need not.
OPTIONAL = ("imblearn", "pyarrow")
# What the pickle of a spline names from SciPy 1.18 on, and what it named before.
OF_OTHER_RELEASES = {SPLINE_ARRAYS if hasattr(_bsplines, "_BSpline") else SPLINE_PART}


def documented_names():
    """Return the classes that a pickle may hold, by group, as they are documented."""
    groups = {CLASSIFIERS: [], PREPROCESSING: [], CALIBRATED: [], LINEAR: []}
    for one in PERMITTED:
        group = CLASSIFIERS if one.scores else one.group
        if group is not None:
            groups[group].append(one.name.rpartition(".")[2])
    return {group: sorted(names) for group, names in groups.items()}


def resolved(name):
    """Return what a dotted name stands for."""
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


@pytest.mark.parametrize(
    "one",
    [one for one in PERMITTED if one.name not in OF_OTHER_RELEASES],
    ids=lambda one: one.name,
)
def test_a_name_is_the_one_under_which_its_instances_are_looked_up(one):
    made = resolved(one.makes or one.name)

    assert Token(*one.name.rsplit(".", 1)).resolve() is resolved(one.name)
    if isinstance(made, type):
        assert f"{made.__module__}.{made.__qualname__}" == (one.makes or one.name)


@pytest.mark.parametrize("module, name", sorted(UNREAD))
def test_a_name_that_is_not_read_is_there_and_none_that_is_read(module, name):
    package = module.partition(".")[0]
    if package in OPTIONAL:
        pytest.importorskip(package)
    assert getattr(importlib.import_module(module), name)
    assert (module, name) not in BY_NAME


def test_every_splitter_may_be_kept():
    kinds = (BaseCrossValidator, BaseShuffleSplit)
    splitters = {
        (one.__module__, one.__qualname__)
        for one in vars(_split).values()
        if isinstance(one, type)
        and issubclass(one, kinds)
        and not one.__abstractmethods__
        and not one.__name__.startswith("Base")
    }

    assert splitters and splitters <= UNREAD


def test_every_scorer_of_classifiers_may_be_kept():
    scorers = [get_scorer(name)._score_func for name in get_scorer_names()]
    of_classes = {
        (one.__module__, one.__qualname__)
        for one in scorers
        if one.__module__.rpartition(".")[2] in ("_classification", "_ranking")
    }

    assert of_classes and of_classes <= UNREAD


def test_what_may_score_gives_probabilities():
    # A frozen estimator and a search do what the one that they hold does.
    for name in SCORING - {"sklearn.frozen._frozen.FrozenEstimator"}:
        assert hasattr(resolved(name), "predict_proba")


def test_checks_and_states_are_of_classes():
    for name in {*CHECKS, *STATES} - OF_OTHER_RELEASES:
        assert isinstance(resolved(name), type)


def test_the_documentation_lists_every_estimator_that_a_user_fits():
    groups = documented_names()
    listed = [name for names in groups.values() for name in names]

    assert len(listed) == len(set(listed))
    assert all(names == sorted(names) for names in groups.values())
    for name in PIPELINES:
        assert type(fitted(name)).__name__ in groups["Classifiers"]
    # Made by others: the trees of boosting, and what encodes labels.
    made = {"DecisionTreeRegressor", "IsotonicRegression"}
    made |= {"LabelBinarizer", "LabelEncoder"}
    estimators = {
        one.name.rpartition(".")[2]
        for one in PERMITTED
        if one.name.startswith("sklearn.")
        and isinstance(resolved(one.name), type)
        and issubclass(resolved(one.name), BaseEstimator)
        and not one.name.rpartition(".")[2].startswith("_")
    }
    assert set(listed) == estimators - made | {"make_column_selector", "BoostedTrees"}


def test_the_page_lists_what_the_table_permits():
    page = Page(CHECKOUT / "loader" / "README.md")
    listed = " ".join(page.section("What a pickle may hold").split())

    for group, names in documented_names().items():
        assert f"- {group}: {', '.join(names)} " in listed


def test_the_page_lists_the_samplers_that_are_left_out():
    page = (CHECKOUT / "loader" / "README.md").read_text("utf-8")
    names = ", ".join(sorted(name for _, name in SAMPLERS))

    assert f"without its samplers ({names})" in " ".join(page.split())
