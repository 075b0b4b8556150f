"""The whole way in databases of other encodings, with names and values beyond ASCII."""

import contextlib
import json

import psycopg2
import pytest
from pgchurn.loader.command_line import main
from prometheus_client.parser import text_string_to_metric_families
from psycopg2 import sql

from tests.alerts import watch
from tests.comparing import COMPARE, SINCE, said_of, trained_until
from tests.databases import Database, database_name
from tests.listening import Listener
from tests.models import divergences, fit
from tests.retraining import days_ago

# What each can spell.
WORDS = {
    "LATIN1": "Zürich",
    "WIN1252": "Köln “€”",
    "EUC_JP": "東京",
    "SQL_ASCII": "Łódź 東京",
}
PROFILE = '"{0}".cust'
COMPLAIN = """INSERT INTO "{0}".comp VALUES ('{0} 3')"""
SCORED = """
    SELECT complaint_count, churn_score IS NOT NULL FROM "{0}".cust WHERE id = '{0} 3'
"""
TABLES = """
    CREATE SCHEMA "{0}";
    CREATE TABLE "{0}".cust (
        id text PRIMARY KEY, "{0}" text, usage double precision, churned boolean
    );
    CREATE TABLE "{0}".comp (
        cust text REFERENCES "{0}".cust, at timestamptz DEFAULT now()
    );
    CREATE INDEX ON "{0}".comp (cust);
    INSERT INTO "{0}".cust
    SELECT '{0} ' || i, (ARRAY['{0}', 'b', 'c'])[1 + i % 3], i % 17, (i * 7) % 3 = 0
    FROM generate_series(1, 120) i;
    SELECT churn.attach('"{0}".cust', 'id', '"{0}".comp', 'cust', 'at');
"""
# Customers of whom the champion has known best what became of those with the word.
KNOWN = """
    WITH made AS (
        SELECT i, i %% 10 = 7 AS has_left, (ARRAY[%s, 'b', 'c'])[1 + i %% 3] AS value
        FROM generate_series(1, 900) i
    ), logged AS (
        INSERT INTO churn.predictions
        SELECT a.attachment_id, %s || m.i, %s,
               CASE WHEN m.i %% 3 > 0 THEN 0.15 WHEN m.has_left THEN 0.9 ELSE 0.05 END,
               json_build_object(%s, m.value, 'usage', m.i %% 17, 'complaint_count', 0),
               'batch', %s
        FROM made m, churn_internal.attachment_of(%s::regclass) a
        RETURNING key
    )
    INSERT INTO churn.outcomes (attachment_id, key, outcome, known_at, source)
    SELECT a.attachment_id, l.key, true, %s::timestamptz + interval '1 day', 'call'
    FROM logged l, churn_internal.attachment_of(%s::regclass) a
    WHERE right(l.key, 1) = '7'
"""

pytestmark = pytest.mark.slow(reason="trains a model in a database of each encoding")


