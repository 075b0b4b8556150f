"""Triggers of a profile that run before a row is changed, and change complaints.

The row may not be written by pgchurn then, or the statement would write it twice.
"""

import pytest

from tests.company import MODEL
from tests.models import assert_fresh
from tests.shop import (
    CALLS,
    CLIENTS,
    COMPLAIN,
    COMPLAIN_OFTEN,
    complain,
    open_shop,
    owner,
    trigger,
)

CLEAN = trigger(
    "clean", "BEFORE DELETE", "DELETE FROM calls WHERE client = OLD.id; RETURN OLD;"
)
COUNT = 'SELECT complaint_count FROM "Odd Shop"."Cli ""ents" WHERE id = %s'


@pytest.fixture(params=["inline", "queued"])
def mode(request):
    return request.param


def open_in(session, mode, objects):
    open_shop(session, objects)
    complain(session, COMPLAIN_OFTEN)
    session.run("SELECT churn.set_scoring_mode(%s, %s)", CLIENTS, mode)


def assert_right(session):
    session.run("SELECT churn.work()")
    assert_fresh(session, MODEL, CLIENTS, "id")


def test_complaints_may_be_deleted_before_their_customer_is(bare, mode):
    open_in(bare, mode, CLEAN)

    with owner(bare):
        bare.run('DELETE FROM "Cli ""ents" WHERE id IN (1, 2, 7)')

    assert bare.value(f"SELECT count(*) FROM {CLIENTS}") == 9
    assert bare.value(f"SELECT count(*) FROM {CALLS} WHERE client < 3") == 0
    assert_right(bare)


def test_a_customer_whom_the_trigger_keeps_is_counted_without_them(bare, mode):
    open_in(bare, mode, CLEAN.replace("RETURN OLD", "RETURN NULL"))

    with owner(bare):
        bare.run('DELETE FROM "Cli ""ents" WHERE id IN (1, 7)')

    assert bare.value(COUNT, 1) == 0
    assert_right(bare)


def test_other_customers_whose_complaints_go_as_well_are_counted(bare, mode):
    open_in(bare, mode, CLEAN.replace("client = OLD.id", "client IN (OLD.id, 3)"))

    with owner(bare):
        bare.run('DELETE FROM "Cli ""ents" WHERE id = 1')

    assert bare.value(COUNT, 3) == 0
    assert_right(bare)


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO calls (client) VALUES (NEW.id)",
        "INSERT INTO calls (client) SELECT NEW.id FROM generate_series(1, 3)",
        "DELETE FROM calls WHERE client = NEW.id",
        "UPDATE calls SET client = 12 WHERE client = NEW.id",
    ],
)
def test_complaints_may_change_before_their_customer_does(bare, mode, change):
    open_in(
        bare,
        mode,
        trigger(
            "follow",
            "BEFORE UPDATE",
            f"IF NEW.name <> OLD.name THEN {change}; END IF; RETURN NEW;",
        ),
    )

    with owner(bare):
        bare.run('UPDATE "Cli ""ents" SET name = \'y\' WHERE id IN (1, 2, 9)')

    assert_right(bare)
    complain(bare, COMPLAIN)
    assert_right(bare)


def test_what_failed_in_between_leaves_nothing_behind(bare):
    open_in(
        bare, "inline", CLEAN.replace("RETURN OLD", "RAISE EXCEPTION 'no'; RETURN OLD")
    )

    with owner(bare):
        assert bare.refusal('DELETE FROM "Cli ""ents" WHERE id = 1').message == "no"

    complain(bare, COMPLAIN)
    assert_right(bare)


def test_nobody_has_complaints_counted_later_by_a_setting(bare):
    open_in(bare, "inline", CLEAN)
    bare.run("SET LOCAL churn.entered = '0'")

    complain(bare, COMPLAIN)

    assert_right(bare)


def test_a_table_whose_trigger_is_gone_pays_nothing(bare):
    open_in(bare, "inline", CLEAN)

    with owner(bare):
        bare.run('DROP TRIGGER "clean it" ON "Cli ""ents"')

    conditions = bare.column(
        "SELECT pg_get_triggerdef(oid) FROM pg_trigger"
        " WHERE tgname LIKE 'pgchurn_2_change%%'"
    )
    assert len(conditions) == 2
    assert all("WHEN (false)" in condition for condition in conditions)
