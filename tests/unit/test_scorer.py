"""How the first rows of a session are scored, and all that follow."""

import numpy as np
import pytest
from pgchurn.plpython.runtime import registry
from pgchurn.plpython.runtime.compile_model import compile_model
from pgchurn.plpython.runtime.compiled import CompiledModel
from pgchurn.plpython.runtime.features import Layout
from pgchurn.plpython.runtime.pacing import no_pause
from pgchurn.plpython.runtime.registry import Scorer
from pgchurn.plpython.runtime.signature import Feature, Signature
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(300, 2))
LABELS = ROWS[:, 0] + RNG.normal(size=300) > 0
SIGNATURE = Signature(
    (Feature("x", "number", False), Feature("y", "number", False)), (0, 1), 1, False
)


class Watched(CompiledModel):
    """Notes how its functions of one row are asked for."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.asked = []

    def row_scorer(self, positions, **options):
        """Note what is asked for."""
        options.pop("pause")
        self.asked.append(options)
        return super().row_scorer(positions, **options)


def scorer(estimator):
    """Return the scorer of a fitted classifier."""
    model = Watched(compile_model(estimator.fit(ROWS, LABELS), SIGNATURE), SIGNATURE)
    return Scorer(model, Layout.of(SIGNATURE).positions(SIGNATURE), no_pause)


def forest():
    """Return the scorer of a forest."""
    return scorer(RandomForestClassifier(20, random_state=0))


@pytest.mark.parametrize("name", ["score_row", "score_next"])
def test_a_forest_is_written_out_when_some_rows_have_been_scored(name):
    made = forest()
    few = registry.WALKED_ROWS

    first = [getattr(made, name)(row, []) for row in ROWS[:few].tolist()]
    asked = list(made.model.asked)
    others = [getattr(made, name)(row, []) for row in ROWS[few:].tolist()]

    assert asked == [{"walks": True}]
    written = {"score_row": {}, "score_next": {"repeated": True}}
    assert made.model.asked[1:] == [written[name]]
    expected = made.model.row_probabilities({"x": ROWS[:, 0], "y": ROWS[:, 1]})
    assert first + others == expected.tolist()


def test_rows_of_both_kinds_are_counted_together():
    made = forest()

    for row in ROWS[: registry.WALKED_ROWS // 2].tolist():
        made.score_row(row, [])
        made.score_next(row, [])
    made.score_next(ROWS[0].tolist(), [])

    assert made.model.asked == [{"walks": True}, {"repeated": True}]


def test_what_is_remembered_for_a_statement_is_written_out_at_once_and_once():
    made = forest()

    remembered = made.written_next()

    assert made.model.asked == [{"repeated": True}]
    assert made.score_next is remembered is made.written_next()
    assert made.written_row() is made.score_row is made.written_row()


def test_a_sum_is_written_out_for_its_first_row():
    made = scorer(LogisticRegression())

    made.score_row(ROWS[0].tolist(), [])

    assert made.model.asked == [{}]


def test_a_forest_that_takes_long_to_follow_is_written_out_at_once(monkeypatch):
    monkeypatch.setattr("pgchurn.plpython.runtime.compiled.MOST_WALKED", 100)
    made = forest()

    made.score_row(ROWS[0].tolist(), [])

    assert made.model.asked == [{}]
