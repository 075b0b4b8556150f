"""Profiles on which a company has triggers, checks and the like of its own.

They run as they would if the owner of the table had written the row, and what they
raise costs no complaint.
"""

import re

import pytest

from tests.company import MODEL, attach, create_tables
from tests.models import assert_fresh, deploy, divergences
from tests.shop import (
    CALLS,
    CLERK,
    CLIENTS,
    COMPLAIN,
    COMPLAIN_OFTEN,
    OWNER,
    complain,
    function,
    open_shop,
    owner,
    put_on_clients,
    trigger,
)

RECORD = "INSERT INTO history VALUES (current_user, session_user, to_jsonb({row}));"
RECORD_NEW = RECORD.format(row="NEW")

# What a company has on its table, each of which leaves a row in its history.
OBJECTS = {
    "a trigger after each row": trigger(
        "keep", "AFTER UPDATE", f"{RECORD_NEW} RETURN NULL;"
    ),
    "a trigger before each row": trigger(
        "keep", "BEFORE UPDATE", f"{RECORD_NEW} RETURN NEW;"
    ),
    "a trigger after a statement": trigger(
        "keep",
        "AFTER UPDATE",
        f"{RECORD.format(row='1')} RETURN NULL;",
        level="STATEMENT",
    ),
    "a trigger before a statement": trigger(
        "keep",
        "BEFORE UPDATE",
        f"{RECORD.format(row='1')} RETURN NULL;",
        level="STATEMENT",
    ),
    "a trigger on the counter": trigger(
        "keep", "AFTER UPDATE OF complaint_count", f"{RECORD_NEW} RETURN NULL;"
    ),
    "a trigger at commit": trigger(
        "keep",
        "AFTER UPDATE",
        f"{RECORD_NEW} RETURN NULL;",
        deferred="DEFERRABLE INITIALLY DEFERRED",
    ),
    "a check that calls a function": function(
        "is_fine", f"{RECORD.format(row='value')} RETURN true;"
    )
    + ' ALTER TABLE "Cli ""ents" ADD CHECK (is_fine(id))',
    "a rule": 'CREATE RULE keep AS ON UPDATE TO "Cli ""ents"'
    " DO ALSO INSERT INTO history"
    " VALUES (current_user, session_user, to_jsonb(NEW.id))",
    "a sequence": trigger(
        "keep",
        "BEFORE UPDATE",
        f"NEW.name := nextval('revisions'); {RECORD_NEW} RETURN NEW;",
    ),
}


@pytest.fixture(params=OBJECTS.values(), ids=OBJECTS)
def shop(bare, request):
    open_shop(bare, request.param)
    bare.run("DELETE FROM shop_private.history")
    return bare


def writers(session):
    """Return who wrote the history, one row for each that there is of them."""
    session.run("SET CONSTRAINTS ALL IMMEDIATE")
    return session.column("SELECT DISTINCT who FROM shop_private.history")


@pytest.mark.parametrize("mode", ["inline", "queued"])
@pytest.mark.parametrize("statement", [COMPLAIN, COMPLAIN_OFTEN])
def test_what_a_company_has_on_its_table_runs_as_its_owner(shop, statement, mode):
    shop.run("SELECT churn.set_scoring_mode(%s, %s)", CLIENTS, mode)

    complain(shop, statement)

    assert writers(shop) == [OWNER]
    if mode == "queued":
        shop.run("SELECT churn.work()")
    assert_fresh(shop, MODEL, CLIENTS, "id")
    assert shop.value("SELECT sum(waiting) FROM churn.queue") == 0


def test_an_update_of_the_owners_is_scored_as_before(shop):
    with owner(shop):
        shop.run('UPDATE "Cli ""ents" SET usage = usage + 1 WHERE id < 4')

    assert_fresh(shop, MODEL, CLIENTS, "id")
    assert writers(shop) == [OWNER]


