"""The templates of what churn.attach creates, as the server has and fills them."""

import pytest
from pgchurn.plpython.render import fold_placeholders, schema_of

from tests.company import CLIENTS, attach, create_tables
from tests.databases import CHECKOUT
from tests.models import quoted

FOLDER = CHECKOUT / "plpython" / "templates"
TEMPLATES = sorted(path.stem for path in FOLDER.glob("*.sql"))
CREATE = "SELECT churn_internal.create_from_template(%s, %s)"
MADE_UP = """
    CREATE FUNCTION churn_internal.template_made_up() RETURNS text LANGUAGE sql AS
    $body$
    SELECT $template$
CREATE FUNCTION public."made_up_@id@"() RETURNS text LANGUAGE sql AS $function$
SELECT @text@::text
$function$
$template$
    $body$
"""


@pytest.fixture
def made_up(bare):
    bare.run(MADE_UP)
    return bare


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_server_has_every_template(bare, name):
    text = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")

    assert (
        bare.value(f"SELECT {schema_of(name)}.template_{name}()").strip()
        == fold_placeholders(text).strip()
    )


def test_the_server_has_no_other_templates(bare):
    assert (
        bare.column(
            "SELECT substr(proname, 10) FROM pg_proc WHERE proname ~ '^template_'"
            " AND pronamespace IN ('churn_internal'::regnamespace,"
            " 'churn_trust'::regnamespace) ORDER BY proname"
        )
        == TEMPLATES
    )


def test_a_template_is_filled_and_executed(made_up):
    made_up.run(CREATE, "made_up", '{"id": 7, "text": "$$it\'s$$"}')

    assert made_up.value("SELECT public.made_up_7()") == "it's"


@pytest.mark.parametrize("placeholders", ['{"id": 7}', '{"id": 7, "text": null}', "{}"])
def test_a_placeholder_without_a_value_is_an_error(made_up, placeholders):
    refused = made_up.refusal(CREATE, "made_up", placeholders)

    missing = "id" if placeholders == "{}" else "text"
    assert refused.sqlstate == "22023"
    assert refused.message == f"template made_up has no value for {missing}"
    assert made_up.value("SELECT to_regproc('public.made_up_7')") is None


def test_a_placeholder_that_a_template_does_not_have_is_left_out(made_up):
    made_up.run(CREATE, "made_up", '{"id": 7, "text": "1", "other": "2"}')

    assert made_up.value("SELECT public.made_up_7()") == "1"


def test_a_value_is_never_read_as_a_placeholder(made_up):
    made_up.run(CREATE, "made_up", """{"id": 7, "text": "'@id@ @text@ @'"}""")

    assert made_up.value("SELECT public.made_up_7()") == "@id@ @text@ @"


def test_a_value_may_hold_what_ends_the_body_of_a_function(made_up):
    ends = "$function$"
    for _ in range(2):
        value = f"'{ends}'"
        made_up.run(CREATE, "made_up", f'{{"id": 7, "text": "{value}"}}')
        assert made_up.value("SELECT public.made_up_7()") == ends
        # The quote that is taken instead.
        ends += made_up.value("SELECT '$function_' || md5('$function$') || '$'")
        made_up.run("DROP FUNCTION public.made_up_7()")


def test_a_template_that_is_not_there_is_an_error(made_up):
    refused = made_up.refusal(CREATE, "no such", "{}")

    assert refused.sqlstate == "42883"
    assert "function churn_internal.template_no such() does not" in refused.message


@pytest.mark.parametrize(
    "name", ['double "quote', "it's", "@id@", "$function$", "back\\slash", "100%"]
)
@pytest.mark.parametrize("escapes", ["on", "off"])
def test_every_template_takes_any_name(session, name, escapes):
    session.run(f"SET LOCAL standard_conforming_strings = {escapes}")
    session.run("SET LOCAL escape_string_warning = off")
    schema, complaints = quoted(name), quoted(f"c{name}")
    names = (f"{schema}.{quoted(name)}", name, f"{schema}.{complaints}", name, "at")
    create_tables(session, names)

    attach(session, names)
    for statement in (
        "SELECT churn.set_prediction_log(%s, 1)",
        "SELECT churn.set_outbox(%s, 'every')",
        "SELECT churn.set_outbox(%s, 'off')",
        "SELECT churn.set_scoring_mode(%s, 'queued')",
    ):
        session.run(statement, names[0])
    session.run(f"ALTER TABLE {names[0]} ADD COLUMN more integer")

    session.run(f"INSERT INTO {names[2]} ({schema}) SELECT {schema} FROM {names[0]}")
    assert session.value(f"SELECT sum(complaint_count) FROM {names[0]}") == 12


def test_what_is_created_says_of_which_table_it_is(session):
    create_tables(session)

    attach(session)

    comments = session.column(
        "SELECT obj_description(p.oid, 'pg_proc') FROM pg_proc p"
        " WHERE p.pronamespace = 'churn_internal'::regnamespace"
        " AND p.proname IN ('complaints_inserted_2', 'complaints_recounted_2')"
    )
    assert len(comments) == 2
    for comment in comments:
        assert CLIENTS[0] in comment
        assert CLIENTS[2] in comment
