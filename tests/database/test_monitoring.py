"""Measuring windows of scores against the reference: churn.monitor."""

import json

import numpy as np
import pytest
from pgchurn.loader.models.outcomes import Outcomes
from sklearn.ensemble import ExtraTreesClassifier

from tests.company import CLIENTS, attach, create_tables
from tests.models import (
    EVERY_KIND,
    KINDS,
    Model,
    activate,
    fit,
    pipeline_for,
    register,
    training_frame,
    unexplained,
)
from tests.monitoring import (
    CUSTOMERS,
    SINCE,
    UNTIL,
    findings,
    log_rows,
    monitor,
    of_metric,
    register_with_rows,
    register_with_rows_once,
    verdicts,
)

MODEL = fit()
OTHER = fit(seed=1)
REFERENCE, _ = training_frame(rows=2_000)
NAN = float("nan")
KEPT = "SELECT reference FROM churn.models WHERE version = %s"


@pytest.fixture
def monitored(session):
    """A session, and a version with a reference of 2,000 rows."""
    version = register_with_rows_once(session, MODEL, REFERENCE)
    session.run("SELECT churn.set_prediction_log(%s::regclass, 1)", CUSTOMERS)
    return session, version


def log_window(session, version, rows=1_000, seed=1, since=SINCE, **changed):
    """Log rows as those of the reference are, but for columns that are changed."""
    frame, _ = training_frame(rows=rows, seed=seed)
    for name, change in changed.items():
        frame[name] = change(frame[name])
    scores = MODEL.probabilities(frame)
    log_rows(session, frame, scores, version, since)
    return frame


def test_what_is_distributed_as_the_reference_is_ok(monitored):
    session, version = monitored
    log_window(session, version)

    results = monitor(session)

    assert verdicts(results, "psi") == dict.fromkeys(KINDS, "ok")
    assert verdicts(results, "null_rate") == dict.fromkeys(KINDS, "ok")
    assert verdicts(results, "unseen_rate") == {"contract": "ok"}
    assert len(verdicts(results, "out_of_range_rate")) == 4
    assert verdicts(results, "score_psi") == {None: "ok"}
    assert findings(results) == []
    assert {one["n"] for one in results} == {1_000}
    assert {one["version"] for one in results} == {version}
    psi = of_metric(results, "psi")["age"]
    assert 0 < psi["value"] < psi["limit"] == 0.1


def test_a_feature_that_has_shifted_is_found_and_said_how(monitored):
    session, version = monitored
    log_window(session, version, age=lambda values: values * 0.5 + 40)

    results = monitor(session)

    assert findings(results) == [("psi", "age")]
    told = of_metric(results, "psi")["age"]
    assert told["value"] > 0.1
    assert "of the reference, where" in told["detail"]
    assert [one["feature"] for one in results if one["metric"] == "psi"][0] == "age"


def test_features_with_findings_come_first_and_those_that_matter_more_before(monitored):
    session, version = monitored
    matters = json.loads(json.dumps(session.value(KEPT, version)))["contributions"]
    assert matters["complaint_count"] > matters["data_usage_gb"]
    log_window(
        session,
        version,
        data_usage_gb=lambda values: values * 0.3,
        complaint_count=lambda values: values + 2,
    )

    features = [one["feature"] for one in monitor(session) if one["metric"] == "psi"]

    assert features[:2] == ["complaint_count", "data_usage_gb"]


def test_missing_values_are_found_where_they_are_not_expected(monitored):
    session, version = monitored
    log_window(
        session,
        version,
        age=lambda values: values.where(np.arange(1_000) % 20 > 0),
        contract=lambda values: values.where(np.arange(1_000) % 50 > 0, None),
    )

    results = monitor(session)

    assert findings(results) == [("psi", "age"), ("null_rate", "age")]
    assert of_metric(results, "psi")["age"]["detail"] == (
        "5.0% are null, where 0.0% were"
    )
    told = of_metric(results, "null_rate")["age"]
    assert told["value"] == 0.05 > told["limit"] > told["upper"] > 0
    assert told["detail"] == "5.0% are null, where 0.0% were"
    assert of_metric(results, "null_rate")["contract"]["value"] == 0.02


