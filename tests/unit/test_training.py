import json
import math

import numpy as np
import pandas as pd
import pytest
from pgchurn.loader.errors import TrainingError
from pgchurn.loader.models import training
from pgchurn.loader.models.algorithms import COMPARED
from pgchurn.loader.models.comparison import compare
from pgchurn.loader.models.evaluation import choose_threshold, evaluate, predicted
from pgchurn.loader.models.labels import encode_labels
from pgchurn.loader.models.outcomes import Outcomes
from pgchurn.loader.models.pipelines import as_features
from pgchurn.loader.models.time_budget import TimeBudget
from pgchurn.loader.models.training import split, train
from pgchurn.loader.models.usable_features import unusable_text
from sklearn.ensemble import StackingClassifier
from sklearn.metrics import f1_score
from sklearn.pipeline import Pipeline

KINDS = {"complaint_count": "number", "paperless": "boolean", "contract": "text"}


def customers(rows=400, seed=0):
    """Return features, and churn that complaints and contract bring about."""
    rng = np.random.default_rng(seed)
    complaint_count = rng.poisson(0.7, rows)
    contract = rng.choice(np.array(["monthly", "yearly"], dtype=object), rows)
    log_odds = -1.5 + 1.5 * complaint_count - 1.0 * (contract == "yearly")
    churned = rng.random(rows) < 1 / (1 + np.exp(-log_odds))
    frame = pd.DataFrame(
        {
            "customer_name": [f"customer {number}" for number in range(rows)],
            "complaint_count": complaint_count,
            "paperless": rng.random(rows) < 0.5,
            "contract": contract,
        }
    )
    return frame, churned


@pytest.fixture(scope="module")
def result():
    """Return a model trained with the algorithm left to choose."""
    return train(*customers(), KINDS)


class FixedPipeline:
    """A fitted classifier of given probabilities, to check arithmetic by hand."""

    def __init__(self, probabilities, classes=(False, True)):
        self.probabilities = np.array(probabilities)
        self.classes_ = np.array(classes)

    def predict_proba(self, frame):
        return np.column_stack([1 - self.probabilities, self.probabilities])


def test_training_compares_algorithms_and_takes_the_average_that_does_best(result):
    losses = {score.algorithm: score.log_loss for score in result.comparison.scores}
    assert tuple(losses) == COMPARED
    assert result.comparison.best == min(losses, key=lambda name: losses[name].mean)
    average = result.recipe.average
    assert average.log_loss <= min(member.log_loss for member in average.members)
    assert sum(member.weight for member in average.members) == pytest.approx(1)
    assert {member.algorithm for member in average.members} <= set(COMPARED)
    assert all(loss.std > 0 for loss in losses.values())


def test_the_model_is_better_than_knowing_nothing(result):
    share = result.evaluation.positive_share
    base_rate_log_loss = -(share * math.log(share) + (1 - share) * math.log(1 - share))
    assert result.evaluation.log_loss < base_rate_log_loss
    assert result.evaluation.roc_auc > 0.7


def test_what_is_evaluated_has_not_seen_the_rows_it_is_evaluated_on(result):
    frame, churned = customers()
    rows = as_features(frame, result.features)
    train_rows, test_rows, train_labels, test_labels = split(rows, churned)
    again = evaluate(result.evaluated, test_rows, test_labels, result.threshold)
    assert again == result.evaluation
    positive, probabilities = predicted(result.evaluated, test_rows, test_labels)
    recorded = Outcomes.of_rows(probabilities, positive)
    assert recorded.as_dict() == result.held_out.as_dict()
    refitted = result.recipe.fit(train_rows, train_labels)
    assert np.array_equal(
        refitted.predict_proba(rows), result.evaluated.predict_proba(rows)
    )
    assert result.evaluation.rows == 80
    assert result.train_rows == 320


def test_the_model_returned_is_the_same_fitted_again_on_all_rows(result):
    frame, churned = customers()
    rows = as_features(frame, result.features)
    again = result.recipe.fit(rows, churned).predict_proba(rows)
    assert np.array_equal(again, result.pipeline.predict_proba(rows))
    assert not np.array_equal(again, result.evaluated.predict_proba(rows))
    assert result.fitted_rows == 400


