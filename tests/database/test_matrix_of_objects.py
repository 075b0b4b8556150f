"""Every kind of object that a table can have, by everything that is done to it."""

import itertools

import psycopg2
import pytest

from tests.company import MODEL
from tests.kinds import WORKING
from tests.kinds.forbidding import FORBIDDING
from tests.kinds.kind import CALLS, CALLS_TABLE, CLERK, CLIENTS, CLIENTS_TABLE, OWNER
from tests.kinds.refused import REFUSED
from tests.matrix import OPERATIONS, Company
from tests.models import register_once

MODES = ("inline", "queued")


@pytest.fixture(scope="module")
def roles(server):
    """The owner and the clerk, whom the server keeps beyond a database."""
    with psycopg2.connect(server.url) as connection:
        connection.cursor().execute(f"CREATE ROLE {OWNER}; CREATE ROLE {CLERK}")
    connection.close()
    yield
    with psycopg2.connect(server.url) as connection:
        connection.cursor().execute(f"DROP ROLE {OWNER}; DROP ROLE {CLERK}")
    connection.close()


@pytest.fixture(scope="module")
def sessions(roles, module_empty_database):
    """Sessions that commit, where a model was registered that all tables can have.

    Each is for a few tests: what one has planned before, it looks at again whenever
    tables are created, so that after a hundred tests it took six times as long.
    """

    def renewed():
        while True:
            session = module_empty_database.session(autocommit=True)
            session.run("SET synchronous_commit = off; SET jit = off")
            yield from itertools.repeat(session, 12)
            session.close()

    sessions = renewed()
    session = next(sessions)
    session.run(
        "CREATE SCHEMA company;"
        "CREATE TABLE company.clients"
        " (id integer PRIMARY KEY, usage float8, plan text);"
        "CREATE TABLE company.calls (client integer);"
        "INSERT INTO company.clients SELECT i, i, substr('abc', 1 + i % 3, 1)"
        " FROM generate_series(1, 24) i"
    )
    session.run(
        "SELECT churn.attach('company.clients', 'id', 'company.calls', 'client')"
    )
    register_once(session, MODEL, "company.clients", "id")
    return sessions


@pytest.fixture
def companies(sessions, request):
    """The two companies, with what the test is about on their tables."""
    kind, superuser = request.param, next(sessions)
    if kind.extension:
        available = superuser.column(
            "SELECT name FROM pg_available_extensions WHERE name = %s", kind.extension
        )
        if not available:
            pytest.skip(f"the server lacks the extension {kind.extension}")
        superuser.run("RESET ROLE; RESET search_path")
        superuser.run(
            f'CREATE EXTENSION IF NOT EXISTS "{kind.extension}" SCHEMA public CASCADE'
        )
    ours = Company(superuser, "Odd Sh.op", kind)
    theirs = Company(superuser, "twin", kind)
    try:
        theirs.open_counting()
        ours.open()
        ours.attach()
        yield ours, theirs
    finally:
        ours.leave()
        theirs.leave()


@pytest.fixture
def plain_tables(bare):
    """A transaction in which such tables, of a superuser, are about to be attached."""
    bare.run(
        "CREATE SCHEMA company; SET LOCAL search_path = company, public;"
        "CREATE EXTENSION file_fdw; CREATE SERVER matrix FOREIGN DATA WRAPPER file_fdw;"
        + (CLIENTS_TABLE + ";" + CALLS_TABLE).replace("@key@", "integer")
    )
    return bare


def each_operation(companies, mode):
    """Do everything to both companies; yield in what they differ, one by one."""
    ours, theirs = companies
    ours.become()
    if mode == "queued":
        ours.session.run("SELECT churn.set_scoring_mode(%s, %s)", ours.profile, mode)
    for operation, (role, statement) in OPERATIONS.items():
        told = [
            company.do(role, statement, 12 * MODES.index(mode)) for company in companies
        ]
        theirs.count()
        if mode == "queued":
            ours.work()
        found = differences(*companies)
        if told[0] != told[1]:
            found.append(f"{told[0]} instead of {told[1]}")
        yield f"{mode} {operation}", found


def differences(ours, theirs):
    """Return in what the application's rows, and what its triggers saw, differ."""
    seen, expected = ours.state(), theirs.state()
    return [
        f"{what}: {[row for row in seen[what] if row not in rows]} instead of"
        f" {[row for row in rows if row not in seen[what]]}"
        for what, rows in expected.items()
        if seen[what] != rows
    ]


def what_is_wrong(health):
    return [f"{what}: {keys}" for what, keys in health.items() if keys]


@pytest.mark.parametrize("companies", WORKING.values(), ids=WORKING, indirect=True)
def test_it_works_as_without_pgchurn(companies):
    ours, theirs = companies
    found = []
    for mode in MODES:
        for operation, differing in each_operation(companies, mode):
            differing += what_is_wrong(ours.unscored())
            found += [f"{operation}, {difference}" for difference in differing]

        found += [f"{mode}, {wrong}" for wrong in what_is_wrong(ours.unhealthy())]
        forged = ours.forge()
        wrong = ours.unhealthy()["wrong"]
        if not forged <= {line.split(" complaint_count ")[0] for line in wrong}:
            found.append(f"{mode} verify: {wrong} of {forged}")
        for procedure in "repair", "rescore":
            ours.become()
            ours.session.run(f"CALL churn.{procedure}(%s)", ours.profile)
            differing = differences(ours, theirs) + what_is_wrong(ours.unhealthy())
            found += [f"{mode} {procedure}, {difference}" for difference in differing]
    assert not found, "\n".join(line[:400] for line in found[:9])


@pytest.mark.parametrize(
    "companies", FORBIDDING.values(), ids=FORBIDDING, indirect=True
)
def test_what_forbids_the_write_costs_no_complaint(companies):
    ours, theirs = companies
    forbidden = {str(number) for number in ours.kind.forbids}
    found = []
    for mode in MODES:
        marked = set()
        for operation, differing in each_operation(companies, mode):
            health = ours.unhealthy()
            wrong = {line.split()[0] for line in health["wrong"]}
            wrong.update(health["badly scored"])
            marked.update(health["failed"])
            if not wrong <= set(health["failed"]) <= forbidden or health["pending"]:
                differing.append(str(health))
            found += [f"{operation}, {difference}" for difference in differing]
        if not marked and not ours.kind.passes:
            found.append(f"{mode}: nothing was forbidden")
    ours.run(ours.kind.mend, None if ours.kind.at_end else OWNER)
    ours.become()
    ours.session.run("CALL churn.repair(%s)", ours.profile)
    found += [f"repair, {wrong}" for wrong in what_is_wrong(ours.unhealthy())]
    assert not found, "\n".join(line[:400] for line in found[:9])


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_the_reason(plain_tables, name):
    session = plain_tables
    statements, role, sqlstate, reason = REFUSED[name]
    session.run(statements.format(clients=CLIENTS, calls=CALLS))
    tables = {"profile": CLIENTS, "complaints": CALLS, role: "other"}

    refused = session.refusal(
        "SELECT churn.attach(%s, 'Id', %s, 'client', 'at')",
        tables["profile"],
        tables["complaints"],
    )

    assert refused.sqlstate == sqlstate
    assert reason in f"{refused.message} {refused.detail}"
