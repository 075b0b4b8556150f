"""What a compiled form does with values, its own way and as the pickle does."""

import pickle

import numpy as np
import pandas as pd
import pytest
from pgchurn.plpython.runtime.batches import checked_probabilities
from pgchurn.plpython.runtime.compile_model import compile_model
from pgchurn.plpython.runtime.compiled import CompiledModel
from pgchurn.plpython.runtime.errors import ScoringError, ValuesShown
from pgchurn.plpython.runtime.features import Layout, columns_from_arrays
from pgchurn.plpython.runtime.pickled import PickledModel
from pgchurn.plpython.runtime.signature import Feature, Signature
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

KINDS = {"contract": "text", "age": "number", "channel": "text", "usage": "number"}
INFINITY = float("inf")
ROW = {"contract": "month", "age": 40.0, "channel": "web", "usage": 2.5}
# Other columns stand around those of the model, in another order.
LAYOUT = Layout(("other", "usage", "more", "age"), ("channel", "note", "contract"))


def signature(refuses_null=()):
    """Return a signature in which some features must not be null."""
    return Signature(
        tuple(Feature(n, kind, n not in refuses_null) for n, kind in KINDS.items()),
        (False, True),
        1,
        True,
    )


def objects(values):
    """Return texts as a column of objects, which pandas would make another of."""
    return pd.Series(list(values), dtype=object)


