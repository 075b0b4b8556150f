import numpy as np
import pytest
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.parity import compare_forms, scoreable

NAN = float("nan")


class Form:
    """A model that says half of its only feature, changed on some rows."""

    def __init__(self, changed=None, refused=(), ties=()):
        self.changed = changed or {}
        self.ties = ties
        self.refused = set(refused)
        self.calls = 0

    def probabilities(self, columns):
        self.calls += 1
        values = columns["x"]
        if self.refused.intersection(values.tolist()):
            raise ScoringError("refused")
        return np.array([self.changed.get(value, value / 200) for value in values])

    def row_probabilities(self, columns):
        return self.probabilities(columns)

    def tied(self, columns):
        return np.isin(columns["x"], self.ties)


def batch(*values):
    return {"x": np.array(values, dtype=float)}


ROWS = batch(*range(100))


def test_equal_forms_differ_by_nothing():
    assert compare_forms(Form(), Form(), [ROWS]) == (0.0, 100)


@pytest.mark.parametrize("row", [0, 57, 99])
@pytest.mark.parametrize("difference", [1e-6, -0.25])
def test_one_row_that_differs_is_found(row, difference):
    changed = Form({row: row / 200 + difference})

    largest, rows = compare_forms(Form(), changed, [ROWS])

    assert largest == pytest.approx(abs(difference), abs=1e-15)
    assert rows == 100


def test_the_largest_of_all_differences_counts():
    changed = Form({3: 3 / 200 + 0.1, 40: 40 / 200 - 0.3, 150: 0.95})

    largest, rows = compare_forms(Form(), changed, [ROWS, batch(150.0), batch(1.0)])

    assert largest == pytest.approx(0.3)
    assert rows == 102


@pytest.mark.parametrize("pickled, compiled", [({5: NAN}, {}), ({}, {5: NAN})])
def test_nan_is_as_different_as_can_be(pickled, compiled):
    largest, rows = compare_forms(Form(pickled), Form(compiled), [ROWS])

    assert (largest, rows) == (float("inf"), 100)


@pytest.mark.parametrize("way", ["probabilities", "row_probabilities"])
@pytest.mark.parametrize("wrong, largest", [(0.75, 0.5), (NAN, float("inf"))])
def test_bulk_and_single_rows_are_both_compared(way, wrong, largest):
    compiled = Form()
    changed = Form({50: wrong})
    setattr(compiled, way, changed.probabilities)

    assert compare_forms(Form(), compiled, [ROWS]) == (largest, 100)


def test_nan_of_both_is_no_agreement():
    assert compare_forms(Form({5: NAN}), Form({5: NAN}), [ROWS])[0] == float("inf")


def test_an_infinity_is_a_difference():
    assert compare_forms(Form(), Form({5: float("inf")}), [ROWS])[0] == float("inf")


@pytest.mark.parametrize("values", [[0.5], []])
def test_a_compiled_form_that_gives_another_number_of_rows_does_not_pass(values):
    class OneForAll(Form):
        def probabilities(self, columns):
            return np.array(values)

    halves = Form(dict.fromkeys(range(100), 0.5))
    try:
        largest, _ = compare_forms(halves, OneForAll(), [ROWS])
    except (ScoringError, ValueError):
        return

    assert largest > 0.1


@pytest.mark.parametrize("error", [ScoringError("fails"), RuntimeError("fails")])
def test_a_compiled_form_that_raises_is_told(error):
    class Failing(Form):
        def probabilities(self, columns):
            raise error

    with pytest.raises(type(error), match="fails"):
        compare_forms(Form(), Failing(), [ROWS])


@pytest.mark.parametrize(
    "refused", [[0], [99], [0, 1, 2], [10, 50, 90], range(0, 100, 2)]
)
def test_rows_that_the_pickle_refuses_are_left_out(refused):
    pickled = Form(refused=refused)
    failing = Form(changed=dict.fromkeys(refused, NAN), refused=refused)

    assert compare_forms(pickled, failing, [ROWS]) == (0.0, 100 - len(refused))


def test_a_difference_beside_a_refused_row_is_found():
    pickled = Form(refused=[50])

    largest, rows = compare_forms(pickled, Form({51: 1.0}), [ROWS])

    assert largest == pytest.approx(1 - 51 / 200)
    assert rows == 99


@pytest.mark.parametrize("batches", [[], [batch()], [batch(), batch()]])
def test_no_rows_are_no_comparison(batches):
    assert compare_forms(Form(), Form(), batches) == (0.0, 0)


def test_when_every_row_is_refused_none_is_compared():
    assert compare_forms(Form(refused=range(100)), Form(), [ROWS]) == (0.0, 0)


def test_the_parts_that_score_are_the_rows_in_their_order():
    parts = list(scoreable(Form(refused=[3, 7]), batch(*range(10))))

    kept = np.concatenate([part["x"] for part in parts])
    assert kept.tolist() == [0, 1, 2, 4, 5, 6, 8, 9]


def test_one_refused_row_among_many_costs_few_calls():
    model = Form(refused=[123])

    list(scoreable(model, batch(*range(4096))))

    assert model.calls < 40


def test_rows_that_are_tied_are_not_compared():
    changed = Form({3: 0.9, 40: 0.1}, ties=[3, 40])

    assert compare_forms(Form(), changed, [ROWS]) == (0.0, 98)
