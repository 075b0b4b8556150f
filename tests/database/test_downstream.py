"""What others are told of stored scores: notifications and the outbox."""

import json

import pytest

from tests.models import (
    assert_fresh,
    default_model,
    deploy,
    divergences,
    fit,
    other_model,
    rescore_in_place,
    stored_scores,
)
from tests.waiting import in_background, wait_until_blocked

MODEL = default_model()
PROFILE = "churn.customers"
TRIGGER = (
    "SELECT pg_get_triggerdef(oid) FROM pg_trigger"
    " WHERE tgname = 'pgchurn_1_downstream'"
)


def complain(session, *customers):
    session.run(
        "INSERT INTO churn.complaints (customer_id) SELECT unnest(%s::bigint[])",
        list(customers),
    )


def set_outbox(session, mode="every", threshold=None, profile=PROFILE):
    session.run("SELECT churn.set_outbox(%s, %s, %s)", profile, mode, threshold)


def set_notifications(session, mode="every", threshold=None, profile=PROFILE):
    session.run("SELECT churn.set_notifications(%s, %s, %s)", profile, mode, threshold)


def outbox(session):
    """Return key, former score and score of each change."""
    return session.run(
        "SELECT key, former_score, score FROM churn.outbox ORDER BY change_id"
    )


@pytest.fixture
def heard(first, second):
    """A session that writes, and what a listening one has heard since the last call."""
    second.run("LISTEN churn_scores")
    second.commit()

    def take():
        second.run("SELECT 1")
        second.commit()
        second.connection.poll()
        payloads = [json.loads(n.payload) for n in second.connection.notifies]
        second.connection.notifies.clear()
        return payloads

    yield take
    first.rollback()
    set_notifications(first, "off")
    set_outbox(first, "off")
    first.run("DELETE FROM churn.outbox")
    first.commit()


def test_by_default_nobody_is_told_and_there_is_no_trigger(session):
    complain(session, 1)

    assert outbox(session) == []
    assert session.run(TRIGGER) == []


def test_the_outbox_has_every_score_with_the_one_before(session):
    set_outbox(session)
    before = stored_scores(session)

    complain(session, 1, 1, 3)

    after = stored_scores(session)
    changes = [(key, before[key], after[key]) for key in ("1", "3")]
    assert sorted(outbox(session)) == changes
    assert session.row(
        "SELECT o.profile, o.attachment_id, o.former_version = c.churn_model_version,"
        " o.version = c.churn_model_version, o.scored_at = c.churn_scored_at"
        " FROM churn.outbox o JOIN churn.customers c ON c.customer_id::text = o.key"
        " WHERE o.key = '3'"
    ) == (PROFILE, 1, True, True, True)


def test_the_outbox_has_what_each_way_of_scoring_stores(session):
    set_outbox(session)

    complain(session, 2)
    session.run("UPDATE churn.customers SET age = 20 WHERE customer_id = 4")
    session.run("INSERT INTO churn.customers (customer_id) VALUES (900)")
    session.run("DELETE FROM churn.complaints WHERE customer_id = 2")
    session.run("SELECT churn_internal.rescore_profiles_1('5', NULL, 1)")
    session.run("SELECT churn_internal.repair_profiles_1('{7}')")

    assert [key for key, _, _ in outbox(session)] == ["2", "4", "900", "2", "6", "7"]
    assert outbox(session)[2][1] is None


def test_what_was_not_scored_is_not_told(session):
    set_outbox(session)

    session.run("UPDATE churn.customers SET customer_name = customer_name")
    session.run("UPDATE churn.customers SET churn_score = 0.5 WHERE false")

    assert outbox(session) == []


def test_what_somebody_else_writes_as_a_score_is_told_as_the_true_one(session):
    set_outbox(session)
    true_score = stored_scores(session)["3"]

    session.run("UPDATE churn.customers SET churn_score = 0.99 WHERE customer_id = 3")

    assert outbox(session) == [("3", 0.99, pytest.approx(true_score, abs=1e-9))]