def fitted(classifier, handle_unknown="ignore"):
    """Return a fitted pipeline that imputes everything."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "contract": objects(rng.choice(["month", "year"], 300)),
            "age": rng.uniform(18, 90, 300),
            "channel": objects(rng.choice(["web", "tel"], 300)),
            "usage": rng.exponential(3, 300),
        }
    )
    encoder = OneHotEncoder(handle_unknown=handle_unknown, sparse_output=False)
    frequent = SimpleImputer(strategy="most_frequent")
    prepared = ColumnTransformer(
        [
            ("numbers", SimpleImputer(), ["age", "usage"]),
            ("texts", make_pipeline(frequent, encoder), ["contract", "channel"]),
        ]
    )
    labels = frame["age"] / 40 + (frame["contract"] == "month") > rng.uniform(0, 3, 300)
    return make_pipeline(prepared, classifier).fit(frame, labels)


PIPELINES = {
    "logistic": fitted(LogisticRegression(max_iter=500)),
    "hist": fitted(HistGradientBoostingClassifier(max_iter=10)),
}
REFUSING = fitted(LogisticRegression(max_iter=500), "error")


def forms(pipeline, **options):
    """Return the pickled and the compiled form."""
    described = signature(**options)
    return (
        PickledModel(pickle.dumps(pipeline), described),
        CompiledModel(compile_model(pipeline, described), described),
    )


def arrays(row):
    """Return a row as the arrays of numbers and texts of LAYOUT."""
    row = {"other": -1.0, "more": None, "note": "unseen", **row}
    return (
        [row[name] for name in LAYOUT.number_columns],
        [row[name] for name in LAYOUT.text_columns],
    )


def in_row(model, row):
    """Score one row as the triggers do."""
    score = model.row_scorer(LAYOUT.positions(model.signature))
    return score(*arrays(row))


def in_batch(model, *rows):
    """Score rows as a batch is scored."""
    given = [arrays(row) for row in rows]
    numbers = np.array([numbers for numbers, _ in given], dtype=float)
    columns = columns_from_arrays(
        LAYOUT.positions(model.signature), numbers, [texts for _, texts in given]
    )
    return checked_probabilities(model, columns)


def refusal(score, *arguments):
    """Return what is said when a row is refused."""
    with pytest.raises(ScoringError) as raised:
        score(*arguments)
    error = raised.value
    return error.sqlstate, error.message, error.detail, error.hint


ROWS = [
    ROW,
    {**ROW, "age": None},
    {**ROW, "contract": None},
    {**ROW, "contract": None, "age": None, "channel": None, "usage": None},
    {**ROW, "contract": "unseen", "channel": ""},
    {**ROW, "age": float("nan")},
    {**ROW, "age": 1e308, "usage": 1e308},
    {**ROW, "age": -0.0, "usage": 5e-324},
]


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_one_row_and_a_batch_agree_in_both_forms(pipeline):
    pickled, compiled = forms(PIPELINES[pipeline])

    expected = in_batch(pickled, *ROWS)

    assert in_batch(compiled, *ROWS) == pytest.approx(expected, rel=0, abs=1e-12)
    for model in (pickled, compiled):
        alone = [in_row(model, row) for row in ROWS]
        assert alone == pytest.approx(expected, rel=0, abs=1e-12)
        assert {type(probability) for probability in alone} == {float}


@pytest.mark.parametrize("name", list(KINDS))
@pytest.mark.parametrize("pipeline", PIPELINES)
def test_a_null_that_is_not_accepted_is_refused_alike(pipeline, name):
    row = {**ROW, name: None}
    models = forms(PIPELINES[pipeline], refuses_null=(name,))

    said = {refusal(in_row, model, row) for model in models}
    said |= {refusal(in_batch, model, ROW, row) for model in models}

    ((sqlstate, message, _, hint),) = said
    assert sqlstate == "22004"
    assert message == f'feature "{name}" is null, and the model does not accept that'
    assert hint


@pytest.mark.parametrize("name", ["age", "usage"])
@pytest.mark.parametrize("value", [INFINITY, -INFINITY])
def test_an_infinity_is_refused_alike(name, value):
    row = {**ROW, name: value}
    models = forms(PIPELINES["logistic"])

    said = {refusal(in_row, model, row) for model in models}
    said |= {refusal(in_batch, model, ROW, row) for model in models}

    ((sqlstate, message, _, _),) = said
    assert (sqlstate, message) == ("22023", f'feature "{name}" is infinite')


def test_infinities_that_cancel_out_are_refused():
    row = {**ROW, "age": INFINITY, "usage": -INFINITY}

    for model in forms(PIPELINES["logistic"]):
        assert "infinite" in refusal(in_row, model, row)[1]


def test_a_null_elsewhere_does_not_hide_an_infinity():
    row = {**ROW, "age": None, "usage": INFINITY}

    for model in forms(PIPELINES["logistic"]):
        assert refusal(in_row, model, row) == refusal(in_batch, model, row)


@pytest.mark.parametrize(
    "changed",
    [
        {"contract": None, "age": None},
        {"age": INFINITY, "contract": None},
        {"age": None, "usage": INFINITY},
        {"usage": None, "channel": None},
        {"age": INFINITY, "channel": None},
    ],
    ids=repr,
)
def test_of_several_faults_every_way_names_the_same(changed):
    row = {**ROW, **changed}
    models = forms(PIPELINES["logistic"], refuses_null=tuple(KINDS))

    said = {refusal(in_row, model, row) for model in models}
    said |= {refusal(in_batch, model, row) for model in models}

    assert len(said) == 1


@pytest.mark.parametrize("text", ["unseen", "", "nan", "Month"])
def test_an_unknown_category_is_named_alike_in_row_and_batch(text):
    _, compiled = forms(REFUSING)
    row = {**ROW, "channel": text}

    said = refusal(in_row, compiled, row)

    assert said == refusal(in_batch, compiled, ROW, row)
    assert said[0] == "22023"
    assert said[1] == 'feature "channel" has a category that the model does not know'
    # Whoever complains need not be allowed to read the profile.
    assert said[2] is None
    assert said[3]


@pytest.mark.parametrize("scored", [in_row, in_batch])
def test_who_passed_a_row_is_told_its_value(scored):
    _, compiled = forms(REFUSING)

    with pytest.raises(ScoringError) as refused, ValuesShown():
        scored(compiled, {**ROW, "channel": "a secret"})

    assert refused.value.detail == "The value is 'a secret'."


def test_an_imputed_text_is_no_unknown_category():
    pickled, compiled = forms(REFUSING)
    row = {**ROW, "channel": None}

    assert in_row(compiled, row) == pytest.approx(in_row(pickled, row), abs=1e-12)


def test_a_row_that_was_refused_leaves_nothing_behind():
    _, compiled = forms(REFUSING)
    score = compiled.row_scorer(LAYOUT.positions(compiled.signature))
    before = score(*arrays(ROW))

    for bad in ({"channel": "unseen"}, {"age": INFINITY}):
        with pytest.raises(ScoringError):
            score(*arrays({**ROW, **bad}))

    assert score(*arrays(ROW)) == before
    assert score(*arrays({**ROW, "age": 80.0})) != before


def test_two_scorers_of_one_model_do_not_share_a_row():
    _, compiled = forms(PIPELINES["hist"])
    positions = LAYOUT.positions(compiled.signature)
    first, second = compiled.row_scorer(positions), compiled.row_scorer(positions)
    young, old = arrays({**ROW, "age": 20.0}), arrays({**ROW, "age": 85.0})

    alone = first(*young), first(*old)

    assert (first(*young), second(*old), first(*young)) == (*alone, alone[0])


def test_a_batch_of_one_row_and_of_many_give_the_same():
    _, compiled = forms(PIPELINES["hist"])
    rows = [{**ROW, "age": float(age)} for age in range(18, 90)]

    alone = [in_batch(compiled, row)[0] for row in rows]

    assert alone == pytest.approx(in_batch(compiled, *rows), rel=0, abs=1e-15)


NUMBER = Signature(
    (Feature("x", "number", True), Feature("y", "number", True)), (0, 1), 1, False
)


@pytest.mark.parametrize("positive_class", [0, 1])
@pytest.mark.parametrize("numbers", [[None, 1.0], [1.0, None], [None, None]])
def test_what_is_no_number_is_no_probability_either(positive_class, numbers):
    model = LogisticRegression()
    model.fit([[0.0, 0.0], [1.0, 1.0]], [0, 1])
    described = NUMBER._replace(positive_class=positive_class)
    compiled = CompiledModel(compile_model(model, described), described)
    matrix = np.array([numbers], dtype=float)
    assert np.isnan(compiled.probabilities({"x": matrix[:, 0], "y": matrix[:, 1]})[0])

    score = compiled.row_scorer(Layout.of(described).positions(described))

    assert np.isnan(score(numbers, ()))


@pytest.mark.parametrize("trees", [1, 300])
def test_a_model_of_any_size_scores_row_by_row_as_in_a_batch(trees):
    forest = RandomForestClassifier(trees, random_state=0)
    rng = np.random.default_rng(0)
    forest.fit(rng.normal(size=(600, 2)), rng.integers(0, 2, 600))
    compiled = CompiledModel(compile_model(forest, NUMBER), NUMBER)
    score = compiled.row_scorer(Layout.of(NUMBER).positions(NUMBER))
    matrix = np.vstack([rng.normal(size=(50, 2)), [[np.nan, 0], [0, np.nan]]])

    expected = forest.predict_proba(matrix)[:, 1]

    in_bulk = compiled.probabilities({"x": matrix[:, 0], "y": matrix[:, 1]})
    assert in_bulk == pytest.approx(expected, rel=0, abs=1e-12)
    one_by_one = [
        score([None if value != value else value for value in row], ())
        for row in matrix.tolist()
    ]
    assert one_by_one == pytest.approx(expected, rel=0, abs=1e-12)


@pytest.mark.parametrize("content", [b"", b"no form", b"pgchurn form 1\n"])
def test_bytes_that_are_no_compiled_form_are_refused(content):
    assert refusal(CompiledModel, content, signature())[0] == "55000"
