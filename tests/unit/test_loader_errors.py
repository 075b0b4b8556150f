"""How the client words errors."""

from types import SimpleNamespace

from pgchurn.loader.errors import describe, listed


def database_error(message, detail=None, hint=None, text=""):
    """Return what psycopg2 raises, as far as it is looked at."""
    fields = SimpleNamespace(
        message_primary=message, message_detail=detail, message_hint=hint
    )
    return type("Error", (Exception,), {"diag": fields})(text)


def test_an_error_is_shown_with_its_detail_and_hint():
    error = database_error("it is wrong", "This part.", "Do that.")

    assert describe(error) == "it is wrong\nDETAIL:  This part.\nHINT:  Do that."


def test_an_error_that_is_not_the_servers_is_shown_as_it_is():
    error = database_error(None, text="connection to server failed\n")

    assert describe(error) == "connection to server failed"


def test_of_many_values_the_first_few_are_listed_in_order():
    assert listed({"b", "a"}) == "'a', 'b'"
    assert listed([3, 1, 2, 5, 4]) == "1, 2, 3, 4, 5"
    assert listed("fedcba") == "'a', 'b', 'c', 'd', 'e', ..."
