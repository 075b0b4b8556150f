"""Columns that change when pgchurn writes a row, which no model should read.

A trigger counts a version up, or notes the time: then each score changes what the next
one is made from.
"""

import pytest

from tests.models import fit, register
from tests.shop import (
    CALLS,
    CLIENTS,
    attach_shop,
    owner,
    trigger,
)

COUNT = 'NEW."ver sion" := OLD."ver sion" + 1; RETURN NEW;'
COUNTER = trigger("tally", "BEFORE UPDATE", COUNT)
ODD = fit({"usage": "number", "ver sion": "number", "plan": "text"})
RAISE = "RAISE EXCEPTION 'not on my watch'"
OWN = "(OLD.usage, OLD.plan) IS DISTINCT FROM (NEW.usage, NEW.plan)"

ADD = 'ALTER TABLE "Cli ""ents" ADD '
# What changes which columns whenever a score is written.
CHANGES = {
    "a version": (COUNTER, ["ver sion"]),
    "a version by a trigger that goes by changes": (
        trigger(
            "tally",
            "BEFORE UPDATE",
            f"IF NEW IS DISTINCT FROM OLD THEN {COUNT} END IF; RETURN NEW;",
        ),
        ["ver sion"],
    ),
    "a version counted by an UPDATE of its own": (
        trigger(
            "tally",
            "AFTER UPDATE",
            "IF pg_trigger_depth() < 2 THEN"
            ' UPDATE "Cli ""ents" SET "ver sion" = "ver sion" + 1 WHERE id = NEW.id;'
            " END IF; RETURN NULL;",
        ),
        ["ver sion"],
    ),
    "a version counted at commit": (
        trigger(
            "tally",
            "AFTER UPDATE",
            "IF pg_trigger_depth() < 2 THEN"
            ' UPDATE "Cli ""ents" SET "ver sion" = "ver sion" + 1 WHERE id = NEW.id;'
            " END IF; RETURN NULL;",
            deferred="DEFERRABLE INITIALLY DEFERRED",
        ),
        ["ver sion"],
    ),
    "the time as a number": (
        f'{ADD} updated double precision; UPDATE "Cli ""ents" SET updated = id;'
        + trigger(
            "touch",
            "BEFORE UPDATE",
            "NEW.updated := extract(epoch FROM now()); RETURN NEW;",
        ),
        ["updated"],
    ),
    "the time as a text": (
        f'{ADD} "up""dated" text;'
        + trigger(
            "touch",
            "BEFORE UPDATE",
            'NEW."up""dated" := clock_timestamp()::text; RETURN NEW;',
        ),
        ['up"dated'],
    ),
    "a flag of high scores": (
        f"{ADD} at_risk boolean NOT NULL DEFAULT false;"
        + trigger(
            "flag",
            "BEFORE UPDATE OF churn_score",
            "NEW.at_risk := NEW.churn_score > 0.8; RETURN NEW;",
        ),
        ["at_risk"],
    ),
    "a column of some rows": (
        trigger(
            "tally", "BEFORE UPDATE", f"IF NEW.id = 7 THEN {COUNT} END IF; RETURN NEW;"
        ),
        ["ver sion"],
    ),
    "a column of the rows that can be written": (
        trigger(
            "tally", "BEFORE UPDATE", f"IF NEW.id = 2 THEN {RAISE}; END IF; {COUNT}"
        ),
        ["ver sion"],
    ),
    "columns generated from the score": (
        f"{ADD} twice float8 GENERATED ALWAYS AS (churn_score * 2) STORED,"
        " ADD extreme boolean GENERATED ALWAYS AS (churn_score > 0.999) STORED,"
        ' ADD "by version" bigint GENERATED ALWAYS AS (churn_model_version + 1) STORED',
        ["by version", "extreme", "twice"],
    ),
    "a column generated from a version": (
        COUNTER
        + f'; {ADD} "half" float8 GENERATED ALWAYS AS ("ver sion" / 2.0) STORED',
        ["half", "ver sion"],
    ),
    "a label": (
        "CREATE TYPE mood AS ENUM ('fine', 'bad');"
        f"{ADD} mood mood DEFAULT 'fine';"
        + trigger(
            "feel",
            "BEFORE UPDATE",
            "NEW.mood := CASE OLD.mood WHEN 'fine' THEN 'bad' ELSE 'fine' END::mood;"
            " RETURN NEW;",
        ),
        ["mood"],
    ),
}

