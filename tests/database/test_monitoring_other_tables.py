"""Windows of tables that others have made, whatever their keys and columns are."""

import pytest

from tests.models import KINDS, activate, deploy, fit, training_frame
from tests.monitoring import (
    findings,
    log_rows,
    monitor,
    of_metric,
    register_with_rows,
)

TYPES = """
    CREATE SCHEMA firm; CREATE SCHEMA ext;
    GRANT USAGE ON SCHEMA ext TO churn_owner;
    CREATE EXTENSION citext SCHEMA ext;
    CREATE TYPE firm."Odd ""Mood" AS ENUM ('well', 'unwell', 'so so');
    CREATE DOMAIN firm.share AS numeric CHECK (VALUE >= 0);
    CREATE DOMAIN firm.flag AS boolean;
    CREATE DOMAIN firm.mood AS firm."Odd ""Mood";
    CREATE COLLATION firm."Loose" (
        provider = icu, locale = 'und-u-ks-level2', deterministic = false
    );
"""
PROFILE = 'firm."Odd ""Clients\'"'
# As training reads them: a name, an SQL type, a kind, and what makes its values.
COLUMNS = {
    "a share, 100 %": ("firm.share", "number", "i % 17 + 0.125"),
    'is "it\'s" so?': ("firm.flag", "boolean", "i % 3 = 0"),
    "mood": (
        "firm.mood",
        "text",
        """(ARRAY['well', 'unwell', 'so so'])[1 + i % 3]::firm."Odd ""Mood\"""",
    ),
    "plan": ("ext.citext", "text", "(ARRAY['Gold', 'gold', 'tin'])[1 + i % 3]"),
    "code": ("char(4)", "text", "'k' || i % 5"),
    "money": ("numeric(40, 20)", "number", "i * 1e15"),
    "real": ("real", "number", "i / 7.0"),
    "%s": ("bigint", "number", "i"),
}


@pytest.fixture
def company(session):
    """A table of odd names and types with 400 rows, scored by a version."""
    columns = ", ".join(
        f"{quoted(name)} {sql_type}" for name, (sql_type, *_) in COLUMNS.items()
    )
    values = ", ".join(value for *_, value in COLUMNS.values())
    session.run(
        (
            f"{TYPES} CREATE TABLE {PROFILE} ("
            f'"the ""key""s" text COLLATE firm."Loose" PRIMARY KEY, {columns});'
            'CREATE TABLE firm."calls" ("of whom" text COLLATE firm."Loose");'
            f"INSERT INTO {PROFILE} SELECT 'Key ' || i, {values}"
            " FROM generate_series(1, 400) i"
        ).replace("%", "%%")
        % ()
    )
    session.run(
        "SELECT churn.attach(%s::regclass, %s, 'firm.calls', 'of whom')",
        *(PROFILE, 'the "key"s'),
    )
    session.run("SELECT churn.set_prediction_log(%s::regclass, 1)", PROFILE)
    model = fit({name: kind for name, (_, kind, _) in COLUMNS.items()})
    deploy(session, model, PROFILE, 'the "key"s')
    return session


def quoted(name):
    return '"{}"'.format(name.replace('"', '""'))


@pytest.mark.parametrize("is_logged", [True, False])
def test_rows_of_any_types_are_measured_as_they_were_when_it_was_registered(
    company, is_logged
):
    if is_logged:
        # A window that begins now, which what was scored just now is in.
        until = company.value("SELECT clock_timestamp()")
        results = monitor(company, company.value("SELECT now()"), until, PROFILE)
    else:
        company.run("SELECT churn.set_prediction_log(%s::regclass, 0)", PROFILE)
        company.run("DELETE FROM churn.predictions")
        results = monitor(company, None, None, PROFILE)

    psi = of_metric(results, "psi")
    assert psi.keys() == COLUMNS.keys()
    # They are the same rows.
    assert {one["value"] for one in psi.values()} == {0}
    assert {one["n"] for one in psi.values()} == {400}
    assert {one["value"] for one in of_metric(results, "null_rate").values()} == {0}
    assert {one["value"] for one in of_metric(results, "unseen_rate").values()} == {0}
    assert {
        name: one["value"]
        for name, one in of_metric(results, "out_of_range_rate").items()
    } == {name: 0 for name, (_, kind, _) in COLUMNS.items() if kind == "number"}
    assert findings(results) == []
    changes = of_metric(results, "mean_score_change")
    assert all(abs(one["value"]) < 1e-9 for one in changes.values())


def test_spellings_of_a_key_are_one_customer(company):
    frame, _ = training_frame(rows=3)
    version = company.value("SELECT max(version) FROM churn.models")
    log_rows(
        *(company, frame, [0.1, 0.3, 0.5], version),
        profile=PROFILE,
        keys=["Ann", "ANN", "Bob"],
    )

    (mean,) = of_metric(monitor(company, profile=PROFILE), "mean_score").values()

    assert (mean["n"], mean["value"]) == (2, 0.4)


def test_a_table_is_measured_by_its_own_scores(session):
    session.run(
        "CREATE SCHEMA company;"
        "CREATE TABLE company.clients (id integer PRIMARY KEY, usage real);"
        "CREATE TABLE company.calls (client integer);"
        "SELECT churn.attach('company.clients', 'id', 'company.calls', 'client')"
    )
    frame, _ = training_frame(rows=50)
    version = register_with_rows(session, fit(), frame)
    log_rows(session, frame, [0.5] * 50, version)
    session.run("SELECT churn.set_prediction_log('company.clients', 1)")

    assert [one["n"] for one in monitor(session, profile="company.clients")] == [0]
    assert of_metric(monitor(session), "mean_score")[None]["n"] == 50


def test_a_partitioned_table_is_measured_as_it_stands(session):
    session.run(
        "CREATE SCHEMA company;"
        "CREATE TABLE company.clients (id integer PRIMARY KEY, usage real)"
        " PARTITION BY RANGE (id);"
        "CREATE TABLE company.few PARTITION OF company.clients"
        " FOR VALUES FROM (0) TO (9);"
        "CREATE TABLE company.more PARTITION OF company.clients DEFAULT;"
        "CREATE TABLE company.calls (client integer);"
        "INSERT INTO company.clients SELECT i, i FROM generate_series(1, 30) i;"
        "SELECT churn.attach('company.clients', 'id', 'company.calls', 'client')"
    )
    deploy(session, fit({"usage": "number"}), "company.clients", "id")

    results = monitor(session, None, None, "company.clients")

    assert of_metric(results, "mean_score")[None]["n"] == 30


def test_a_column_that_is_gone_is_not_logged_any_more(session):
    frame, _ = training_frame(rows=300)
    version = register_with_rows(session, fit(), frame)
    activate(session, version)
    log_rows(session, frame.drop(columns="age"), [0.5] * 300, version)

    results = monitor(session)

    assert of_metric(results, "psi")["age"]["n"] == 0
    assert of_metric(results, "psi")["contract"]["n"] == 300
    assert set(of_metric(results, "psi")) == set(KINDS)