def test_rescoring_and_repair_leave_everything_right(shop):
    with owner(shop):
        shop.run(
            f"ALTER TABLE {CLIENTS} DISABLE TRIGGER USER;"
            f"UPDATE {CLIENTS} SET complaint_count = 7, churn_score = 0.5;"
            f"ALTER TABLE {CLIENTS} ENABLE TRIGGER USER"
        )

    shop.run(
        "SELECT churn_internal.repair_profiles_2(ARRAY(SELECT id::text"
        f" FROM {CLIENTS}))"
    )

    assert_fresh(shop, MODEL, CLIENTS, "id")
    assert writers(shop) == [OWNER]


RAISE = "RAISE EXCEPTION 'not on my watch'"
# What may go wrong for some clients only: for number 1 and number 3.
SPOILERS = {
    "a trigger before each row": trigger(
        "spoil",
        "BEFORE UPDATE",
        f"IF NEW.id IN (1, 3) THEN {RAISE}; END IF; RETURN NEW;",
    ),
    "a trigger after each row": trigger(
        "spoil",
        "AFTER UPDATE",
        f"IF NEW.id IN (1, 3) THEN {RAISE}; END IF; RETURN NEW;",
    ),
    "a trigger that asserts": trigger(
        "spoil", "BEFORE UPDATE", "ASSERT NEW.id NOT IN (1, 3); RETURN NEW;"
    ),
    "a trigger at commit": trigger(
        "spoil",
        "AFTER UPDATE",
        f"IF NEW.id IN (1, 3) THEN {RAISE}; END IF; RETURN NEW;",
        deferred="DEFERRABLE INITIALLY DEFERRED",
    ),
    "a trigger that skips the row": trigger(
        "spoil",
        "BEFORE UPDATE",
        "IF NEW.id IN (1, 3) THEN RETURN NULL; END IF; RETURN NEW;",
    ),
    "a check on the counter": 'ALTER TABLE "Cli ""ents" ADD CONSTRAINT spoil'
    " CHECK (id NOT IN (1, 3) OR complaint_count < 1) NOT VALID",
    "a check that calls a function": function(
        "spoil", f"IF value IN (1, 3) THEN {RAISE}; END IF; RETURN true;"
    )
    + ' ALTER TABLE "Cli ""ents" ADD CONSTRAINT spoil CHECK (spoil(id)) NOT VALID',
    "a generated column": function(
        "is_rare", f"IF value > 0 THEN {RAISE}; END IF; RETURN true;"
    ).replace("LANGUAGE plpgsql", "LANGUAGE plpgsql IMMUTABLE")
    + ' ALTER TABLE "Cli ""ents" ADD COLUMN spoil boolean GENERATED ALWAYS AS'
    " (is_rare(CASE WHEN id IN (1, 3) THEN complaint_count ELSE 0 END)) STORED",
    "an index on a function": function(
        "is_rare", f"IF value > 0 THEN {RAISE}; END IF; RETURN true;"
    ).replace("LANGUAGE plpgsql", "LANGUAGE plpgsql IMMUTABLE")
    + ' CREATE INDEX spoil ON "Cli ""ents"'
    " (is_rare(CASE WHEN id IN (1, 3) THEN complaint_count ELSE 0 END))",
    "a rule": 'CREATE RULE spoil AS ON UPDATE TO "Cli ""ents" WHERE OLD.id IN (1, 3)'
    " DO INSTEAD NOTHING",
    "a missing replica identity": 'ALTER TABLE "Cli ""ents" REPLICA IDENTITY NOTHING',
}
MENDED = {
    "a check on the counter": 'ALTER TABLE "Cli ""ents" DROP CONSTRAINT spoil',
    "a check that calls a function": 'ALTER TABLE "Cli ""ents" DROP CONSTRAINT spoil',
    "a generated column": 'ALTER TABLE "Cli ""ents" DROP COLUMN spoil',
    "an index on a function": "DROP INDEX spoil",
    "a rule": 'DROP RULE spoil ON "Cli ""ents"',
    "a missing replica identity": 'ALTER TABLE "Cli ""ents" REPLICA IDENTITY DEFAULT',
}


