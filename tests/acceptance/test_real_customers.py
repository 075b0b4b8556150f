"""The Iranian Churn data set, from a company's own table to fresh scores."""

import csv
import pickle
from pathlib import Path

import numpy as np
import pytest
from pgchurn.loader.models.algorithms import COMPARED
from psycopg2 import sql

from tests.databases import CHECKOUT
from tests.models import read_features

DATA = CHECKOUT.parent / "shared" / "data" / "iranian_churn.csv"
NOT_FEATURES = ("Complains", "FN", "FP")
LABEL = "Churn"
PROFILE = 'telecom."Iranian Customers"'

pytestmark = pytest.mark.skipif(
    not DATA.exists(), reason=f"the data set is not there: {Path(*DATA.parts[-3:])}"
)


def read_data():
    with DATA.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def load(owner):
    """Load the data under its own column names, complaints as rows of a table."""
    rows = read_data()
    columns = [name for name in rows[0] if name not in NOT_FEATURES]
    definitions = sql.SQL(", ").join(
        sql.SQL("{} double precision").format(sql.Identifier(name)) for name in columns
    )
    table = sql.SQL(PROFILE)
    owner.run("CREATE SCHEMA telecom")
    owner.run(
        sql.SQL(
            "CREATE TABLE {} (customer bigint PRIMARY KEY, {});"
            "CREATE TABLE telecom.complaints ("
            " customer bigint NOT NULL REFERENCES {}, at timestamptz DEFAULT now());"
            "CREATE INDEX ON telecom.complaints (customer)"
        ).format(table, definitions, table)
    )
    lines = (
        "\t".join([str(number), *(row[name] for name in columns)]) + "\n"
        for number, row in enumerate(rows)
    )
    owner.copy(f"COPY {PROFILE} FROM STDIN", lines)
    complained = [n for n, row in enumerate(rows) if row["Complains"] == "1"]
    owner.run("INSERT INTO telecom.complaints (customer) SELECT unnest(%s)", complained)
    owner.run(
        "SELECT churn.attach(%s, 'customer', 'telecom.complaints', 'customer', 'at')",
        PROFILE,
    )
    return columns, complained


def test_a_model_of_real_customers_follows_their_complaints(owner, pgchurn):
    columns, complained = load(owner)
    assert owner.value(f"SELECT sum(complaint_count) FROM {PROFILE}") == len(complained)

    trained = pgchurn(
        "train", "--table", PROFILE, "--label", LABEL, "--algorithm", "auto"
    )
    assert len(trained["comparison"]["scores"]) == len(COMPARED)
    assert trained["algorithm"] == "average"
    assert trained["parity"] < 1e-9
    assert trained["evaluation"]["roc_auc"] >= 0.98
    assert trained["evaluation"]["log_loss"] <= 0.12
    assert trained["fitted_rows"] == 3_150
    features = [name for name in columns if name != LABEL] + ["complaint_count"]
    assert list(trained["features"]) == features
    pgchurn("activate", str(trained["version"]))
    pgchurn("rescore", "--table", PROFILE)

    without = owner.column(f"SELECT customer FROM {PROFILE} WHERE complaint_count = 0")
    chosen = np.random.default_rng(0).choice(without, 100, replace=False).tolist()
    mean = f"SELECT avg(churn_score) FROM {PROFILE} WHERE customer = ANY (%s)"
    before = owner.value(mean, chosen)
    for customer in chosen:
        owner.run("INSERT INTO telecom.complaints (customer) VALUES (%s)", customer)
    assert owner.value(mean, chosen) - before >= 0.2

    owner.run("SELECT churn.set_prediction_log(%s, 1)", PROFILE)
    customer = chosen[0]
    for _ in range(2):
        owner.run("INSERT INTO telecom.complaints (customer) VALUES (%s)", customer)
    why = pgchurn("why", str(customer), "--table", PROFILE)
    assert why[4]["what"] == "complaint_count"
    assert sum(cause["points"] for cause in why[4:]) == pytest.approx(
        float(why[0]["current"]) - float(why[0]["former"]), rel=0, abs=1e-12
    )

    # Whatever algorithms it is made of.
    explained = pgchurn("explain", str(customer), "--table", PROFILE)
    total = sum(one["points"] for one in explained["features"])
    assert explained["base_probability"] + total == pytest.approx(
        explained["score"], abs=1e-9
    )

    stored = pgchurn("show", str(trained["version"]))
    kinds = {one["name"]: one["kind"] for one in stored["signature"]["features"]}
    artifact = owner.value(
        "SELECT artifact FROM churn.models WHERE version = %s", trained["version"]
    )
    pipeline = pickle.loads(artifact)
    frame = read_features(owner, kinds, PROFILE, "customer")
    expected = dict(zip(frame.index, pipeline.predict_proba(frame)[:, 1]))
    scores = dict(owner.run(f"SELECT customer::text, churn_score FROM {PROFILE}"))
    assert scores == pytest.approx(expected, rel=0, abs=1e-9)
    assert pgchurn("verify", "--table", PROFILE) == []
    assert stored["metrics"] == trained["evaluation"]
