"""The Iranian Churn data set, from a company's own table to fresh scores."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from pgchurn.loader.models.algorithms import COMPARED

from tests.models import read_features
from tests.real_customers import DATA, LABEL, PROFILE, load

pytestmark = pytest.mark.skipif(
    not DATA.exists(), reason=f"the data set is not there: {Path(*DATA.parts[-3:])}"
)


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