def test_a_threshold_keeps_what_crosses_it_in_either_direction(session):
    scores = stored_scores(session)
    middle = sorted(scores.values())[len(scores) // 2]
    set_outbox(session, "threshold", middle)
    deploy(session, other_model())

    crossed = {
        key: (scores[key] >= middle, score >= middle)
        for key, score in stored_scores(session).items()
    }
    # A rescore by touching each row has written -1 first, which is below.
    told = {key: (former, score) for key, former, score in outbox(session)}
    assert set(told) == {key for key, (_, after) in crossed.items() if after}

    session.run("DELETE FROM churn.outbox")
    highest = max(told, key=lambda key: told[key][1])
    set_outbox(session, "threshold", told[highest][1])
    session.run(
        "UPDATE churn.customers SET churn_model_version = 1 WHERE customer_id = %s",
        int(highest),
    )
    assert outbox(session) == []


def test_a_first_score_crosses_a_threshold_where_it_is_above(session):
    set_outbox(session, "threshold", 0.0)
    session.run("INSERT INTO churn.customers (customer_id) VALUES (901)")
    set_outbox(session, "threshold", 1.0)
    session.run("INSERT INTO churn.customers (customer_id) VALUES (902)")

    assert [(key, former) for key, former, _ in outbox(session)] == [("901", None)]


def test_a_session_that_has_written_one_row_writes_many_in_no_time(session):
    set_outbox(session)
    session.run(
        "INSERT INTO churn.customers (customer_id) SELECT generate_series(2001, 22000)"
    )
    complain(session, 1)
    session.run("DELETE FROM churn.outbox; SET LOCAL statement_timeout = '20 s'")

    complain(session, *range(2001, 22001))

    assert session.value("SELECT count(DISTINCT key) FROM churn.outbox") == 20_000


def test_a_notification_has_the_change_and_comes_at_commit(first, heard):
    set_notifications(first)
    first.commit()
    before = stored_scores(first)["2"]
    complain(first, 2)
    assert heard() == []

    version = first.value("SELECT churn_model_version FROM churn.customers LIMIT 1")
    score = stored_scores(first)["2"]
    first.commit()

    assert heard() == [
        {
            "profile": PROFILE,
            "key": "2",
            "former_score": before,
            "score": score,
            "version": version,
            "cause": "data",
        }
    ]


def test_a_transaction_that_is_rolled_back_tells_nobody(first, heard):
    set_notifications(first)
    set_outbox(first)
    first.commit()

    complain(first, 2)
    first.rollback()

    assert heard() == []
    assert outbox(first) == []


def test_a_notification_of_a_threshold_comes_for_what_crosses_it(first, heard):
    set_notifications(first, "threshold", 1.0)
    first.commit()
    complain(first, 2)
    first.commit()
    assert heard() == []

    before = stored_scores(first)["2"]
    complain(first, 2)
    after = stored_scores(first)["2"]
    first.rollback()
    set_notifications(first, "threshold", (before + after) / 2)
    first.commit()
    complain(first, 2, 3)
    first.commit()

    assert [payload["key"] for payload in heard()] == ["2"]


def test_a_thousand_changes_are_told_one_by_one_and_more_in_one(first, heard):
    set_notifications(first)
    first.run(
        "INSERT INTO churn.customers (customer_id) SELECT generate_series(2001, 3001)"
    )
    first.commit()
    (summary,) = heard()
    assert summary.keys() == {
        *("profile", "rows", "scored_from", "scored_to", "version"),
        "by_another_version",
    }
    assert summary["by_another_version"] == 0
    assert (summary["profile"], summary["rows"]) == (PROFILE, 1001)
    assert (
        first.value(
            "SELECT count(*) FROM churn.customers WHERE churn_scored_at"
            " BETWEEN %s::timestamptz AND %s::timestamptz",
            summary["scored_from"],
            summary["scored_to"],
        )
        == 1001
    )

    complain(first, *range(2001, 3001))
    first.commit()
    told = sorted(int(payload["key"]) for payload in heard())
    assert told == list(range(2001, 3001))
    first.run("DELETE FROM churn.customers WHERE customer_id > 2000")
    first.commit()


@pytest.mark.parametrize("character", ["k", "\x01", '"', "€"])
def test_a_key_too_long_for_a_notification_is_told_by_its_digest(
    first, heard, character
):
    short_key, key = (character * (n // len(character.encode())) for n in (1000, 2600))
    first.run("""
        CREATE TABLE long_keys (id text PRIMARY KEY, usage real);
        CREATE TABLE long_calls (client text REFERENCES long_keys);
        SELECT churn.attach('long_keys', 'id', 'long_calls', 'client');
        """)
    deploy(first, fit({"usage": "number"}), "long_keys", "id", replay={})
    set_notifications(first, profile="long_keys")
    set_outbox(first, profile="long_keys")
    first.run("INSERT INTO long_keys VALUES (%s, 1), (%s, 2)", key, short_key)
    digest = first.value("SELECT md5(%s)", key)
    written = first.column("SELECT key FROM churn.outbox ORDER BY length(key)")
    first.commit()

    short, long = sorted(heard(), key=lambda payload: "key_md5" in payload)

    assert written == [short_key, key]
    assert long["key_md5"] == digest and "key" not in long
    assert short["key"] == short_key
    first.run("SELECT churn.detach('long_keys'); DROP TABLE long_calls, long_keys")
    first.commit()


def test_turning_it_off_ends_it_and_turning_it_on_again_goes_on(session):
    set_outbox(session)
    set_outbox(session, "off")
    complain(session, 1)
    assert outbox(session) == []
    assert "WHEN (false)" in session.value(TRIGGER)

    set_outbox(session)
    complain(session, 1)

    assert len(outbox(session)) == 1


def test_a_trigger_that_somebody_disabled_stays_disabled(session):
    set_outbox(session)
    session.run("ALTER TABLE churn.customers DISABLE TRIGGER pgchurn_1_downstream")
    set_notifications(session)
    session.run("ALTER TABLE churn.customers ADD COLUMN extra integer")

    complain(session, 1)

    assert outbox(session) == []


def test_the_key_and_the_table_may_be_renamed(session):
    set_outbox(session)
    session.run("ALTER TABLE churn.customers ADD COLUMN extra integer")
    session.run("ALTER TABLE churn.customers RENAME COLUMN age TO years")
    session.run("ALTER TABLE churn.customers RENAME COLUMN years TO age")
    session.run("ALTER TABLE churn.customers RENAME TO clients")
    complain(session, 1)

    assert session.run("SELECT profile, key FROM churn.outbox") == [
        ("churn.clients", "1")
    ]


COMPANY = """
    CREATE SCHEMA company AUTHORIZATION churn_scorer;
    SET LOCAL ROLE churn_scorer;
    CREATE TABLE company."the clients" (id text, usage numeric, PRIMARY KEY (id))
        PARTITION BY HASH (id);
    CREATE TABLE company.clients_0 PARTITION OF company."the clients"
        FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE company.clients_1 PARTITION OF company."the clients"
        FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    CREATE TABLE company.calls (client text REFERENCES company."the clients");
    GRANT USAGE ON SCHEMA company TO churn_loader;
    CREATE INDEX ON company.calls (client);
    RESET ROLE;
    SELECT churn.attach('company."the clients"', 'id', 'company.calls', 'client');
"""
CLIENTS = 'company."the clients"'


def test_it_works_on_the_partitioned_table_of_somebody_else(session):
    session.run(COMPANY)
    with session.role("churn_loader"):
        set_outbox(session, profile=CLIENTS)
    model = fit({"usage": "number", "complaint_count": "number"})
    deploy(session, model, CLIENTS, "id")
    session.run(f"INSERT INTO {CLIENTS} SELECT i, i FROM generate_series(1, 9) i")
    session.run("INSERT INTO company.calls VALUES ('3'), ('4')")

    written = session.run("SELECT profile, key FROM churn.outbox ORDER BY change_id")
    assert sorted(written[9:]) == [(CLIENTS, "3"), (CLIENTS, "4")]
    assert len(written) == 11

    with session.role("churn_loader"):
        set_outbox(session, "off", profile=CLIENTS)
    session.run("INSERT INTO company.calls VALUES ('3')")
    assert session.value("SELECT count(*) FROM churn.outbox") == 11


def test_detaching_takes_it_away_and_attaching_again_brings_it_back(session):
    session.run(COMPANY)
    set_outbox(session, profile=CLIENTS)
    session.run("SELECT churn.detach(%s)", CLIENTS)
    assert session.run("SELECT 1 FROM pg_proc WHERE proname = 'publish_scores_2'") == []
    assert session.take_notices() == ""

    session.run("SELECT churn.attach(%s, 'id', 'company.calls', 'client')", CLIENTS)
    session.run(f"INSERT INTO {CLIENTS} VALUES ('1', 1)")
    deploy(session, fit({"usage": "number"}), CLIENTS, "id")

    assert session.column("SELECT key FROM churn.outbox") == ["1"]


def test_a_profile_that_derives_features_from_the_counter_ends_at_the_true_score(
    session,
):
    session.run(
        "ALTER TABLE churn.customers ADD COLUMN twice integer"
        " GENERATED ALWAYS AS (complaint_count * 2) STORED"
    )
    model = fit({"twice": "number"})
    deploy(session, model)
    set_outbox(session)

    complain(session, 1)

    assert_fresh(session, model)
    assert outbox(session)[-1][2] == stored_scores(session)["1"]


@pytest.mark.parametrize("function", ["set_notifications", "set_outbox"])
@pytest.mark.parametrize(
    "arguments, message",
    [
        ("'often'", "unknown mode often"),
        ("NULL", "unknown mode null"),
        ("'threshold'", "threshold must be a score, 0 to 1, not null"),
        ("'threshold', 1.5", "threshold must be a score, 0 to 1, not 1.5"),
        ("'threshold', 'NaN'", "threshold must be a score, 0 to 1, not NaN"),
        ("'every', 0.5", "mode every has no threshold"),
    ],
)
def test_a_mode_that_makes_no_sense_is_refused(session, function, arguments, message):
    refusal = session.refusal(f"SELECT churn.{function}('{PROFILE}', {arguments})")

    assert (refusal.sqlstate, refusal.message) == ("22023", message)


def test_a_table_that_is_not_attached_is_refused(session):
    refusal = session.refusal("SELECT churn.set_outbox('churn.models', 'every')")

    assert refusal.message == "table churn.models is not attached"


def test_old_rows_of_the_outbox_expire_and_new_ones_stay(session):
    set_outbox(session)
    complain(session, 1, 2)
    session.run(
        "UPDATE churn.outbox SET scored_at = now() - interval '8 days' WHERE key = '1'"
    )
    with session.role("churn_loader"):
        assert session.value("SELECT churn.expire_outbox('7 days')") == 1

    assert session.column("SELECT key FROM churn.outbox") == ["2"]


@pytest.mark.parametrize("older_than", [None, "-1 day"])
def test_an_age_that_makes_no_sense_is_refused(session, older_than):
    refusal = session.refusal("SELECT churn.expire_outbox(%s::interval)", older_than)

    assert refusal.sqlstate == "22023"
    assert refusal.message.startswith("older_than must be an interval of at least 0")


def test_two_who_set_at_once_wait_for_each_other(module_database, first, second):
    set_outbox(first)
    with in_background(lambda: set_notifications(second)) as other:
        wait_until_blocked(module_database, second, by=first)
        first.rollback()
    other.result()
    complain(second, 1)

    assert outbox(second) == []


def test_turning_it_on_waits_for_writers_and_tells_of_all_that_come_after(
    module_database, first, second
):
    complain(first, 1)
    with in_background(lambda: set_outbox(second)) as turning_on:
        wait_until_blocked(module_database, second, by=first)
        first.rollback()
    turning_on.result()
    complain(second, 1)

    assert [key for key, _, _ in outbox(second)] == ["1"]


def test_the_truth_stays_the_truth_with_everything_on(session):
    set_notifications(session)
    set_outbox(session)
    complain(session, 1, 2, 3)
    rescore_in_place(session, PROFILE)

    assert divergences(session) == []
    assert_fresh(session, MODEL)


def test_a_forged_notification_is_told_from_a_score_by_looking(first, heard):
    set_outbox(first)
    set_notifications(first)
    first.run("CREATE ROLE pgchurn_test_forger")
    first.commit()
    try:
        complain(first, 1)
        first.commit()
        (true,) = heard()
        forged = {**true, "key": "2", "score": 0.123}
        with first.role("pgchurn_test_forger"):
            first.run("SELECT pg_notify('churn_scores', %s)", json.dumps(forged))
            assert first.refusal("DELETE FROM churn.outbox").sqlstate == "42501"
            refused = first.refusal("INSERT INTO churn.outbox (key) VALUES ('2')")
            assert refused.sqlstate == "42501"
        first.commit()

        # They look alike.
        assert heard() == [forged]
        assert [(key, score) for key, _, score in outbox(first)] == [
            (true["key"], true["score"])
        ]
        scores = stored_scores(first)
        assert scores[true["key"]] == true["score"]
        assert scores[forged["key"]] != forged["score"]
    finally:
        first.rollback()
        first.run("DROP ROLE pgchurn_test_forger")
        first.commit()