def test_unseen_categories_are_named(monitored):
    session, version = monitored
    log_window(
        session,
        version,
        contract=lambda values: values.where(np.arange(1_000) % 10 > 0, "ten years"),
    )

    results = monitor(session)

    told = of_metric(results, "unseen_rate")["contract"]
    assert (told["verdict"], told["value"]) == ("finding", 0.1)
    assert told["detail"] == (
        '10.0% are of categories that the reference does not have: "ten years"'
    )


def test_what_hardly_anybody_has_is_not_named(monitored):
    session, version = monitored
    alone = np.array([f"of customer {i}" for i in range(1_000)], dtype=object)
    log_window(
        session,
        version,
        contract=lambda values: values.where(np.arange(1_000) % 10 > 0, alone),
    )

    told = of_metric(monitor(session), "unseen_rate")["contract"]

    assert told["detail"] == (
        "10.0% are of categories that the reference does not have"
    )


def test_numbers_out_of_range_are_found(monitored):
    session, version = monitored
    log_window(
        session,
        version,
        age=lambda values: values.where(np.arange(1_000) % 16 > 0, -1.0),
    )

    results = monitor(session)

    assert ("out_of_range_rate", "age") in findings(results)
    told = of_metric(results, "out_of_range_rate")["age"]
    assert told["value"] == pytest.approx(63 / 1_000)
    assert told["detail"] == "6.3% are out of the reference's range"


def test_too_few_rows_are_never_ok(monitored):
    session, version = monitored
    log_window(session, version, rows=60)

    results = monitor(session)

    assert set(verdicts(results, "psi").values()) == {"too few"}
    detail = of_metric(results, "psi")["age"]["detail"]
    assert detail.startswith("needs ")
    assert detail.endswith(" rows, has 60")
    assert verdicts(results, "score_psi") == {None: "too few"}
    assert findings(results) == []


def test_a_gross_change_is_found_in_few_rows_all_the_same(monitored):
    session, version = monitored
    log_window(session, version, rows=60, age=lambda values: values + 200)

    assert ("psi", "age") in findings(monitor(session))


def test_scores_are_compared_as_well_with_their_mean(monitored):
    session, version = monitored
    frame = log_window(session, version, complaint_count=lambda values: values + 2)

    results = monitor(session)

    assert ("score_psi", None) in findings(results)
    mean = of_metric(results, "mean_score")[None]
    assert mean["value"] == pytest.approx(MODEL.probabilities(frame).mean())
    assert mean["verdict"] == "not judged"
    known = MODEL.probabilities(REFERENCE)
    assert (mean["lower"] + mean["upper"]) / 2 == pytest.approx(known.mean())
    error = known.std() * (1 / 1_000 + 1 / 2_000) ** 0.5
    assert mean["upper"] - mean["lower"] == pytest.approx(2 * 1.96 * error)
    assert mean["value"] > mean["upper"]


def test_what_has_changed_the_mean_score_adds_up(monitored):
    session, version = monitored
    frame = log_window(session, version, complaint_count=lambda values: values + 2)

    results = monitor(session)

    changes = of_metric(results, "mean_score_change")
    wanted = MODEL.probabilities(frame).mean() - MODEL.probabilities(REFERENCE).mean()
    assert changes.keys() == KINDS.keys()
    assert sum(one["value"] for one in changes.values()) == pytest.approx(
        wanted, abs=1e-12
    )
    assert {one["n"] for one in changes.values()} == {1_000}
    sentence = of_metric(results, "mean_score")[None]["detail"]
    assert sentence.startswith(f"mean score {wanted:+.3f}: complaint_count +")
    assert ", the rest " in sentence
    assert next(iter(changes)) == "complaint_count"


def test_what_nothing_explains_is_measured_without_a_sentence(session):
    model = unexplained()
    frame, _ = training_frame(EVERY_KIND, rows=300)
    version = register_with_rows(session, model, frame)
    log_rows(session, frame, model.probabilities(frame), version)

    results = monitor(session)

    assert of_metric(results, "mean_score")[None]["detail"] is None
    assert of_metric(results, "mean_score_change") == {}
    assert of_metric(results, "psi").keys() == EVERY_KIND.keys()