def test_without_time_to_fit_again_the_model_is_the_one_evaluated(monkeypatch):
    now = [0.0]

    def evaluate_for_long(*arguments):
        now[0] = 1_000.0
        return evaluate(*arguments)

    budget = TimeBudget(500, clock=lambda: now[0])
    monkeypatch.setattr(training, "TimeBudget", lambda seconds: budget)
    monkeypatch.setattr(training, "evaluate", evaluate_for_long)
    result = train(*customers(), KINDS, "logistic_regression")
    assert result.pipeline is result.evaluated
    assert (result.train_rows, result.fitted_rows) == (320, 320)


def test_the_test_part_has_no_say_in_the_model(result, monkeypatch):
    def split_with_wrong_test_labels(*arguments):
        train_rows, test_rows, train_labels, test_labels = split(*arguments)
        return train_rows, test_rows, train_labels, ~test_labels

    monkeypatch.setattr(training, "split", split_with_wrong_test_labels)
    frame, churned = customers()
    misled = train(frame, churned, KINDS)
    rows = as_features(frame, KINDS)
    assert misled.algorithm == result.algorithm
    assert misled.threshold == result.threshold
    assert np.array_equal(
        misled.evaluated.predict_proba(rows), result.evaluated.predict_proba(rows)
    )
    assert misled.evaluation.roc_auc == pytest.approx(1 - result.evaluation.roc_auc)


def test_training_again_gives_the_same_model(result):
    frame, churned = customers()
    again = train(frame, churned, KINDS)
    rows = as_features(frame, KINDS)
    assert again.evaluation == result.evaluation
    assert np.array_equal(
        again.pipeline.predict_proba(rows), result.pipeline.predict_proba(rows)
    )


def test_the_result_goes_through_json_unchanged(result):
    described = result.as_dict()
    assert json.loads(json.dumps(described, allow_nan=False)) == described
    assert described["positive_class"] is True
    assert described["evaluation"]["rows"] == 80


def test_a_named_algorithm_is_the_only_one_tried():
    result = train(*customers(), KINDS, "random_forest")
    assert result.algorithm == "random_forest"
    assert [score.algorithm for score in result.comparison.scores] == ["random_forest"]


def test_an_unknown_algorithm_is_refused_with_those_known():
    with pytest.raises(ValueError, match="'oracle'; use auto or .*random_forest"):
        train(*customers(), KINDS, "oracle")


def test_progress_hears_of_every_fold_and_of_the_fit():
    heard = []
    train(*customers(), KINDS, "logistic_regression", progress=heard.append)
    assert [line.rpartition(" (")[0] for line in heard] == [
        *(f"logistic_regression: fold {number} of 5" for number in range(1, 6)),
        "fitting logistic_regression on 320 rows",
        "fitting logistic_regression on 400 rows",
    ]


def test_a_named_algorithm_is_a_pipeline_of_its_own_unless_it_needs_mending():
    result = train(*customers(), KINDS, "gradient_boosting")
    assert result.recipe.calibration.weights()["gradient_boosting"] < 0.9
    assert isinstance(result.pipeline, StackingClassifier)
    result = train(*customers(2_000), KINDS, "logistic_regression")
    assert result.recipe.calibration.weights() is None
    assert isinstance(result.pipeline, Pipeline)


def test_features_keep_their_order_and_identifiers_are_left_out():
    kinds = {"contract": "text", "customer_name": "text", "complaint_count": "number"}
    result = train(*customers(), kinds, "logistic_regression")
    assert list(result.features) == ["contract", "complaint_count"]
    assert list(result.pipeline.feature_names_in_) == ["contract", "complaint_count"]
    assert "400 distinct values in 400 rows" in result.left_out["customer_name"]


@pytest.mark.parametrize(
    "relabel, classes",
    [
        (lambda churned: churned.tolist(), (False, True)),
        (lambda churned: pd.Series(churned, dtype="boolean"), (False, True)),
        (lambda churned: churned.astype(int), (0, 1)),
        (lambda churned: churned.astype(float), (0, 1)),
        (lambda churned: np.where(churned, "left", "active"), ("active", "left")),
        (lambda churned: pd.Series(np.where(churned, "yes", "no")), ("no", "yes")),
    ],
    ids=["bool", "nullable bool", "int", "float", "array of text", "series of text"],
)
def test_labels_may_be_bool_zero_and_one_or_two_texts(relabel, classes):
    frame, churned = customers()
    expected = train(frame, churned, KINDS, "logistic_regression")
    result = train(frame, relabel(churned), KINDS, "logistic_regression")
    assert result.classes == classes
    assert [type(label) for label in result.classes] == [type(one) for one in classes]
    assert result.positive_class == classes[1]
    assert result.evaluation == expected.evaluation
    json.dumps(result.as_dict())