@pytest.mark.parametrize("mode", ["inline", "queued"])
@pytest.mark.parametrize("name", SPOILERS)
def test_what_they_raise_costs_no_complaint(bare, name, mode):
    open_shop(bare)
    bare.run(f"CREATE PUBLICATION clients FOR TABLE {CLIENTS}")
    with owner(bare):
        bare.run(SPOILERS[name])
    bare.run("SELECT churn.set_scoring_mode(%s, %s)", CLIENTS, mode)
    bare.take_notices()

    complain(bare, COMPLAIN)
    complain(bare, COMPLAIN_OFTEN)

    assert "rows of" in bare.take_notices()
    assert bare.value(f"SELECT count(*) FROM {CALLS}") == 10
    wrong = bare.column(
        "SELECT DISTINCT key FROM churn.verify(%s::regclass)"
        " WHERE column_name = 'complaint_count' ORDER BY 1",
        CLIENTS,
    )
    assert set(wrong) >= {"1", "3"}
    marked = "SELECT key FROM churn_internal.failed_profiles WHERE reason IS NOT NULL"
    assert set(bare.column(marked)) >= set(wrong)
    with owner(bare):
        bare.run(MENDED.get(name, 'DROP TRIGGER "spoil it" ON "Cli ""ents"'))
    bare.run("UPDATE churn_internal.failed_profiles SET due_at = now()")
    bare.run("SELECT churn.work()")
    assert_fresh(bare, MODEL, CLIENTS, "id")
    assert bare.value("SELECT sum(waiting) FROM churn.health") == 0


@pytest.mark.parametrize(
    "condition", ["query_canceled", "assert_failure", "deadlock_detected"]
)
def test_an_error_that_a_trigger_catches_leaves_the_write_around_it_known(
    bare, condition
):
    open_shop(bare)
    create_tables(bare)
    attach(bare)
    deploy(bare, MODEL, "company.clients", "id")
    bare.run(
        f"""
        GRANT USAGE ON SCHEMA company TO {OWNER};
        GRANT INSERT ON company.calls TO {OWNER};
        CREATE FUNCTION company.fail() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE {condition}; END $$;
        CREATE TRIGGER fail AFTER UPDATE ON company.clients
            FOR EACH ROW WHEN (NEW.complaint_count > 0) EXECUTE FUNCTION company.fail()
        """
    )
    with owner(bare):
        bare.run(
            trigger(
                "pass_on",
                "AFTER UPDATE",
                f"INSERT INTO company.calls (client) VALUES (1); {RECORD_NEW}"
                f" RETURN NULL; EXCEPTION WHEN {condition} THEN {RECORD_NEW}"
                " RETURN NULL;",
            )
        )
    bare.run("SELECT churn.set_prediction_log(%s, 1)", CLIENTS)
    bare.run("DELETE FROM shop_private.history")

    complain(bare)

    assert bare.value("SELECT count(*) FROM shop_private.history") == 1
    assert bare.column("SELECT key FROM churn.predictions") == ["1"]


def test_a_trigger_that_discards_sequences_does_not_repeat_a_write_endlessly(bare):
    open_shop(bare)
    put_on_clients(
        bare,
        trigger(
            "count_up",
            "BEFORE UPDATE",
            "DISCARD SEQUENCES; NEW.usage := NEW.usage + NEW.complaint_count;"
            " RETURN NEW;",
        ),
    )

    complain(bare)

    assert bare.column("SELECT reason FROM churn.health WHERE customers > 0") == [
        f"{CLIENTS} is written again and again"
    ]


def test_where_a_failure_is_to_raise_it_does(bare):
    open_shop(bare, SPOILERS["a trigger before each row"])
    bare.run("SELECT churn.set_on_error(%s, 'raise')", CLIENTS)

    refused = bare.refusal(COMPLAIN)

    assert refused.message == "not on my watch"


