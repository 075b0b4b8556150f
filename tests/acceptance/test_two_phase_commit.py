"""Transactions that are prepared for a two-phase commit, while workers are about."""

import contextlib
import signal

import pytest

from tests.company import MODEL, attach, create_tables
from tests.models import deploy, divergences, populate
from tests.own_server import as_server, own_server
from tests.working import Process, looks, wait_for

pytestmark = pytest.mark.slow(reason="has a server of its own")

WAITING = "SELECT sum(waiting) FROM churn.queue"
ODD = ('"Odd ""Shop""".cust', "id", '"Odd ""Shop""".comp', "cust", "at")
STATEMENTS = (
    "INSERT INTO churn.complaints (customer_id) VALUES (1)",
    "INSERT INTO churn.complaints (customer_id) SELECT generate_series(1, 40)",
    "UPDATE churn.customers SET age = age + 1 WHERE customer_id < 5",
    "UPDATE churn.complaints SET customer_id = 3 WHERE customer_id = 4",
    "DELETE FROM churn.complaints WHERE customer_id = 2",
    "INSERT INTO churn.customers (customer_id) VALUES (100)",
    "DELETE FROM churn.customers WHERE customer_id = 5",
    f"INSERT INTO {ODD[2]} VALUES ('key 1', now()), ('key 2', now())",
    "SELECT churn.work()",
    "TRUNCATE churn.complaints",
)


@pytest.fixture(scope="module")
def preparing():
    with own_server(max_prepared_transactions="5") as own:
        server = as_server(own)
        with server.database("prepared") as database:
            database.alembic("upgrade", "head")
            session = database.session(autocommit=True)
            populate(session)
            create_tables(session, ODD, key_type="text")
            attach(session, ODD)
            deploy(session, MODEL, ODD[0], ODD[1])
            session.close()
            yield server, database


@pytest.fixture
def database(preparing, request):
    server, source = preparing
    with server.database(f"clone_{abs(hash(request.node.name))}", source.name) as clone:
        yield clone


@pytest.fixture(params=["inline", "queued"])
def session(database, request):
    session = database.session(autocommit=True)
    session.run(
        "SELECT churn.set_scoring_mode(profile, %s) FROM churn.attachments",
        request.param,
    )
    return session


@contextlib.contextmanager
def working(url, *options):
    worker = Process(url, *options)
    with worker.process:
        try:
            yield worker
        finally:
            worker.process.kill()


def prepare(session, *statements):
    session.run("BEGIN")
    for statement in statements:
        session.run(statement)
    session.run("PREPARE TRANSACTION 'x'")


def test_transactions_are_prepared_and_committed_while_a_worker_is_about(
    database, session
):
    with working(database.url) as worker:
        for statement in STATEMENTS:
            wait_for(lambda: looks(session) and session.value(WAITING) == 0)
            prepare(session, statement)
            session.run("COMMIT PREPARED 'x'")

        wait_for(lambda: session.value(WAITING) == 0)
        assert divergences(session) == []
        assert divergences(session, ODD[0]) == []
        assert worker.end(signal.SIGTERM)[0] == 0


def test_what_is_prepared_holds_up_nobody_elses_score(database, session):
    with working(database.url):
        prepare(session, "INSERT INTO churn.complaints (customer_id) VALUES (1)")
        session.run("INSERT INTO churn.complaints (customer_id) VALUES (2), (3)")
        wait_for(lambda: session.value(WAITING) == 0)

        session.run("ROLLBACK PREPARED 'x'")

        assert divergences(session) == []


def test_notifications_are_refused_where_transactions_are_prepared(session):
    call = "SELECT churn.set_notifications('churn.customers', 'every'{})"

    refusal = session.refusal(call.format(""))

    assert refusal == (
        "55000",
        "notifications would make PREPARE TRANSACTION fail",
        "max_prepared_transactions is 5, so transactions that change scores may be"
        " prepared, and PostgreSQL prepares none that has notified.",
        "Call churn.set_outbox instead, or pass refuse_prepared => true if none of them"
        " is ever prepared.",
    )
    session.run(call.format(", refuse_prepared => true"))
    session.run("SELECT churn.set_notifications('churn.customers', 'off')")


def test_the_outbox_is_written_by_what_is_prepared(session):
    session.run("SELECT churn.set_outbox('churn.customers', 'every')")

    prepare(session, "INSERT INTO churn.complaints (customer_id) VALUES (1)")
    assert session.value("SELECT count(*) FROM churn.outbox") == 0
    session.run("COMMIT PREPARED 'x'")
    session.run("SELECT churn.work()")

    assert session.column("SELECT key FROM churn.outbox") == ["1"]