def test_labels_are_matched_by_position_whatever_the_index():
    frame, churned = customers()
    expected = train(frame, churned, KINDS, "logistic_regression")
    shuffled = frame.set_index(np.arange(400)[::-1])
    result = train(shuffled, pd.Series(churned), KINDS, "logistic_regression")
    assert result.evaluation == expected.evaluation


@pytest.mark.parametrize(
    "labels, message",
    [
        ([], "no rows to train on"),
        ([True] * 40, "every label is True; train on customers who left and"),
        (["a", "b", "c"] * 10, "3 different labels .*; use a label column"),
        ([1, 2] * 20, "the labels are 1, 2; use true and false"),
        ([True, False, None] * 10, "10 rows have no label; train only on"),
        ([True] * 3 + [False] * 37, "too few rows are labelled True: 3, .*gather more"),
    ],
    ids=["none", "one class", "three classes", "1 and 2", "missing", "too few"],
)
def test_labels_that_cannot_be_trained_on_are_refused_with_a_remedy(labels, message):
    frame, _ = customers(rows=len(labels))
    with pytest.raises(TrainingError, match=message):
        train(frame, labels, KINDS)


@pytest.mark.parametrize("kinds", [{}, {"customer_name": "text"}, {"same": "number"}])
def test_without_a_usable_feature_there_is_no_training(kinds):
    frame, churned = customers()
    with pytest.raises(TrainingError, match="no usable features.*; add numbers"):
        train(frame.assign(same=1.0), churned, kinds)


def test_a_feature_that_is_no_column_is_refused_by_name():
    with pytest.raises(TrainingError, match="no such column: shoe_size"):
        train(*customers(), {**KINDS, "shoe_size": "number"})


def test_infinite_values_are_refused_by_name():
    frame, churned = customers()
    frame["ratio"] = np.inf
    with pytest.raises(TrainingError, match="'ratio' holds infinite values"):
        train(frame, churned, {**KINDS, "ratio": "number"})


def test_text_given_as_a_number_is_refused_by_name():
    with pytest.raises(TrainingError, match="'contract' is not a number"):
        train(*customers(), {**KINDS, "contract": "number"})


def test_both_parts_of_a_split_have_the_same_share_of_churners():
    frame = pd.DataFrame({"row": range(1000)})
    labels = np.array([True] * 100 + [False] * 900)
    train_frame, test_frame, train_labels, test_labels = split(frame, labels)
    assert train_labels.mean() == test_labels.mean() == 0.1
    assert sorted([*train_frame["row"], *test_frame["row"]]) == list(range(1000))


def test_a_class_too_rare_for_both_parts_is_refused():
    labels = np.array([True] * 2 + [False] * 998)
    with pytest.raises(TrainingError, match="too rare"):
        split(pd.DataFrame({"row": range(1000)}), labels)


def test_there_are_no_more_folds_than_rows_of_the_rarer_class():
    frame, _ = customers(rows=60)
    labels = np.array([True] * 3 + [False] * 57)
    rows = as_features(frame, KINDS)
    comparison = compare(rows, labels, KINDS, ["logistic_regression"])
    assert comparison.folds == 3


def test_one_row_of_a_class_is_too_few_to_compare_on():
    frame, _ = customers(rows=60)
    labels = np.array([True] + [False] * 59)
    with pytest.raises(TrainingError, match="too few rows are labelled True: 1,"):
        compare(as_features(frame, KINDS), labels, KINDS)


def test_many_rows_are_compared_on_a_sample_and_the_result_says_so():
    frame, churned = customers()
    rows = as_features(frame, KINDS)
    whole = compare(rows, churned, KINDS, ["logistic_regression"])
    sample = compare(rows, churned, KINDS, ["logistic_regression"], max_rows=100)
    assert (whole.rows, whole.sampled) == (400, False)
    assert (sample.rows, sample.rows_available, sample.sampled) == (100, 400, True)
    assert sample.positive.mean() == pytest.approx(churned.mean(), abs=0.01)