def test_deadlocks_and_failed_serialisation_are_the_applications_to_hear_of(bare):
    open_shop(
        bare,
        trigger(
            "spoil",
            "BEFORE UPDATE",
            "IF NEW.complaint_count > 0 THEN RAISE EXCEPTION 'again' USING ERRCODE ="
            " '40001'; END IF; RETURN NEW;",
        ),
    )

    assert bare.refusal(COMPLAIN).sqlstate == "40001"


def test_a_version_counter_that_no_model_reads_is_counted_up_once(bare):
    open_shop(
        bare,
        trigger(
            "bump",
            "BEFORE UPDATE",
            'NEW."ver sion" := OLD."ver sion" + 1; RETURN NEW;',
        ),
    )

    complain(bare)

    assert_fresh(bare, MODEL, CLIENTS, "id")
    assert bare.value(f'SELECT "ver sion" FROM {CLIENTS} WHERE id = 1') <= 3


# How a version that optimistic locking asks for is counted, where complaints are not to
# count: an ORM would take them for a change by somebody else.
BUMP = 'NEW."ver sion" := OLD."ver sion" + 1;'
VERSIONS = {
    "of columns": trigger(
        "bump", "BEFORE UPDATE OF usage, plan, name", f"{BUMP} RETURN NEW;"
    ),
    "when": trigger("bump", "BEFORE UPDATE", f"{BUMP} RETURN NEW;").replace(
        "FOR EACH ROW",
        "FOR EACH ROW WHEN ((OLD.usage, OLD.plan) IS DISTINCT FROM"
        " (NEW.usage, NEW.plan))",
    ),
    "in its body": trigger(
        "bump",
        "BEFORE UPDATE",
        "IF (OLD.usage, OLD.plan) IS DISTINCT FROM (NEW.usage, NEW.plan)"
        f" THEN {BUMP} END IF; RETURN NEW;",
    ),
}


@pytest.mark.parametrize("mode", ["inline", "queued"])
@pytest.mark.parametrize("counted", VERSIONS.values(), ids=VERSIONS)
def test_a_version_of_the_applications_columns_is_not_counted_up_by_complaints(
    bare, counted, mode
):
    open_shop(bare, counted)
    bare.run("SELECT churn.set_scoring_mode(%s, %s)", CLIENTS, mode)

    complain(bare)
    complain(bare, COMPLAIN_OFTEN)
    bare.run(f"DELETE FROM {CALLS} WHERE client = 2; SELECT churn.work()")

    versions = f'SELECT "ver sion" FROM {CLIENTS} WHERE id IN (1, 2) ORDER BY id'
    assert bare.column(versions) == [0, 0]
    with owner(bare):
        bare.run('UPDATE "Cli ""ents" SET usage = usage + 1 WHERE id = 1')
    assert bare.column(versions) == [1, 0]
    bare.run("SELECT churn.work()")
    assert_fresh(bare, MODEL, CLIENTS, "id")


@pytest.mark.parametrize("statement", [COMPLAIN, COMPLAIN_OFTEN])
def test_a_feature_that_changes_with_every_write_is_told_and_costs_no_complaint(
    bare, statement
):
    open_shop(
        bare,
        trigger("grow", "BEFORE UPDATE", "NEW.usage := OLD.usage + 1; RETURN NEW;"),
    )
    bare.take_notices()

    complain(bare, statement)

    assert "written again and again" in bare.take_notices()
    assert [
        row for row in divergences(bare, CLIENTS) if row[1] == "complaint_count"
    ] == []
    assert "1" in bare.column("SELECT key FROM churn_internal.failed_profiles")


def test_a_trigger_that_complains_whenever_a_row_is_written_ends(bare):
    open_shop(
        bare,
        trigger(
            "moan",
            "AFTER UPDATE",
            "INSERT INTO calls (client) VALUES (NEW.id); RETURN NULL;",
        ),
    )

    complain(bare)

    complaints = bare.value(f"SELECT count(*) FROM {CALLS}")
    assert 2 <= complaints <= 4
    assert bare.column("SELECT key FROM churn_internal.failed_profiles") == ["1"]


