"""The commands of pgchurn, as a data scientist and a DBA use them."""

import os
import subprocess
import sys
from datetime import datetime
from importlib import metadata

import pytest
from pgchurn.loader import command_line
from pgchurn.loader.command_line import main
from pgchurn.loader.models.algorithms import ALGORITHMS

from tests.company import MODEL, attach
from tests.models import deploy


@pytest.fixture
def customers(owner):
    """Fill the default tables with customers of whom those who complain leave."""
    owner.run("""
        INSERT INTO churn.customers
            (customer_id, customer_name, age, region, contract, churned)
        SELECT i, 'customer ' || i, 20 + i % 50, (ARRAY['north', 'south'])[1 + i % 2],
               (ARRAY['month to month', 'one year', 'two year'])[1 + i % 3],
               CASE WHEN i % 5 > 0 THEN i % 4 = 0 OR i % 11 = 0 END
        FROM generate_series(1, 400) i;
        INSERT INTO churn.complaints (customer_id)
        SELECT i FROM generate_series(4, 400, 4) i;
        """)
    return owner


def train(pgchurn, *arguments):
    return pgchurn("train", "--label", "churned", *arguments)


@pytest.mark.slow(reason="trains")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_algorithm_is_trained_compiled_and_scores(algorithm, customers, pgchurn):
    trained = train(pgchurn, "--algorithm", algorithm)
    assert trained["algorithm"] == algorithm
    assert [one["algorithm"] for one in trained["comparison"]["scores"]] == [algorithm]
    assert trained["parity"] < 1e-12
    pgchurn("activate", str(trained["version"]))
    assert pgchurn("rescore") == {"rows": 400, "version": trained["version"]}
    assert pgchurn("verify") == []


@pytest.mark.slow(reason="trains an average")
def test_without_options_an_average_is_trained_compiled_and_scores(customers, pgchurn):
    trained = train(pgchurn)
    weights = [member["weight"] for member in trained["average"]["members"]]
    assert sum(weights) == pytest.approx(1)
    assert (trained["train_rows"], trained["fitted_rows"]) == (256, 320)
    assert trained["parity"] < 1e-12
    pgchurn("activate", str(trained["version"]))
    pgchurn("rescore")
    assert pgchurn("verify") == []
    shown = pgchurn("show", str(trained["version"]))
    assert shown["provenance"]["average"] == trained["average"]
    assert shown["provenance"]["fitted_rows"] == 320
    # Hundreds of numbers, which a report draws.
    assert "held_out" not in shown["provenance"]
    held_out = customers.value("SELECT provenance -> 'held_out' FROM churn.models")
    assert sum(held_out["rows"]) == trained["evaluation"]["rows"]


def test_a_version_says_until_when_what_it_was_trained_on_was_known(customers, pgchurn):
    before = customers.value("SELECT clock_timestamp()")
    first = train(pgchurn, "--algorithm", "logistic_regression")["version"]
    after = customers.value("SELECT clock_timestamp()")
    earlier = "2025-01-31T01:00:00+01:00"
    second = train(
        pgchurn, "--algorithm", "logistic_regression", "--trained-until", earlier
    )["version"]

    until = (
        "SELECT churn_internal.trained_until(provenance) FROM churn.models"
        " WHERE version = %s"
    )
    assert before < customers.value(until, first) < after
    assert customers.value(until, second) == datetime.fromisoformat(earlier)


def test_a_time_of_training_without_a_zone_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["register", "churn.pkl", "--trained-until", "2025-01-31"])
    assert "a time with its zone" in capsys.readouterr().err


def test_a_time_budget_too_short_for_anything_registers_nothing(customers, pgchurn):
    printed = pgchurn("train", "--label", "churned", "--time-budget", "1e-6", status=1)
    assert "time budget of 1e-06 s is too short" in printed.err
    assert pgchurn("models") == []


def test_columns_that_are_no_features_are_left_out_by_name(customers, pgchurn):
    trained = train(
        pgchurn, "--algorithm", "logistic_regression", "--exclude", "region", "age"
    )
    assert set(trained["features"]).isdisjoint(trained["left_out"])
    assert trained["left_out"]["region"] == "excluded"
    assert trained["left_out"]["age"] == "excluded"
    assert trained["left_out"]["customer_id"] == "the key"
    assert trained["left_out"]["signed_up_on"].startswith("a date")
    assert "distinct" in trained["left_out"]["customer_name"]
    assert "complaint_count" in trained["features"]
    assert "churn_score" in trained["left_out"]


