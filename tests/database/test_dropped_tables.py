"""Detached tables that are dropped: what stays of them is known by their names."""

import pytest

from tests.company import CLIENTS, MODEL, attach, create_tables
from tests.models import deploy, register, rescore_in_place

DETACH = "SELECT churn.detach(%s::regclass)"
NAMES = (
    "SELECT profile_name, complaints_name, dropped_at IS NOT NULL"
    " FROM churn.attachments WHERE attachment_id = 2"
)


@pytest.fixture
def attached(session):
    create_tables(session)
    attach(session)
    deploy(session, MODEL, "company.clients", "id")
    return session


def test_the_names_are_kept_when_tables_are_detached(attached):
    assert attached.row(NAMES) == (None, None, False)

    attached.run(DETACH, "company.clients")

    assert attached.row(NAMES) == ("company.clients", "company.calls", False)


def test_a_dropped_table_is_known_as_such(attached):
    attached.run(DETACH, "company.clients")

    attached.run("DROP TABLE company.calls, company.clients")

    assert attached.row(NAMES) == ("company.clients", "company.calls", True)


@pytest.mark.parametrize(
    "drop",
    [
        "DROP SCHEMA company CASCADE",
        "DROP TABLE company.clients CASCADE",
        "ALTER TABLE company.clients RENAME TO customers; DROP SCHEMA company CASCADE",
    ],
)
def test_whatever_takes_it_away(attached, drop):
    attached.run(DETACH, "company.clients")

    attached.run(drop)

    assert attached.row(NAMES)[2] is True


def test_the_event_table_alone_is_no_profile(attached):
    attached.run(DETACH, "company.clients")

    attached.run("DROP TABLE company.calls")

    assert attached.row(NAMES) == ("company.clients", "company.calls", False)


def test_a_drop_that_is_rolled_back_is_none(attached):
    attached.run(DETACH, "company.clients")
    attached.run("SAVEPOINT before; DROP SCHEMA company CASCADE; ROLLBACK TO before")

    assert attached.row(NAMES)[2] is False
    assert attach(attached) == 2


def test_odd_names_are_kept_as_sql_spells_them(session):
    names = ('company."the ""Clients\' %s"', "id", 'company."calls.%"', "client", None)
    create_tables(session, names)
    attach(session, names)

    session.run(DETACH, names[0])
    session.run("DROP SCHEMA company CASCADE")

    assert session.row(NAMES) == (names[0], names[2], True)


def test_a_new_table_of_the_same_name_takes_up_nothing(attached):
    attached.run(DETACH, "company.clients")
    attached.run("DROP SCHEMA company CASCADE")
    create_tables(attached)

    assert attach(attached) == 3

    assert attached.run(
        "SELECT attachment_id FROM churn.active_deployments ORDER BY 1"
    ) == [(1,)]
    attached.run("INSERT INTO company.calls VALUES (1)")
    assert attached.column("SELECT DISTINCT churn_score FROM company.clients") == [None]


def test_nor_does_one_that_is_given_the_number_of_the_dropped_one(attached):
    # As a restored dump may have it: there the number is that of another table.
    attached.run(DETACH, "company.clients")
    attached.run("DROP SCHEMA company CASCADE")
    create_tables(attached)
    attached.run(
        "UPDATE churn.attachments SET profile = 'company.clients'::regclass"
        " WHERE attachment_id = 2"
    )

    assert attach(attached) == 3


def test_the_names_go_when_the_table_is_attached_again(attached):
    attached.run(DETACH, "company.clients")

    assert attach(attached) == 2

    assert attached.row(NAMES) == (None, None, False)
    rescore_in_place(attached, "company.clients")
    assert register(attached, MODEL, "company.clients", "id")


def test_a_table_is_dropped_while_another_session_attaches_one(first, second):
    second.run("CREATE TABLE public.passing (id bigint)")
    second.commit()
    create_tables(first)
    attach(first)

    second.run("SET LOCAL lock_timeout = '2s'")
    second.run("DROP TABLE public.passing")

    second.commit()
    first.rollback()


def test_a_dropped_table_is_told_from_others_after_a_restore(
    module_database, first, server
):
    create_tables(first)
    attach(first, CLIENTS)
    first.run(DETACH, "company.clients")
    first.run("DROP SCHEMA company CASCADE")
    first.commit()

    with server.database("restored_dropped") as target:
        dump = module_database.program("pg_dump").stdout
        target.program("psql", "-qX", "-v", "ON_ERROR_STOP=1", input=dump)
        after = target.session()
        assert after.row(NAMES) == ("company.clients", "company.calls", True)
        # Whatever the number is here, it is none of a table of that name.
        create_tables(after)
        assert attach(after) == 3
