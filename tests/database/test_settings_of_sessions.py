"""What one session stores another reads, whatever the settings of either are."""

import pytest

from tests.models import assert_fresh, deploy, divergences, fit, pipeline_for

MODEL = fit({"usage": "number", "complaint_count": "number"})
CLIENTS, CALLS = 'firm."Odd ""Clients"""', "firm.calls"
HERE = {
    "datestyle": "SQL, DMY",
    "intervalstyle": "sql_standard",
    "timezone": "Asia/Tokyo",
    "bytea_output": "escape",
    "extra_float_digits": "-3",
    "lc_monetary": "C",
}
THERE = {
    "datestyle": "Postgres, MDY",
    "intervalstyle": "postgres_verbose",
    "timezone": "America/New_York",
    "bytea_output": "hex",
    "extra_float_digits": "0",
    "lc_monetary": "C.UTF-8",
}
# Two keys of each type whose text is up to a session.
KEYS = {
    "date": ("2025-02-03", "2025-03-02"),
    "timestamp": ("2025-02-03 04:05:06.123456", "2025-03-02"),
    "timestamptz": ("2025-02-03 04:05:06.123456+00", "2025-03-02 00:00+00"),
    "interval": ("-1 days +02:03:04", "1 mon -2 days"),
    "real": ("0.1", "1.0000001"),
    "double precision": ("0.1", "0.10000000000000002"),
    "money": ("1234.56", "-0.05"),
    "bytea": (r"\x00ff5c", r"\x41"),
    "daterange": ("[2025-02-03,2025-03-02)", "[2025-03-02,)"),
    "tstzmultirange": ("{[2025-02-03 00:00+00,2025-03-02 00:00+00)}", "{}"),
}
WORK = "SELECT scored, failed FROM churn.work()"
MARKS = """
    SELECT count(*) FROM (
        SELECT FROM churn_internal.pending_profiles
        UNION ALL SELECT FROM churn_internal.failed_profiles
    ) m
"""
COMPLAIN = f"INSERT INTO {CALLS} (client) SELECT id FROM {CLIENTS}"
REPAIR = """
    SELECT churn_internal.repair_profiles_2(churn_internal.wrong_profiles(a))
    FROM churn.attachments a WHERE a.attachment_id = 2
"""


def set_all(session, settings):
    for name, value in settings.items():
        session.run("SELECT set_config(%s, %s, true)", name, value)


def open_firm(session, type_, *keys):
    session.run(
        f"""
        CREATE SCHEMA IF NOT EXISTS firm;
        CREATE TABLE {CLIENTS} (id {type_} PRIMARY KEY, usage double precision);
        CREATE TABLE {CALLS} (client {type_} REFERENCES {CLIENTS}, at timestamptz);
        CREATE INDEX ON {CALLS} (client);
        """
    )
    for key in keys:
        session.run(f"INSERT INTO {CLIENTS} VALUES (%s, 3)", key)
    session.run(
        "SELECT churn.attach(%s::regclass, 'id', %s::regclass, 'client', 'at')",
        *(CLIENTS, CALLS),
    )
    deploy(session, MODEL, CLIENTS, "id")


@pytest.mark.parametrize("type_", KEYS)
def test_a_mark_is_found_by_a_session_of_other_settings(session, type_):
    open_firm(session, type_, *KEYS[type_])
    session.run("SELECT churn.set_scoring_mode(%s::regclass, 'queued')", CLIENTS)

    set_all(session, HERE)
    session.run(COMPLAIN)
    session.run(f"{COMPLAIN} ORDER BY id LIMIT 1")
    session.run(f"UPDATE {CLIENTS} SET usage = NULL, churn_score = NULL")
    set_all(session, THERE)

    assert session.row(WORK) == (2, 0)
    assert session.value(MARKS) == 0
    assert divergences(session, CLIENTS) == []


@pytest.mark.parametrize("type_", KEYS)
def test_what_is_wrong_is_repaired_by_a_session_of_other_settings(session, type_):
    open_firm(session, type_, *KEYS[type_])
    set_all(session, HERE)
    session.run(f"ALTER TABLE {CALLS} DISABLE TRIGGER USER")
    session.run(COMPLAIN)
    assert len({key for key, *_ in divergences(session, CLIENTS)}) == 2

    set_all(session, THERE)
    session.run(REPAIR)

    assert divergences(session, CLIENTS) == []


@pytest.mark.parametrize("type_", KEYS)
def test_what_is_stored_of_a_customer_is_forgotten_by_their_key(session, type_):
    first, second = KEYS[type_]
    open_firm(session, type_, first, second)
    session.run("SELECT churn.set_prediction_log(%s::regclass, 1)", CLIENTS)
    session.run("SELECT churn.set_outbox(%s::regclass, 'every')", CLIENTS)
    set_all(session, HERE)
    session.run(f"INSERT INTO {CALLS} (client) VALUES (%s)", first)
    set_all(session, THERE)

    session.run("SELECT churn.forget(%s::regclass, %s)", CLIENTS, first)

    assert session.value("SELECT count(*) FROM churn.predictions") == 0
    assert session.value("SELECT count(*) FROM churn.outbox") == 0


