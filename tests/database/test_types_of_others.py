"""Whose code runs where the types of an attached table belong to somebody else.

Casts, checks of domains and operator classes run with the rights of whoever reads a
value. churn_owner reads attached tables for everybody who complains, so it reads none
by code of others: what can be read by PostgreSQL's own code is, and the rest is
refused.
"""

import pytest

from tests.models import activate, assert_fresh, fit, register

EVIL = "pgchurn_test_evil"
SETUP = f"""
    CREATE ROLE {EVIL};
    CREATE ROLE pgchurn_test_keeper;
    CREATE SCHEMA "Odd ""Ty""pes" AUTHORIZATION {EVIL};
    CREATE SCHEMA shop AUTHORIZATION pgchurn_test_keeper;
    GRANT USAGE ON SCHEMA "Odd ""Ty""pes" TO PUBLIC;
    CREATE TABLE public.caught (who name);
    GRANT INSERT, SELECT ON public.caught TO PUBLIC;
    SET LOCAL ROLE {EVIL};
    CREATE TYPE "Odd ""Ty""pes".plan AS ENUM ('a', 'b', 'c');
    CREATE DOMAIN "Odd ""Ty""pes".tariff AS "Odd ""Ty""pes".plan;
    CREATE FUNCTION "Odd ""Ty""pes".catch(anyelement) RETURNS boolean
    LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO public.caught VALUES (current_user);
        RETURN true;
    END
    $$;
    CREATE DOMAIN "Odd ""Ty""pes".name AS text CHECK ("Odd ""Ty""pes".catch(VALUE));
    CREATE DOMAIN "Odd ""Ty""pes".number AS integer
        CHECK ("Odd ""Ty""pes".catch(VALUE));
    CREATE TYPE "Odd ""Ty""pes".span AS RANGE (SUBTYPE = "Odd ""Ty""pes".number);
    RESET ROLE;
"""
CASTS = """
    SET LOCAL ROLE pgchurn_test_evil;
    CREATE FUNCTION "Odd ""Ty""pes".as_{type}("Odd ""Ty""pes".plan) RETURNS {type}
    LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM "Odd ""Ty""pes".catch($1);
        RETURN {value};
    END
    $$;
    CREATE CAST ("Odd ""Ty""pes".plan AS {type})
        WITH FUNCTION "Odd ""Ty""pes".as_{type} AS IMPLICIT;
    RESET ROLE;
"""
AS_TEXT = CASTS.format(type="text", value="'a'")
AS_NUMBER = CASTS.format(type="float8", value="1")
AS_JSON = CASTS.format(type="json", value="'\"a\"'")
FROM_TEXT = """
    SET LOCAL ROLE pgchurn_test_evil;
    CREATE FUNCTION "Odd ""Ty""pes".from_text(text) RETURNS "Odd ""Ty""pes".plan
    LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM "Odd ""Ty""pes".catch($1);
        RETURN 'a';
    END
    $$;
    CREATE CAST (text AS "Odd ""Ty""pes".plan)
        WITH FUNCTION "Odd ""Ty""pes".from_text AS ASSIGNMENT;
    RESET ROLE;
"""
ATTACH = "SELECT churn.attach('shop.clients', 'id', 'shop.calls', 'client')"
CALLER = "SELECT DISTINCT who FROM public.caught"


@pytest.fixture
def types(session):
    """A session with types of somebody who owns nothing else."""
    session.run(SETUP)
    return session


def make(session, key, plan='"Odd ""Ty""pes".plan'):
    """Make a profile with such a key and such a feature, of another owner."""
    session.run(f"""
        SET LOCAL ROLE pgchurn_test_keeper;
        CREATE TABLE shop.clients (id {key} PRIMARY KEY, plan {plan}, age integer);
        CREATE TABLE shop.calls (client {key});
        CREATE INDEX ON shop.calls (client);
        RESET ROLE;
        """)


