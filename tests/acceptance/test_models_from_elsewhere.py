"""A pipeline trained in pandas, brought as a file."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn import __version__
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import (
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tests.corpus import ATTACKS

TRADES = ("bakery", "bank", "barber")
# A pickle takes 10 ms for each row that it scores alone.
SCORED = 100


def company_frame(rows=300):
    """Return accounts as an analyst has them in pandas: mixed dtypes, some missing."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "seats": rng.integers(1, 50, rows),
            "revenue": rng.gamma(2, 500, rows).round(2),
            "trade": rng.choice(TRADES, rows),
            "on trial": rng.random(rows) < 0.3,
            "complaint_count": rng.poisson(1, rows),
        }
    )
    odds = frame["complaint_count"] + frame["on trial"] - frame["seats"] / 25
    labels = np.where(rng.random(rows) < 1 / (1 + np.exp(-odds)), "left", "stayed")
    frame.loc[::9, "revenue"] = np.nan
    frame.loc[::7, "trade"] = np.nan
    return frame, labels


def fitted(classifier):
    frame, labels = company_frame()
    numbers = make_column_selector(dtype_include=["number", "bool"])
    texts = make_column_selector(dtype_exclude=["number", "bool"])
    pipeline = make_pipeline(
        ColumnTransformer(
            [
                ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers),
                ("texts", OneHotEncoder(handle_unknown="ignore"), texts),
            ]
        ),
        classifier,
    )
    return pipeline.fit(frame, labels), frame[:SCORED]


def create_accounts(owner, frame):
    owner.run("""
        CREATE TABLE accounts (
            account text PRIMARY KEY, seats smallint, revenue numeric, trade varchar,
            "on trial" boolean
        );
        CREATE TABLE tickets (account text REFERENCES accounts);
        """)
    for number, row in enumerate(frame.itertuples(index=False)):
        account = f"account {number}"
        values = [None if pd.isna(value) else value for value in row]
        owner.run(
            "INSERT INTO accounts VALUES (%s, %s, %s, %s, %s)",
            account,
            *(v.item() if hasattr(v, "item") else v for v in values[:4]),
        )
        for _ in range(row.complaint_count):
            owner.run("INSERT INTO tickets VALUES (%s)", account)
    owner.run("SELECT churn.attach('accounts', 'account', 'tickets', 'account')")


@pytest.mark.parametrize("form", [(), ("--no-compile",)], ids=["compiled", "pickled"])
@pytest.mark.parametrize(
    "classifier",
    [LogisticRegression(), RandomForestClassifier(20, random_state=0)],
    ids=lambda classifier: type(classifier).__name__,
)
def test_a_pipeline_from_pandas_scores_the_same_everywhere(
    classifier, form, owner, pgchurn, tmp_path
):
    pipeline, frame = fitted(classifier)
    create_accounts(owner, frame)
    file = tmp_path / "model.pkl"
    file.write_bytes(pickle.dumps(pipeline))
    registered = pgchurn(
        "register", str(file), "--table", "accounts", "--positive-class", "left", *form
    )
    assert registered["rows_replayed"] == len(frame)
    assert (registered["parity"] is None) == bool(form)
    pgchurn("activate", str(registered["version"]))

    expected = pipeline.predict_proba(frame)[:, list(pipeline.classes_).index("left")]
    accounts = [f"account {number}" for number in range(len(frame))]
    by_key = dict(zip(accounts, expected.tolist()))
    selected = dict(owner.run("SELECT account, churn.score(a) FROM accounts a"))
    assert selected == pytest.approx(by_key, rel=0, abs=1e-9)
    predicted = dict(
        owner.run(
            "SELECT account, churn.predict(%s, to_jsonb(a)) FROM accounts a",
            registered["version"],
        )
    )
    assert predicted == pytest.approx(by_key, rel=0, abs=1e-9)

    owner.run("INSERT INTO tickets SELECT account FROM accounts")
    after = frame.assign(complaint_count=frame["complaint_count"] + 1)
    expected = pipeline.predict_proba(after)[:, list(pipeline.classes_).index("left")]
    stored = dict(owner.run("SELECT account, churn_score FROM accounts"))
    assert stored == pytest.approx(dict(zip(accounts, expected)), rel=0, abs=1e-9)
    assert pgchurn("verify", "--table", "accounts") == []


DROPPED = ["account", "since", "settings", "exported at"]
CHOOSING = {
    "pipeline": lambda pipeline: pipeline,
    "search": lambda pipeline: GridSearchCV(
        pipeline, {"logisticregression__C": [0.1, 1.0]}, cv=2
    ),
    "calibration": lambda pipeline: CalibratedClassifierCV(pipeline, cv=2),
    "vote": lambda pipeline: VotingClassifier([("one", pipeline)], voting="soft"),
    "stack": lambda pipeline: StackingClassifier([("one", pipeline)], cv=2),
}