def test_metrics_are_of_the_held_out_rows(customers, pgchurn):
    metrics = train(pgchurn, "--algorithm", "gradient_boosting")["evaluation"]
    assert metrics["rows"] == 64
    assert metrics["tn"] + metrics["fp"] + metrics["fn"] + metrics["tp"] == 64
    for name in ("roc_auc", "average_precision", "brier_score"):
        assert 0 <= metrics[name] <= 1


@pytest.mark.slow(reason="trains twice")
def test_a_seed_splits_the_rows_alike_whatever_their_order_on_disk(customers, pgchurn):
    first = train(pgchurn, "--algorithm", "logistic_regression")
    customers.run("UPDATE churn.customers SET age = age WHERE customer_id % 3 = 0")
    second = train(pgchurn, "--algorithm", "logistic_regression")
    assert second["evaluation"] == first["evaluation"]


@pytest.mark.slow(reason="trains twice")
def test_versions_are_listed_activated_and_rolled_back(customers, pgchurn):
    first = train(pgchurn, "--algorithm", "logistic_regression")["version"]
    second = train(pgchurn, "--algorithm", "random_forest")["version"]
    pgchurn("activate", str(first))
    pgchurn("activate", str(second))
    listed = {model["version"]: model for model in pgchurn("models")}
    assert listed[first]["active_since"] is None
    assert listed[second]["active_since"] is not None
    assert pgchurn("rollback") == {"active_version": first}
    assert "no earlier version" in pgchurn("rollback", status=1).err


def test_show_tells_all_about_a_version(customers, pgchurn):
    version = train(pgchurn, "--algorithm", "logistic_regression")["version"]
    shown = pgchurn("show", str(version))
    assert shown["provenance"]["label"] == "churned"
    assert shown["environment"]["scikit-learn"]
    assert shown["compilation"].startswith("compared on")
    assert len(shown["sha256"]) == 64
    assert "does not exist" in pgchurn("show", "99", status=1).err


def test_without_compiling_a_version_stays_on_its_pickle(customers, pgchurn):
    version = train(pgchurn, "--algorithm", "logistic_regression", "--no-compile")
    shown = pgchurn("show", str(version["version"]))
    assert shown["parity"] is None
    assert "not wanted" in shown["compilation"]


def test_verify_lists_what_is_wrong_and_says_so_by_its_status(customers, pgchurn):
    customers.run("SET session_replication_role = replica")
    customers.run(
        "UPDATE churn.customers SET complaint_count = 7 WHERE customer_id = 1"
    )
    printed = pgchurn("verify", status=1)
    assert '"complaint_count"' in printed.out


def test_doctor_finds_nothing_wrong_with_a_migrated_database(pgchurn):
    findings = pgchurn("doctor")
    assert all(finding["ok"] for finding in findings)
    assert {"active models", "roles", "scikit-learn"} <= {
        one["check"] for one in findings
    }
    (release,) = [one["found"] for one in findings if one["check"] == "pgchurn"]
    assert release == metadata.version("pgchurn")


@pytest.mark.parametrize(
    "harm, check",
    [
        (
            "ALTER TABLE churn.complaints DISABLE TRIGGER pgchurn_1_insert",
            "churn.customers with churn.complaints",
        ),
        (
            "ALTER EVENT TRIGGER churn_follow_altered_tables DISABLE",
            "event triggers",
        ),
        ("DROP EVENT TRIGGER churn_keep_attached_tables", "event triggers"),
        (
            "UPDATE churn_migrations.alembic_version SET version_num = '0001_registry'",
            "revision",
        ),
        (
            "CREATE OR REPLACE FUNCTION churn.version() RETURNS text LANGUAGE sql"
            " RETURN '0.0.1'::text",
            "pgchurn",
        ),
        (
            "ALTER TABLE churn.customers ADD CHECK (customer_id > 0);"
            " SELECT churn.set_prediction_log('churn.customers', 1);"
            " ALTER TABLE churn.customers DISABLE TRIGGER pgchurn_1_log",
            "churn.customers with churn.complaints",
        ),
        (
            "UPDATE churn.attachments SET log_rate = 0.5",
            "prediction log",
        ),
        (
            "INSERT INTO churn.predictions"
            " VALUES (1, 1, 1, 0.5, '{}', 'batch', '2020-01-01')",
            "prediction log",
        ),
        (
            "INSERT INTO churn.customers (customer_id) VALUES (77);"
            " ALTER TABLE churn.customers ADD CHECK (customer_id < 0) NOT VALID",
            "writing churn.customers",
        ),
        (
            "INSERT INTO churn_internal.pending_profiles"
            " VALUES (1, 1, now() - interval '1 hour')",
            "queue of churn.customers",
        ),
        (
            "INSERT INTO churn_internal.failed_profiles (attachment_id, key, due_at)"
            " VALUES (1, 1, now() - interval '1 hour')",
            "queue of churn.customers",
        ),
    ],
)
def test_doctor_names_what_is_wrong(harm, check, owner, pgchurn):
    owner.run(harm)
    printed = pgchurn("doctor", status=1)
    assert f'"check": "{check}",\n    "ok": false' in printed.out


