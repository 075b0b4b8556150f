"""What became of customers whose predictions are mature: churn.matured."""

import time

import pytest

from tests.company import attach, create_tables
from tests.outcomes import (
    ACT,
    CUSTOMERS,
    SET,
    know,
    label,
    matured,
    predict,
    recorded,
)

CLIENTS = "company.clients"


@pytest.mark.parametrize(
    "what_became_known, outcome",
    [
        ([], False),
        ([(True, "-99 days")], True),
        # At the end of the horizon, and a moment later.
        ([(True, "-10 days")], True),
        ([(True, "-10 days +1 second")], False),
        ([(True, "-5 days")], False),
        ([(False, "-50 days")], False),
        ([(None, "-50 days")], False),
        # A correction counts, however late, and so does the correction of one.
        ([(True, "-50 days"), (False, "-40 days")], False),
        ([(True, "-50 days"), (None, "-1 day")], False),
        ([(True, "-50 days"), (False, "-40 days"), (True, "-30 days")], True),
        ([(True, "-50 days"), (False, "-40 days"), (True, "-2 days")], False),
        # Of the same time what was recorded last, and else what was known last.
        ([(True, "-50 days"), (False, "-50 days")], False),
        ([(True, "-50 days"), (False, "-50 days"), (True, "-50 days")], True),
        ([(True, "-50 days"), (False, "-60 days")], True),
        # Told again, it counts from when it was known first.
        ([(True, "-50 days"), (True, "-5 days")], True),
        ([(True, "-5 days"), (True, "-50 days")], True),
        # Who had left before could not leave.
        ([(True, "-101 days")], None),
        ([(True, "-100 days")], None),
        ([(True, "-infinity")], None),
        ([(True, "-200 days"), (True, "-50 days")], None),
        ([(True, "-200 days"), (False, "-150 days")], False),
        ([(True, "-200 days"), (False, "-150 days"), (True, "-50 days")], True),
    ],
)
def test_a_prediction_is_positive_when_the_customer_left_within_the_horizon(
    session, what_became_known, outcome
):
    predict(session, "1", "-100 days")
    for what, at in what_became_known:
        if at == "-infinity":
            session.run(
                "SELECT churn.record_outcome(%s, '1', %s, %s)", CUSTOMERS, what, at
            )
        else:
            know(session, "1", what, at)

    assert matured(session) == ({} if outcome is None else {"1": outcome})


def test_a_prediction_that_is_not_mature_is_left_out_even_where_it_is_positive(session):
    predict(session, "1", "-89 days")
    predict(session, "2", "-91 days")
    know(session, "1", True, "-80 days")

    assert matured(session) == {"2": False}


def test_a_customer_has_one_row_of_the_last_score_before_the_cut(session):
    for at, score in (("-120 days", 0.1), ("-100 days", 0.2), ("-50 days", 0.9)):
        predict(session, "1", at, score=score)

    rows = session.run(
        "SELECT key, score, features ->> 'age',"
        " predicted_at = now() - interval '100 days' FROM churn.matured(%s)",
        CUSTOMERS,
    )

    assert rows == [("1", 0.2, "40", True)]
    assert session.column(
        "SELECT score FROM churn.matured(%s, NULL, '-infinity',"
        " now() - interval '100 days')",
        CUSTOMERS,
    ) == [0.1]
    assert (
        session.run(
            "SELECT FROM churn.matured(%s, NULL, now() - interval '99 days')", CUSTOMERS
        )
        == []
    )


def test_a_version_is_judged_by_its_own_scores(session):
    predict(session, "1", "-120 days", version=1, score=0.1)
    predict(session, "1", "-100 days", version=2, score=0.2)

    scores = "SELECT model_version, score FROM churn.matured(%s, %s)"
    assert session.run(scores, CUSTOMERS, 1) == [(1, 0.1)]
    assert session.run(scores, CUSTOMERS, 2) == [(2, 0.2)]
    assert session.run(scores, CUSTOMERS, None) == [(2, 0.2)]
    assert session.run(scores, CUSTOMERS, 3) == []


