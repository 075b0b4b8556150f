"""What gets into the server's log: no model, and no more than a warning a statement."""

import base64
import contextlib
import re

import pytest
from pgchurn.loader.command_line import main
from pgchurn.loader.models import registration
from psycopg2.extensions import make_dsn
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from tests.models import KINDS, deploy, fit, pipeline_for, populate
from tests.own_server import as_server, own_server
from tests.planted import plant

pytestmark = pytest.mark.slow(reason="starts a server of its own, whose log it reads")

ONE = "INSERT INTO churn.complaints (customer_id) VALUES (%s)"
MOST_BYTES = 4_000
# As PostgreSQL has it, unless somebody sets it otherwise.
SETTINGS = {"log_min_messages": "warning", "log_line_prefix": "%m [%p] "}


@pytest.fixture(scope="module")
def own():
    """Return a server with a trained database, and that database."""
    with own_server(**SETTINGS) as server:
        with as_server(server).database("log") as database:
            database.alembic("upgrade", "head")
            session = database.session()
            populate(session)
            session.commit()
            session.close()
            yield server, database


@pytest.fixture
def logged(own):
    """Return a context that gives a list, and then what was logged in it."""

    @contextlib.contextmanager
    def context():
        server, _ = own
        before = len(server.log)
        found = []
        yield found
        found.append(server.log[before:])

    return context


@pytest.fixture
def session(own):
    """Return a session whose changes are rolled back."""
    session = own[1].session()
    yield session
    session.rollback()
    session.close()


# Of some hundred kilobytes.
LARGE = fit(pipeline=pipeline_for(KINDS, RandomForestClassifier(150, random_state=0)))


def test_a_refused_registration_leaves_no_model_in_the_log(
    own, logged, tmp_path, capsys
):
    path = tmp_path / "model.pkl"
    content = LARGE.artifact
    path.write_bytes(content)
    owner = own[1].session(autocommit=True)
    # Who registers may not: nobody has allowed a pickle to score.
    owner.run("CREATE ROLE registrar LOGIN IN ROLE churn_loader")
    owner.run("GRANT SELECT ON churn.customers TO registrar")
    url = make_dsn(own[1].url, user="registrar")

    with logged() as found:
        status = main(["register", str(path), "--no-compile", "--database-url", url])

    said = capsys.readouterr().err
    assert status == 1, said
    (log,) = found
    assert "ERROR" in log and "STATEMENT" in log
    assert "decode(current_setting('pgchurn.artifact'), 'base64')" in log
    assert len(content) > 100_000
    assert len(log) < MOST_BYTES * 4
    for start in range(0, len(content), 10_000):
        part = content[start : start + 60]
        assert part.hex() not in log
        assert base64.b64encode(part[:57]).decode() not in log


def test_a_registration_logs_nothing(own, logged, tmp_path, capsys):
    path = tmp_path / "model.pkl"
    path.write_bytes(LARGE.artifact)

    with logged() as found:
        assert main(["register", str(path), "--database-url", own[1].url]) == 0

    capsys.readouterr()
    assert found == [""]


def test_what_was_handed_over_is_gone_with_the_transaction(own, tmp_path, monkeypatch):
    seen = []

    def keep(connection, name, **parameters):
        found = registered(connection, name, **parameters)
        if name == "register_model":
            with connection.cursor() as cursor:
                cursor.execute("SELECT length(current_setting('pgchurn.artifact'))")
                seen.append(cursor.fetchone()[0])
            connection.commit()
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT coalesce(current_setting('pgchurn.artifact', true), '')"
                )
                seen.append(cursor.fetchone()[0])
        return found

    registered = registration.fetch_value
    monkeypatch.setattr(registration, "fetch_value", keep)
    path = tmp_path / "model.pkl"
    path.write_bytes(LARGE.artifact)

    assert main(["register", str(path), "--database-url", own[1].url]) == 0

    length, after = seen
    assert length == len(base64.b64encode(LARGE.artifact))
    assert after == ""


