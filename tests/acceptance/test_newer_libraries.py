"""Moving a database to other libraries, as migrations/README.md describes it.

The server is started anew with another scikit-learn first on its PYTHONPATH: an older
one here, since what counts is that it is not the one that models were pickled under.
"""

import json
import os
import subprocess
import sys

import pytest
import sklearn
from pgchurn.loader.command_line import main

from tests.models import (
    TOLERANCE,
    activate,
    assert_fresh,
    divergences,
    expected_scores,
    fit,
    populate,
    register,
    rescore_in_place,
    stored_scores,
)
from tests.own_server import as_server, directories, own_server

OTHER = "1.8.0"
COMPILED = fit(seed=41)
PREDICT = "SELECT churn.predict(%s, to_jsonb(c)) FROM churn.customers c LIMIT 1"

pytestmark = pytest.mark.slow(
    reason="installs another scikit-learn and starts a server twice"
)


@pytest.fixture(scope="module")
def other_libraries():
    """A folder that holds another scikit-learn, which the server's user can read."""
    with directories(1) as (folder,):
        installed = subprocess.run(
            [
                *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"),
                *("--only-binary", ":all:", "--retries", "1", "--timeout", "15"),
                *("--target", str(folder), f"scikit-learn=={OTHER}"),
            ],
            capture_output=True,
            text=True,
        )
        if installed.returncode:
            last = (installed.stderr.strip().splitlines() or ["pip failed"])[-1]
            pytest.skip(f"scikit-learn {OTHER} cannot be installed: {last}")
        folder.chmod(0o755)
        yield folder


@pytest.fixture(scope="module")
def moved(other_libraries, tmp_path_factory):
    """A database filled under this scikit-learn, on a server that has the other."""
    with own_server() as own:
        server = as_server(own)
        with server.database("moved") as database:
            database.alembic("upgrade", "head")
            session = database.session(autocommit=True)
            database.versions = fill(
                database, session, tmp_path_factory.mktemp("moved")
            )
            database.before = stored_scores(session)
            database.effects = effects(database)
            session.close()
            own.stop()
            path = own.environment["PYTHONPATH"]
            own.environment["PYTHONPATH"] = f"{other_libraries}{os.pathsep}{path}"
            own.start()
            yield database


def fill(database, session, folder):
    """Register models and activate them, compiled for one table, pickled for another.

    Returns
    -------
    dict of str to int
        Their versions.
    """
    populate(session, compile_form=False)
    pickled = session.value("SELECT version FROM churn.active_deployments")
    file = folder / "model.pkl"
    file.write_bytes(COMPILED.artifact)
    assert main(["register", str(file), "--database-url", database.url]) == 0
    compiled = session.value("SELECT max(version) FROM churn.models")
    activate(session, compiled)
    rescore_in_place(session, "churn.customers")
    session.run("""
        CREATE SCHEMA company;
        CREATE TABLE company.clients (
            id integer PRIMARY KEY, usage float8, plan text, gone boolean
        );
        CREATE TABLE company.calls (client integer REFERENCES company.clients);
        CREATE INDEX ON company.calls (client);
        INSERT INTO company.clients
        SELECT i, i % 50, substr('abc', 1 + i % 3, 1), i % 50 + i % 7 > 30
        FROM generate_series(1, 200) i;
        SELECT churn.attach('company.clients', 'id', 'company.calls', 'client');
        """)
    company = register(
        session,
        fit({"usage": "number"}),
        "company.clients",
        "id",
        compile_form=False,
    )
    activate(session, company)
    rescore_in_place(session, "company.clients")
    return {"pickled": pickled, "compiled": compiled, "company": company}


