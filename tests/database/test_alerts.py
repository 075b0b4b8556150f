"""Alerts: which findings open one, what resolves it, and who hears of it."""

import itertools
import json

import numpy as np
import pytest

from tests.alerts import CUSTOMERS, ODD_NAME, alerts, measure, update, watch
from tests.models import fit, training_frame
from tests.monitoring import log_rows, register_with_rows
from tests.streams import stream, true_scores
from tests.waiting import in_background, wait_until_blocked


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        ("iiiiii", []),
        ("f", []),
        ("iif", []),
        ("ff", [(2, None)]),
        ("fif", [(3, None)]),
        ("fiif", []),
        ("iffi", [(3, None)]),
        # Windows that are not judged count for nothing.
        ("ftf", [(3, None)]),
        ("fttttnnf", [(8, None)]),
        ("tttnnn", []),
        # It ends with three windows without a finding, the last of them clearly inside.
        ("ffii", [(2, None)]),
        ("ffiii", [(2, 5)]),
        ("ffitititi", [(2, 7)]),
        ("ffooi", [(2, 5)]),
        ("ffiio", [(2, None)]),
        ("ffiioi", [(2, 6)]),
        ("ffiifiii", [(2, 8)]),
        # Or with six.
        ("ffooooo", [(2, None)]),
        ("ffoooooo", [(2, 8)]),
        # One for each onset.
        ("ffffff", [(2, None)]),
        ("ffiiiff", [(2, 5), (7, None)]),
        ("ffiiifiiff", [(2, 5), (10, None)]),
    ],
)
def test_an_alert_is_open_from_the_second_finding_of_three_until_it_is_over(
    session, windows, expected
):
    watch(session, windows)

    assert alerts(session) == expected


def test_each_metric_and_each_feature_has_its_own(session):
    for day, (age, nulls, score) in enumerate(zip("ffi", "iff", "fif"), 1):
        measure(session, day, age)
        measure(session, day, nulls, metric="null_rate")
        measure(session, day, score, metric="score_psi", feature=None)
        measure(session, day, "i", feature="tenure_months")
        update(session, day)

    assert alerts(session) == [(2, None)]
    assert alerts(session, "null_rate") == [(3, None)]
    assert alerts(session, "score_psi", None) == [(3, None)]
    assert session.value("SELECT count(*) FROM churn.alerts") == 3


def test_it_has_what_was_measured_in_the_last_window_with_a_finding(session):
    watch(session, "f", detail="first", n=100)
    watch(session, "f", 2, detail="second", n=200)
    watch(session, "f", 3, detail="third", n=300)
    watch(session, "io", 4, detail="over", n=400)

    assert session.row(
        'SELECT version, value, "limit", n, windows, detail, resolved_at, resolution,'
        " last_finding_at = timestamptz '2026-01-04 00:00+00' FROM churn.alerts"
    ) == (1, 0.3, 0.1, 300, 3, "third", None, None, True)

    watch(session, "ii", 6)

    assert session.row("SELECT windows, detail, resolution FROM churn.alerts") == (
        *(3, "third"),
        "three windows without a finding, the last clearly inside",
    )


def test_what_is_expected_in_a_band_is_over_once_it_is_inside(session):
    within, without = (0.0, 0.05), (0.02, 0.05)
    watch(session, "ff", band=within)
    watch(session, "iii", 3, band=without)
    assert alerts(session) == [(2, None)]

    watch(session, "i", 6, band=within)

    assert alerts(session) == [(2, 6)]


def test_a_window_that_is_measured_again_counts_once(session):
    for _ in range(3):
        watch(session, "f")
    assert alerts(session) == []

    watch(session, "f", 2)
    watch(session, "f", 2)

    assert alerts(session) == [(2, None)]
    assert session.value("SELECT windows FROM churn.alerts") == 2


def test_the_whole_history_again_gives_the_same_alerts(session):
    history = "iffiiiffftiiifof"
    watch(session, history)
    kept = session.run("SELECT * FROM churn.alerts ORDER BY alert_id")
    assert alerts(session) == [(3, 6), (8, 13), (16, None)]

    for day, letter in enumerate(history, 1):
        session.run(
            "DELETE FROM churn.monitor_results"
            " WHERE until = timestamptz '2026-01-01 00:00+00' + %s * interval '1 day'",
            day,
        )
        watch(session, letter, day)

    assert session.run("SELECT * FROM churn.alerts ORDER BY alert_id") == kept