def test_out_of_fold_probabilities_come_from_models_that_did_not_see_the_row():
    rng = np.random.default_rng(0)
    noise = pd.DataFrame({"noise": rng.normal(size=400)})
    labels = rng.random(400) < 0.5
    comparison = compare(noise, labels, {"noise": "number"}, ["hist_gradient_boosting"])
    # Fitted and scored on the same rows, this model tells noise apart with an AUC
    # of over 0.9.
    assert comparison.scores[0].roc_auc.mean < 0.65
    predicted = comparison.out_of_fold["hist_gradient_boosting"] > 0.5
    assert (predicted == labels).mean() < 0.65


def test_no_other_threshold_has_a_higher_f1_score():
    rng = np.random.default_rng(0)
    positive = rng.random(300) < 0.3
    probabilities = (0.3 * positive + rng.random(300)) / 1.3
    threshold = choose_threshold(positive, probabilities)
    best = f1_score(positive, probabilities >= threshold)
    others = [f1_score(positive, probabilities >= other) for other in probabilities]
    assert best == max(others)


def test_a_perfect_ranking_is_cut_where_the_classes_part():
    assert choose_threshold([False, False, True, True], [0.1, 0.2, 0.3, 0.9]) == 0.3


def test_evaluation_agrees_with_sums_done_by_hand():
    labels = np.array([False, False, True, True])
    pipeline = FixedPipeline([0.1, 0.6, 0.4, 0.8])
    evaluation = evaluate(pipeline, pd.DataFrame(index=range(4)), labels, 0.5)
    assert (evaluation.tn, evaluation.fp) == (1, 1)
    assert (evaluation.fn, evaluation.tp) == (1, 1)
    assert evaluation.roc_auc == 0.75
    assert evaluation.average_precision == pytest.approx((1 + 2 / 3) / 2)
    expected_brier = (0.1**2 + 0.6**2 + 0.6**2 + 0.2**2) / 4
    assert evaluation.brier_score == pytest.approx(expected_brier)
    expected_log_loss = -math.log(0.9 * 0.4 * 0.4 * 0.8) / 4
    assert evaluation.log_loss == pytest.approx(expected_log_loss)
    assert (evaluation.rows, evaluation.positive_share) == (4, 0.5)


def test_a_probability_at_the_threshold_counts_as_positive():
    pipeline = FixedPipeline([0.2, 0.5], classes=("stayed", "went"))
    labels = ["stayed", "went"]
    evaluation = evaluate(pipeline, pd.DataFrame(index=range(2)), labels, 0.5)
    assert (evaluation.tn, evaluation.tp) == (1, 1)


@pytest.mark.parametrize("labels", [[True, True], ["yes", "no"]])
def test_rows_without_both_of_the_models_classes_cannot_be_evaluated_on(labels):
    pipeline = FixedPipeline([0.2, 0.5])
    with pytest.raises(TrainingError, match="evaluate on rows of both classes"):
        evaluate(pipeline, pd.DataFrame(index=range(2)), labels, 0.5)


@pytest.mark.parametrize(
    "values, reason",
    [
        ([f"customer {n}" for n in range(60)], "identifies customers"),
        (["short", "x" * 1_001] * 30, "more than 1,000 characters"),
        ([f"city {n % 1001}" for n in range(5000)], "too many to be categories"),
        ([f"tariff {n % 20}" for n in range(30)], None),
        ([f"town {n % 200}" for n in range(5000)], None),
        ([None] * 10, None),
    ],
    ids=[
        "names",
        "long texts",
        "many cities",
        "few rows of few values",
        "towns",
        "all null",
    ],
)
def test_a_text_column_that_is_no_category_is_told_apart(values, reason):
    found = unusable_text(pd.Series(values, dtype=object))
    assert found is None if reason is None else reason in found


def test_nulls_do_not_make_an_identifier_look_like_a_category():
    values = [f"customer {n}" for n in range(60)] + [None] * 1000
    assert unusable_text(pd.Series(values, dtype=object)) is not None


def test_labels_keep_their_type():
    assert encode_labels([True, False]).dtype == bool
    assert encode_labels([1, 0]).dtype == "int64"
    assert encode_labels(["yes", "no"]).tolist() == ["yes", "no"]