@pytest.mark.parametrize("digits", [-15, 0, 1, 3])
def test_the_log_has_every_digit_that_a_score_was_made_of(session, digits):
    session.run(f"SET LOCAL extra_float_digits = {digits}")
    session.run("SELECT churn.set_prediction_log('churn.customers', 1)")
    session.run("SELECT churn.set_outbox('churn.customers', 'every')")

    session.run(
        "UPDATE churn.customers SET data_usage_gb = 100 / 3.0::float8"
        " WHERE customer_id = 1"
    )

    logged, again, published = session.row(
        """
        SELECT p.score, churn.predict(p.version, p.features::jsonb), o.score
        FROM churn.predictions p JOIN churn.outbox o USING (key)
        """
    )
    assert logged == again == published


@pytest.mark.parametrize("mode", ["inline", "queued"])
def test_a_label_that_is_renamed_leaves_no_mark_that_stops_workers(session, mode):
    session.run("""CREATE SCHEMA firm; CREATE TYPE firm."Ty pe" AS ENUM ('a', 'b')""")
    open_firm(session, 'firm."Ty pe"', "a", "b")
    session.run("SELECT churn.set_scoring_mode(%s::regclass, 'queued')", CLIENTS)
    session.run(COMPLAIN)
    session.run("SELECT churn.set_scoring_mode(%s::regclass, %s)", CLIENTS, mode)
    session.take_notices()

    session.run("""ALTER TYPE firm."Ty pe" RENAME VALUE 'a' TO 'c'""")

    assert "1 customers were marked under keys that are no more" in (
        session.take_notices()
    )
    session.run(WORK)
    assert session.value(MARKS) == 0
    assert_fresh(session, MODEL, CLIENTS, "id")
    assert divergences(session, CLIENTS) == []


SCORED_BY_CATEGORY = fit(
    {"usage": "number", "列 é": "text"},
    pipeline_for({"usage": "number", "列 é": "text"}, handle_unknown="error"),
)
ENCODINGS = ["UTF8", "LATIN1", "SQL_ASCII", "EUC_JP", "WIN1252"]


@pytest.fixture
def categorised(session):
    """A company one of whose customers is of a category that the model lacks."""
    session.run(
        f"""
        CREATE SCHEMA firm;
        CREATE TABLE {CLIENTS} (id text PRIMARY KEY, usage float8, "列 é" text);
        CREATE TABLE {CALLS} (client text REFERENCES {CLIENTS}, at timestamptz);
        CREATE INDEX ON {CALLS} (client);
        INSERT INTO {CLIENTS} VALUES ('1', 1, 'a'), ('2', 2, 'b'), ('東京', 3, 'c');
        SELECT churn.attach('{CLIENTS}', 'id', '{CALLS}', 'client', 'at')
        """
    )
    deploy(session, SCORED_BY_CATEGORY, CLIENTS, "id")
    session.run(f"""UPDATE {CLIENTS} SET "列 é" = '日本 ü€' WHERE usage = 3""")
    session.take_notices()
    yield session
    session.run("RESET client_encoding")


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("mode", ["inline", "queued"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_warning_that_the_client_cannot_read_costs_no_complaint(
    categorised, encoding, mode, rows
):
    session = categorised
    session.run("SELECT churn.set_scoring_mode(%s::regclass, %s)", CLIENTS, mode)
    session.run(f"SET LOCAL client_encoding = {encoding}")

    session.run(f"{COMPLAIN} ORDER BY usage DESC LIMIT {rows}")
    session.run("UPDATE churn_internal.failed_profiles SET due_at = '-infinity'")
    session.run(WORK)

    assert "could not score " in session.take_notices()
    assert session.column(
        f"SELECT complaint_count FROM {CLIENTS} ORDER BY usage DESC"
    ) == [int(place < rows) for place in range(3)]


def test_a_warning_escapes_what_the_client_cannot_read_and_nothing_else(categorised):
    categorised.run("SET LOCAL client_encoding = LATIN1")

    categorised.run(f"{COMPLAIN} WHERE usage = 3")

    assert r'feature "\u5217 ' in categorised.take_notices()
    assert categorised.value("SELECT churn_internal.representable('ü')") is not None


@pytest.mark.parametrize("encoding", ["LATIN1", "WIN1252"])
def test_an_error_that_the_client_cannot_read_says_what_is_wrong(categorised, encoding):
    categorised.run(f"SET LOCAL client_encoding = {encoding}")

    refused = categorised.refusal(f"SELECT churn.score(c) FROM {CLIENTS} c")

    assert "has a category that the model does not know" in refused.message
