"""Models of XGBoost, LightGBM and CatBoost, brought in their own forms."""

import csv
import pickle

import pandas as pd
import pytest

from tests.legitimate import fitted
from tests.legitimate.boosters import (
    FILES,
    FOLDER,
    classifier,
    content_of,
    expected,
    preprocessing,
    probabilities_of,
    rows_of,
)
from tests.signers import KEY, private_pem, public_pem

# What XGBoost's own probabilities are rounded by.
TOLERANCE = 1e-6
TABLE = 'odd."Odd ""Shop"""'
ENCODED = "xgboost-encoded.json"


@pytest.fixture
def shop(owner):
    """A company's own table; what it holds is up to the test."""
    owner.run(f"""
        CREATE SCHEMA odd;
        CREATE TABLE {TABLE} (
            key varchar(9) PRIMARY KEY, age smallint, contract varchar,
            charges numeric, paperless boolean, channel text, usage float8
        );
        CREATE TABLE odd.calls (client varchar(9));
        SELECT churn.attach('{TABLE}', 'key', 'odd.calls', 'client');
        """)
    return owner


def fill(owner, file):
    """Let the table hold the rows whose probabilities a file's library gave."""
    rows = rows_of(file)
    owner.run(f"TRUNCATE odd.calls; TRUNCATE {TABLE}")
    names = [name for name in rows if name != "complaint_count"]
    values = ", ".join(["%s"] * (len(names) + 1))
    for number, row in enumerate(rows.to_dict("records")):
        given = [None if pd.isna(row[name]) else row[name] for name in names]
        given = [bool(one) if n == "paperless" else one for n, one in zip(names, given)]
        key = f"c{number}"
        owner.run(
            f"INSERT INTO {TABLE} (key, {', '.join(names)}) VALUES ({values})",
            *(key, *given),
        )
        for _ in range(int(row["complaint_count"])):
            owner.run("INSERT INTO odd.calls VALUES (%s)", key)


def predictions(folder, file):
    """Return the name of a file with what the library says of these rows."""
    name = folder / "predictions.csv"
    with name.open("w", newline="") as written:
        lines = csv.writer(written)
        lines.writerow(["key", "probability"])
        lines.writerows(
            (f"c{number}", probability)
            for number, probability in enumerate(probabilities_of(file))
        )
    return str(name)


def pipeline_option(folder, file):
    """Return the option that names the preprocessing of a file, if it has any."""
    if not expected()[file]["encoded"]:
        return ()
    name = folder / "preprocessing.pkl"
    name.write_bytes(pickle.dumps(preprocessing()))
    return "--pipeline", str(name)


@pytest.mark.slow(reason="registers every kind of file")
def test_every_file_is_registered_compiled_and_scores_as_its_library(
    shop, pgchurn, tmp_path
):
    for file in FILES:
        fill(shop, file)
        found = pgchurn(
            *("register", str(FOLDER / file), "--table", TABLE),
            *("--expected", predictions(tmp_path, file)),
            *pipeline_option(tmp_path, file),
            *(("--positive-class", "left") if file == "catboost.json" else ()),
        )
        assert found["rows_expected"] == len(rows_of(file)), file
        assert found["parity"] < TOLERANCE, file
        pgchurn("activate", str(found["version"]))

        keys = [f"c{number}" for number in range(len(rows_of(file)))]
        selected = dict(shop.run(f"SELECT key, churn.score(s) FROM {TABLE} s"))
        given = dict(zip(keys, probabilities_of(file)))
        assert selected == pytest.approx(given, rel=0, abs=TOLERANCE), file

        shop.run(f"INSERT INTO odd.calls SELECT key FROM {TABLE}")
        stored = dict(shop.run(f"SELECT key, churn_score FROM {TABLE}"))
        after = dict(zip(keys, after_complaining(file)))
        assert stored == pytest.approx(after, rel=0, abs=TOLERANCE), file


@pytest.mark.slow(reason="registers and explains a booster")
@pytest.mark.parametrize("form", [(), ("--no-compile",)], ids=["compiled", "pickled"])
def test_logged_scores_of_single_precision_are_explained(form, shop, pgchurn):
    fill(shop, "xgboost.json")
    found = pgchurn("register", str(FOLDER / "xgboost.json"), "--table", TABLE, *form)
    pgchurn("activate", str(found["version"]))
    shop.run(f"SELECT churn.set_prediction_log('{TABLE}', 1)")
    shop.run(f"INSERT INTO odd.calls SELECT key FROM {TABLE}")

    explained = dict(
        shop.run(
            f"""
            SELECT l.key, sum(e.points) + (churn.explain_base(l.version)).probability
            FROM churn.predictions l,
                 churn.explain_prediction('{TABLE}', l.key, now()) e
            GROUP BY l.key, l.version
            """
        )
    )

    logged = dict(shop.run("SELECT key, score FROM churn.predictions"))
    assert len(logged) == len(rows_of("xgboost.json"))
    assert explained == pytest.approx(logged, rel=0, abs=TOLERANCE)