def test_a_cohort_of_which_some_is_not_mature_is_refused_with_its_day(session):
    predict(session, "1", "-100 days")

    refused = session.refusal(
        "SELECT * FROM churn.matured(%s, NULL, '2000-01-01', '2100-01-01Z')", CUSTOMERS
    )

    assert refused.sqlstate == "55000"
    assert refused.message == (
        "predictions until 2100-01-01 00:00:00+00 are not mature before"
        " 2100-04-01 00:00:00+00"
    )


def test_the_horizon_is_up_to_the_table(session):
    predict(session, "1", "-40 days")
    know(session, "1", True, "-5 days")
    assert matured(session) == {}

    session.run("SELECT churn.set_outcome(%s, NULL, '30 days')", CUSTOMERS)
    assert matured(session) == {"1": False}

    session.run("SELECT churn.set_outcome(%s, NULL, '1 month')", CUSTOMERS)
    assert matured(session) == {"1": False}
    session.run("SELECT churn.set_outcome(%s, NULL, '35 days')", CUSTOMERS)
    assert matured(session) == {"1": True}


def test_a_day_is_a_day_whatever_the_session_says(session):
    session.run("SELECT churn.set_outcome(%s, NULL, '1 day')", CUSTOMERS)
    session.run("SET LOCAL timezone = 'Europe/Berlin'")

    # The clocks go forward in this night.
    refused = session.refusal(
        "SELECT * FROM churn.matured(%s, NULL, '2000-01-01', '2099-03-28 12:00Z')",
        CUSTOMERS,
    )
    assert refused.message.endswith("not mature before 2099-03-29 12:00:00+00")


@pytest.mark.parametrize(
    "acted, left, acted_upon",
    [
        ("-100 days", None, False),
        ("-99 days", None, True),
        ("-10 days", None, True),
        ("-9 days", None, False),
        ("-101 days", None, False),
        # Who has left already is not kept by it.
        ("-60 days", "-50 days", True),
        ("-40 days", "-50 days", False),
    ],
)
def test_an_action_between_the_prediction_and_its_outcome_is_told(
    session, acted, left, acted_upon
):
    predict(session, "1", "-100 days")
    session.run(ACT, CUSTOMERS, "1", "call", acted)
    if left:
        know(session, "1", True, left)

    assert session.run(
        "SELECT key, acted_upon, known_at IS NOT NULL FROM churn.matured(%s)", CUSTOMERS
    ) == [("1", acted_upon, left is not None)]


def test_labels_of_the_profile_decide(session):
    session.run("UPDATE churn.customers SET churned = NULL")
    label(session, "true", "customer_id = 3")
    session.run(SET, CUSTOMERS, "churned")
    session.run("SELECT churn.set_outcome(%s, 'churned', '3 seconds')", CUSTOMERS)
    for key in "123":
        predict(session, key, "-4 seconds")
    label(session, "true", "customer_id <= 2")
    label(session, "false", "customer_id = 2")
    session.run(
        "UPDATE churn.outcomes SET known_at = now() - interval '2 seconds'"
        " WHERE known_at > now()"
    )

    assert matured(session) == {"1": True, "2": False}


def test_outcomes_are_of_their_own_table(session):
    create_tables(session)
    attach(session)
    for profile in (CUSTOMERS, CLIENTS):
        predict(session, "1", "-100 days", profile=profile)
    know(session, "1", True, "-50 days", CLIENTS)
    session.run(ACT, CLIENTS, "1", "offer", "-60 days")

    assert matured(session) == {"1": False}
    assert matured(session, CLIENTS) == {"1": True}
    assert session.column("SELECT acted_upon FROM churn.matured(%s)", CUSTOMERS) == [
        False
    ]