def test_doctor_is_content_with_a_queue_that_somebody_drains(owner, pgchurn):
    owner.run(
        "INSERT INTO churn_internal.pending_profiles VALUES (1, 1);"
        # It has failed, and is tried again in half an hour.
        "INSERT INTO churn_internal.failed_profiles (attachment_id, key, due_at)"
        " VALUES (1, 2, now() + interval '30 min')"
    )

    assert all(found["ok"] for found in pgchurn("doctor"))


def test_doctor_is_content_with_a_log_that_has_its_partitions(owner, pgchurn):
    owner.run("SELECT churn.set_prediction_log('churn.customers', 0.5)")
    findings = {one["check"]: one for one in pgchurn("doctor")}
    assert findings["prediction log"]["found"] == "has its partitions"
    assert findings["churn.customers with churn.complaints"]["ok"]


def test_doctor_finds_labels_that_are_not_recorded(customers, pgchurn):
    customers.run("SELECT churn.set_outcome('churn.customers', 'churned')")
    check = "labels of churn.customers"
    findings = {one["check"]: one for one in pgchurn("doctor")}
    assert findings[check]["found"] == "churned is recorded"
    customers.run("SET session_replication_role = replica")
    customers.run("UPDATE churn.customers SET churned = NULL")
    customers.run("RESET session_replication_role")
    labels = customers.value("SELECT count(*) FROM churn.outcomes")
    printed = pgchurn("doctor", status=1).out
    assert f"{labels} are not recorded: call churn.set_outcome again" in printed
    customers.run("ALTER TABLE churn.customers DROP COLUMN churned")
    assert "column churned is gone" in pgchurn("doctor", status=1).out


def test_why_shows_what_changed_between_two_scores(customers, pgchurn):
    version = train(pgchurn, "--algorithm", "logistic_regression")["version"]
    pgchurn("activate", str(version))
    assert "fewer than two scores" in pgchurn("why", "7", status=1).err
    customers.run("SELECT churn.set_prediction_log('churn.customers', 1)")
    for _ in range(2):
        customers.run("INSERT INTO churn.complaints (customer_id) VALUES (7)")
    rows = pgchurn("why", "7")
    shown = {row["what"]: (row["former"], row["current"]) for row in rows}
    points = {row["what"]: row["points"] for row in rows}
    assert points["complaint_count"] == points["score"]
    assert shown["complaint_count"] == ("1", "2")
    assert shown["cause"] == ("complaint", "complaint")
    assert float(shown["score"][0]) < float(shown["score"][1])


def test_explain_shows_why_a_customer_has_its_score(customers, pgchurn):
    version = train(pgchurn, "--algorithm", "logistic_regression")["version"]
    assert "no active model" in pgchurn("explain", "7", status=1).err
    pgchurn("activate", str(version))

    shown = pgchurn("explain", "7", "--top", "2")

    assert shown["version"] == version
    assert shown["score"] == customers.value(
        "SELECT churn.score(c) FROM churn.customers c WHERE customer_id = 7"
    )
    assert [row["feature"] for row in shown["features"][2:]] == [None]
    points = sum(row["points"] for row in shown["features"])
    assert shown["base_probability"] + points == pytest.approx(
        shown["score"], rel=0, abs=1e-12
    )
    everything = pgchurn("explain", "7")["features"]
    assert everything[:2] == shown["features"][:2]
    assert None not in {row["feature"] for row in everything}


def test_explain_says_it_in_words(customers, pgchurn, capsys, empty_database):
    version = train(pgchurn, "--algorithm", "logistic_regression")["version"]
    pgchurn("activate", str(version))

    assert main(["explain", "7", "--database-url", empty_database.url]) == 0

    said = capsys.readouterr().out
    assert said.startswith(f"Version {version} gives 7 the score 0.")
    (row,) = customers.run(
        "SELECT reason FROM churn.customers c, churn.explain(c) WHERE customer_id = 7"
        " LIMIT 1"
    )
    assert row[0] in said.splitlines()