@pytest.fixture(scope="module", params=WORDS)
def encoded(server, request):
    """A database of the encoding with a model in force, and a word that it can spell.

    Everything but the tables themselves was made by the command.
    """
    word = WORDS[request.param]
    name = database_name(request.param.lower())
    with contextlib.closing(psycopg2.connect(server.url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(
            sql.SQL(
                "CREATE DATABASE {} TEMPLATE template0 ENCODING {} LOCALE 'C'"
            ).format(sql.Identifier(name), sql.Literal(request.param))
        )
        database = Database(server, name)
        try:
            with server.migrating():
                assert main(["migrate", "--database-url", database.url]) == 0
            session = database.session(autocommit=True)
            session.connection.set_client_encoding("UTF8")
            session.run(TABLES.format(word))
            for command in (
                "train --label churned --algorithm logistic_regression --table",
                "activate 1",
                "rescore --table",
            ):
                arguments = command.split()
                if arguments[-1] == "--table":
                    arguments.append(PROFILE.format(word))
                assert main([*arguments, "--database-url", database.url]) == 0
            yield database, word
        finally:
            database.close()
            cursor.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


@pytest.fixture
def word(encoded):
    return encoded[1]


@pytest.fixture
def session(encoded):
    session = encoded[0].session(autocommit=True)
    session.connection.set_client_encoding("UTF8")
    yield session
    session.close()


@pytest.fixture
def pgchurn(encoded, capsys):
    """Run `pgchurn` on the database; return its result."""

    def run(*arguments, status=0):
        capsys.readouterr()
        command = [*arguments, "--database-url", encoded[0].url, "--format", "json"]
        assert main(command) == status, capsys.readouterr().err
        return json.loads(capsys.readouterr().out)

    return run


def test_a_complaint_is_counted_and_scored_by_the_model(session, word):
    session.run(COMPLAIN.format(word))

    count, scored = session.row(SCORED.format(word))
    assert count >= 1 and scored
    assert divergences(session, PROFILE.format(word)) == []
    features = session.value(
        "SELECT signature ->> 'features' FROM churn.models WHERE version = 1"
    )
    assert word in features


def test_a_pickle_is_registered_and_shown(session, word, pgchurn, tmp_path):
    model = fit({word: "text", "usage": "number"})
    (tmp_path / "churn.pkl").write_bytes(model.artifact)

    registered = pgchurn(
        *("register", str(tmp_path / "churn.pkl"), "--table", PROFILE.format(word))
    )

    shown = pgchurn("show", str(registered["version"]))
    assert word in [feature["name"] for feature in shown["signature"]["features"]]


def test_the_doctor_names_the_tables_and_finds_nothing(session, word, pgchurn):
    encoding = session.value("SHOW server_encoding")
    checks = {finding["check"]: finding for finding in pgchurn("doctor")}

    assert f'"{word}".cust with "{word}".comp' in checks
    assert all(finding["ok"] for finding in checks.values())
    told = checks["encoding"]["found"]
    assert told == encoding if encoding != "SQL_ASCII" else "must be UTF-8" in told


def test_a_worker_scores_what_was_queued(encoded, session, word, pgchurn):
    profile = PROFILE.format(word)
    session.run("SELECT churn.set_scoring_mode(%s, 'queued')", profile)
    session.run(COMPLAIN.format(word))

    url = encoded[0].url
    assert main(["work", "--drain", "--table", profile, "--database-url", url]) == 0
    assert session.value("SELECT sum(waiting) FROM churn.queue") == 0

    session.run("SELECT churn.set_scoring_mode(%s, 'inline')", profile)
    assert divergences(session, profile) == []
    assert pgchurn("verify", "--table", profile) == []


def test_what_failed_is_told(session, word):
    profile = PROFILE.format(word)
    session.run("SELECT churn.set_on_error(%s, 'keep')", profile)
    session.run(
        f"UPDATE \"{word}\".cust SET usage = 'infinity' WHERE id = %s", f"{word} 3"
    )

    (reason,) = session.column("SELECT reason FROM churn.health WHERE customers > 0")
    assert "usage" in reason


def test_a_listener_prints_what_it_was_told(encoded, session, word, tmp_path):
    profile = PROFILE.format(word)
    session.run("SELECT churn.set_notifications(%s, 'every')", profile)
    listener = Listener(encoded[0], tmp_path / "lines").start("--notifications")
    try:
        listener.wait_until_listening()
        session.run(f'INSERT INTO "{word}".comp VALUES (%s)', f"{word} 5")
        listener.wait_for_lines(1)
        assert json.loads(listener.lines()[0])["key"] == f"{word} 5"
    finally:
        status, _ = listener.end()
    assert status == 0


def test_findings_and_alerts_are_told_with_their_names(
    encoded, session, word, pgchurn, capsys, tmp_path
):
    profile = PROFILE.format(word)
    session.run("SELECT churn.set_prediction_log(%s, 1)", profile)
    session.run("SELECT churn.set_notifications(%s, 'every')", profile)
    listener = Listener(encoded[0], tmp_path / "lines").start("--notifications")
    try:
        listener.wait_until_listening()
        watch(session, "ff", profile=profile, feature=word, detail=word)
        listener.wait_for_lines(1)
        told = json.loads(listener.lines()[0])
    finally:
        listener.end()
    assert (told["profile"], told["feature"]) == (profile, word)

    (alert,) = pgchurn("monitor", "--table", profile, status=1)["alerts"]
    assert (alert["profile"], alert["feature"], alert["detail"]) == (
        *(profile, word),
        word,
    )

    assert main(["metrics", "--database-url", encoded[0].url]) == 0
    families = text_string_to_metric_families(capsys.readouterr().out)
    samples = [sample for family in families for sample in family.samples]
    name = "pgchurn_alert_opened_timestamp_seconds"
    (labels,) = (sample.labels for sample in samples if sample.name == name)
    assert (labels["profile"], labels["feature"]) == (profile, word)


@pytest.mark.parametrize("log", [0, 1])
def test_values_that_were_not_there_are_found_and_named_from_the_log(
    session, word, log
):
    profile, new = PROFILE.format(word), f"{word} new {log}"
    session.run("SELECT churn.set_prediction_log(%s, %s)", profile, log)
    session.run(f"""UPDATE "{word}".cust SET "{word}" = %s WHERE usage < 9""", new)

    session.run("SELECT churn.monitor(%s)", profile)

    ((version, verdict, detail),) = session.run(
        "SELECT version, verdict, detail FROM churn.data_quality WHERE feature = %s"
        " AND metric = 'unseen_rate' LIMIT 1",
        word,
    )
    assert (version, verdict) == (1, "finding")
    assert detail.endswith(f': "{new}"') if log else new not in detail
    assert session.value(
        "SELECT reference -> 'scores' ->> 'source' FROM churn.models WHERE version = 1"
    ) == ("rows held out from training")


def test_versions_are_compared_by_values_and_names(session, word, pgchurn):
    profile = PROFILE.format(word)
    champion, challenger = (said_of(session, 1, trained_until()) for _ in range(2))
    session.run(KNOWN, word, word, champion, word, SINCE, profile, SINCE, profile)
    versions = (str(champion), str(challenger), "--table", profile, "--since", SINCE)

    first, *_, worst = pgchurn("compare", *versions)["evidence"]
    assert first["verdict"] == "champion better"
    assert worst["detail"].startswith(f"{word} is {word}: the worst of ")

    session.run(
        "UPDATE churn.predictions SET features = (features::jsonb - %s)::json"
        " WHERE version = %s",
        *(word, champion),
    )
    refused = session.refusal(COMPARE, profile, champion, challenger, SINCE)
    assert f'needs feature "{word}", which was not logged' in refused.message


def test_a_release_tells_customers_apart_by_their_keys(
    session, word, pgchurn, tmp_path
):
    profile = PROFILE.format(word)
    model = fit({"usage": "number", "complaint_count": "number"})
    (tmp_path / "churn.pkl").write_bytes(model.artifact)
    file = str(tmp_path / "churn.pkl")
    # Whom no version scores.
    session.run(f"""UPDATE "{word}".cust SET usage = 1 WHERE usage = 'infinity'""")
    version = pgchurn("register", file, "--table", profile)["version"]
    session.run(
        "SELECT churn.release(%s::regclass, %s, steps => '{50,100}')", profile, version
    )

    session.run(f'INSERT INTO "{word}".comp SELECT id FROM "{word}".cust')
    session.run(COMPLAIN.format(word))

    of_challenger = session.run(
        f"""
        SELECT c.churn_model_version = d.challenger, count(*)
        FROM "{word}".cust c, churn.deployments d
        WHERE d.deployment_id = (SELECT max(deployment_id) FROM churn.deployments)
          AND c.churn_model_version IN (d.version, d.challenger)
          AND (c.churn_model_version = d.challenger)
              = churn_internal.in_arm(c.id, d.salt, d.share)
        GROUP BY 1 ORDER BY 1
        """
    )
    assert sum(count for _, count in of_challenger) == 120
    assert [is_challenger for is_challenger, _ in of_challenger] == [False, True]
    assert divergences(session, profile) == []

    session.run("SELECT churn.cancel_release(%s::regclass, %s)", profile, word)
    session.run("SELECT churn.work(1000, %s::regclass)", profile)
    assert session.column(
        f'SELECT DISTINCT churn_model_version FROM "{word}".cust'
    ) == [1]
    (release,) = pgchurn("release", "status")
    assert (release["profile"], release["reason"]) == (profile, word)


def test_what_became_of_customers_is_learned(session, word, pgchurn):
    profile = PROFILE.format(word)
    # After those that are compared.
    since = "2025-09-01T00:00:00+00:00"
    base = said_of(session, 1, trained_until(since))
    session.run(KNOWN, word, word, base, word, since, profile, since, profile)
    session.run(
        "SELECT churn.set_learning(%s::regclass, %s, min_batch => 300)", profile, base
    )
    command = ("learn", "--table", profile)

    learned = pgchurn(*command, "--no-release")

    batches = session.run(
        "SELECT n, reason FROM churn.learning_batches WHERE profile = %s::regclass"
        " ORDER BY position",
        profile,
    )
    # What is quarantined names what it is for, in the database's own encoding.
    assert len(batches) == len(learned["batches"]) >= 2
    assert batches == [(one["n"], one["reason"]) for one in learned["batches"]]
    assert pgchurn(*command, "--replay")["differing"] == []
    session.run("SELECT churn.set_learning(%s::regclass, NULL)", profile)


def test_a_retraining_is_decided_by_values_and_names(session, word, pgchurn):
    profile = PROFILE.format(word)
    champion = said_of(session, 1, trained_until())
    session.run("SELECT churn.activate_model(%s)", champion)
    for days in (300, 120):
        at = days_ago(days)
        session.run(
            KNOWN, word, f"{word} {days} ", champion, word, at, profile, at, profile
        )
    session.run(
        "SELECT churn.set_retraining(%s::regclass, '1 day',"
        " training_window => '120 days')",
        profile,
    )

    (one,) = pgchurn("retrain", "--algorithm", "logistic_regression")["requests"]

    assert (one["decision"], one["profile"]) == ("kept", profile)
    assert one["version"], one["decision_reason"]
    evidence, features = session.row(
        "SELECT r.evidence, m.signature FROM churn.retraining_requests r"
        " JOIN churn.models m USING (version)"
    )
    assert evidence["comparison"][0]["verdict"] == "champion better"
    assert evidence["comparison"][-1]["detail"].startswith(f"{word} is {word}: ")
    assert word in [feature["name"] for feature in features["features"]]


@pytest.mark.parametrize("encoded", ["SQL_ASCII"], indirect=True)
def test_text_that_is_not_utf_8_is_refused_as_such(session, word):
    refusal = session.refusal(
        f"""INSERT INTO "{word}".cust (id, "{word}") VALUES ('m', E'M\\374nchen')"""
    )

    assert refusal.message == 'invalid byte sequence for encoding "UTF8": 0xfc'