def test_a_version_that_is_kept_on_its_pickle_is_measured_as_any(session):
    version = register(session, MODEL, compile_form=False)
    frame = log_window(session, version, rows=40)

    results = monitor(session)

    assert of_metric(results, "psi").keys() == KINDS.keys()
    assert of_metric(results, "mean_score")[None]["value"] == pytest.approx(
        MODEL.probabilities(frame).mean()
    )
    assert len(of_metric(results, "mean_score_change")) == len(KINDS)


def test_a_window_begins_with_its_first_moment_and_ends_before_its_last(monitored):
    session, version = monitored
    frame, _ = training_frame(rows=1)
    for number, at in enumerate((SINCE, "2026-01-01 12:00Z", UNTIL)):
        # The first row comes a millisecond later.
        log_rows(
            session,
            frame,
            [0.5],
            version,
            session.value("SELECT %s::timestamptz - interval '1 ms'", at),
            keys=[str(number)],
        )

    results = monitor(session)

    assert {one["n"] for one in results} == {2}
    assert results[0]["time"] == session.value("SELECT %s::timestamptz", UNTIL)


def test_a_customer_counts_once_by_the_last_score(monitored):
    session, version = monitored
    frame, _ = training_frame(rows=3)
    log_rows(session, frame, [0.1, 0.3, 0.5], version, keys=["1", "1", "2"])

    (mean,) = of_metric(monitor(session), "mean_score").values()

    assert (mean["n"], mean["value"]) == (2, 0.4)


def test_each_version_is_measured_by_its_own_scores_and_reference(monitored):
    session, version = monitored
    other, _ = training_frame(rows=2_000, seed=5)
    other["age"] += 300
    later = register_with_rows_once(session, OTHER, other)
    log_window(session, version, rows=900)
    frame, _ = training_frame(rows=800, seed=2)
    log_rows(session, frame, OTHER.probabilities(frame), later, "2026-01-01 12:00Z")

    results = monitor(session)

    by_version = {
        number: [one for one in results if one["version"] == number]
        for number in (version, later)
    }
    assert [one["version"] for one in results] == sorted(
        one["version"] for one in results
    )
    assert {one["n"] for one in by_version[version]} == {900}
    assert findings(by_version[version]) == []
    assert {one["n"] for one in by_version[later]} == {800}
    assert ("psi", "age") in findings(by_version[later])


def test_many_versions_of_a_window_are_measured_each(monitored):
    session, first = monitored
    versions = [first] + [
        register_with_rows_once(session, MODEL, REFERENCE) for _ in range(7)
    ]
    frame, _ = training_frame(rows=20)
    for version in versions:
        log_rows(session, frame, MODEL.probabilities(frame), version)

    results = monitor(session)

    assert [
        (one["version"], one["n"]) for one in results if one["metric"] == "mean_score"
    ] == [(version, 20) for version in versions]
    assert len([1 for one in results if one["metric"] == "mean_score_change"]) == 48


def test_a_window_without_a_score_says_so(monitored):
    session, _ = monitored

    (only,) = monitor(session)

    assert (only["metric"], only["verdict"], only["n"]) == ("score_psi", "too few", 0)
    assert only["version"] is None
    assert only["detail"] == "no score was given in this window"


def test_a_window_that_is_measured_again_has_each_result_once(monitored):
    session, version = monitored
    log_window(session, version)
    first = monitor(session)
    monitor(session, "2025-12-31Z", SINCE)

    assert monitor(session) == first
    assert session.value("SELECT count(*) FROM churn.monitor_results") == len(first) + 1


def test_a_window_begins_where_the_one_before_has_ended(monitored):
    session, version = monitored
    log_window(session, version)
    windows = (
        "SELECT DISTINCT until, until - since FROM churn.monitor_results ORDER BY until"
    )

    for until in (UNTIL, "2026-01-09Z", "2026-01-05Z", "2026-01-09Z"):
        monitor(session, None, until)

    # The first one takes a day; and what comes after one in between begins there.
    assert [days.days for _, days in session.run(windows)] == [1, 3, 4, 7]