def test_explain_finds_customers_by_keys_of_any_type(customers, pgchurn):
    customers.run(
        'CREATE SCHEMA "Odd Shop";'
        "CREATE DOMAIN \"Odd Shop\".code AS text CHECK (value <> '');"
        'CREATE TABLE "Odd Shop"."Cli ""ents"'
        ' ("the key" "Odd Shop".code PRIMARY KEY, usage float8, plan text);'
        'CREATE TABLE "Odd Shop".calls (client "Odd Shop".code, at timestamptz);'
        'INSERT INTO "Odd Shop"."Cli ""ents" SELECT \'it\'\'s % \' || i, i,'
        " substr('abc', 1 + i % 3, 1) FROM generate_series(1, 12) i"
    )
    names = ('"Odd Shop"."Cli ""ents"', "the key", '"Odd Shop".calls', "client", "at")
    attach(customers, names)
    version = deploy(customers, MODEL, names[0], names[1])

    shown = pgchurn("explain", "it's % 3", "--table", names[0])

    assert shown["version"] == version
    assert {row["feature"] for row in shown["features"]} == MODEL.kinds.keys()
    missing = pgchurn("explain", "nobody", "--table", names[0], status=1).err
    assert "has no customer with the key 'nobody'" in missing


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("train", "--label", "nonsense"), "no column 'nonsense'"),
        (("train", "--label", "age"), "the label column has 50 values"),
        (("train", "--label", "region"), "--positive-class"),
        (("train", "--label", "churned", "--exclude", "x"), "no column 'x'"),
        (("train", "--label", "churned", "--table", "pg_class"), "not attached"),
        (("train", "--label", "churned", "--table", "nowhere"), "does not exist"),
        (("activate", "99"), "does not exist"),
        (("rescore",), "no model is active"),
        (("rollback", "--table", "churn.models"), "not attached"),
        (("explain", "x"), "invalid input syntax for type bigint"),
        (("explain", "1", "--table", "churn.models"), "not attached"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_cause(
    arguments, said, customers, pgchurn
):
    assert said in pgchurn(*arguments, status=1).err


def test_an_empty_table_cannot_be_trained_on(pgchurn):
    assert "no rows" in pgchurn("train", "--label", "churned", status=1).err


def test_labels_of_text_are_taken_by_the_class_that_is_named(customers, pgchurn):
    trained = train_on_region(pgchurn)
    assert trained["positive_class"] is True
    assert trained["evaluation"]["positive_share"] == 0.5


def train_on_region(pgchurn):
    return pgchurn(
        "train",
        "--label",
        "region",
        "--positive-class",
        "South",
        "--algorithm",
        "logistic_regression",
    )


@pytest.mark.parametrize(
    "arguments", [("train",), ("activate", "one"), ("rescore", "--batch-size", "0"), ()]
)
def test_wrong_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    assert left.value.code == 2


def test_a_server_that_is_not_there_is_one_clear_line(capsys):
    assert main(["models", "--database-url", "host=/nowhere dbname=x"]) == 1
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.startswith("pgchurn: connection to server")


def test_a_reader_of_the_output_may_leave_early(customers, empty_database):
    reading, writing = os.pipe()
    os.close(reading)
    left = subprocess.run(
        [sys.executable, "-m", "pgchurn.loader", "models"],
        env=empty_database.environment(),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writing)
    assert (left.returncode, left.stderr) == (1, "")


def test_every_command_says_what_it_is_for():
    help_text = command_line.build_parser().format_help()
    for command in ("train", "register", "activate", "rollback", "models", "show"):
        assert command in help_text
    for command in ("rescore", "verify", "doctor", "demo"):
        assert command in help_text


@pytest.mark.slow(reason="trains an average")
def test_results_as_text_are_readable(customers, empty_database, capsys):
    url = ("--database-url", empty_database.url)
    assert main(["train", "--label", "churned", *url]) == 0
    printed = capsys.readouterr()
    assert "ROC AUC" in printed.out and "Next: pgchurn activate 1" in printed.out
    assert "fold 1 of 5" in printed.err
    for command in (["models"], ["show", "1"], ["doctor"], ["verify"]):
        assert main([*command, *url]) == 0
        assert capsys.readouterr().out