@pytest.mark.slow(reason="registers pipelines of each kind")
@pytest.mark.parametrize("form", [(), ("--no-compile",)], ids=["compiled", "pickled"])
@pytest.mark.parametrize("choosing", CHOOSING)
def test_columns_that_a_pipeline_drops_are_not_demanded(
    choosing, form, owner, pgchurn, tmp_path
):
    frame, labels = company_frame()
    # As read from the table, with columns of which no feature is made.
    whole = frame.assign(
        account=[f"account {number}" for number in range(len(frame))],
        since=pd.Timestamp("2026-01-01"),
        settings=[{"seats": number} for number in range(len(frame))],
    )
    whole.insert(0, "exported at", pd.Timestamp("2026-06-01"))
    pipeline = make_pipeline(
        ColumnTransformer(
            [
                ("numbers", imputed_scaler(), ["seats", "revenue", "complaint_count"]),
                ("texts", OneHotEncoder(handle_unknown="ignore"), ["trade"]),
                ("none", "drop", ["since"]),
            ]
        ),
        LogisticRegression(),
    )
    model = CHOOSING[choosing](pipeline).fit(whole, labels)
    frame, whole = frame[:SCORED], whole[:SCORED]
    create_accounts(owner, frame)
    owner.run("ALTER TABLE accounts ADD since date, ADD settings jsonb")
    file = tmp_path / "model.pkl"
    file.write_bytes(pickle.dumps(model))

    registered = pgchurn(
        "register", str(file), "--table", "accounts", "--positive-class", "left", *form
    )

    assert sorted(registered["dropped_columns"]) == sorted([*DROPPED, "on trial"])
    assert registered["rows_replayed"] == len(frame)
    assert (registered["parity"] is None) == bool(form)
    pgchurn("activate", str(registered["version"]))
    expected = model.predict_proba(whole)[:, list(model.classes_).index("left")]
    selected = dict(owner.run("SELECT account, churn.score(a) FROM accounts a"))
    assert selected == pytest.approx(
        dict(zip(whole["account"], expected)), rel=0, abs=1e-9
    )


def imputed_scaler():
    return make_pipeline(SimpleImputer(), StandardScaler())


def written(model, file, how):
    """Write a model to a file as people do."""
    if how is None:
        file.write_bytes(pickle.dumps(model))
    else:
        joblib.dump(model, file, compress=how)


@pytest.mark.parametrize("how", [None, 0, 3, ("xz", 1)])
def test_the_best_estimator_of_a_search_is_taken(how, owner, pgchurn, tmp_path):
    frame, labels = company_frame()
    numbers = frame[["seats", "complaint_count"]].astype(float)
    values = {"C": [0.1, 1.0], "class_weight": [None, "balanced"]}
    search = GridSearchCV(LogisticRegression(), values, cv=StratifiedKFold(2))
    search.fit(numbers, labels == "left")
    create_accounts(owner, frame)
    file = tmp_path / "search.model"
    written(search, file, how)

    registered = pgchurn("register", str(file), "--table", "accounts")

    assert registered["best_of"] == ["GridSearchCV"]
    assert registered["parity"] < 1e-9
    (stored,) = owner.run("SELECT artifact FROM churn.models")[0]
    assert bytes(stored) == file.read_bytes()
    pgchurn("activate", str(registered["version"]))
    score = owner.value(
        "SELECT churn.score(a) FROM accounts a WHERE account = 'account 3'"
    )
    assert score == pytest.approx(search.predict_proba(numbers[3:4])[0, 1], abs=1e-9)


@pytest.mark.slow(reason="registers files of joblib")
@pytest.mark.parametrize("how", [0, 3])
def test_a_file_of_joblibs_scores_from_itself(how, owner, pgchurn, tmp_path):
    pipeline, frame = fitted(RandomForestClassifier(5, max_depth=4, random_state=0))
    create_accounts(owner, frame)
    file = tmp_path / "model.joblib"
    written(pipeline, file, how)
    registered = pgchurn(
        "register",
        *(str(file), "--table", "accounts", "--positive-class", "left"),
        "--no-compile",
    )
    pgchurn("activate", str(registered["version"]))

    expected = pipeline.predict_proba(frame)[:, list(pipeline.classes_).index("left")]
    scores = dict(owner.run("SELECT account, churn.score(a) FROM accounts a"))
    by_key = {f"account {n}": value for n, value in enumerate(expected)}
    assert scores == pytest.approx(by_key, rel=0, abs=1e-9)


def test_a_search_without_its_best_estimator_is_refused(owner, pgchurn, tmp_path):
    frame, labels = company_frame()
    search = GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=2, refit=False)
    search.fit(frame[["seats"]].to_numpy(float), labels == "left")
    file = tmp_path / "search.pkl"
    file.write_bytes(pickle.dumps(search))

    said = pgchurn("register", str(file), status=1).err

    assert "fitted with refit=False" in said and "best_params_" in said