def test_what_a_trigger_changes_in_turn_is_scored(bare):
    open_shop(
        bare,
        trigger(
            "follow",
            "AFTER UPDATE",
            'UPDATE "Cli ""ents" SET usage = 100 WHERE id = NEW.id AND usage <> 100;'
            " RETURN NULL;",
        ),
    )

    complain(bare)

    assert_fresh(bare, MODEL, CLIENTS, "id")
    assert bare.value(f"SELECT usage FROM {CLIENTS} WHERE id = 1") == 100


def test_creating_a_trigger_that_fails_warns(bare):
    open_shop(bare)
    bare.take_notices()

    with owner(bare):
        bare.run(trigger("spoil", "BEFORE UPDATE", f"{RAISE};"))

    noticed = bare.take_notices()
    assert "pgchurn cannot write" in noticed
    assert "not on my watch" in noticed


def test_attaching_a_table_whose_triggers_work_says_nothing(bare):
    open_shop(bare)
    bare.run("SELECT churn.detach(%s)", CLIENTS)
    with owner(bare):
        bare.run(
            OBJECTS["a trigger after each row"]
            + ";"
            + trigger("bump", "BEFORE UPDATE", "NEW.name := 'y'; RETURN NEW;")
        )
    bare.take_notices()

    bare.run(
        f"SELECT churn.attach('{CLIENTS}', 'id', '{CALLS}', 'client', 'at',"
        " write_search_path => 'shop_private')"
    )

    assert bare.take_notices() == ""
    complain(bare)
    assert bare.value(f"SELECT complaint_count FROM {CLIENTS} WHERE id = 1") == 1


def test_attaching_a_table_whose_trigger_fails_warns_and_marks(bare):
    open_shop(bare)
    bare.run("SELECT churn.detach(%s)", CLIENTS)
    with owner(bare):
        bare.run(SPOILERS["a trigger before each row"])
    bare.run(COMPLAIN_OFTEN)
    bare.take_notices()

    bare.run(f"SELECT churn.attach('{CLIENTS}', 'id', '{CALLS}', 'client', 'at')")

    assert "pgchurn cannot write" in bare.take_notices()
    assert set(bare.column("SELECT key FROM churn_internal.failed_profiles")) == {
        "1",
        "3",
    }


def test_the_search_path_can_be_changed(bare):
    open_shop(bare, OBJECTS["a trigger after each row"])
    bare.run("SELECT churn.set_write_search_path(%s, 'public')", CLIENTS)
    assert 'relation "history" does not exist' in bare.take_notices()

    bare.run("SELECT churn.set_write_search_path(%s, 'shop_private')", CLIENTS)

    bare.run("DELETE FROM shop_private.history")
    complain(bare)
    assert writers(bare) == [OWNER]
    assert (
        bare.value(
            "SELECT write_search_path FROM churn.attachments WHERE attachment_id = 2"
        )
        == "shop_private"
    )


@pytest.mark.parametrize(
    "path", [None, "pg_temp, public", 'public, "pg_temp", x', "pg_temp_3, x"]
)
def test_temporary_tables_are_in_no_search_path(bare, path):
    open_shop(bare)

    refused = bare.refusal("SELECT churn.set_write_search_path(%s, %s)", CLIENTS, path)

    assert refused.sqlstate == "22023"


def test_only_a_superuser_sets_it(bare):
    open_shop(bare)
    bare.run(
        f"GRANT USAGE ON SCHEMA churn TO {OWNER};"
        f" GRANT EXECUTE ON FUNCTION churn.set_write_search_path TO {OWNER};"
        f" GRANT churn_loader TO {OWNER}"
    )

    with owner(bare):
        refused = bare.refusal(
            "SELECT churn.set_write_search_path(%s, 'public')", CLIENTS
        )

    assert refused.sqlstate == "42501"


