"""How the stream of outcomes is cut into batches."""

import itertools
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.models.linear_heads import LinearHead
from pgchurn.loader.models.outcome_batches import LoggedOutcome, cut_into_batches
from pgchurn.plpython.runtime.signature import Feature, Signature
from scipy.special import expit
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SIGNATURE = Signature(
    (Feature("age", "number", False), Feature("plan", "text", True)),
    (False, True),
    1,
    True,
)
START = datetime(2026, 1, 1, tzinfo=UTC)


def row(number, features='{"age": 30, "plan": "a"}', digest="d", **changed):
    at = START + timedelta(days=number)
    outcome = LoggedOutcome(at, digest, features, False, False)
    return outcome._replace(**changed)


def sizes(rows, size=10):
    batches = list(cut_into_batches(iter(rows), SIGNATURE, size))
    return [(len(one), one.left_out) for one in batches]


def test_what_is_left_over_waits():
    assert sizes(row(number) for number in range(25)) == [(10, 0), (10, 0)]
    assert sizes([]) == []


def test_rows_of_one_place_stay_together():
    rows = [row(number // 4) for number in range(20)]

    first, *others = cut_into_batches(iter(rows), SIGNATURE, 10)

    assert (len(first), others) == (12, [])
    assert first.last == (START + timedelta(days=2), "d")


@pytest.mark.parametrize(
    "changed",
    [
        {"acted_upon": True},
        {"features": '{"plan": "a"}'},
        {"features": '{"age": null, "plan": "a"}'},
        {"features": '{"age": "old", "plan": "a"}'},
        {"features": '{"age": [1], "plan": "a"}'},
        {"features": '{"age": 30, "plan": 7}'},
    ],
)
def test_whom_nobody_can_learn_from_is_left_out_and_counted(changed):
    rows = [row(n, **(changed if n % 3 == 0 else {})) for n in range(30)]

    assert sizes(rows) == [(10, 5), (10, 5)]
    assert sizes(row(number, **changed) for number in range(30)) == []


def test_what_is_null_where_that_is_accepted_is_learned():
    assert sizes(row(n, '{"age": 30, "plan": null}') for n in range(10)) == [(10, 0)]


def test_numbers_are_learned_as_the_ends_of_the_references_range():
    ages = ["-1e300", "20", "30", "1e300", '"Infinity"', '"-Infinity"']
    rows = [row(n, f'{{"age": {age}, "plan": "a"}}') for n, age in enumerate(ages)]
    (batch,) = cut_into_batches(iter(rows), SIGNATURE, len(ages))
    reference = {"features": {"age": {"min": 18.0, "max": 90.0}}}

    clipped = batch.clipped(reference, SIGNATURE)

    assert clipped["age"].tolist() == [18, 20, 30, 90, 90, 18]
    assert np.isinf(batch.columns["age"]).sum() == 2


def test_the_digest_is_that_of_features_and_outcomes_in_their_order():
    def digest(*rows):
        (batch,) = cut_into_batches(iter(rows), SIGNATURE, len(rows))
        return batch.digest

    one, other = row(1), row(2, '{"age": 40, "plan": "b"}')
    found = {
        digest(one, other),
        digest(one._replace(left=True), other),
        digest(one, other._replace(left=True)),
    }
    assert len(found) == 3
    assert digest(one, other) == digest(one, other._replace(digest="e"))


def test_heads_are_found_and_moved_wherever_they_stand():
    random = np.random.default_rng(0)
    rows = random.standard_normal((200, 2)) * 5 + 3
    labels = rows[:, 0] + random.standard_normal(200) > 3
    heads = (
        LogisticRegression(),
        LogisticRegressionCV(
            l1_ratios=(0,), use_legacy_attributes=False, scoring="neg_log_loss"
        ),
        SGDClassifier(loss="log_loss", random_state=0),
    )
    for head, wrapped in itertools.product(heads, (False, True)):
        model = make_pipeline(StandardScaler(), head) if wrapped else head
        model.fit(rows, labels)
        found = LinearHead.of(model)
        inputs = found.inputs(rows)
        assert inputs @ found.weights == pytest.approx(model.decision_function(rows))

        found.replace(found.weights + [1, 0, -2])

        moved = inputs @ found.weights
        assert model.decision_function(rows) == pytest.approx(moved)
        assert model.predict_proba(rows)[:, 1] == pytest.approx(expit(moved))


@pytest.mark.parametrize(
    "model, told",
    [
        (
            RandomForestClassifier(n_estimators=2),
            "^RandomForestClassifier does",
        ),
        (
            SGDClassifier(loss="modified_huber"),
            "^SGDClassifier of loss 'modified_h",
        ),
    ],
)
def test_what_has_none_is_refused_by_name_with_those_that_can(model, told):
    rows = np.random.default_rng(0).standard_normal((50, 2))
    model.fit(rows, rows[:, 0] > 0)

    with pytest.raises(LoaderError, match=told) as refused:
        LinearHead.of(make_pipeline(StandardScaler(), model).fit(rows, rows[:, 0] > 0))

    assert "LogisticRegression, LogisticRegressionCV and SGD" in str(refused.value)


def test_more_weights_than_are_learned_are_refused():
    rows = np.random.default_rng(0).standard_normal((20, 1_000))
    model = LogisticRegression().fit(rows, rows[:, 0] > 0)

    with pytest.raises(LoaderError, match="has 1,001 weights"):
        LinearHead.of(model)