def test_a_window_ends_now_unless_it_is_told(monitored):
    session, _ = monitored

    (only,) = monitor(session, None, None)

    assert session.value("SELECT now() = %s", only["time"])


@pytest.mark.parametrize(
    "since, until",
    [
        (UNTIL, SINCE),
        (SINCE, SINCE),
        ("-infinity", UNTIL),
        (SINCE, "infinity"),
        ("infinity", "infinity"),
    ],
)
def test_what_is_no_window_is_refused(session, since, until):
    refused = session.refusal(
        "SELECT churn.monitor('churn.customers', %s, %s)", since, until
    )

    assert refused.sqlstate == "22023"
    assert refused.message.startswith("a window from ")
    assert refused.hint == "Pass a beginning that is before the end."


def test_a_table_that_is_not_attached_is_refused(session):
    refused = session.refusal("SELECT churn.monitor('pg_class')")

    assert (refused.sqlstate, refused.message) == (
        "22023",
        "table pg_class is not attached",
    )


def test_where_the_log_is_off_the_profile_is_measured_as_it_stands(session):
    version = session.value("SELECT version FROM churn.active_deployments")
    session.run("UPDATE churn.customers SET contract = 'new' WHERE customer_id < 20")

    results = monitor(session, None, None)

    assert {one["n"] for one in results} == {
        40,
        session.value("SELECT count(age) FROM churn.customers"),
    }
    assert {one["version"] for one in results} == {version}
    assert of_metric(results, "psi").keys() == KINDS.keys()
    assert of_metric(results, "mean_score")[None]["value"] == pytest.approx(
        session.value("SELECT avg(churn_score) FROM churn.customers")
    )
    # Values of a table that its readers need not be allowed to read.
    assert "new" not in json.dumps([one["detail"] for one in results])
    told = of_metric(results, "unseen_rate")["contract"]
    assert told["value"] == pytest.approx(19 / 40)


def test_what_was_logged_is_measured_after_the_log_was_switched_off(monitored):
    session, version = monitored
    log_window(session, version)
    session.run("SELECT churn.set_prediction_log(%s::regclass, 0)", CUSTOMERS)

    assert {one["n"] for one in monitor(session)} == {1_000}


def test_scores_of_a_table_that_nothing_scores_are_none(session):
    create_tables(session)
    attach(session)

    (only,) = monitor(session, None, None, CLIENTS[0])

    assert only["detail"] == "no score was given in this window"


def test_a_version_that_was_deleted_is_not_judged(monitored):
    session, version = monitored
    log_window(session, version)
    session.run(
        "ALTER TABLE churn.models DISABLE TRIGGER refuse_change;"
        "UPDATE churn.models SET registered_at = '2025-01-01';"
        "ALTER TABLE churn.models ENABLE TRIGGER refuse_change"
    )
    assert session.value("SELECT churn.delete_model(%s)", version) is False

    results = monitor(session)

    assert verdicts(results, "score_psi") == {None: "not judged"}
    (told,) = of_metric(results, "score_psi").values()
    day = session.value("SELECT to_char(now(), 'YYYY-MM-DD')")
    assert told["detail"] == (
        f"version {version} has no reference: it was deleted on {day}"
    )
    assert of_metric(results, "mean_score")[None]["n"] == 1_000
    assert of_metric(results, "psi") == {}
    assert session.row(
        "SELECT reference, octet_length(reference_sha256) FROM churn.models"
        " WHERE version = %s",
        version,
    ) == (None, 32)


def test_a_version_whose_row_is_gone_is_not_judged(monitored):
    session, _ = monitored
    log_window(session, 4_711, rows=5)

    results = monitor(session)

    assert of_metric(results, "score_psi")[None]["detail"] == (
        "version 4711 has no reference: its row is gone"
    )
    assert of_metric(results, "mean_score")[None]["verdict"] == "not judged"


def test_a_version_that_was_registered_without_rows_is_not_judged(session):
    session.run("DELETE FROM churn.complaints; DELETE FROM churn.customers")
    version = register(session, MODEL, replay={})
    assert session.value(KEPT, version) is None
    log_window(session, version, rows=5)

    assert of_metric(monitor(session), "score_psi")[None]["detail"] == (
        f"version {version} has no reference:"
        " there was no row of the profile when it was registered"
    )