# What says nothing about the columns that models read.
INNOCENT = {
    "nothing": "",
    "a history": trigger(
        "keep",
        "AFTER UPDATE",
        "INSERT INTO history VALUES (current_user, session_user, to_jsonb(NEW));"
        " RETURN NULL;",
    ),
    "a version of the application's columns": trigger(
        "tally", "BEFORE UPDATE", f"IF {OWN} THEN {COUNT} END IF; RETURN NEW;"
    ),
    "a trigger with the condition that is advised": (
        "CREATE FUNCTION shop_private.tally() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {COUNT} END $$;"
        ' CREATE TRIGGER tally BEFORE UPDATE ON "Cli ""ents" FOR EACH ROW'
        f" WHEN ({OWN}) EXECUTE FUNCTION tally()"
    ),
    "a time": f"{ADD} updated_at timestamptz;"
    + trigger("touch", "BEFORE UPDATE", "NEW.updated_at := now(); RETURN NEW;"),
    "a column generated from the counter": f"{ADD} many boolean"
    " GENERATED ALWAYS AS (complaint_count > 2) STORED",
    "a counter's counter": trigger(
        "tally",
        "BEFORE UPDATE",
        "IF NEW.complaint_count <> OLD.complaint_count THEN"
        f" {COUNT} END IF; RETURN NEW;",
    ),
    "a check": 'ALTER TABLE "Cli ""ents" ADD CHECK (usage > 0)',
    "a trigger that raises": trigger("spoil", "BEFORE UPDATE", f"{RAISE};"),
    "a trigger that keeps the row": trigger("hold", "BEFORE UPDATE", "RETURN NULL;"),
    "an UPDATE of other columns": trigger("tally", "BEFORE UPDATE OF usage", COUNT),
}


def changed(session):
    """Return what `pgchurn train` leaves out, sorted."""
    names = session.value(
        "SELECT churn_internal.columns_changed_by_writing(%s::regclass)", CLIENTS
    )
    return sorted(names)


def state(session):
    return session.run(f"SELECT ctid, * FROM {CLIENTS} ORDER BY id")


def warned(session):
    """Return whether a version was said to read what changes with each score."""
    notices = session.take_notices()
    assert "again and again" not in notices
    assert "not written" not in notices
    return "that change when pgchurn writes a score" in notices


def deploy_odd(session, objects="", model=ODD):
    """Open a shop whose version reads the clients' version column."""
    attach_shop(session, objects)
    version = register(session, model, CLIENTS, "id")
    session.run("SELECT churn.activate_model(%s)", version)
    session.take_notices()
    return version


@pytest.mark.parametrize(("objects", "names"), CHANGES.values(), ids=CHANGES)
def test_what_each_score_changes_is_found_and_left_as_it_was(bare, objects, names):
    attach_shop(bare, objects)
    before = state(bare)

    assert changed(bare) == names

    assert state(bare) == before
    assert bare.value("SELECT sum(waiting) FROM churn.queue") == 0
    assert (
        bare.value("SELECT coalesce(current_setting('churn.entered', true), '')") == ""
    )


def test_it_is_found_where_scores_are_written_later(bare):
    attach_shop(bare, COUNTER)
    bare.run("SELECT churn.set_scoring_mode(%s, 'queued')", CLIENTS)

    assert changed(bare) == ["ver sion"]

    assert bare.value("SELECT sum(waiting) FROM churn.queue") == 0


@pytest.mark.parametrize("objects", INNOCENT.values(), ids=INNOCENT)
def test_what_no_score_changes_is_left_alone(bare, objects):
    attach_shop(bare, objects)

    assert changed(bare) == []


def test_of_an_empty_table_nothing_is_said_but_of_generated_columns(bare):
    deploy_odd(bare)
    with owner(bare):
        bare.run(f'DELETE FROM "Cli ""ents"; {COUNTER}')

    assert not warned(bare)
    assert changed(bare) == []
    with owner(bare):
        bare.run(CHANGES["columns generated from the score"][0])
    assert changed(bare) == ["by version", "extreme", "twice"]


def test_a_table_without_triggers_is_not_written_on_trial(module_database):
    committing = module_database.session()
    asked = "SELECT churn_internal.columns_changed_by_writing('churn.customers')"

    assert committing.value(asked) == []

    written = "SELECT pg_current_xact_id_if_assigned() IS NOT NULL"
    assert not committing.value(written)
    committing.rollback()


@pytest.mark.parametrize("on_error", ["keep", "raise"])
def test_creating_such_a_trigger_warns_where_the_version_reads_the_column(
    bare, on_error
):
    version = deploy_odd(bare)
    bare.run("SELECT churn.set_on_error(%s, %s)", CLIENTS, on_error)
    bare.take_notices()

    with owner(bare):
        bare.run(COUNTER)

    notices = bare.take_notices()
    assert (
        f'version {version} reads columns of "Odd Shop"."Cli ""ents" that change when'
        " pgchurn writes a score" in notices
    )
    assert 'by "ver sion".' in notices
    assert "WHEN ((OLD.a, OLD.b) IS DISTINCT FROM (NEW.a, NEW.b))" in notices
    assert "again and again" not in notices
    assert "cannot write" not in notices


def test_altering_the_table_warns(bare):
    model = fit({"usage": "number", "twice": "number"})
    deploy_odd(bare, f"{ADD} twice float8 NOT NULL DEFAULT 1", model)
    with owner(bare):
        bare.run('ALTER TABLE "Cli ""ents" DROP twice')
    bare.take_notices()

    with owner(bare):
        bare.run(f"{ADD} twice float8 GENERATED ALWAYS AS (churn_score * 2) STORED")

    assert warned(bare)