def test_a_table_without_them_is_written_as_before(bare):
    open_shop(bare, OBJECTS["a trigger after each row"])
    guarded = "SELECT guarded FROM churn.attachments WHERE attachment_id = 2"
    assert bare.value(guarded)

    with owner(bare):
        bare.run('DROP TRIGGER "keep it" ON "Cli ""ents"')

    assert not bare.value(guarded)
    assert "CURRENT_USER <> 'churn_owner'" in bare.value(
        "SELECT pg_get_triggerdef(oid) FROM pg_trigger"
        " WHERE tgname = 'pgchurn_2_profile_update'"
    )
    complain(bare, COMPLAIN_OFTEN)
    assert_fresh(bare, MODEL, CLIENTS, "id")


def test_a_new_owner_of_the_table_is_followed(bare):
    open_shop(bare, OBJECTS["a trigger after each row"])
    bare.run(
        f"CREATE ROLE pgchurn_test_heir; GRANT pgchurn_test_heir TO {OWNER};"
        'GRANT USAGE ON SCHEMA "Odd Shop", shop_private TO pgchurn_test_heir;'
        "GRANT INSERT ON shop_private.history TO pgchurn_test_heir"
    )
    bare.run("DELETE FROM shop_private.history")

    bare.run(f"ALTER TABLE {CLIENTS} OWNER TO pgchurn_test_heir")
    complain(bare)

    assert bare.take_notices() == ""
    assert writers(bare) == ["pgchurn_test_heir"]
    assert_fresh(bare, MODEL, CLIENTS, "id")


@pytest.mark.parametrize("is_first", [True, False])
def test_the_log_and_the_outbox_hear_of_what_the_owner_writes(bare, is_first):
    open_shop(bare, OBJECTS["a trigger after each row"] if is_first else "")
    bare.run("SELECT churn.set_prediction_log(%s, 1)", CLIENTS)
    bare.run("SELECT churn.set_outbox(%s, 'every')", CLIENTS)
    if not is_first:
        with owner(bare):
            bare.run(OBJECTS["a trigger after each row"])

    complain(bare)
    complain(bare, COMPLAIN_OFTEN)

    logged = bare.run("SELECT key, score FROM churn.predictions ORDER BY predicted_at")
    assert dict(logged) == dict(
        bare.run(f"SELECT id::text, churn_score FROM {CLIENTS} WHERE id < 5")
    )
    assert bare.value("SELECT count(*) FROM churn.outbox") == len(logged) == 5


# What a clerk may try who wants the owner's rights.
def test_a_temporary_table_of_a_clerk_is_not_written_in_the_owners_name(bare):
    open_shop(bare, OBJECTS["a trigger after each row"])
    bare.run("DELETE FROM shop_private.history")
    with bare.role(CLERK):
        bare.run(
            "CREATE TEMPORARY TABLE history (who name, session name, row jsonb);"
            "GRANT ALL ON history TO PUBLIC; SET LOCAL search_path = pg_temp"
        )
        bare.run(COMPLAIN)
        assert bare.value("SELECT count(*) FROM pg_temp.history") == 0

    assert writers(bare) == [OWNER]


def test_a_function_of_a_clerk_is_not_called_in_the_owners_name(bare):
    open_shop(
        bare,
        function("is_fine", "RETURN true;")
        + trigger("keep", "AFTER UPDATE", "PERFORM is_fine(NEW.id); RETURN NULL;"),
    )
    bare.run(
        f"CREATE SCHEMA lair AUTHORIZATION {CLERK};GRANT USAGE ON SCHEMA lair TO PUBLIC"
    )
    with bare.role(CLERK):
        bare.run(
            "CREATE FUNCTION lair.is_fine(value integer) RETURNS boolean"
            " LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION '%', current_user; END$$;"
            "SET LOCAL search_path = lair, public"
        )
        bare.run(COMPLAIN)

    assert "not written" not in bare.take_notices()