@pytest.mark.parametrize("plan", ["plan", "tariff"])
@pytest.mark.parametrize("mode", ["inline", "queued"])
def test_an_enum_is_read_by_its_label_whatever_casts_its_owner_makes(types, plan, mode):
    make(types, "integer", f'"Odd ""Ty""pes".{plan}')
    types.run(AS_TEXT)
    types.run(AS_JSON)
    types.run(
        "INSERT INTO shop.clients VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3),"
        " (4, NULL, 4), (5, 'b', 5)"
    )
    types.run(ATTACH)
    model = fit({"plan": "text", "age": "number", "complaint_count": "number"})
    types.run("SELECT churn.set_prediction_log('shop.clients', 1)")
    activate(types, register(types, model, "shop.clients", "id"))
    types.run("UPDATE shop.clients SET churn_score = -1")
    types.run("SELECT churn.set_scoring_mode('shop.clients', %s)", mode)

    types.run("INSERT INTO shop.calls VALUES (1)")
    types.run("INSERT INTO shop.calls VALUES (1), (2), (3), (4)")
    types.run("UPDATE shop.clients SET plan = 'c' WHERE id = 5")
    types.run("SELECT churn.work()")

    assert_fresh(types, model, "shop.clients", "id")
    types.run("SELECT churn.score(c) FROM shop.clients c")
    types.run(
        "SELECT * FROM churn.predict_query((SELECT max(version) FROM churn.models),"
        " 'SELECT plan, age, complaint_count FROM shop.clients')"
    )
    assert types.column(CALLER) == []
    assert types.value(
        "SELECT features ->> 'plan' FROM churn.predictions WHERE key = '3' LIMIT 1"
    ) == ("c")


@pytest.mark.parametrize(
    "key, code",
    [
        ('"Odd ""Ty""pes".plan', AS_TEXT),
        ('"Odd ""Ty""pes".plan', FROM_TEXT),
        ('"Odd ""Ty""pes".plan', AS_JSON),
        # It could have keys compared as numbers.
        ('"Odd ""Ty""pes".plan', AS_NUMBER),
        ('"Odd ""Ty""pes".tariff', AS_TEXT),
        ('"Odd ""Ty""pes".span', ""),
    ],
)
def test_a_key_that_would_be_read_by_code_of_others_is_refused(types, key, code):
    make(types, key)
    types.run(code or "SELECT 1")

    refused = types.refusal(ATTACH)

    assert refused.sqlstate == "42501"
    assert f"code of {EVIL}, which pgchurn would run as churn_owner" in refused.message
    assert types.column(CALLER) == []


@pytest.mark.parametrize("code", [AS_TEXT, FROM_TEXT, AS_JSON, AS_NUMBER])
def test_a_cast_of_a_key_is_refused_once_the_table_is_attached(types, code):
    make(types, '"Odd ""Ty""pes".plan')
    types.run(ATTACH)

    assert "would run as churn_owner" in types.refusal(code).message


def test_a_cast_by_a_superusers_function_is_none_of_others(types):
    make(types, '"Odd ""Ty""pes".plan')
    # One that is made implicitly would leave PostgreSQL more than one operator.
    types.run(
        AS_TEXT.replace("ROLE pgchurn_test_evil", "ROLE NONE").replace(
            "IMPLICIT", "ASSIGNMENT"
        )
    )
    types.run(ATTACH)

    given = types.refusal(
        f'ALTER FUNCTION "Odd ""Ty""pes".as_text("Odd ""Ty""pes".plan) OWNER TO {EVIL}'
    )

    assert "would run as churn_owner" in given.message


def test_a_cast_that_no_key_needs_is_no_matter(types):
    make(types, "text")
    types.run(AS_TEXT)
    types.run(FROM_TEXT)

    types.run(ATTACH)


@pytest.mark.parametrize("key, value", [("name", "'x'"), ("number", "1")])
def test_the_check_of_a_domain_runs_for_whoever_writes_it(types, key, value):
    make(types, f'"Odd ""Ty""pes".{key}')
    types.run(f"INSERT INTO shop.clients VALUES ({value}, 'a', 1)")
    types.run(ATTACH)
    model = fit({"age": "number", "complaint_count": "number"})
    activate(types, register(types, model, "shop.clients", "id", replay={}))
    types.run("SELECT churn.set_outbox('shop.clients', 'every')")
    types.run("SELECT churn.set_prediction_log('shop.clients', 1)")
    types.run("DELETE FROM public.caught")
    types.run(
        "GRANT USAGE ON SCHEMA shop TO PUBLIC; GRANT INSERT ON shop.calls TO PUBLIC"
    )

    with types.role(EVIL):
        types.run(f"INSERT INTO shop.calls VALUES ({value})")
        types.run(f"INSERT INTO shop.calls VALUES ({value}), ({value})")
    assert set(types.column(CALLER)) == {EVIL}
    types.run("UPDATE shop.clients SET age = 2")
    types.run("SELECT * FROM churn.verify('shop.clients')")
    types.run(
        "SELECT churn_internal.rescore_batch("
        "churn_internal.begin_rescoring('shop.clients'), 9, NULL)"
    )
    types.run("SELECT * FROM churn.forget('shop.clients', %s)", value.strip("'"))
    assert set(types.column(CALLER)) == {EVIL}
    assert types.value("SELECT complaint_count FROM shop.clients") == 3