@pytest.mark.parametrize(
    "key_type, logged, told",
    [
        ("integer", "1", " 01"),
        (
            "uuid",
            "00000000-0000-0000-0000-000000000001",
            "{00000000-0000-0000-0000-000000000001}",
        ),
        ("text", "key 1", "key 1"),
        ("public.citext", "Ann", "ANN"),
        ("numeric", "1.0", "1"),
        ("char(8)", "k1", "k1 "),
        ("timestamptz", "2026-01-31 00:00:00+00", "2026-01-31 01:00+01"),
    ],
)
def test_keys_are_one_customer_where_the_table_says_so(session, key_type, logged, told):
    session.run("CREATE EXTENSION IF NOT EXISTS citext SCHEMA public")
    session.run(
        "CREATE SCHEMA company;"
        f"CREATE TABLE company.clients (id {key_type} PRIMARY KEY);"
        f"CREATE TABLE company.calls (client {key_type})"
    )
    attach(session, (CLIENTS, "id", "company.calls", "client", None))
    predict(session, logged, "-100 days", profile=CLIENTS)
    know(session, told, True, "-50 days", CLIENTS)
    session.run(ACT, CLIENTS, told, "call", "-60 days")

    assert session.run(
        "SELECT key, outcome, acted_upon FROM churn.matured(%s)", CLIENTS
    ) == [(logged, True, True)]


def test_two_spellings_of_a_key_have_one_row(session):
    session.run("CREATE EXTENSION IF NOT EXISTS citext SCHEMA public")
    create_tables(session, key_type="public.citext")
    attach(session)
    predict(session, "key", "-100 days", profile=CLIENTS, score=0.1)
    predict(session, "KEY", "-99 days", profile=CLIENTS, score=0.2)

    assert session.run("SELECT key, score FROM churn.matured(%s)", CLIENTS) == [
        ("KEY", 0.2)
    ]


def test_a_key_that_changes_keeps_its_predictions(session):
    predict(session, "1", "-100 days")
    session.run("UPDATE churn.customers SET customer_id = 801 WHERE customer_id = 1")
    know(session, "801", True, "-50 days")

    assert matured(session) == {"801": True}


def test_a_deleted_customer_is_judged_like_others(session):
    predict(session, "1", "-100 days")
    know(session, "1", True, "-50 days")
    session.run("DELETE FROM churn.customers WHERE customer_id = 1")

    assert matured(session) == {"1": True}


def test_the_same_outcome_of_the_same_time_is_recorded_once(session):
    assert know(session, "1", True, "-5 days") is True
    assert know(session, "1", True, "-5 days") is False
    assert know(session, "1", None, "-5 days") is True
    assert know(session, "1", None, "-5 days") is False
    assert know(session, "1", True, "-4 days") is True

    assert recorded(session) == [("1", True), ("1", None), ("1", True)]


def test_the_same_action_of_the_same_time_is_recorded_once(session):
    assert session.value(ACT, CUSTOMERS, "1", "call", "-5 days") is True
    assert session.value(ACT, CUSTOMERS, "1", "call", "-5 days") is False
    assert session.value(ACT, CUSTOMERS, "1", "offer", "-5 days") is True
    assert session.value(ACT, CUSTOMERS, "1", "call", "-4 days") is True


def test_outcomes_can_be_copied_in(session):
    with session.role("churn_loader"):
        session.copy(
            "COPY churn.known_outcomes (profile, key, outcome, known_at) FROM STDIN",
            [
                f"churn.customers\t{i}\t{'t' if i % 2 else 'f'}\t2026-01-31\n"
                for i in range(6)
            ]
            * 2,
        )
        session.run(
            "INSERT INTO churn.known_outcomes (profile, key, outcome)"
            " VALUES ('churn.customers', '7', NULL)"
        )

    assert sorted(recorded(session)) == sorted(
        [*((str(i), i % 2 == 1) for i in range(6)), ("7", None)]
    )
    assert session.run(
        "SELECT profile::text, known_at = now() FROM churn.known_outcomes"
        " WHERE key = '7'"
    ) == [(CUSTOMERS, True)]


