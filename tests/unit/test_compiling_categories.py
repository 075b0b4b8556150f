"""Categories that are refused, filled, infrequent or encoded twice, compiled."""

import numpy as np
import pandas as pd
import pytest
from pgchurn.plpython.runtime.batches import checked_probabilities
from pgchurn.plpython.runtime.compile_columns import NotCompilable
from pgchurn.plpython.runtime.errors import ScoringError
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import CategoricalNB
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from tests.compiling import NAN, assert_same, both_forms, columns_of, row_scores

CLASSIFIERS = {
    "line": LogisticRegression(),
    "forest": RandomForestClassifier(8, random_state=0),
}
MOST_FREQUENT = SimpleImputer(strategy="most_frequent")
KNOWN = [1.0, 2.0, 5.0]
LETTERS = ["a", "b", "c", "d", "e"]


def texts(*values):
    """Return a frame of one text column."""
    return pd.DataFrame({"contract": pd.Series(list(values), dtype=object)})


def numbers(*values):
    """Return a frame of one column of numbers."""
    return pd.DataFrame({"plan": np.array(values, dtype=float)})


def text_pipeline(classifier, encoder, nulls=True, seed=1):
    """Return a pipeline fitted on letters of which the second and fourth are rare."""
    rng = np.random.default_rng(seed)
    letters = rng.choice(LETTERS, 400, p=[0.3, 0.05, 0.3, 0.05, 0.3]).astype(object)
    labels = np.isin(letters, ["b", "c", "d"]) ^ (rng.random(400) < 0.2)
    if nulls:
        letters[::9] = NAN
        labels[::9] = rng.random(len(labels[::9])) < 0.9
    return make_pipeline(encoder, classifier).fit(texts(*letters), labels)


def number_pipeline(classifier, encoder, values=KNOWN, seed=2):
    """Return a pipeline fitted on numbers that are categories."""
    rng = np.random.default_rng(seed)
    given = rng.choice(values, 200)
    labels = (np.nan_to_num(given) > 1.5) ^ (rng.random(200) < 0.3)
    return make_pipeline(encoder, classifier).fit(numbers(*given), labels)


def said_of(score, rows):
    """Return what the refusal of rows says, and None where they are scored."""
    try:
        score(rows)
    except ScoringError as error:
        return error.message, error.detail
    return None


def assert_same_refusals(model, rows, kind):
    """Compare each row alone: refused by both forms, or scored alike."""
    pickled, compiled = both_forms(model, dict.fromkeys(rows, kind))
    for place in range(len(rows)):
        row = rows[place : place + 1]
        refused = said_of(lambda row: pickled.probabilities(columns_of(row)), row)
        in_bulk = said_of(
            lambda row: checked_probabilities(compiled, columns_of(row)), row
        )
        alone = said_of(lambda row: row_scores(compiled, row), row)
        assert alone == in_bulk
        assert (in_bulk is None) == (refused is None), row
        if refused is None:
            assert row_scores(compiled, row) == pytest.approx(
                pickled.probabilities(columns_of(row)), abs=1e-12
            )
        else:
            name = next(iter(rows))
            message = f'feature "{name}" has a category that the model does not know'
            assert in_bulk[0] == message


NEAR = [np.nextafter(1.0, 2), 0.0, -1.0, 3.0, 1e30, 5.0000001, -0.0]


@pytest.mark.parametrize("classifier", CLASSIFIERS)
@pytest.mark.parametrize("encoder", [OneHotEncoder(), OrdinalEncoder()])
def test_numbers_that_an_encoder_does_not_know_are_refused(classifier, encoder):
    model = number_pipeline(CLASSIFIERS[classifier], encoder)

    assert_same_refusals(model, numbers(*KNOWN, *NEAR, NAN), "number")


@pytest.mark.parametrize("classifier", CLASSIFIERS)
@pytest.mark.parametrize(
    "encoder",
    [
        OneHotEncoder(),
        OrdinalEncoder(encoded_missing_value=-1),
        make_pipeline(MOST_FREQUENT, OneHotEncoder()),
        make_pipeline(MOST_FREQUENT, OrdinalEncoder()),
    ],
)
def test_a_null_that_the_encoder_knows_is_scored(classifier, encoder):
    model = number_pipeline(CLASSIFIERS[classifier], encoder, [*KNOWN, NAN])

    assert_same_refusals(model, numbers(*KNOWN, *NEAR, NAN), "number")


def test_a_null_is_refused_where_what_fills_it_is_not_known():
    filled = SimpleImputer(strategy="constant", fill_value=7.0)
    model = number_pipeline(
        LogisticRegression(), make_pipeline(filled, OneHotEncoder())
    )

    assert_same_refusals(model, numbers(*KNOWN, NAN, 7.0), "number")


