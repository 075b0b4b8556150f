"""Fixtures of the database tests; what they hand out is in tests/databases.py.

Tests run in several processes, each with templates and databases of its own. One that
measures time, or changes what all databases of the server share, is marked ``alone``.

server      session   the server that DATABASE_URL names, else the private one
migrated    session   template database at the newest revision, tables empty
trained     session   the same with customers, complaints and an active model:
                      see `populate` in tests/models.py
empty_database, trained_database          a fresh clone for one test
module_empty_database, module_database    a fresh clone for one module
session     a transaction in one shared clone of `trained`, rolled back at the end
bare        the same in one shared clone of `migrated`
first, second   two sessions in the module's clone of `trained`, in autocommit mode
                off; what they commit stays for the rest of the module

Most tests use `session`: the backend behind it has imported scikit-learn already.
"""

import itertools
import os
import signal
import time

# Before anything loads OpenMP: threads of several processes would only wait for each
# other, and training takes many times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from pgchurn.loader import private_server
from pytest_postgresql import factories

from tests.databases import Database, Server, database_name
from tests.minutes import FIRST, in_turn
from tests.models import populate
from tests.sharing import machine

numbers = itertools.count(1)
started = time.monotonic()
may_wait = pytest.StashKey[bool]()

# As when a script starts the tests in the background: so would the programs that they
# start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser):
    parser.addoption(
        "--rewrite",
        action="store_true",
        help="write what the examples of the pages print into the pages",
    )
    parser.addoption(
        "--minutes",
        type=float,
        help="leave out what is slow, and further cases, that would begin later",
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Put first what is never left out, of all that was not deselected."""
    if config.option.minutes is None:
        return
    order = in_turn(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1)))
    for turn, item in order:
        item.stash[may_wait] = turn != FIRST
    items[:] = [item for _, item in order]


def pytest_runtest_setup(item):
    """Let no test be slow without a reason, or begin when the minutes are over."""
    for mark in item.iter_markers("slow"):
        if not mark.kwargs.get("reason"):
            pytest.fail("a test that is marked slow says why: slow(reason=...)")
    minutes = item.config.option.minutes
    if item.stash.get(may_wait, False) and time.monotonic() - started > 60 * minutes:
        pytest.skip("no time was left")


@pytest.fixture(autouse=True)
def machine_shared_or_alone(request, tmp_path_factory):
    """Let a test that is marked ``alone`` run while no other does."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        yield
        return
    # The processes have folders of their own in the run's.
    folder = tmp_path_factory.getbasetemp().parent
    with machine(folder, alone=request.node.get_closest_marker("alone") is not None):
        yield


@pytest.fixture(scope="session")
def server():
    return Server(os.environ.get("DATABASE_URL") or private_server.url())


def load_migrations(dbname, **_):
    server = Server(os.environ.get("DATABASE_URL") or private_server.url())
    Database(server, dbname).alembic("upgrade", "head")


def load_customers(dbname, **_):
    server = Server(os.environ.get("DATABASE_URL") or private_server.url())
    database = Database(server, dbname)
    session = database.session()
    populate(session)
    session.commit()
    database.close()


migrated = factories.postgresql_noproc(
    depends_on="server", dbname=database_name("migrated"), load=[load_migrations]
)
trained = factories.postgresql_noproc(
    depends_on="migrated", dbname=database_name("trained"), load=[load_customers]
)


def clone_of(template, scope):
    @pytest.fixture(scope=scope)
    def database(server, request):
        source = request.getfixturevalue(template).template_dbname
        with server.database(next(numbers), source) as clone:
            yield clone

    return database


empty_database = clone_of("migrated", "function")
trained_database = clone_of("trained", "function")
module_empty_database = clone_of("migrated", "module")
module_database = clone_of("trained", "module")
shared_database = clone_of("trained", "session")
shared_bare_database = clone_of("migrated", "session")


@pytest.fixture(scope="session")
def shared_session(shared_database):
    return shared_database.session()


@pytest.fixture(scope="session")
def shared_bare_session(shared_bare_database):
    return shared_bare_database.session()


def rolled_back(session):
    session.take_notices()
    yield session
    session.rollback()


@pytest.fixture
def session(shared_session):
    yield from rolled_back(shared_session)


@pytest.fixture
def bare(shared_bare_session):
    yield from rolled_back(shared_bare_session)


@pytest.fixture
def fresh(module_database):
    """Return a session that has loaded nothing yet."""
    session = module_database.session()
    yield session
    session.close()


@pytest.fixture(scope="module")
def module_sessions(module_database):
    return module_database.session(), module_database.session()


@pytest.fixture
def first(module_sessions):
    yield from rolled_back(module_sessions[0])


@pytest.fixture
def second(module_sessions):
    yield from rolled_back(module_sessions[1])