@pytest.mark.parametrize("form", [(), ("--no-compile",)], ids=["compiled", "pickled"])
@pytest.mark.parametrize("missing", [None, np.nan], ids=str)
def test_a_matrix_may_have_texts_among_its_numbers(
    missing, form, owner, pgchurn, tmp_path
):
    frame, labels = company_frame()
    columns = ["seats", "trade", "revenue", "on trial", "complaint_count"]
    texts = frame["trade"].astype(object)
    frame["trade"] = texts.where(texts.notna(), missing)
    matrix = frame[columns].to_numpy()
    pipeline = make_pipeline(
        ColumnTransformer(
            [
                ("texts", OneHotEncoder(handle_unknown="ignore"), [1]),
                ("numbers", imputed_scaler(), [0, 2]),
            ],
            remainder="passthrough",
        ),
        LogisticRegression(),
    ).fit(matrix, labels)
    create_accounts(owner, frame)
    file = tmp_path / "matrix.pkl"
    file.write_bytes(pickle.dumps(pipeline))

    registered = pgchurn(
        *("register", str(file), "--table", "accounts", "--positive-class", "left"),
        *("--features", *columns, *form),
    )

    assert registered["rows_replayed"] == len(frame)
    assert (registered["parity"] is None) == bool(form)
    pgchurn("activate", str(registered["version"]))
    expected = pipeline.predict_proba(matrix)[:, list(pipeline.classes_).index("left")]
    accounts = [f"account {number}" for number in range(len(frame))]
    selected = dict(owner.run("SELECT account, churn.score(a) FROM accounts a"))
    assert selected == pytest.approx(dict(zip(accounts, expected)), rel=0, abs=1e-9)


def test_a_model_fitted_on_a_matrix_is_told_its_features(owner, pgchurn, tmp_path):
    frame, labels = company_frame()
    matrix = frame[["seats", "complaint_count"]].to_numpy(float)
    model = LogisticRegression().fit(matrix, labels == "left")
    create_accounts(owner, frame)
    file = tmp_path / "matrix.pkl"
    file.write_bytes(pickle.dumps(model))
    refused = pgchurn("register", str(file), "--table", "accounts", status=1)
    assert "--features" in refused.err
    registered = pgchurn(
        "register",
        str(file),
        "--table",
        "accounts",
        "--features",
        "seats",
        "complaint_count",
    )
    pgchurn("activate", str(registered["version"]))
    score = owner.value(
        "SELECT churn.score(a) FROM accounts a WHERE account = 'account 3'"
    )
    assert score == pytest.approx(model.predict_proba(matrix[3:4])[0, 1], abs=1e-9)


def test_a_model_that_is_brought_says_until_when_its_data_was_known(
    owner, pgchurn, tmp_path
):
    pipeline, frame = fitted(LogisticRegression())
    create_accounts(owner, frame)
    path = tmp_path / "churn.pkl"
    path.write_bytes(pickle.dumps(pipeline))
    register = ["register", str(path), "--table", "accounts"]
    register += ["--positive-class", "left"]

    said = pgchurn(*register, "--trained-until", "2025-06-30T22:00:00+00:00")
    unsaid = pgchurn(*register)
    tomorrow = pgchurn(*register, "--trained-until", "2999-01-01T00:00Z", status=1)

    assert [
        pgchurn("show", str(one["version"]))["provenance"]["trained_until"]
        for one in (said, unsaid)
    ] == ["2025-06-30T22:00:00+00:00", None]
    assert "Nothing is known of the future yet." in tomorrow.err


@pytest.mark.parametrize(
    "content, said",
    [
        (b"no pickle", "cannot be unpickled"),
        (ATTACKS["call of os.system"](), "The name os.system is not permitted."),
        (ATTACKS["opcode INST"](), "The opcode INST at position"),
        (
            ATTACKS["another version of scikit-learn"](),
            f"pickled under scikit-learn 1.0.0, and here is {__version__}. Train it "
            "again under this version.",
        ),
        (ATTACKS["tree child 2e9"](), "children of a DecisionTreeClassifier"),
        (pickle.dumps({"not": "a model"}), "not a fitted classifier"),
    ],
)
def test_a_file_that_holds_no_classifier_is_refused(
    content, said, owner, pgchurn, tmp_path
):
    file = tmp_path / "model.pkl"
    file.write_bytes(content)
    assert said in pgchurn("register", str(file), status=1).err
    assert pgchurn("models") == []


def test_a_model_whose_features_are_not_in_the_table_is_refused_by_name(
    owner, pgchurn, tmp_path
):
    pipeline, _ = fitted(LogisticRegression())
    file = tmp_path / "model.pkl"
    file.write_bytes(pickle.dumps(pipeline))
    refused = pgchurn("register", str(file), "--table", "churn.customers", status=1)
    assert "'seats'" in refused.err and "'on trial'" in refused.err


def test_a_missing_file_is_refused(pgchurn):
    assert "cannot read" in pgchurn("register", "/nowhere.pkl", status=1).err