def test_what_the_version_does_not_read_is_no_reason_to_warn(bare):
    deploy_odd(bare, model=fit({"usage": "number"}))

    with owner(bare):
        bare.run(COUNTER)
    bare.run("SELECT churn.set_write_search_path(%s, 'shop_private')", CLIENTS)

    assert bare.take_notices() == ""


def test_attaching_and_changing_the_search_path_warn(bare):
    deploy_odd(bare)
    bare.run("SELECT churn.detach(%s)", CLIENTS)
    with owner(bare):
        bare.run(COUNTER)
    bare.take_notices()

    bare.run(
        f"SELECT churn.attach('{CLIENTS}', 'id', '{CALLS}', 'client', 'at',"
        " write_search_path => 'shop_private')"
    )

    # All rows are scored, too, by the version that it takes up.
    assert "that change when pgchurn writes a score" in bare.take_notices()
    bare.run("SELECT churn.set_write_search_path(%s, 'shop_private')", CLIENTS)
    assert warned(bare)


def test_registering_activating_and_going_back_warn(bare):
    attach_shop(bare, COUNTER)
    bare.take_notices()

    version = register(bare, ODD, CLIENTS, "id")
    assert warned(bare)
    bare.run("SELECT churn.activate_model(%s)", version)
    assert warned(bare)

    innocent = register(bare, fit({"usage": "number"}), CLIENTS, "id")
    assert not warned(bare)
    bare.run("SELECT churn.activate_model(%s)", innocent)
    assert not warned(bare)
    bare.run("SELECT churn.rollback_model(%s)", CLIENTS)
    assert warned(bare)


@pytest.mark.parametrize(
    "body", [f"{RAISE};", "RETURN NULL;"], ids=["raises", "keeps the row"]
)
def test_a_row_that_cannot_be_written_is_told_as_before_and_nothing_else(bare, body):
    deploy_odd(bare)

    with owner(bare):
        bare.run(trigger("spoil", "BEFORE UPDATE", body))

    notices = bare.take_notices()
    assert notices.count("WARNING") == 1
    assert "pgchurn cannot write" in notices


def test_a_trigger_that_raises_beside_a_generated_column_is_told_alone(bare):
    model = fit({"usage": "number", "twice": "number"})
    attach_shop(
        bare, f"{ADD} twice float8 GENERATED ALWAYS AS (churn_score * 2) STORED"
    )
    bare.run("SELECT churn.activate_model(%s)", register(bare, model, CLIENTS, "id"))
    bare.take_notices()

    with owner(bare):
        bare.run(trigger("spoil", "BEFORE UPDATE", f"{RAISE};"))

    notices = bare.take_notices()
    assert "pgchurn cannot write" in notices
    assert "that change when" not in notices


def test_a_trigger_says_nothing_to_whoever_has_columns_tried(bare):
    attach_shop(
        bare,
        trigger("tell", "BEFORE UPDATE", f"RAISE WARNING 'plan %', NEW.plan; {COUNT}"),
    )
    bare.take_notices()

    table = bare.value("SELECT %s::regclass::oid", CLIENTS)
    with bare.role("churn_loader"):
        assert bare.value(
            "SELECT churn_internal.columns_changed_by_writing(%s)", table
        ) == ["ver sion"]

    assert bare.take_notices() == ""


def test_nothing_is_tried_in_a_transaction_that_keeps_to_its_snapshot(module_database):
    committing = module_database.session()
    committing.run(
        "ALTER TABLE churn.customers ADD version integer NOT NULL DEFAULT 0;"
        "CREATE FUNCTION tally() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN NEW.version := OLD.version + 1; RETURN NEW; END $$;"
        "CREATE TRIGGER tally BEFORE UPDATE ON churn.customers"
        " FOR EACH ROW EXECUTE FUNCTION tally()"
    )
    committing.commit()
    asked = "SELECT churn_internal.columns_changed_by_writing('churn.customers')"
    assert committing.value(asked) == ["version"]
    committing.rollback()
    keeping = module_database.session()
    keeping.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    keeping.run("SELECT count(*) FROM churn.customers")
    committing.run("UPDATE churn.customers SET age = age + 1")
    committing.commit()

    assert keeping.value(asked) == []

    keeping.rollback()


def test_rows_and_tables_that_others_hold_are_not_waited_for(module_database):
    holding, asking = module_database.session(), module_database.session()
    asked = "SELECT churn_internal.columns_changed_by_writing('churn.customers')"
    holding.run("SELECT FROM churn.customers FOR UPDATE")
    assert asking.value(asked) == []
    asking.rollback()
    holding.rollback()

    holding.run("LOCK TABLE churn.customers")

    assert asking.value(asked) == []
    asking.rollback()
    holding.rollback()


def test_the_rows_that_were_tried_are_free_again(module_database):
    asking, complaining = module_database.session(), module_database.session()
    asking.run("SELECT churn_internal.columns_changed_by_writing('churn.customers')")

    complaining.run("SET LOCAL lock_timeout = '1s'")
    complaining.run("UPDATE churn.customers SET age = age + 1")
    complaining.run("LOCK TABLE churn.customers IN SHARE MODE")

    complaining.rollback()
    asking.rollback()
