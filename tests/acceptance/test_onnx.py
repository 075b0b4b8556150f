"""Binary classifiers in ONNX, registered and scoring on a real server."""

import csv

import pandas as pd
import pytest

from tests.legitimate.onnx import (
    COUNTS,
    FOLDER,
    REFUSED,
    ROWS,
    content_of,
    frame_of,
    names_for,
    said_by_runtime,
)

TOLERANCE = 1e-6
TABLE = "shop.customers"
# One of each structure.
KINDS = (
    *("logistic", "forest", "ordinal", "strict", "counts", "double", "network"),
    *("stack", "calibrated", "lightgbm-categories", "catboost", "xgboost-pipeline"),
)


@pytest.fixture
def shop(owner):
    """A company's own table; what it holds is up to the test."""
    owner.run(f"""
        CREATE SCHEMA shop;
        CREATE TABLE {TABLE} (
            key text PRIMARY KEY, age float8, charges float8, contract text,
            channel text, usage float8, paperless boolean
        );
        CREATE TABLE shop.calls (client text);
        SELECT churn.attach('{TABLE}', 'key', 'shop.calls', 'client');
        """)
    return owner


def fill(owner, kind):
    """Let the table hold rows for a kind of model; return them."""
    rows = frame_of(kind, **ROWS)[0]
    owner.run(f"TRUNCATE shop.calls; TRUNCATE {TABLE}")
    names = [name for name in rows if name not in COUNTS]
    values = ", ".join(["%s"] * (len(names) + 1))
    for number, row in enumerate(rows.to_dict("records")):
        given = [None if pd.isna(row[name]) else row[name] for name in names]
        given = [
            bool(one) if name == "paperless" and one is not None else one
            for name, one in zip(names, given)
        ]
        owner.run(
            f"INSERT INTO {TABLE} (key, {', '.join(names)}) VALUES ({values})",
            *(f"c{number}", *given),
        )
        for _ in range(int(row.get("complaint_count", 0))):
            owner.run("INSERT INTO shop.calls VALUES (%s)", f"c{number}")
    return rows


def predictions(folder, probabilities):
    """Return the name of a file with what ONNX Runtime says of these rows."""
    name = folder / "predictions.csv"
    with name.open("w", newline="") as written:
        lines = csv.writer(written)
        lines.writerow(["key", "probability"])
        lines.writerows((f"c{i}", float(one)) for i, one in enumerate(probabilities))
    return str(name)


@pytest.mark.slow(reason="registers many kinds of files")
def test_files_are_registered_compiled_and_score_as_onnx_runtime(
    shop, pgchurn, tmp_path
):
    for kind in KINDS:
        rows = fill(shop, kind)
        content = content_of(kind)
        given = said_by_runtime(content, rows)
        names = names_for(kind)
        found = pgchurn(
            *("register", str(FOLDER / f"{kind}.onnx"), "--table", TABLE),
            *("--expected", predictions(tmp_path, given)),
            *(("--features", *names) if names else ()),
            *(("--positive-class", "left") if b"left" in content else ()),
        )
        assert found["rows_expected"] == len(rows), kind
        assert found["parity"] < TOLERANCE, kind
        pgchurn("activate", str(found["version"]))

        selected = dict(shop.run(f"SELECT key, churn.score(s) FROM {TABLE} s"))
        expected = {f"c{i}": float(one) for i, one in enumerate(given)}
        assert selected == pytest.approx(expected, rel=0, abs=TOLERANCE), kind

        shop.run(f"INSERT INTO shop.calls SELECT key FROM {TABLE}")
        after = said_by_runtime(content, with_a_complaint(rows))
        stored = dict(shop.run(f"SELECT key, churn_score FROM {TABLE}"))
        expected = {f"c{i}": float(one) for i, one in enumerate(after)}
        assert stored == pytest.approx(expected, rel=0, abs=TOLERANCE), kind


def with_a_complaint(rows):
    """Return rows each of which has one complaint more."""
    if "complaint_count" not in rows:
        return rows
    return rows.assign(complaint_count=rows["complaint_count"] + 1)


def test_a_complaint_is_scored_as_onnx_runtime_does_in_its_transaction(shop, pgchurn):
    rows = fill(shop, "forest")
    file = str(FOLDER / "forest.onnx")
    found = pgchurn("register", file, "--table", TABLE, "--positive-class", "left")
    pgchurn("activate", str(found["version"]))

    shop.run("INSERT INTO shop.calls VALUES ('c7')")

    score = shop.value(f"SELECT churn_score FROM {TABLE} WHERE key = 'c7'")
    after = said_by_runtime(content_of("forest"), with_a_complaint(rows))
    assert score == pytest.approx(float(after[7]), abs=TOLERANCE)


def test_a_text_that_is_missing_leaves_the_old_score(shop, pgchurn):
    fill(shop, "logistic")
    found = pgchurn("register", str(FOLDER / "logistic.onnx"), "--table", TABLE)
    pgchurn("activate", str(found["version"]))
    shop.run("INSERT INTO shop.calls VALUES ('c7')")
    before = shop.value(f"SELECT churn_score FROM {TABLE} WHERE key = 'c7'")

    shop.run(f"UPDATE {TABLE} SET contract = NULL WHERE key = 'c7'")
    shop.run("INSERT INTO shop.calls VALUES ('c7')")

    after = shop.value(f"SELECT churn_score FROM {TABLE} WHERE key = 'c7'")
    assert before is not None and after == before


def test_other_predictions_than_the_files_are_refused(shop, pgchurn, tmp_path):
    rows = fill(shop, "logistic")
    given = said_by_runtime(content_of("logistic"), rows)
    given[3] += 1e-4

    refused = pgchurn(
        *("register", str(FOLDER / "logistic.onnx"), "--table", TABLE),
        *("--expected", predictions(tmp_path, given)),
        status=1,
    )

    assert "c3" in refused.err


def test_what_has_no_translation_is_refused_by_the_operators_name(shop, pgchurn):
    fill(shop, "logistic")

    refused = pgchurn(
        "register", str(REFUSED / "machine.onnx"), "--table", TABLE, status=1
    )

    assert "machine.onnx: " in refused.err
    assert "ai.onnx.ml.SVMClassifier" in refused.err


def test_an_onnx_file_is_refused_with_a_pipeline_beside_it(shop, pgchurn):
    file = str(FOLDER / "logistic.onnx")

    refused = pgchurn("register", file, "--table", TABLE, "--pipeline", file, status=1)

    assert "export the pipeline as a whole, with skl2onnx" in refused.err
