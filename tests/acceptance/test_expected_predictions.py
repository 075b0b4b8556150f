"""Registering a model that does not read what its author has read."""

import csv
import pickle

import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

TABLE = 'odd."Odd ""Shop"""'
FEATURES = ["plan 100%", "n"]


@pytest.fixture
def shop(owner):
    """A table of a company's own; each test spoils something."""
    owner.run(f"""
        CREATE SCHEMA odd;
        CREATE TABLE {TABLE} (
            key varchar(9) PRIMARY KEY, "plan 100%" char(8), n integer, left_us boolean,
            predicted double precision, note text
        );
        CREATE TABLE odd.calls (client varchar(9));
        INSERT INTO {TABLE}
        SELECT 'c' || i, (ARRAY['gold', 'tin', NULL])[1 + i % 3], i % 13,
               i * i % 11 > 5
        FROM generate_series(1, 400) i;
        SELECT churn.attach('{TABLE}', 'key', 'odd.calls', 'client');
        """)
    return owner


def read(owner):
    """Return the table as psycopg2 gives it."""
    rows = owner.run(f'SELECT key, "plan 100%", n, left_us FROM {TABLE} ORDER BY key')
    return pd.DataFrame(rows, columns=["key", *FEATURES, "left_us"])


def fitted(frame):
    """Return a pipeline that was fitted on a frame."""
    pipeline = make_pipeline(
        make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), ["plan 100%"]),
            remainder="passthrough",
        ),
        LogisticRegression(),
    )
    return pipeline.fit(frame[FEATURES], frame["left_us"].astype(bool))


def written(folder, pipeline):
    """Return the name of a file that holds the pipeline."""
    file = folder / "model.pkl"
    file.write_bytes(pickle.dumps(pipeline))
    return str(file)


def predictions(folder, frame, pipeline, header=("key", "probability")):
    """Return the name of a CSV file of keys and probabilities."""
    file = folder / "predictions.csv"
    with open(file, "w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        if header:
            writer.writerow(header)
        probabilities = pipeline.predict_proba(frame[FEATURES])[:, 1].tolist()
        writer.writerows(zip(frame["key"], probabilities))
    return str(file)


@pytest.mark.parametrize("header", [("key", "probability"), ("id", "p"), None])
def test_probabilities_in_a_file_are_compared(shop, pgchurn, tmp_path, header):
    frame = read(shop)
    pipeline = fitted(frame)
    file = predictions(tmp_path, frame, pipeline, header)

    registered = pgchurn(
        "register", written(tmp_path, pipeline), "--table", TABLE, "--expected", file
    )

    assert registered["rows_expected"] == 400


def test_probabilities_in_a_column_are_compared(shop, pgchurn, tmp_path):
    frame = read(shop)
    pipeline = fitted(frame)
    for key, probability in zip(frame["key"], pipeline.predict_proba(frame[FEATURES])):
        shop.run(
            f"UPDATE {TABLE} SET predicted = %s WHERE key = %s",
            float(probability[1]),
            key,
        )
    shop.run(f"UPDATE {TABLE} SET predicted = NULL WHERE n = 3")
    register = ["register", written(tmp_path, pipeline), "--table", TABLE]

    registered = pgchurn(*register, "--expected", "predicted")
    assert registered["rows_expected"] == 400 - sum(frame["n"] == 3)

    shop.run(f"UPDATE {TABLE} SET predicted = predicted + 2e-9 WHERE key = 'c7'")
    refused = pgchurn(*register, "--expected", "predicted", status=1).err
    assert "other probabilities than expected in 1 of" in refused
    assert "  c7: 0." in refused
    assert "plan 100% 'tin     ', n 7.0" in refused


def test_a_model_fitted_on_trimmed_texts_is_refused_with_the_worst_rows(
    shop, pgchurn, tmp_path
):
    frame = read(shop)
    trimmed = frame.assign(**{"plan 100%": frame["plan 100%"].str.rstrip()})
    pipeline = fitted(trimmed)
    file = predictions(tmp_path, trimmed, pipeline)
    register = ["register", written(tmp_path, pipeline), "--table", TABLE]

    # By its unknown values, and where these are allowed by what is expected.
    refused = pgchurn(*register, status=1).err
    assert "'plan 100%'" in refused
    assert "values are unknown to its OneHotEncoder" in refused
    assert "'gold', 'tin'" in refused
    assert "'gold    '" in refused
    assert "--allow-unknown" in refused
    refused = pgchurn(*register, "--allow-unknown", "--expected", file, status=1).err
    assert "in 267 of 400 rows" in refused
    assert refused.count(" expected, 0.") == 5

    assert pgchurn(*register, "--allow-unknown")["version"]
    assert shop.value("SELECT count(*) FROM churn.models") == 1


@pytest.mark.parametrize(
    "content, said",
    [
        ("key,probability\nc1,0.5\nnobody,0.5\n", "1 of 2 keys to compare are not in"),
        ("key,probability\n", "holds no probability"),
        ("key,probability,more\nc1,high,1\n", "no key and probability in 'c1,high,1'"),
        ("id,p,more\nc1,0.5,x\n", "call two of them key and probability"),
        ("key,probability\nc1,nan\n", "c1: nan expected"),
    ],
)
def test_a_file_that_cannot_be_compared_is_refused(
    shop, pgchurn, tmp_path, content, said
):
    file = tmp_path / "wrong.csv"
    file.write_text(content, encoding="utf-8")
    model = written(tmp_path, fitted(read(shop)))

    refused = pgchurn(
        *("register", model, "--table", TABLE, "--expected", str(file)), status=1
    )

    assert said in refused.err


@pytest.mark.parametrize(
    "given, said",
    [
        ("nowhere.csv", "is no column of"),
        ("note", "is a text and no number"),
        ("predicted", "predicted holds no probability"),
    ],
)
def test_expectations_that_are_nowhere_are_refused(
    shop, pgchurn, tmp_path, given, said
):
    model = written(tmp_path, fitted(read(shop)))

    refused = pgchurn(
        "register", model, "--table", TABLE, "--expected", given, status=1
    )

    assert said in refused.err


def test_a_row_that_the_model_cannot_score_is_none_that_was_expected(
    shop, pgchurn, tmp_path
):
    frame = read(shop)
    pipeline = fitted(frame)
    file = predictions(tmp_path, frame, pipeline)
    shop.run(f"UPDATE {TABLE} SET n = NULL WHERE key = 'c9'")

    refused = pgchurn(
        *("register", written(tmp_path, pipeline), "--table", TABLE),
        *("--expected", file),
        status=1,
    )

    assert "c9: " in refused.err
    assert "none found" in refused.err
    assert "n null" in refused.err


def test_the_text_report_counts_what_was_compared(shop, pgchurn, tmp_path, capsys):
    from pgchurn.loader.models.reports import registration_report

    frame = read(shop)
    pipeline = fitted(frame)
    file = predictions(tmp_path, frame, pipeline)
    registered = pgchurn(
        "register", written(tmp_path, pipeline), "--table", TABLE, "--expected", file
    )

    assert "the 400 probabilities that were expected" in registration_report(registered)
