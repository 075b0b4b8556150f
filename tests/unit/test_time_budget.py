import re
import time

import numpy as np
import pandas as pd
import pytest
from pgchurn.loader.errors import TrainingError
from pgchurn.loader.models import comparison
from pgchurn.loader.models.comparison import compare
from pgchurn.loader.models.pipelines import build_pipeline
from pgchurn.loader.models.time_budget import TimeBudget
from pgchurn.loader.models.training import train
from sklearn.pipeline import Pipeline

ALGORITHMS = ("logistic_regression", "hist_gradient_boosting", "extra_trees")


class Clock:
    """A clock that goes on by what a fit is said to take."""

    def __init__(self, monkeypatch, seconds):
        self.now = 0.0
        self.fits = []
        fit = Pipeline.fit

        def timed_fit(pipeline, frame, labels):
            name = type(pipeline.named_steps["classifier"]).__name__
            self.now += seconds.get(name, 0.1)
            self.fits.append(name)
            return fit(pipeline, frame, labels)

        monkeypatch.setattr(Pipeline, "fit", timed_fit)
        monkeypatch.setattr(comparison.time, "perf_counter", lambda: self.now)

    def __call__(self):
        return self.now


def customers(rows=200, columns=3, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(rows, columns)))
    frame.columns = [f"n{number}" for number in range(columns)]
    churned = frame["n0"].to_numpy() + rng.normal(size=rows) > 0.5
    return frame, churned, dict.fromkeys(frame, "number")


def test_what_takes_too_long_is_left_out_after_one_fit_and_named(monkeypatch):
    clock = Clock(monkeypatch, {"HistGradientBoostingClassifier": 30})
    frame, churned, kinds = customers()
    found = compare(
        frame, churned, kinds, ALGORITHMS, budget=TimeBudget(100, clock), later_rows=300
    )
    assert clock.fits.count("HistGradientBoostingClassifier") == 1
    assert "a fit took 30.0 s" in found.skipped["hist_gradient_boosting"]
    assert list(found.out_of_fold) == ["logistic_regression", "extra_trees"]
    assert clock.now < 100


def test_the_budget_is_exceeded_by_one_fit_at_most(monkeypatch):
    clock = Clock(monkeypatch, {"HistGradientBoostingClassifier": 1_000})
    found = compare(*customers(), ALGORITHMS, budget=TimeBudget(100, clock))
    assert clock.now == pytest.approx(1_000.5)
    assert found.skipped["extra_trees"] == "no time was left"


def test_a_fit_is_not_begun_where_one_of_its_class_has_taken_too_long(monkeypatch):
    clock = Clock(monkeypatch, {"HistGradientBoostingClassifier": 60})
    algorithms = (*ALGORITHMS, "fine_hist_gradient_boosting")
    found = compare(*customers(), algorithms, budget=TimeBudget(100, clock))
    assert clock.fits.count("HistGradientBoostingClassifier") == 1
    assert found.skipped["fine_hist_gradient_boosting"] == "no time was left"
    assert list(found.out_of_fold) == ["logistic_regression", "extra_trees"]
    assert clock.now < 100


def test_it_is_begun_where_it_may_end_in_time(monkeypatch):
    clock = Clock(monkeypatch, {"HistGradientBoostingClassifier": 40})
    algorithms = (*ALGORITHMS, "fine_hist_gradient_boosting")
    found = compare(*customers(), algorithms, budget=TimeBudget(100, clock))
    assert clock.fits.count("HistGradientBoostingClassifier") == 2
    assert "a fit took 40.0 s" in found.skipped["fine_hist_gradient_boosting"]
    assert clock.now < 100


def test_time_is_kept_for_fitting_what_was_compared(monkeypatch):
    clock = Clock(monkeypatch, {"LogisticRegression": 10})
    frame, churned, kinds = customers()
    # After a fold of 160 rows, four more and 400 rows are to come, by a guess with a
    # margin of a half: 10 + 1.5 * (40 + 25).
    enough, too_little = TimeBudget(110, clock), TimeBudget(100, clock)
    compare(frame, churned, kinds, ALGORITHMS[:1], budget=enough, later_rows=400)
    clock.now = 0.0
    with pytest.raises(TrainingError):
        compare(
            frame, churned, kinds, ALGORITHMS[:1], budget=too_little, later_rows=400
        )


def test_a_budget_too_short_for_anything_is_refused_with_a_remedy(monkeypatch):
    clock = Clock(monkeypatch, {"LogisticRegression": 60})
    with pytest.raises(TrainingError, match="budget of 50 s is too short.* give more"):
        compare(*customers(), ALGORITHMS, budget=TimeBudget(50, clock))
    assert clock.fits == ["LogisticRegression"]


def test_progress_tells_of_the_time_left():
    heard = []
    train(*customers(), "logistic_regression", time_budget=100, progress=heard.append)
    assert all(re.search(r"\(\d+ s, at most \d+ s left\)$", line) for line in heard)


@pytest.mark.alone
@pytest.mark.parametrize("seconds", [2, 6])
def test_a_budget_of_a_few_seconds_is_kept(seconds):
    started = time.monotonic()
    result = train(*customers(2_000, 30), time_budget=seconds)
    # The last fit that began within it, on a machine that does other things as well.
    assert time.monotonic() - started < seconds + 3
    assert result.evaluation.roc_auc > 0.6


@pytest.mark.slow(reason="trains on a table of 1,500 columns")
@pytest.mark.alone
def test_a_table_of_1500_columns_trains_within_the_budget():
    frame, churned, kinds = customers(2_000, 1_500)
    # A minute, on a machine that takes no more than two seconds for one fit of these.
    started = time.monotonic()
    build_pipeline("extra_trees", kinds).fit(frame, churned)
    budget = max(60, 30 * (time.monotonic() - started))
    started = time.monotonic()
    result = train(frame, churned, kinds, time_budget=budget)
    assert time.monotonic() - started < budget * 4 / 3
    assert result.evaluation.roc_auc > 0.6
    assert len(result.comparison.scores) >= 2
    assert "1,500 numbers" in result.comparison.skipped["spline_logistic_regression"]
    assert result.fitted_rows == 2_000