def effects(database):
    """Return what doctor says before, in the order of versions, and its status."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pgchurn.loader", "doctor", "--before-upgrade"),
            *("--format", "json", "--database-url", database.url),
        ],
        capture_output=True,
        text=True,
    )
    rows = {row["version"]: row["goes_on"] for row in json.loads(done.stdout)}
    return done.returncode, rows


@pytest.fixture
def session(moved):
    opened = moved.session()
    yield opened
    opened.rollback()
    opened.close()


def refusal_of_a_pickle(refused):
    assert refused.sqlstate == "55000"
    assert refused.message == (
        f"model needs scikit-learn {sklearn.__version__}, but this Python has {OTHER}"
    )
    assert refused.hint == (
        f"Install scikit-learn {sklearn.__version__} for the Python that PL/Python"
        " embeds, or train and register the model again."
    )
    return True


def test_the_server_does_have_another_scikit_learn(session):
    environment = session.value("SELECT churn.server_environment()")

    assert environment["scikit-learn"] == OTHER != sklearn.__version__


def test_it_was_said_before_what_goes_on_and_what_stops(moved):
    versions = moved.versions

    assert moved.effects == (
        1,
        {
            versions["pickled"]: False,
            versions["compiled"]: True,
            versions["company"]: False,
        },
    )


def test_a_compiled_version_scores_as_it_did(moved, session):
    scores = dict(
        session.run("SELECT customer_id::text, churn.score(c) FROM churn.customers c")
    )

    assert scores == pytest.approx(moved.before, rel=0, abs=TOLERANCE)
    assert scores == pytest.approx(
        expected_scores(session, COMPILED), rel=0, abs=TOLERANCE
    )


def test_complaints_are_scored_with_it(session):
    session.run(
        "INSERT INTO churn.complaints (customer_id) VALUES (1), (2);"
        "INSERT INTO churn.complaints (customer_id) VALUES (3)"
    )

    assert session.take_notices() == ""
    assert_fresh(session, COMPILED)


def test_it_scores_tables_and_queries(moved):
    session = moved.session(autocommit=True)
    session.run("CALL churn.rescore('churn.customers')")

    assert_fresh(session, COMPILED)
    assert (
        session.run(
            "SELECT c.customer_id FROM churn.customers c JOIN churn.predict_query("
            "%s, 'TABLE churn.customers ORDER BY customer_id'"
            ") q ON q.row_number = c.customer_id"
            " WHERE abs(c.churn_score - q.score) > 1e-9",
            moved.versions["compiled"],
        )
        == []
    )
    session.close()


def test_it_can_be_activated(moved, session):
    activate(session, moved.versions["compiled"])

    assert session.value(PREDICT, moved.versions["compiled"]) is not None


@pytest.mark.parametrize(
    "statement",
    [PREDICT, "SELECT churn.activate_model(%s)"],
    ids=["predict", "activate"],
)
def test_a_version_on_its_pickle_is_refused(moved, session, statement):
    assert refusal_of_a_pickle(session.refusal(statement, moved.versions["pickled"]))


def test_going_back_to_one_is_refused(session):
    assert refusal_of_a_pickle(
        session.refusal("SELECT churn.rollback_model('churn.customers')")
    )


def test_complaints_are_kept_where_an_active_one_stops(session):
    before = stored_scores(session, "company.clients", "id")

    session.run("INSERT INTO company.calls VALUES (1), (2)")

    assert "model needs scikit-learn" in session.take_notices()
    assert stored_scores(session, "company.clients", "id") == before
    assert session.column(
        "SELECT complaint_count FROM company.clients WHERE id IN (1, 2)"
    ) == [1, 1]
    assert session.row(
        "SELECT sqlstate, waiting FROM churn.health"
        " WHERE profile = 'company.clients'::regclass"
    ) == ("55000", 2)


def test_a_model_trained_under_the_new_libraries_takes_over(moved, other_libraries):
    session = moved.session(autocommit=True)
    session.run("INSERT INTO company.calls VALUES (3)")
    trained = subprocess.run(
        [
            *(sys.executable, "-m", "pgchurn.loader", "train", "--label", "gone"),
            *("--table", "company.clients", "--algorithm", "logistic_regression"),
            *("--format", "json", "--database-url", moved.url),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(other_libraries)},
    )
    assert trained.returncode == 0, trained.stderr
    version = json.loads(trained.stdout)["version"]

    activate(session, version)
    session.run("CALL churn.rescore('company.clients')")

    assert divergences(session, "company.clients") == []
    assert session.row(
        "SELECT m.environment ->> 'scikit-learn', m.compiled_sha256 IS NOT NULL"
        " FROM churn.models m WHERE m.version = %s",
        version,
    ) == (OTHER, True)
    session.run("INSERT INTO company.calls VALUES (3), (4)")
    assert divergences(session, "company.clients") == []
    session.close()
