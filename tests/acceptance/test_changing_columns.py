"""Training on a table whose triggers change columns with each write."""

import pickle

import pytest
from pgchurn.loader.command_line import main

from tests.models import pipeline_for, training_frame

pytestmark = pytest.mark.slow(reason="trains and registers models by the command")

# As hand-written optimistic locking, Rails' lock_version, and legacy times have them.
TRIGGERS = """
    ALTER TABLE churn.customers ADD "Lock version" integer NOT NULL DEFAULT 0,
        ADD updated_at timestamptz, ADD updated_epoch bigint,
        ADD risk numeric(5, 2) GENERATED ALWAYS AS (churn_score * 100) STORED;
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW."Lock version" := OLD."Lock version" + 1;
        NEW.updated_at := now();
        NEW.updated_epoch := extract(epoch FROM now());
        RETURN NEW;
    END $$;
    CREATE TRIGGER touch BEFORE UPDATE ON churn.customers
        FOR EACH ROW EXECUTE FUNCTION touch();
    """
CUSTOMERS = """
    INSERT INTO churn.customers (customer_id, age, contract, churned)
    SELECT i, 20 + i % 50, (ARRAY['month to month', 'one year'])[1 + i % 2],
           CASE WHEN i % 5 > 0 THEN i % 4 = 0 OR i % 11 = 0 END
    FROM generate_series(1, 400) i;
    INSERT INTO churn.complaints (customer_id)
    SELECT i FROM generate_series(4, 400, 4) i
    """
COLUMNS = ["Lock version", "updated_epoch", "risk"]


@pytest.fixture
def customers(owner):
    owner.run(TRIGGERS)
    owner.run(CUSTOMERS)
    return owner


@pytest.fixture
def model(tmp_path):
    """A file with a model that reads a version column."""
    kinds = {"age": "number", "Lock version": "number"}
    file = tmp_path / "model.pkl"
    file.write_bytes(pickle.dumps(pipeline_for(kinds).fit(*training_frame(kinds))))
    return str(file)


def writing(findings):
    """Return what the doctor says of writing the customers."""
    (found,) = [one for one in findings if one["check"] == "writing churn.customers"]
    return found


def test_a_model_trained_without_options_stays_fresh(customers, pgchurn):
    trained = pgchurn("train", "--label", "churned", "--algorithm", "random_forest")

    assert {trained["left_out"][name] for name in COLUMNS} == {
        "changed by a trigger or the like with each score"
    }
    assert trained["changed_by_writing"] == []
    assert "complaint_count" in trained["features"]
    pgchurn("activate", str(trained["version"]), "--rescore")
    customers.take_notices()
    customers.run("INSERT INTO churn.complaints (customer_id) VALUES (7), (8), (8)")
    assert customers.take_notices() == ""
    assert pgchurn("verify") == []
    assert writing(pgchurn("doctor"))["ok"]


def test_a_model_from_elsewhere_that_reads_one_is_told_at_each_step(
    customers, empty_database, model, pgchurn, capsys
):
    at = ["--database-url", empty_database.url]

    assert main(["register", model, *at]) == 0
    said = capsys.readouterr().out
    assert "Changed by a trigger or the like with each score: Lock version." in said

    assert main(["activate", "1", *at]) == 0
    said = capsys.readouterr()
    assert said.out == "Version 1 is active.\n"
    assert "version 1 reads columns of churn.customers that change when" in said.err
    assert '"Lock version"' in said.err

    assert main(["doctor", *at]) == 1
    assert "version 1 reads Lock version, which each" in capsys.readouterr().out

    customers.run(
        "DROP TRIGGER touch ON churn.customers;"
        "CREATE TRIGGER touch BEFORE UPDATE ON churn.customers FOR EACH ROW"
        " WHEN ((OLD.age, OLD.contract) IS DISTINCT FROM (NEW.age, NEW.contract))"
        " EXECUTE FUNCTION touch()"
    )
    assert writing(pgchurn("doctor"))["ok"]


def test_going_back_to_one_that_reads_one_is_told(
    customers, empty_database, model, pgchurn, capsys
):
    pgchurn("register", model)
    pgchurn("activate", "1")
    trained = pgchurn("train", "--label", "churned", "--algorithm", "random_forest")
    pgchurn("activate", str(trained["version"]))

    assert main(["rollback", "--database-url", empty_database.url]) == 0

    assert "that change when pgchurn writes a score" in capsys.readouterr().err


def test_a_function_that_begins_to_count_is_found_by_the_doctor(
    customers, model, pgchurn
):
    replace = (
        "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN {} RETURN NEW; END $$"
    )
    customers.run(replace.format(""))
    pgchurn("register", model)
    pgchurn("activate", "1")
    assert writing(pgchurn("doctor"))["ok"]

    customers.run(replace.format('NEW."Lock version" := OLD."Lock version" + 1;'))

    assert "Lock version" in pgchurn("doctor", status=1).out