def test_looking_back_opens_and_resolves_nothing(session):
    watch(session, "iiii", 11)
    watch(session, "ff", 5)
    assert alerts(session) == []

    watch(session, "ff", 15)
    watch(session, "iii", 8)

    assert alerts(session) == [(16, None)]


def test_what_needs_outcomes_is_judged_when_the_horizon_is_over(session):
    session.run("UPDATE churn.attachments SET horizon = '10 days'")
    # As an earlier run has measured them, which knew all outcomes.
    for day in (1, 2):
        measure(session, day, "f", metric="realised_roc_auc", feature=None)

    watch(session, "iiiiiiiiiii")
    assert alerts(session, "realised_roc_auc", None) == []
    watch(session, "i", 12)

    assert alerts(session, "realised_roc_auc", None) == [(12, None)]
    last = session.value("SELECT last_finding_at FROM churn.alerts")
    assert last.isoformat().startswith("2026-01-03")


def test_cohorts_end_an_alert_as_windows_do(session):
    session.run("UPDATE churn.attachments SET horizon = '10 days'")
    for day, letter in enumerate("iiiiiiiiiiffiii", 1):
        measure(session, day, "i", band=(0, 1))
        if day > 10:
            measure(
                *(session, day - 10, letter, "calibration", "0.1 to 0.2"), band=(0, 1)
            )
        update(session, day)

    assert alerts(session, "calibration", "0.1 to 0.2") == [(12, 15)]


def test_another_version_ends_what_was_about_the_former(session):
    watch(session, "fff")
    watch(session, "f", 4, version=2)

    assert alerts(session) == [(2, 4)]
    assert session.value("SELECT resolution FROM churn.alerts") == "version 2 scores"

    watch(session, "f", 5, version=2)
    assert alerts(session) == [(2, 4), (5, None)]

    # Who goes back to it hears of it again, when it is found again.
    watch(session, "i", 6, version=1)
    assert alerts(session) == [(2, 4), (5, 6)]
    watch(session, "f", 7, version=1)

    assert alerts(session) == [(2, 4), (5, 6), (7, None)]


def test_a_window_of_two_versions_is_about_the_one_that_gave_most_scores(session):
    watch(session, "ff")
    measure(session, 3, "f", version=1, n=300)
    measure(session, 3, "f", version=2, n=100)
    update(session, 3)
    assert alerts(session) == [(2, None)]

    measure(session, 4, "f", version=1, n=100)
    measure(session, 4, "i", version=2, n=300)
    update(session, 4)

    assert alerts(session) == [(2, 4)]


def test_a_window_without_rows_changes_nothing(session):
    watch(session, "ff")
    watch(session, "tttt", 3, version=None, n=0)

    assert alerts(session) == [(2, None)]


def test_cohorts_are_judged_although_nobody_is_scored_any_more(session):
    session.run("UPDATE churn.attachments SET horizon = '10 days'")
    for day in (1, 2):
        measure(session, day, "f", "realised_log_loss", None)
    watch(session, "i" * 10)
    watch(session, "tt", 11, version=None, n=0)

    assert alerts(session, "realised_log_loss", None) == [(12, None)]


def test_findings_without_a_version_are_alerts_as_well(session):
    watch(session, "ff", version=None)
    assert alerts(session) == [(2, None)]

    watch(session, "iii", 3, version=None)

    assert alerts(session) == [(2, 5)]


@pytest.fixture
def two_open(session):
    watch(session, "ff")
    for day in (1, 2):
        measure(session, day, "f", metric="null_rate", feature=ODD_NAME)
    update(session, 2)
    session.run("SET LOCAL ROLE churn_loader")
    yield session
    session.run("RESET ROLE")