@pytest.mark.parametrize(
    "call, sqlstate, message",
    [
        ("record_outcome('churn.customers', NULL, true)", "22023", "key is null"),
        (
            "record_outcome('churn.customers', 'x', true)",
            *("22P02", 'invalid input syntax for type bigint: "x"'),
        ),
        (
            "record_outcome('churn.customers', '1', true, NULL)",
            *("22023", "known_at must be a time, not null"),
        ),
        (
            "record_outcome('churn.customers', '1', true, 'infinity')",
            *("22023", "known_at must be a time, not infinity"),
        ),
        (
            "record_outcome('churn.complaints', '1', true)",
            *("22023", "table churn.complaints is not attached"),
        ),
        ("record_action('churn.customers', '1', NULL)", "22023", "action is null"),
        ("record_action('churn.customers', NULL, 'call')", "22023", "key is null"),
        (
            "record_action('churn.customers', '1', 'call', '-infinity')",
            *("22023", "at must be a time, not -infinity"),
        ),
        ("matured('churn.customers', 1, NULL)", "22023", "since is null"),
        ("matured(NULL)", "22023", "table null is not attached"),
        (
            "expire_outcomes('0')",
            *("22023", "older_than must be more than nothing, not 00:00:00"),
        ),
    ],
)
def test_what_makes_no_sense_is_refused(session, call, sqlstate, message):
    refused = session.refusal(f"SELECT churn.{call}")

    assert (refused.sqlstate, refused.message) == (sqlstate, message)


def test_analysts_read_and_do_not_record(session):
    predict(session, "1", "-100 days")
    with session.role("churn_scorer"):
        assert matured(session) == {"1": False}
        assert session.run("SELECT * FROM churn.outcomes") == []
        assert session.run("SELECT * FROM churn.actions") == []
        for call in (
            "SELECT churn.record_outcome('churn.customers', '1', true)",
            "SELECT churn.record_action('churn.customers', '1', 'call')",
            "INSERT INTO churn.known_outcomes VALUES ('churn.customers', '1', true)",
            "INSERT INTO churn.outcomes (attachment_id) VALUES (1)",
            "DELETE FROM churn.outcomes",
            "SELECT churn.expire_outcomes('1 year')",
        ):
            assert session.refusal(call).sqlstate == "42501"


def test_what_no_prediction_needs_any_more_expires(session):
    predict(session, "1", "-500 days")
    for key in "12":
        know(session, key, True, "-400 days")
        session.run(ACT, CUSTOMERS, key, "call", "-400 days")
    know(session, "3", True, "-40 days")
    assert session.row("SELECT * FROM churn.expire_outcomes('1 year')") == (0, 0)
    session.run("UPDATE churn.outcomes SET recorded_at = known_at")
    session.run("UPDATE churn.actions SET recorded_at = at")

    assert session.row("SELECT * FROM churn.expire_outcomes('1 year')") == (1, 1)

    assert [key for key, _ in recorded(session)] == ["1", "3"]


def test_a_hundred_thousand_predictions_are_judged_in_seconds(session):
    session.run(
        "INSERT INTO churn.predictions"
        " SELECT 1, (i % 50000)::text, 1, 0.5, '{\"age\": 40}', 'batch',"
        " now() - interval '100 days' - i * interval '1 second'"
        " FROM generate_series(1, 100000) i"
    )
    session.run(
        "INSERT INTO churn.outcomes (attachment_id, key, outcome, known_at, source)"
        " SELECT 1, i::text, i % 3 = 0, now() - interval '50 days', 'call'"
        " FROM generate_series(1, 50000) i"
    )

    began = time.monotonic()
    row = session.row(
        "SELECT count(*), count(*) FILTER (WHERE outcome) FROM churn.matured(%s)",
        CUSTOMERS,
    )

    assert row == (50000, 16666)
    assert time.monotonic() - began < 10