@pytest.mark.parametrize(
    "change",
    [
        "reference = jsonb_set(reference, '{rows}', '7')",
        "reference_sha256 = sha256('another')",
        "reference = (SELECT reference FROM churn.models LIMIT 1)",
    ],
)
def test_a_reference_that_somebody_has_altered_is_refused(monitored, change):
    session, version = monitored
    log_window(session, version, rows=5)
    session.run("ALTER TABLE churn.models DISABLE TRIGGER refuse_change")
    session.run(f"UPDATE churn.models SET {change} WHERE version = %s", version)

    refused = session.refusal("SELECT churn.monitor('churn.customers', %s)", SINCE)

    assert (refused.sqlstate, refused.message) == (
        "XX001",
        f"reference of model version {version} does not match its digest",
    )
    assert refused.hint


def test_a_reference_cannot_lose_its_digest(monitored):
    session, version = monitored
    session.run("ALTER TABLE churn.models DISABLE TRIGGER refuse_change")

    refused = session.refusal(
        "UPDATE churn.models SET reference_sha256 = NULL WHERE version = %s", version
    )

    assert refused.sqlstate == "23514"


def test_what_somebody_logged_otherwise_costs_no_window(monitored):
    session, version = monitored
    frame, _ = training_frame(rows=100)
    log_rows(session, frame, MODEL.probabilities(frame), version)
    session.run(
        "INSERT INTO churn.predictions SELECT attachment_id, md5(o), %s, 0.5, o::json,"
        " 'batch', %s::timestamptz FROM churn_internal.attachment_of(%s::regclass),"
        " unnest(%s::text[]) o",
        *(version, SINCE, CUSTOMERS),
        [
            "{}",
            '{"age": "old", "contract": 7, "paperless_billing": "no"}',
            '{"age": 1e999, "contract": null, "paperless_billing": null}',
            '{"age": "Infinity", "contract": "", "extra": [1, {"a": 2}]}',
            '{"age": ' + "9" * 5_000 + "}",
        ],
    )

    results = monitor(session)

    assert of_metric(results, "mean_score")[None]["n"] == 105
    psi = of_metric(results, "psi")
    assert psi["age"]["n"] == 104
    assert psi["complaint_count"]["n"] == 100
    assert of_metric(results, "null_rate")["age"]["value"] == pytest.approx(1 / 104)
    # Rows that lack a feature, or that cannot be explained, are none of the sentence's.
    assert of_metric(results, "mean_score_change")["age"]["n"] == 100


def test_a_window_in_which_no_feature_was_logged_is_told(monitored):
    session, version = monitored
    frame, _ = training_frame(rows=10)
    log_rows(session, frame[[]].assign(other=1), [0.5] * 10, version)

    results = monitor(session)

    assert verdicts(results, "psi") == dict.fromkeys(KINDS, "too few")
    assert of_metric(results, "null_rate")["age"]["detail"] == "it was not logged"
    assert of_metric(results, "mean_score")[None]["value"] == 0.5


def test_features_that_are_always_the_same_and_never_known_are_measured(session):
    frame, _ = training_frame(rows=2_000)
    frame["age"] = 7.0
    frame["monthly_charges"] = NAN
    frame["contract"] = None
    version = register_with_rows(session, MODEL, frame)
    log_rows(session, frame[:1_000], [0.5] * 1_000, version)
    results = monitor(session)
    same = {"age", "monthly_charges", "contract"}
    assert {
        one["verdict"] for n, one in of_metric(results, "psi").items() if n in same
    } == {"ok"}
    assert of_metric(results, "out_of_range_rate")["monthly_charges"]["detail"] == (
        "the reference knows no value of it"
    )
    known, _ = training_frame(rows=1_000, seed=3)
    known["age"] = 8.0
    log_rows(session, known, [0.5] * 1_000, version, UNTIL)

    results = monitor(session, UNTIL, "2026-01-03Z")

    assert {("psi", name) for name in same} <= set(findings(results))
    assert ("out_of_range_rate", "age") in findings(results)
    assert verdicts(results, "null_rate")["contract"] == "ok"