def test_an_acknowledged_alert_stays_open_and_says_who_knows_of_it(two_open):
    first, second = two_open.column(
        "SELECT alert_id FROM churn.open_alerts ORDER BY metric"
    )
    two_open.run("SELECT churn.acknowledge_alert(%s)", second)

    assert two_open.run(
        "SELECT alert_id, profile::text, feature, acknowledged_by = session_user,"
        " acknowledged_at IS NOT NULL FROM churn.open_alerts ORDER BY metric"
    ) == [
        (first, CUSTOMERS, ODD_NAME, None, False),
        (second, CUSTOMERS, "age", True, True),
    ]
    kept = two_open.value(
        "SELECT acknowledged_at FROM churn.alerts WHERE alert_id = %s", second
    )
    two_open.take_notices()

    two_open.run("SELECT churn.acknowledge_alert(%s)", second)

    assert f"alert {second} was acknowledged by" in two_open.take_notices()
    assert kept == two_open.value(
        "SELECT acknowledged_at FROM churn.alerts WHERE alert_id = %s", second
    )


@pytest.mark.parametrize("alert_id", ["0", "null"])
def test_an_alert_that_is_not_there_is_not_acknowledged(session, alert_id):
    refusal = session.refusal(f"SELECT churn.acknowledge_alert({alert_id})")

    assert refusal.sqlstate == "22023"
    assert refusal.message == f"alert {alert_id} does not exist"
    assert "churn.open_alerts" in refusal.hint


def test_an_alert_that_is_over_is_not_acknowledged(session):
    watch(session, "ffiii")
    alert = session.value("SELECT alert_id FROM churn.alerts")

    refusal = session.refusal("SELECT churn.acknowledge_alert(%s)", alert)

    assert (refusal.sqlstate, refusal.message) == (
        "55000",
        f"alert {alert} is resolved",
    )
    assert refusal.detail.endswith(
        ": three windows without a finding, the last clearly inside."
    )


def test_health_counts_the_open_ones(two_open):
    assert two_open.row("SELECT profile::text, open_alerts FROM churn.health") == (
        CUSTOMERS,
        2,
    )


def test_alerts_of_a_detached_table_rest_until_it_is_attached_again(session):
    watch(session, "ff")
    session.run("SELECT churn.detach('churn.customers')")
    assert session.run("SELECT * FROM churn.open_alerts") == []

    session.run(
        "SELECT churn.attach('churn.customers', 'customer_id', 'churn.complaints',"
        " 'customer_id', 'complained_at')"
    )

    assert session.value("SELECT metric FROM churn.open_alerts") == "psi"


def told(session):
    """Return what the outbox has of alerts, by their events."""
    return session.run(
        "SELECT event, profile, version, metric, feature, value, windows, detail,"
        " resolved_at IS NULL FROM churn.alert_outbox ORDER BY change_id"
    )


def test_the_outbox_has_onset_and_end_where_it_is_on(session):
    session.run("SELECT churn.set_outbox('churn.customers', 'threshold', 0.5)")
    watch(session, "fffiii", feature=ODD_NAME)

    named = (CUSTOMERS, 1, "psi", ODD_NAME)
    assert told(session) == [
        ("opened", *named, 0.3, 2, "in words", True),
        ("resolved", *named, 0.3, 3, "in words", False),
    ]


def test_the_outbox_has_no_alert_where_it_is_off(session):
    session.run("SELECT churn.set_notifications('churn.customers', 'every')")
    watch(session, "ffiii")

    assert alerts(session) == [(2, 5)]
    assert told(session) == []


def test_no_number_of_a_change_is_both_a_scores_and_an_alerts(session):
    session.run("SELECT churn.set_outbox('churn.customers', 'every')")
    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")
    watch(session, "ffiii")
    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")

    numbers = session.column(
        "SELECT change_id FROM churn.outbox UNION ALL SELECT change_id"
        " FROM churn.alert_outbox ORDER BY 1"
    )
    assert len(numbers) == len(set(numbers)) == 4