@pytest.mark.parametrize("statement", [COMPLAIN, COMPLAIN_OFTEN])
@pytest.mark.parametrize(
    "planted",
    [
        "CREATE TRIGGER plant AFTER UPDATE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION lair.plant()",
        "CREATE TRIGGER plant BEFORE UPDATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION lair.plant()",
        "CREATE CONSTRAINT TRIGGER plant AFTER UPDATE ON {table} DEFERRABLE INITIALLY"
        " DEFERRED FOR EACH ROW EXECUTE FUNCTION lair.plant()",
    ],
)
def test_who_may_create_triggers_gains_no_rights_of_the_owner(bare, planted, statement):
    open_shop(bare)
    bare.run(
        f"CREATE SCHEMA lair AUTHORIZATION {CLERK};"
        "GRANT USAGE ON SCHEMA lair TO PUBLIC;"
        f"GRANT TRIGGER ON {CLIENTS} TO {CLERK}; CREATE TABLE lair.loot (who name);"
        "GRANT ALL ON lair.loot TO PUBLIC"
    )
    with bare.role(CLERK):
        bare.run(
            "CREATE FUNCTION lair.plant() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN"
            " INSERT INTO lair.loot VALUES (current_user); RETURN NULL; END$$"
        )
        bare.run(planted.format(table=CLIENTS))
        bare.take_notices()
        bare.run(statement)

    assert bare.column("SELECT DISTINCT who FROM lair.loot") == []
    assert "which belongs to pgchurn_test_clerk, who" in bare.take_notices()
    assert "1" in bare.column("SELECT key FROM churn_internal.failed_profiles")


@pytest.mark.parametrize("planted_first", [True, False])
def test_a_deferred_trigger_of_the_same_name_gains_no_rights_of_the_owner(
    bare, planted_first
):
    keep = trigger(
        "keep", "AFTER UPDATE", "RETURN NULL;", deferred="DEFERRABLE INITIALLY DEFERRED"
    )
    open_shop(bare, "" if planted_first else keep)
    bare.run(f'GRANT CREATE ON SCHEMA "Odd Shop" TO {CLERK}')
    with bare.role(CLERK):
        bare.run("""
            SET LOCAL search_path = "Odd Shop";
            CREATE TABLE loot (who name);
            GRANT ALL ON loot TO PUBLIC;
            CREATE TABLE bait ();
            CREATE FUNCTION plant() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO "Odd Shop".loot VALUES (current_user);
                RETURN NULL;
            END $$;
            CREATE CONSTRAINT TRIGGER "keep it" AFTER INSERT ON bait
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION plant();
            """)
    if planted_first:
        with owner(bare):
            bare.run(keep)
    bare.take_notices()
    with bare.role(CLERK):
        bare.run('INSERT INTO "Odd Shop".bait DEFAULT VALUES')
        bare.run(COMPLAIN)
        bare.run(COMPLAIN_OFTEN)
        bare.run("SET CONSTRAINTS ALL IMMEDIATE")

    assert bare.column('SELECT DISTINCT who FROM "Odd Shop".loot') == [CLERK]
    assert "a constraint of another table has the name" in bare.take_notices()
    assert "1" in bare.column("SELECT key FROM churn_internal.failed_profiles")


def test_what_acts_as_the_superuser_calls_nothing_of_churn_owners(bare):
    definitions = bare.column(
        "SELECT pg_get_functiondef(oid) FROM pg_proc"
        " WHERE pronamespace = 'churn_trust'::regnamespace AND proname IN"
        " ('create_profile_writer', 'objects_of_others', 'tables_of', 'fill_template')"
    )
    assert len(definitions) == 4
    assert [d for d in definitions if re.search(r"\bchurn(_internal)?\.", d)] == []


