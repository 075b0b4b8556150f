"""Nobody reads a value of an attached table in an error who may not read the table."""

import json

import psycopg2
import pytest
from sklearn.linear_model import LogisticRegression

from tests.models import (
    activate,
    fit,
    fit_matrix,
    pipeline_for,
    register,
    rescore_in_place,
)

PROFILE = '"Odd ""Sh""op"."Odd ""Cli""ents"'
COMPLAINTS = '"Odd ""Sh""op".calls'
NUMBER, TEXT = 90871265.25, "the-secret-plan"
SHOP = f"""
    CREATE ROLE pgchurn_test_keeper;
    CREATE ROLE pgchurn_test_shop;
    CREATE ROLE pgchurn_test_trainer IN ROLE churn_loader, churn_scorer;
    CREATE SCHEMA "Odd ""Sh""op" AUTHORIZATION pgchurn_test_keeper;
    SET LOCAL ROLE pgchurn_test_keeper;
    CREATE TABLE {PROFILE} (id integer PRIMARY KEY, "an income" float8, plan text);
    CREATE TABLE {COMPLAINTS} (client integer);
    GRANT USAGE ON SCHEMA "Odd ""Sh""op" TO PUBLIC;
    GRANT INSERT ON {COMPLAINTS} TO pgchurn_test_shop;
    INSERT INTO {PROFILE} SELECT i, i, 'a' FROM generate_series(2, 20) i;
    INSERT INTO {PROFILE} VALUES (1, {NUMBER}, '{TEXT}');
    RESET ROLE;
"""
ATTACH = (
    "SELECT churn.attach(%s, 'id', %s, 'client', write_search_path => 'pg_catalog')"
)
COMPLAIN = f"INSERT INTO {COMPLAINTS} VALUES (1)"
KINDS = {"an income": "number", "plan": "text"}
STRICT = fit(KINDS, pipeline_for(KINDS, handle_unknown="error"))


@pytest.fixture
def shop(session):
    """A session that has attached a table which few may read."""
    session.run(SHOP)
    session.run(ATTACH, PROFILE, COMPLAINTS)
    return session


@pytest.fixture
def told(shop):
    """Everything that a role is told by a statement, or by what it is refused with."""

    def told(role, statement, *parameters):
        shop.take_notices()
        shop.run("SAVEPOINT told")
        shop.run(f"SET LOCAL ROLE {role}")
        try:
            found = shop.run(statement, *parameters)
            shop.run("RESET ROLE")
        except psycopg2.Error as error:
            found = str(error), error.diag.message_detail, error.diag.context
            shop.run("ROLLBACK TO SAVEPOINT told")
        return f"{found}\n{shop.take_notices()}"

    return told


def assert_no_secret(text):
    assert str(NUMBER) not in text
    assert str(int(NUMBER)) not in text
    assert TEXT not in text


def revealing():
    """Return a model whose probability tells what the number is."""
    model = fit_matrix(["an income"], LogisticRegression())
    model.pipeline[-1].coef_[:] = 1e-9
    model.pipeline[-1].intercept_[:] = 0
    return model


def registration(model, replay):
    """Return the call that registers a model, and its arguments."""
    return (
        "SELECT churn.register_model(%s::regclass, %s, %s, '{}', %s, '{}', %s::text[],"
        " %s::float8[])",
        *(PROFILE, model.artifact, json.dumps(model.signature)),
        *(json.dumps(model.environment), list(replay), list(replay.values())),
    )


def test_who_may_not_read_a_table_replays_none_of_its_rows(shop, told):
    said = told("pgchurn_test_trainer", *registration(revealing(), {"1": 0.5}))

    assert "permission denied for table" in said
    assert "in the server" not in said


def test_who_may_read_it_is_told_what_differs(shop, told):
    shop.run(f"GRANT SELECT ON {PROFILE} TO pgchurn_test_trainer")

    said = told("pgchurn_test_trainer", *registration(revealing(), {"1": 0.25}))

    assert "Row 1: 0.25 at the client, 0.52" in said


def test_columns_that_may_be_read_are_enough(shop, told):
    shop.run(f'GRANT SELECT (id, "an income") ON {PROFILE} TO pgchurn_test_trainer')

    said = told("pgchurn_test_trainer", *registration(revealing(), {"1": 0.25}))

    assert "Row 1: 0.25 at the client, 0.52" in said


def test_rows_that_are_hidden_from_somebody_are_not_replayed_for_him(shop, told):
    shop.run(
        f"GRANT SELECT ON {PROFILE} TO pgchurn_test_trainer;"
        f" ALTER TABLE {PROFILE} ENABLE ROW LEVEL SECURITY;"
        f" CREATE POLICY own ON {PROFILE} TO pgchurn_test_trainer USING (id > 1)"
    )

    said = told("pgchurn_test_trainer", *registration(revealing(), {"1": 0.25}))

    assert "Row 1: 0.25 at the client, not there in the server." in said


@pytest.mark.parametrize("model", [STRICT, fit(KINDS), revealing()])
def test_who_may_not_read_a_table_registers_on_made_up_rows(shop, told, model):
    said = told("pgchurn_test_trainer", *registration(model, {}))

    assert "may not be read: the compiled form is compared on made-up rows" in said
    assert shop.value("SELECT count(*) FROM churn.models WHERE attachment_id = 2") == 1
    assert_no_secret(said)


