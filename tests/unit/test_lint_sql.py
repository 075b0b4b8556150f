import pytest

from tests.lint.sql import problems

SOUND = """\
-- A comment with a ü, whose bytes are two.
CREATE TABLE t (a integer);

CREATE FUNCTION f() RETURNS integer LANGUAGE {language} AS $$
{body}
$$;
"""


@pytest.fixture
def linted(tmp_path):
    def lint(text, name="file.sql"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return problems(path)

    return lint


@pytest.mark.parametrize(
    "language, body",
    [
        ("sql", "SELECT 1"),
        ("plpgsql", "BEGIN RETURN 1; END"),
        ("plpython3u", "return 1"),
        # A template's placeholders are quoted identifiers.
        ("plpgsql", 'DECLARE a "@type@"; BEGIN SELECT p."@key@" FROM "@t@" p; END'),
    ],
)
def test_what_parses_is_let_through(linted, language, body):
    assert linted(SOUND.format(language=language, body=body)) == []


def test_a_function_may_have_no_body_between_quotes(linted):
    assert linted("CREATE FUNCTION f() RETURNS integer RETURN 1;") == []
    for language in ("sql", "plpgsql"):
        assert linted(f"CREATE FUNCTION f() RETURNS void LANGUAGE {language};") == []


def test_a_statement_that_does_not_parse_is_found_at_its_place(linted):
    assert linted("SELECT 1;\nSELECT 1 +;\n") == [(2, 'syntax error at or near ";"')]


@pytest.mark.parametrize(
    "language, body",
    [
        ("sql", "SELECT FROM WHERE"),
        ("plpgsql", "BEGIN RETURN 1 END"),
        ("plpgsql", "BEGIN PERFORM 1 +; RETURN 1; END"),
        ("plpgsql", "BEGIN UPDATE t SET WHERE true; RETURN 1; END"),
    ],
)
def test_a_body_that_does_not_parse_is_found_at_its_function(linted, language, body):
    ((line, message),) = linted(SOUND.format(language=language, body=body))

    assert line == 4
    assert "syntax error" in message


def test_a_placeholder_on_a_line_of_its_own_stands_for_statements(linted):
    body = 'BEGIN\n    "@first@";\n    RETURN {result};\nEND'

    assert linted(SOUND.format(language="plpgsql", body=body.format(result=1))) == []
    wrong = body.format(result='1 + "@first@" +')
    ((_, message),) = linted(SOUND.format(language="plpgsql", body=wrong))
    assert "syntax error" in message


@pytest.mark.parametrize("start", ["DO", "DO LANGUAGE plpgsql"])
def test_a_block_that_does_not_parse_is_found(linted, start):
    ((line, message),) = linted(f"{start} $$ BEGIN PERFORM 1 +; END $$")

    assert line == 1
    assert "syntax error" in message


def test_parameters_of_queries_are_taken_as_psycopg2_takes_them(linted):
    assert linted("SELECT %(a)s::text, 7 %% 2;", "queries.sql") == []
