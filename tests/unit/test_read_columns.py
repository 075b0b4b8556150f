"""Columns that a classifier was fitted on and reads, and those that it drops."""

import pandas as pd
import pytest
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.models.reports import dropped_columns_report
from pgchurn.loader.models.signature import (
    dropped_columns,
    feature_names,
    signature_without_table,
)
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import OneHotEncoder, StandardScaler

FRAME = pd.DataFrame(
    {
        "key": ["a", "b", "c", "d"] * 5,
        "age": range(20),
        "since": pd.Timestamp("2026-01-01"),
        "plan": ["basic", "full"] * 10,
        "calls": [*range(10)] * 2,
    }
)
LABELS = [0, 1, 1, 0] * 5
TEXTS = OneHotEncoder(handle_unknown="ignore")


def choosing(*branches, remainder="drop"):
    """Return an unfitted pipeline of a transformer by columns."""
    named = [(str(i), *branch) for i, branch in enumerate(branches)]
    return make_pipeline(
        ColumnTransformer(named, remainder=remainder), LogisticRegression()
    )


def of_age_and_plan():
    return choosing((StandardScaler(), ["age"]), (TEXTS, ["plan"]))


AGE_AND_PLAN = ["age", "plan"]
READ = {
    "by a pipeline": (of_age_and_plan, AGE_AND_PLAN),
    "by a search": (
        lambda: GridSearchCV(of_age_and_plan(), {"logisticregression__C": [1.0]}, cv=2),
        AGE_AND_PLAN,
    ),
    "by calibration": (
        lambda: CalibratedClassifierCV(of_age_and_plan(), cv=2),
        AGE_AND_PLAN,
    ),
    "by members of a vote": (
        lambda: VotingClassifier(
            [
                ("one", choosing((StandardScaler(), ["age"]))),
                ("other", choosing((StandardScaler(), ["calls"]))),
            ]
        ),
        ["age", "calls"],
    ),
    "by members of a stack": (
        lambda: StackingClassifier([("one", of_age_and_plan())], cv=2),
        AGE_AND_PLAN,
    ),
    "by branches of a branch": (
        lambda: choosing(
            (ColumnTransformer([("one", TEXTS, ["plan"])]), ["key", "plan"]),
            ("passthrough", ["calls"]),
            ("drop", ["age"]),
        ),
        ["plan", "calls"],
    ),
    "side by side": (
        lambda: make_pipeline(
            make_union(
                ColumnTransformer([("one", TEXTS, ["plan"])]),
                ColumnTransformer([("one", StandardScaler(), ["age"])]),
            ),
            LogisticRegression(),
        ),
        AGE_AND_PLAN,
    ),
}


@pytest.mark.parametrize("name", READ)
def test_only_what_is_read_is_a_feature(name):
    make, wanted = READ[name]
    model = make().fit(FRAME, LABELS)

    assert feature_names(model, ()) == wanted
    assert dropped_columns(model) == [name for name in FRAME if name not in wanted]


@pytest.mark.parametrize(
    "model",
    [
        choosing((StandardScaler(), ["age"]), remainder="passthrough"),
        make_pipeline(StandardScaler(), LogisticRegression()),
        StackingClassifier(
            [("one", choosing((StandardScaler(), ["age"])))], passthrough=True, cv=2
        ),
    ],
    ids=["passed on", "scaled", "passed on by a stack"],
)
def test_what_is_passed_on_is_read(model):
    numbers = FRAME[["age", "calls"]]

    model.fit(numbers, LABELS)

    assert feature_names(model, ()) == ["age", "calls"]
    assert dropped_columns(model) == []


def test_a_model_without_names_drops_none():
    model = LogisticRegression().fit(FRAME[["age", "calls"]].to_numpy(), LABELS)

    assert feature_names(model, ["age", "calls"]) == ["age", "calls"]
    assert dropped_columns(model) == []


def test_a_signer_states_only_what_is_read_and_knows_which_are_texts():
    model = of_age_and_plan().fit(FRAME, LABELS)

    features = signature_without_table(model, (), None).features

    assert [(one.name, one.kind) for one in features] == [
        ("age", "number"),
        ("plan", "text"),
    ]


def test_features_may_be_named_with_or_without_what_is_dropped():
    model = of_age_and_plan().fit(FRAME, LABELS)

    assert feature_names(model, [*FRAME]) == AGE_AND_PLAN
    assert feature_names(model, AGE_AND_PLAN) == AGE_AND_PLAN
    with pytest.raises(LoaderError, match="leave --features out"):
        feature_names(model, ["plan", "age"])


def test_the_report_names_what_is_dropped():
    assert dropped_columns_report({"dropped_columns": []}) == ""
    said = dropped_columns_report({"dropped_columns": ["since", "key"]})
    assert said == "It drops, and does not need, 'key', 'since'.\n"