def test_old_rows_of_either_outbox_expire(session):
    session.run("SELECT churn.set_outbox('churn.customers', 'every')")
    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")
    watch(session, "ffiii")
    with session.role("churn_loader"):
        assert session.value("SELECT churn.expire_outbox('1 day')") == 0
    session.run(
        "UPDATE churn.alert_outbox SET told_at = now() - interval '8 days'"
        " WHERE event = 'opened'"
    )

    with session.role("churn_loader"):
        assert session.value("SELECT churn.expire_outbox('7 days')") == 1
    assert [event for event, *_ in told(session)] == ["resolved"]


@pytest.fixture
def heard(first, second):
    """What a listening session has heard since the last call, by channel."""
    second.run("LISTEN churn_alerts; LISTEN churn_scores")
    second.commit()

    def take():
        second.run("SELECT 1")
        second.commit()
        second.connection.poll()
        heard = [(n.channel, json.loads(n.payload)) for n in second.connection.notifies]
        second.connection.notifies.clear()
        return heard

    yield take
    first.rollback()
    first.run("SELECT churn.set_notifications('churn.customers', 'off')")
    first.run("DELETE FROM churn.alerts; DELETE FROM churn.monitor_results")
    first.commit()


def test_listeners_hear_of_onset_and_end_where_notifications_are_on(first, heard):
    first.run("SELECT churn.set_notifications('churn.customers', 'threshold', 0.5)")
    first.run("SET LOCAL timezone = 'Asia/Tokyo'; SET LOCAL extra_float_digits = 0")
    watch(first, "ffiii", feature=ODD_NAME)
    alert = first.value("SELECT alert_id FROM churn.alerts")
    first.commit()

    told = {
        "profile": CUSTOMERS,
        "alert_id": alert,
        "version": 1,
        "metric": "psi",
        "feature": ODD_NAME,
        "value": 0.3,
        "limit": 0.1,
        "n": 500,
        "opened_at": "2026-01-03T00:00:00+00:00",
    }
    assert heard() == [
        ("churn_alerts", {**told, "event": "opened", "resolved_at": None}),
        (
            "churn_alerts",
            {**told, "event": "resolved", "resolved_at": "2026-01-06T00:00:00+00:00"},
        ),
    ]


def test_nobody_hears_of_alerts_where_notifications_are_off(first, heard):
    watch(first, "ff")
    first.commit()

    assert heard() == []