def test_a_replay_of_too_many_rows_is_refused(shop):
    shop.run("SELECT set_config('lock_timeout', '10s', true)")
    refused = shop.refusal(
        *registration(revealing(), {str(i): 0 for i in range(10_001)})
    )

    assert refused.sqlstate == "54000"
    assert refused.message == "replay takes 10000 rows at most"


def test_no_row_buys_time_that_is_not_there(shop):
    # The header of two thousand million rows.
    numbers = b"".join(n.to_bytes(4, "big") for n in (2, 0, 701, 2**31 - 1, 1, 0, 1))
    statement, *given = registration(revealing(), {})
    refused = shop.refusal(
        "SELECT churn_internal.register_candidate(%s::regclass, %s, %s, '{}', %s, '{}',"
        " '{}', '{}', '[[\"an income\"], []]', NULL, %s, NULL, NULL, NULL, true, false,"
        " NULL, NULL, NULL, false, NULL)",
        *given[:4],
        numbers,
    )

    assert refused.sqlstate == "54000"
    assert refused.message == "a candidate is tried on 20,000 rows at most"


def deployed(shop, compile_form=True):
    """Make a model score the table that refuses the secret's category."""
    activate(
        shop,
        register(shop, STRICT, PROFILE, "id", replay={}, compile_form=compile_form),
    )
    rescore_in_place(shop, PROFILE)


@pytest.mark.parametrize("compile_form", [True, False])
@pytest.mark.parametrize("policy", ["keep", "raise"])
@pytest.mark.parametrize("mode", ["inline", "queued"])
@pytest.mark.parametrize(
    "statement",
    [COMPLAIN, f"INSERT INTO {COMPLAINTS} SELECT * FROM generate_series(1, 20)"],
)
def test_who_complains_is_not_told_what_the_profile_holds(
    shop, told, compile_form, policy, mode, statement
):
    deployed(shop, compile_form)
    shop.run("SELECT churn.set_on_error(%s, %s)", PROFILE, policy)
    shop.run("SELECT churn.set_scoring_mode(%s, %s)", PROFILE, mode)

    assert_no_secret(told("pgchurn_test_shop", statement))
    assert_no_secret(told("pgchurn_test_trainer", "SELECT churn.work()"))
    for table in ("churn.health", "churn_internal.failed_profiles", "churn.queue"):
        assert_no_secret(told("pgchurn_test_trainer", f"SELECT * FROM {table}"))
    assert_no_secret(told("pgchurn_test_trainer", "SELECT churn.verify(%s)", PROFILE))


def test_who_passes_a_value_is_told_it(shop, told):
    deployed(shop)
    version = shop.value("SELECT max(version) FROM churn.models")

    said = told(
        "pgchurn_test_trainer",
        "SELECT churn.predict(%s, %s)",
        version,
        json.dumps({"an income": 1, "plan": "mine"}),
    )

    assert "The value is 'mine'." in said


REVEALING_OBJECTS = {
    "a trigger with a bad cast": f"""
        CREATE FUNCTION public.cast_plan() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.churn_score := NEW.plan::float8;
            RETURN NEW;
        END
        $$;
        CREATE TRIGGER cast_plan BEFORE UPDATE ON {PROFILE}
            FOR EACH ROW EXECUTE FUNCTION public.cast_plan();
    """,
    "a trigger with a bad date": f"""
        CREATE FUNCTION public.cast_plan() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.churn_scored_at := '"' || NEW.plan || '"' || NEW."an income";
            RETURN NEW;
        END
        $$;
        CREATE TRIGGER cast_plan BEFORE UPDATE ON {PROFILE}
            FOR EACH ROW EXECUTE FUNCTION public.cast_plan();
    """,
    "a trigger in Python": f"""
        CREATE FUNCTION public.cast_plan() RETURNS trigger LANGUAGE plpython3u AS $$
        return {{}}[TD["new"]["plan"]]
        $$;
        CREATE TRIGGER cast_plan BEFORE UPDATE ON {PROFILE}
            FOR EACH ROW EXECUTE FUNCTION public.cast_plan();
    """,
    "a check": f"ALTER TABLE {PROFILE} ADD CHECK (complaint_count < 1)",
    "a generated column": f"ALTER TABLE {PROFILE} ADD number float8 GENERATED ALWAYS AS"
    " (CASE WHEN complaint_count > 0 THEN plan::float8 END) STORED",
    "a unique index": f"CREATE UNIQUE INDEX ON {PROFILE} (complaint_count)"
    " WHERE complaint_count > 0",
}


@pytest.mark.parametrize("thing", REVEALING_OBJECTS)
@pytest.mark.parametrize("policy", ["keep", "raise"])
def test_what_others_put_on_a_table_tells_nothing_of_it(shop, told, thing, policy):
    shop.run(REVEALING_OBJECTS[thing])
    activate(shop, register(shop, fit(KINDS), PROFILE, "id", replay={}))
    shop.run("SELECT churn.set_on_error(%s, %s)", PROFILE, policy)

    for statement in (COMPLAIN, f"INSERT INTO {COMPLAINTS} VALUES (1), (1), (2), (3)"):
        assert_no_secret(told("pgchurn_test_shop", statement))
    for table in ("churn.health", "churn_internal.failed_profiles"):
        assert_no_secret(told("pgchurn_test_trainer", f"SELECT * FROM {table}"))
