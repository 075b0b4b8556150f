"""A store that reaches its attached tables by Django, SQLAlchemy and other clients."""

import json

import pytest

from tests.clients.installing import CLIENTS, command, missing
from tests.clients.store import CUSTOMERS, Store, application_role
from tests.databases import run

pytestmark = pytest.mark.slow(reason="starts programs that load a client")


@pytest.fixture(scope="module")
def role(server, migrated):
    with application_role(server) as role:
        yield role


@pytest.fixture(scope="module")
def attached(server, migrated, role):
    """A database to clone, whose tables are attached."""
    with server.database("attached", migrated.template_dbname) as database:
        store = Store(database, role)
        store.create_schema()
        store.run_file("tables.sql")
        store.run_file("objects.sql")
        store.attach()
        database.close()
        yield database.name


@pytest.fixture(params=CLIENTS.values(), ids=CLIENTS)
def client(request):
    reason = missing(request.param)
    if reason:
        pytest.skip(reason)
    return request.param


@pytest.fixture
def program(client, tmp_path):
    return command(client, tmp_path)


@pytest.fixture
def store(server, migrated, role, client, program, request):
    """A store of its own, attached."""
    source = migrated.template_dbname
    if not client.creates_tables:
        source = request.getfixturevalue("attached")
    with server.database("store", source) as database:
        store = Store(database, role)
        if client.creates_tables:
            store.create_schema()
            run([*program, "create"], env=store.environment)
            store.run_file("objects.sql")
            store.attach()
        yield store


@pytest.mark.parametrize("mode", ["inline", "queued"])
def test_whatever_a_client_does_is_counted_scored_and_kept(store, program, mode):
    store.superuser.run("SELECT churn.set_scoring_mode(%s, %s)", CUSTOMERS, mode)

    done = run([*program, "use", mode], env=store.environment)

    store.assert_right(json.loads(done.stdout))