@pytest.mark.slow(reason="registers a model of 1,500 features")
def test_a_table_with_more_columns_than_anybody_has_is_measured(session):
    names = [f"column {i}" for i in range(1_500)]
    columns = ", ".join(f'"{name}" real' for name in names)
    session.run(
        "CREATE SCHEMA company; CREATE TABLE company.calls (client integer);"
        f"CREATE TABLE company.clients (id integer PRIMARY KEY, {columns})"
    )
    attach(session, (CLIENTS[0], "id", "company.calls", "client", None))
    kinds = dict.fromkeys(names, "number")
    model = fit(kinds)
    frame, _ = training_frame(kinds, rows=600)
    version = register_with_rows(session, model, frame, CLIENTS[0])
    window, _ = training_frame(kinds, rows=600, seed=3)
    window["column 700"] += 200
    scores = model.probabilities(window)
    log_rows(session, window, scores, version, profile=CLIENTS[0])

    results = monitor(session, profile=CLIENTS[0])

    assert set(findings(results)) == {
        ("psi", "column 700"),
        ("out_of_range_rate", "column 700"),
    }
    changes = of_metric(results, "mean_score_change")
    assert len(changes) == 1_500
    assert {one["n"] for one in changes.values()} == {200}


def test_loaders_measure_and_analysts_read(monitored):
    session, version = monitored
    log_window(session, version, rows=10)
    with session.role("churn_scorer"):
        assert (
            session.refusal("SELECT churn.monitor('churn.customers')").sqlstate
            == "42501"
        )
    with session.role("churn_loader"):
        assert len(monitor(session)) > 10
        assert session.refusal("DELETE FROM churn.monitor_results").sqlstate == "42501"
    with session.role("churn_scorer"):
        for view in ("drift", "data_quality", "score_drift"):
            assert session.value(f"SELECT count(*) > 0 FROM churn.{view}")
        assert session.refusal(
            "SELECT churn.expire_monitor_results('1 day')"
        ).sqlstate == ("42501")


def test_a_loader_needs_no_right_on_the_table_where_the_log_is_off(session):
    create_tables(session)
    attach(session)
    session.run(
        "ALTER TABLE company.clients ENABLE ROW LEVEL SECURITY;"
        "GRANT USAGE ON SCHEMA company TO churn_loader"
    )
    frame, _ = training_frame({"usage": "number"}, rows=50)
    version = register_with_rows(session, fit({"usage": "number"}), frame, CLIENTS[0])
    activate(session, version)
    session.run("UPDATE company.clients SET usage = usage + 1")
    with session.role("churn_loader"):
        assert session.refusal("SELECT * FROM company.clients").sqlstate == "42501"

        results = monitor(session, None, None, CLIENTS[0])

    assert of_metric(results, "mean_score")[None]["n"] == 12


def test_views_show_the_last_window_first_and_name_their_table(monitored):
    session, version = monitored
    log_window(session, version, age=lambda values: values + 200)
    monitor(session)
    monitor(session, UNTIL, "2026-01-03Z")

    assert session.run(
        'SELECT DISTINCT profile::text, since < "time" FROM churn.drift'
    ) == [(CUSTOMERS, True)]
    assert session.run("SELECT feature, verdict FROM churn.drift LIMIT 1") == [
        ("age", "finding")
    ]
    assert session.run(
        "SELECT metric, verdict, version FROM churn.score_drift LIMIT 2"
    ) == [("score_psi", "too few", None), ("score_psi", "finding", version)]
    assert session.run(
        "SELECT metric, feature FROM churn.data_quality WHERE verdict = 'finding'"
    ) == [("out_of_range_rate", "age")]
    for view in ("drift", "data_quality", "score_drift"):
        assert (
            session.value(
                "SELECT attname FROM pg_attribute"
                f" WHERE attrelid = 'churn.{view}'::regclass AND attnum = 1"
            )
            == "time"
        )