@pytest.mark.parametrize("compile_form", [True, False], ids=["compiled", "pickled"])
def test_a_failing_complaint_logs_one_short_warning(session, logged, compile_form):
    deploy(session, LARGE, compile_form=compile_form)
    session.run("SET LOCAL session_replication_role = replica")
    session.run("UPDATE churn.customers SET data_usage_gb = 'infinity'")
    session.run("SET LOCAL session_replication_role = origin")

    with logged() as found:
        for customer in range(1, 11):
            session.run(ONE, customer)

    (log,) = found
    assert len(re.findall(r"^\S+ \S+ \S+ \[\d+\] WARNING", log, re.MULTILINE)) == 10
    assert len(log) < 10 * MOST_BYTES


@pytest.mark.parametrize("content", [b"no form", b"x" * 5_000_000, b"\n" * 5_000_000])
def test_a_planted_form_of_megabytes_is_told_shortly(session, logged, content):
    plant(session, LARGE, compiled=content)

    with logged() as found:
        for customer in range(1, 4):
            session.run(ONE, customer)

    (log,) = found
    assert log.count("compiled form is malformed") == 3
    assert len(log) < 3 * MOST_BYTES


def test_a_signature_with_a_long_text_is_told_shortly(session, logged):
    version = plant(session, LARGE)
    long = "x" * 300_000
    session.run("SET LOCAL session_replication_role = replica")
    session.run(
        "UPDATE churn.models SET signature ="
        " jsonb_set(signature, '{classes}', to_jsonb(%s::text[])) WHERE version = %s",
        *([long, long, long], version),
    )
    session.run("SET LOCAL session_replication_role = origin")

    with logged() as found:
        session.run(ONE, 1)

    (log,) = found
    assert "model is not a binary classifier" in log
    assert len(log) < 3 * MOST_BYTES


TALKATIVE = {
    "forest": RandomForestClassifier(20, random_state=0),
    "bagging": BaggingClassifier(LogisticRegression(), 5, random_state=0),
}


@pytest.mark.parametrize("name", TALKATIVE)
@pytest.mark.parametrize("compile_form", [True, False], ids=["compiled", "pickled"])
def test_verbose_models_log_nothing(session, logged, name, compile_form):
    model = fit(pipeline=pipeline_for(KINDS, TALKATIVE[name]))
    model.pipeline[-1].verbose = 50
    for member in model.pipeline[-1].estimators_:
        if hasattr(member, "verbose"):
            member.verbose = 50

    with logged() as found:
        deploy(session, model, compile_form=compile_form)
        session.run(ONE, 1)
        session.run("SELECT sum(churn.score(c)) FROM churn.customers c")

    assert found == [""]


def test_many_rows_by_a_graph_log_nothing(session, logged):
    deploy(session, LARGE)

    with logged() as found:
        session.run(
            "SELECT churn.score_many(array_agg(c))"
            " FROM churn.customers c, generate_series(1, 100)"
        )
        used = session.value("SELECT churn.server_environment() ->> 'onnxruntime'")

    assert used
    assert found == [""]


def test_a_name_with_line_breaks_forges_no_line(session, logged):
    forged = "\n2026-01-01 00:00:00.000 UTC [1] LOG:  forged"
    version = plant(session, LARGE)
    session.run("SET LOCAL session_replication_role = replica")
    session.run(
        "UPDATE churn.models SET signature ="
        " jsonb_set(signature, '{features,0,kind}', to_jsonb(%s::text))"
        " WHERE version = %s",
        *(forged, version),
    )
    session.run("SET LOCAL session_replication_role = origin")

    with logged() as found:
        session.run(ONE, 1)

    (log,) = found
    assert "forged" in log
    # PostgreSQL indents what follows the first line.
    assert not re.search(r"^2026-01-01 00:00:00", log, re.MULTILINE)