def after_complaining(file):
    """Return what is said of a file's rows when each has one complaint more."""
    rows = rows_of(file)
    rows = rows.assign(complaint_count=rows["complaint_count"] + 1)
    return classifier(file).predict_proba(rows)[:, 1]


def test_a_boosters_complaint_is_scored_in_its_transaction(shop, pgchurn):
    fill(shop, "lightgbm.txt")
    found = pgchurn("register", str(FOLDER / "lightgbm.txt"), "--table", TABLE)
    pgchurn("activate", str(found["version"]))

    shop.run("INSERT INTO odd.calls VALUES ('c7')")

    score = shop.value(f"SELECT churn_score FROM {TABLE} WHERE key = 'c7'")
    assert score == pytest.approx(after_complaining("lightgbm.txt")[7], abs=1e-9)
    assert found["parity"] is not None


def test_a_category_that_xgboost_refuses_leaves_the_old_score(shop, pgchurn):
    fill(shop, "xgboost.json")
    found = pgchurn("register", str(FOLDER / "xgboost.json"), "--table", TABLE)
    pgchurn("activate", str(found["version"]))
    shop.run("INSERT INTO odd.calls VALUES ('c7')")
    before = shop.value(f"SELECT churn_score FROM {TABLE} WHERE key = 'c7'")

    shop.run(f"UPDATE {TABLE} SET contract = 'never seen' WHERE key = 'c7'")
    shop.run("INSERT INTO odd.calls VALUES ('c7')")

    after = shop.value(f"SELECT churn_score FROM {TABLE} WHERE key = 'c7'")
    assert before is not None and after == before


def test_a_booster_without_its_preprocessing_is_refused_by_its_columns(shop, pgchurn):
    fill(shop, ENCODED)
    refused = pgchurn("register", str(FOLDER / ENCODED), "--table", TABLE, status=1)

    assert "name them in order with --features" in refused.err


def test_a_pickle_is_refused_with_a_pipeline_beside_it(shop, pgchurn, tmp_path):
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(preprocessing()))
    file = str(tmp_path / "model.pkl")

    refused = pgchurn("register", file, "--table", TABLE, "--pipeline", file, status=1)

    assert "--pipeline goes with the file of a booster" in refused.err


def test_a_classifier_as_the_pipeline_is_refused(shop, pgchurn, tmp_path):
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(fitted("logistic")))

    refused = pgchurn(
        *("register", str(FOLDER / ENCODED), "--table", TABLE),
        *("--pipeline", str(tmp_path / "model.pkl")),
        status=1,
    )

    assert (
        "it is no preprocessing. The pickle holds a LogisticRegression" in refused.err
    )


def test_features_may_have_other_names_than_in_the_file(shop, pgchurn):
    fill(shop, "lightgbm-zeros.txt")
    shop.run(f'ALTER TABLE {TABLE} RENAME age TO "Age, years"')

    refused = pgchurn(
        "register", str(FOLDER / "lightgbm-zeros.txt"), "--table", TABLE, status=1
    )
    found = pgchurn(
        *("register", str(FOLDER / "lightgbm-zeros.txt"), "--table", TABLE),
        *("--features", "Age, years", "charges", "usage", "complaint_count"),
    )

    assert "age" in refused.err
    assert found["parity"] is not None


def test_a_booster_is_signed_and_registered_as_any_model(shop, pgchurn, tmp_path):
    key = tmp_path / "key.pem"
    key.write_text(private_pem(KEY))
    file = tmp_path / "churn.txt"
    file.write_bytes(content_of("lightgbm.txt"))
    fill(shop, "lightgbm.txt")

    signed = pgchurn(
        *("sign", str(file), "--key", str(key), "--name", "churn"),
        *("--model-version", "1"),
    )
    shop.run("SELECT churn_trust.trust_key(%s, 'us')", public_pem(KEY))
    found = pgchurn(
        *("register", str(file), "--table", TABLE),
        *("--attestation", signed["file"]),
    )

    assert found["parity"] is not None