def test_old_results_expire_but_for_the_last_window(monitored):
    session, version = monitored
    log_window(session, version, rows=10)
    for since, until in ((SINCE, UNTIL), (UNTIL, "2026-01-03Z")):
        monitor(session, since, until)
    session.run(
        "UPDATE churn.monitor_results SET since = since - interval '9 years',"
        " until = until - interval '9 years'"
    )
    before = session.value("SELECT count(*) FROM churn.monitor_results")

    expired = session.value("SELECT churn.expire_monitor_results('1 year')")

    assert expired == before - 1 > 10
    assert session.value("SELECT churn.expire_monitor_results('1 year')") == 0
    refused = session.refusal("SELECT churn.expire_monitor_results('0')")
    assert (refused.sqlstate, refused.message) == (
        "22023",
        "older_than must be more than nothing, not 00:00:00",
    )


def test_results_are_those_of_the_table_when_it_is_attached_again(session):
    create_tables(session)
    attach(session)
    monitor(session, SINCE, UNTIL, CLIENTS[0])
    shown = "SELECT profile::text FROM churn.score_drift"
    assert session.column(shown) == [CLIENTS[0]]

    session.run("SELECT churn.detach('company.clients')")
    assert session.column(shown) == []
    attach(session)

    assert session.column(shown) == [CLIENTS[0]]
    monitor(session, None, "2026-01-07Z", CLIENTS[0])
    assert session.value("SELECT since = %s FROM churn.score_drift LIMIT 1", UNTIL)


def test_what_training_held_out_tells_how_scores_lie(session):
    groups = {
        "scores": np.linspace(0.95, 0.05, 20).tolist(),
        "rows": [100] * 20,
        "positives": [95 - 4 * i for i in range(20)],
    }
    version = register_with_rows(
        session, MODEL, REFERENCE, provenance=json.dumps({"held_out": groups})
    )

    kept = session.value(KEPT, version)

    assert kept["scores"]["source"] == "rows held out from training"
    assert kept["scores"]["rows"] == 2_000
    assert kept["scores"]["mean"] == pytest.approx(0.5)
    assert kept["calibration"] == groups
    assert kept["rows"] == 2_000


@pytest.mark.slow(reason="logs and monitors three windows")
def test_customers_whom_a_model_has_learned_by_heart_are_no_drift(session):
    forest = pipeline_for(KINDS, ExtraTreesClassifier(20, random_state=0))
    known, labels = training_frame(rows=2_000)
    model = Model(forest.fit(known, labels), dict(KINDS))
    others, truth = training_frame(rows=1_500, seed=1)
    groups = Outcomes.of_rows(model.probabilities(others), truth).grouped()
    held_out = json.dumps({"held_out": groups.as_dict()})
    version = register_with_rows(session, model, known, provenance=held_out)
    older = known.assign(age=known["age"] + 40)
    windows = {SINCE: known, "2026-01-02Z": others, "2026-01-03Z": older}
    for since, frame in windows.items():
        log_rows(session, frame, model.probabilities(frame), version, since)

    first, second, third = (
        monitor(session, f"2026-01-0{day}Z", f"2026-01-0{day + 1}Z")
        for day in (1, 2, 3)
    )

    assert verdicts(first, "score_psi") == verdicts(second, "score_psi") == {None: "ok"}
    assert ("score_psi", None) in findings(third)


def test_a_reference_says_how_its_rows_lie(monitored):
    session, version = monitored

    kept = session.value(KEPT, version)

    assert kept["source"] == kept["scores"]["source"] == "training sample"
    ages = kept["features"]["age"]
    assert len(ages["edges"]) == 19
    assert sum(ages["shares"]) == pytest.approx(1)
    assert (ages["min"], ages["max"]) == (REFERENCE.age.min(), REFERENCE.age.max())
    assert kept["explained"]["rows"] == 2_000
    assert kept["explained"]["mean"] == pytest.approx(
        MODEL.probabilities(REFERENCE).mean()
    )
    assert session.value(
        "SELECT reference_sha256 = churn_internal.reference_digest(reference)"
        " FROM churn.models WHERE version = %s",
        version,
    )


def test_a_version_without_a_training_sample_is_compared_with_the_profile(session):
    version = register(session, MODEL)

    kept = session.value(KEPT, version)

    assert kept["scores"]["source"] == "rows of the profile at registration"
    assert kept["scores"]["rows"] == kept["rows"] == 40