@pytest.mark.parametrize("character", ["\x01", '"', "é"])
def test_a_notification_fits_however_long_the_names_and_the_words_are(
    first, heard, character
):
    name = character * (63 // len(character.encode()))
    quoted = '"{}"'.format(name.replace('"', '""'))
    first.run(f"CREATE SCHEMA {quoted}")
    first.run(f"CREATE TABLE {quoted}.{quoted} (id text PRIMARY KEY, usage real)")
    first.run(f"CREATE TABLE {quoted}.calls (client text)")
    profile = f"{quoted}.{quoted}"
    first.run("SELECT churn.attach(%s, 'id', %s, 'client')", profile, f"{quoted}.calls")
    first.run("SELECT churn.set_notifications(%s, 'every')", profile)
    watch(first, "ff", profile=profile, feature=name, detail=character * 20_000)
    first.commit()

    ((channel, payload),) = heard()

    assert (channel, payload["feature"]) == ("churn_alerts", name)
    assert payload["profile"] == profile
    first.run("SELECT churn.detach(%s)", profile)
    first.run(f"DROP SCHEMA {quoted} CASCADE")
    first.commit()


MONTHS = [f"2026-{month:02}-01Z" for month in range(1, 11)]


def monitor_months(session):
    for since, until in itertools.pairwise(MONTHS):
        session.run("SELECT churn.monitor(%s, %s, %s)", CUSTOMERS, since, until)


def test_a_relation_that_has_changed_opens_an_alert_when_two_cohorts_are_mature(
    session,
):
    random = np.random.default_rng(17)
    for month in MONTHS[:-1]:
        scores = true_scores(random, 500)
        chances = 1 - scores if month >= "2026-04" else scores
        stream(session, random, month, scores, chances, prefix=month)

    monitor_months(session)

    kept = session.run(
        "SELECT metric, feature, opened_at, last_finding_at, windows FROM churn.alerts"
        " WHERE resolved_at IS NULL ORDER BY metric"
    )
    # Those of April and of May, which is mature 90 days after the end of May; what is
    # expected in June was learned from April.
    opened, june, july = session.row(
        "SELECT timestamptz '2026-09-01Z', timestamptz '2026-06-01Z',"
        " timestamptz '2026-07-01Z'"
    )
    assert kept == [
        ("calibration_in_the_large", None, opened, july, 3),
        ("realised_log_loss", None, opened, june, 2),
    ]
    assert session.value("SELECT count(*) FROM churn.alerts") == 2

    rows = session.run("SELECT * FROM churn.alerts ORDER BY alert_id")
    monitor_months(session)

    assert session.run("SELECT * FROM churn.alerts ORDER BY alert_id") == rows


def test_two_who_monitor_at_once_open_one_alert(module_database, first, second):
    frame, _ = training_frame(rows=2_000)
    model = fit()
    version = register_with_rows(first, model, frame)
    first.run("SELECT churn.set_prediction_log('churn.customers', 1)")
    rows = training_frame(rows=1_000, seed=1)[0].assign(age=150.0)
    for since in MONTHS[:2]:
        log_rows(first, rows, model.probabilities(rows), version, since)
    monitor = "SELECT count(*) FROM churn.monitor('churn.customers', %s, %s)"
    first.run(monitor, MONTHS[0], MONTHS[1])
    first.commit()
    try:
        first.run(monitor, MONTHS[1], MONTHS[2])
        with in_background(lambda: second.run(monitor, MONTHS[1], MONTHS[2])) as other:
            wait_until_blocked(module_database, second, by=first)
            first.commit()
        other.result()
        second.commit()

        opened = "SELECT count(*) FROM churn.alerts WHERE metric = 'psi'"
        assert first.value(f"{opened} AND feature = 'age'") == 1
    finally:
        first.rollback()
        first.run("DELETE FROM churn.alerts; DELETE FROM churn.monitor_results")
        first.run("DELETE FROM churn.predictions")
        first.commit()


def test_the_latest_results_are_of_the_newest_window_and_of_the_newest_mature_cohort(
    session,
):
    session.run("UPDATE churn.attachments SET horizon = '10 days'")
    for day in range(1, 4):
        measure(session, day, "i")
        measure(session, day, "t", feature="region")
        measure(session, day, "i", metric="realised_roc_auc", feature=None)
    measure(session, 4, "f")
    session.run(
        "UPDATE churn.monitor_results SET value = NULL, verdict = 'not judged'"
        " WHERE metric = 'realised_roc_auc' AND until = '2026-01-04 00:00+00'"
    )
    with session.role("churn_scorer"):
        latest = session.run(
            "SELECT metric, feature, value, extract(day FROM"
            " time - timestamptz '2026-01-01 00:00+00')::integer"
            " FROM churn.latest_results ORDER BY metric"
        )

    assert latest == [("psi", "age", 0.3, 4), ("realised_roc_auc", None, 0.01, 2)]


def test_the_latest_results_leave_out_versions_that_score_no_more(session):
    watch(session, "ii", metric="calibration", feature="0.1 to 0.2")
    watch(session, "i", 3, version=2)

    assert session.run("SELECT version, metric FROM churn.latest_results") == [
        (2, "psi")
    ]


def test_a_table_of_1500_features_is_watched_in_no_time(session):
    session.run(
        """
        INSERT INTO churn.monitor_results (
            attachment_id, version, since, until, metric, feature, value, "limit", n,
            verdict
        )
        SELECT 1, 1, day - interval '1 day', day, metric, 'feature ' || number, 0.3,
               0.1, 1000, CASE WHEN number % 100 = 0 THEN 'finding' ELSE 'ok' END
        FROM generate_series(timestamptz '2026-01-02Z', '2026-01-11Z', '1 day') day,
             unnest('{psi,null_rate,unseen_rate,out_of_range_rate}'::text[]) metric,
             generate_series(1, 1500) number
        """
    )
    session.run("SET LOCAL statement_timeout = '5 s'")

    update(session, 10)

    assert session.value("SELECT count(*) FROM churn.open_alerts") == 60
    assert session.value("SELECT count(*) FROM churn.latest_results") == 6000