def test_a_number_is_known_where_every_encoder_knows_it():
    encoders = make_union(
        OneHotEncoder(categories=[[1.0, 2.0, 5.0]]),
        OneHotEncoder(categories=[[1.0, 2.0, 3.0, 5.0]]),
    )
    model = number_pipeline(LogisticRegression(), encoders)

    assert_same_refusals(model, numbers(*KNOWN, 3.0, 4.0), "number")


def test_the_refusal_names_the_number():
    model = number_pipeline(LogisticRegression(), OneHotEncoder())
    _, compiled = both_forms(model, {"plan": "number"})

    with pytest.raises(ScoringError, match='feature "plan"') as raised:
        compiled.probabilities(columns_of(numbers(1, 3)))

    assert raised.value.values == "The value is 3.0."
    assert raised.value.sqlstate == "22023"


@pytest.mark.parametrize("kind", ["text", "number"])
@pytest.mark.parametrize(
    "options", [{}, {"handle_unknown": "use_encoded_value", "unknown_value": -1}]
)
def test_categories_beyond_those_of_naive_bayes_are_refused(kind, options):
    encoder = OrdinalEncoder(encoded_missing_value=6, **options)
    if kind == "text":
        model = text_pipeline(CategoricalNB(), encoder, nulls=False)
        rows = texts(*LETTERS, "f", "", NAN)
    else:
        model = number_pipeline(CategoricalNB(), encoder)
        rows = numbers(*KNOWN, *NEAR, NAN)

    assert_same_refusals(model, rows, kind)


def test_naive_bayes_of_numbers_that_no_encoder_put_out_is_not_compiled():
    model = number_pipeline(CategoricalNB(), "passthrough")

    with pytest.raises(NotCompilable, match="numbers that no encoder put out"):
        both_forms(model, {"plan": "number"})


@pytest.mark.parametrize("classifier", CLASSIFIERS)
@pytest.mark.parametrize(
    "encoder",
    [
        OneHotEncoder(handle_unknown="ignore", min_frequency=0.1),
        OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=0.1),
        OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=-1, min_frequency=0.1
        ),
    ],
)
def test_infrequent_texts_between_frequent_ones_keep_to_themselves(classifier, encoder):
    model = text_pipeline(CLASSIFIERS[classifier], encoder, nulls=False)

    assert_same(model, texts(*LETTERS, "f", NAN), {"contract": "text"})


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_what_one_encoder_knows_may_be_unknown_to_the_one_before(classifier):
    few, all_ = (
        OrdinalEncoder(
            categories=[letters],
            handle_unknown="use_encoded_value",
            unknown_value=-1,
        )
        for letters in (["a", "b"], LETTERS)
    )
    model = text_pipeline(CLASSIFIERS[classifier], make_union(few, all_), nulls=False)

    assert_same(model, texts(*LETTERS, "f", NAN), {"contract": "text"})


def one_hot():
    """Return an encoder that ignores the unknown."""
    return OneHotEncoder(handle_unknown="ignore", sparse_output=False)


APART = {
    "an indicator beside what fills": make_pipeline(
        SimpleImputer(strategy="most_frequent", add_indicator=True), one_hot()
    ),
    "an indicator and a text of its own": make_pipeline(
        SimpleImputer(strategy="constant", fill_value="none", add_indicator=True),
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
    ),
    "an indicator in a union": make_union(
        make_pipeline(MOST_FREQUENT, one_hot()), MissingIndicator()
    ),
    "two encoders, one of which is given what fills": make_union(
        make_pipeline(MOST_FREQUENT, one_hot()), one_hot()
    ),
    "an encoder of codes": make_pipeline(
        OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=-1,
            encoded_missing_value=-2,
        ),
        one_hot(),
    ),
}


@pytest.mark.parametrize("classifier", CLASSIFIERS)
@pytest.mark.parametrize("case", APART)
def test_a_null_is_told_from_the_text_that_fills_it(classifier, case):
    model = text_pipeline(CLASSIFIERS[classifier], APART[case])

    assert_same(model, texts(*LETTERS, "f", "none", "", NAN), {"contract": "text"})


def test_a_null_that_is_filled_and_told_apart_is_not_refused():
    encoder = make_union(
        make_pipeline(MOST_FREQUENT, OneHotEncoder(sparse_output=False)),
        MissingIndicator(),
    )
    model = text_pipeline(LogisticRegression(), encoder)

    assert_same_refusals(model, texts(*LETTERS, "f", "", NAN), "text")