def test_churn_owner_gains_nothing_by_what_writes_profiles(bare):
    open_shop(bare)
    bare.run("CREATE TABLE loot (who name); GRANT ALL ON loot TO PUBLIC")
    with bare.role("churn_owner"):
        for function, result in (
            ("table_name(relation regclass)", "text"),
            ("create_from_template(template name, placeholders jsonb)", "void"),
            ("template_score()", "text"),
        ):
            bare.run(
                f"CREATE OR REPLACE FUNCTION churn_internal.{function} RETURNS {result}"
                " LANGUAGE plpgsql AS $$BEGIN INSERT INTO public.loot"
                " VALUES (current_user); RETURN; END$$".replace(
                    "RETURN;", "RETURN NULL;" if result == "text" else "RETURN;"
                )
            )
        bare.run("SELECT churn_trust.create_profile_writer(2, %s, 'public')", CLIENTS)

    assert bare.column("SELECT who FROM loot") == []


def test_a_function_that_goes_to_somebody_else_is_noticed(bare):
    open_shop(bare, OBJECTS["a trigger after each row"])
    bare.run(f"ALTER FUNCTION shop_private.keep() OWNER TO {CLERK}")

    complain(bare)

    assert "which belongs to pgchurn_test_clerk, who" in bare.take_notices()


@pytest.mark.parametrize(
    "pretence",
    [
        "SET LOCAL churn.writing = 'on'",
        "SET LOCAL churn.writing = 'x'; SET LOCAL churn.entered = '0'",
    ],
)
def test_nobody_pretends_to_be_pgchurn(bare, pretence):
    open_shop(bare, OBJECTS["a trigger after each row"])
    complain(bare)

    with owner(bare):
        bare.run(pretence)
        bare.run('UPDATE "Cli ""ents" SET usage = 50, complaint_count = 9 WHERE id < 4')

    assert_fresh(bare, MODEL, CLIENTS, "id")


def test_what_a_trigger_overheard_is_worth_nothing_afterwards(bare):
    open_shop(
        bare,
        "CREATE TABLE heard (writes text);"
        + trigger(
            "listen",
            "AFTER UPDATE",
            "INSERT INTO heard VALUES (current_setting('churn.writing', true));"
            " RETURN NULL;",
        ),
    )
    complain(bare)

    with owner(bare):
        bare.run(
            "SELECT set_config('churn.writing', (SELECT max(writes) FROM heard), true)"
        )
        bare.run('UPDATE "Cli ""ents" SET usage = 50 WHERE id = 1')

    assert_fresh(bare, MODEL, CLIENTS, "id")


def test_a_write_that_failed_leaves_nothing_to_pretend_with(bare):
    open_shop(
        bare,
        trigger(
            "refuse",
            "AFTER UPDATE",
            "IF NEW.complaint_count > OLD.complaint_count THEN"
            " RAISE 'no complaints'; END IF; RETURN NULL;",
        )
        + "; CREATE TABLE bell (id int); CREATE FUNCTION ring() RETURNS trigger"
        " LANGUAGE plpgsql AS $$BEGIN SET LOCAL churn.writing = 'on';"
        f" UPDATE {CLIENTS} SET usage = 50 WHERE id = 1; RETURN NULL; END$$;"
        " CREATE TRIGGER ring AFTER INSERT ON bell"
        " FOR EACH ROW EXECUTE FUNCTION ring()",
    )

    complain(bare)
    bare.run('INSERT INTO "Odd Shop".bell VALUES (1)')

    scored = f"SELECT c.churn_score = churn.score(c) FROM {CLIENTS} c WHERE id = 1"
    assert bare.value(scored) is True


@pytest.mark.parametrize("statement", [COMPLAIN, COMPLAIN_OFTEN], ids=["one", "many"])
def test_what_a_check_changes_in_another_row_is_scored(bare, statement):
    open_shop(
        bare,
        "CREATE FUNCTION shop_private.spoil() RETURNS void LANGUAGE sql AS"
        """ 'UPDATE "Cli ""ents" SET usage = usage + 1 WHERE id = 9';"""
        + function("meddle", "IF value = 1 THEN PERFORM spoil(); END IF; RETURN true;")
        + 'ALTER TABLE "Cli ""ents" ADD CHECK (meddle(id))',
    )

    complain(bare, statement)

    assert_fresh(bare, MODEL, CLIENTS, "id")
