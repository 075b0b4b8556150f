"""Performance of scores, estimated and realised: churn.monitor and its views."""

from datetime import UTC, datetime

import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    log_loss,
    roc_auc_score,
)

from tests.company import attach, create_tables
from tests.streams import (
    CUSTOMERS,
    act_upon,
    figure,
    findings,
    keys_of,
    leave,
    log_scores,
    monitor,
    stream,
    true_scores,
)

CLIENTS = "company.clients"
JANUARY, FEBRUARY, MARCH = "2026-01-01Z", "2026-02-01Z", "2026-03-01Z"
# Ninety days after the end of January, and of February.
MATURE, LATER = "2026-05-02Z", "2026-05-30Z"
ALL = "all"
FIGURES = (
    *("roc_auc", "average_precision", "log_loss", "brier_score"),
    *("tp", "fp", "fn", "tn"),
)


@pytest.fixture
def random():
    return np.random.default_rng(17)


def realised(rows, feature=None):
    """Return the rows of what is realised, by figure."""
    return {name: figure(rows, f"realised_{name}", feature) for name in FIGURES}


def test_what_to_expect_is_told_before_outcomes_are_known(session, random):
    scores = true_scores(random, 1_000)
    log_scores(session, JANUARY, scores)

    rows = monitor(session, JANUARY, FEBRUARY)

    for name in FIGURES:
        row = figure(rows, f"estimated_{name}")
        assert (row["n"], row["verdict"]) == (1_000, "not judged")
        assert row["lower"] < row["value"] < row["upper"]
        told = figure(rows, f"realised_{name}")
        assert (told["value"], told["verdict"], told["detail"]) == (
            *(None, "not judged"),
            "mature on 2026-05-02",
        )
    # Exact, where it is a mean: of 1,000 draws here.
    expected = -(scores * np.log(scores) + (1 - scores) * np.log1p(-scores)).mean()
    assert figure(rows, "estimated_log_loss")["value"] == pytest.approx(
        expected, abs=2e-3
    )
    told = figure(rows, "recalibration")
    assert (told["verdict"], told["detail"]) == (
        "too few",
        "no 100 who left and 100 who stayed are mature: the scores are taken as they"
        " are",
    )


def test_what_is_realised_is_told_when_the_horizon_has_passed(session, random):
    scores = true_scores(random, 1_000)
    left = stream(session, random, JANUARY, scores)
    early = monitor(session, JANUARY, FEBRUARY)
    assert [row for row in monitor(session, FEBRUARY, "2026-05-01Z") if row["n"]] == []

    rows = monitor(session, "2026-05-01Z", MATURE)

    assert {row["time"] for row in rows} == {datetime(2026, 2, 1, tzinfo=UTC)}
    told = realised(rows)
    assert told["roc_auc"]["value"] == pytest.approx(roc_auc_score(left, scores))
    assert told["average_precision"]["value"] == pytest.approx(
        average_precision_score(left, scores)
    )
    assert told["log_loss"]["value"] == pytest.approx(log_loss(left, scores))
    assert told["brier_score"]["value"] == pytest.approx(brier_score_loss(left, scores))
    taken = scores >= 0.5
    for name, of_it in (("tp", taken & left), ("fn", ~taken & left)):
        assert told[name]["value"] == pytest.approx(of_it.mean())
    assert told["fp"]["value"] + told["tn"]["value"] == pytest.approx(1 - left.mean())
    for name, row in told.items():
        estimate = figure(early, f"estimated_{name}")
        assert row["n"] == 1_000
        assert (row["lower"], row["upper"]) == (estimate["lower"], estimate["upper"])
        assert row["lower"] <= row["value"] <= row["upper"]
    assert told["log_loss"]["verdict"] == "ok"
    assert told["log_loss"]["limit"] > told["log_loss"]["upper"]
    assert findings(rows) == []


def test_as_many_leave_as_the_scores_say_or_it_is_told(session, random):
    scores = np.repeat([0.15, 0.35], 1_000)
    left = stream(session, random, JANUARY, scores, np.repeat([0.3, 0.35], 1_000))
    monitor(session, JANUARY, FEBRUARY)

    rows = monitor(session, MARCH, MATURE)

    told = figure(rows, "calibration_in_the_large")
    assert told["value"] == pytest.approx(left.mean() - scores.mean())
    assert told["lower"] < told["value"] < told["upper"]
    assert told["value"] > told["limit"]
    assert (told["verdict"], told["n"]) == ("finding", 2_000)
    assert told["detail"] == f"{left.mean():.1%} left, 25.0% by the scores"
    bins = {row["feature"]: row for row in rows if row["metric"] == "calibration"}
    assert list(bins) == ["0.1 to 0.2", "0.3 to 0.4"]
    first = bins["0.1 to 0.2"]
    assert first["value"] == pytest.approx(left[:1_000].mean())
    assert first["limit"] == pytest.approx(0.15)
    assert first["limit"] < first["lower"] < first["value"] < first["upper"]
    assert first["verdict"] == "not judged"


def test_a_relation_that_has_changed_is_found_when_outcomes_are_known(session, random):
    scores = true_scores(random, 1_000)
    # As many leave as before, and they are others.
    stream(session, random, JANUARY, scores, random.permutation(scores))
    early = monitor(session, JANUARY, FEBRUARY)
    assert findings(early) == []

    rows = monitor(session, MARCH, MATURE)

    assert findings(rows) == ["realised_log_loss"]
    told, estimate = realised(rows)["log_loss"], figure(early, "estimated_log_loss")
    assert told["value"] > told["limit"] > estimate["upper"]
    assert told["detail"] == (
        f"log loss {told['value']:.3f}, between {estimate['lower']:.3f} and"
        f" {estimate['upper']:.3f} was expected: the scores were not calibrated, or"
        " what the features say of leaving has changed"
    )


def test_scores_are_recalibrated_on_what_is_mature(session, random):
    def skewed(chances):
        return 1 / (1 + np.exp(-(1.5 * np.log(chances / (1 - chances)) + 1)))

    for since, prefix in ((JANUARY, 1), (MATURE, 2)):
        chances = true_scores(random, 2_000).clip(0.01, 0.99)
        stream(session, random, since, skewed(chances), chances, f"{prefix}0000")
    monitor(session, JANUARY, FEBRUARY)

    early = monitor(session, "2026-04-01Z", "2026-05-10Z")

    # Those of January were not calibrated, which was not known by then.
    assert findings(early) == ["realised_log_loss", "calibration_in_the_large"]
    slope = figure(early, "recalibration", "slope")
    assert slope["lower"] < 1 / 1.5 < slope["upper"] < 1
    assert slope["n"] == 2_000
    estimate = figure(early, "estimated_log_loss")
    told = realised(monitor(session, "2026-08-01Z", "2026-08-20Z"))["log_loss"]
    assert told["verdict"] == "ok"
    assert estimate["lower"] < told["value"] < estimate["upper"]
    assert (told["lower"], told["upper"]) == pytest.approx(
        (estimate["lower"], estimate["upper"]), rel=1e-9
    )


def test_scores_of_few_leavers_are_recalibrated_on_several_windows(session, random):
    for prefix, since in enumerate(("2026-01-08Z", "2026-01-15Z", "2026-01-22Z"), 1):
        stream(session, random, since, true_scores(random, 200), prefix=f"{prefix}000")
    monitor(session, "2026-01-22Z", "2026-01-29Z")
    log_scores(session, "2026-04-22Z", true_scores(random, 200), keys_of(200, "4000"))

    rows = monitor(session, "2026-04-22Z", "2026-04-29Z")

    # Ninety days before, each had about fifty, and it takes a hundred.
    assert figure(rows, "recalibration", "slope")["n"] == 600


def test_a_recalibration_does_not_hide_what_was_found_before(session, random):
    months = [f"2026-{month:02}-01Z" for month in range(1, 11)]
    found = []
    for number, (since, until) in enumerate(zip(months, months[1:])):
        scores = true_scores(random, 1_000)
        chances = scores if number == 0 else random.permutation(scores)
        stream(session, random, since, scores, chances, f"{number + 1}0000")
        rows = monitor(session, since, until)
        found.append(findings(rows))

    # In June, what matured last is as it has been from February on.
    assert found == [[], [], [], [], *[["realised_log_loss"]] * 3, [], []]
    slopes = session.column(
        "SELECT round(value) FROM churn.monitor_results"
        " WHERE feature = 'slope' ORDER BY until"
    )
    assert slopes == [1, 0, 0, 0, 0, 0]
    assert (
        session.value(
            "SELECT count(*) FROM churn.performance WHERE verdict = 'finding'"
            " AND customers = 'not acted upon'"
        )
        == 3
    )


def test_customers_who_were_kept_are_no_finding(session, random):
    scores = np.repeat([0.1, 0.6], 1_000)
    left = random.random(2_000) < scores
    keys = np.array(keys_of(2_000))
    log_scores(session, JANUARY, scores)
    # Of who seems likely to leave, half are called, and hardly anybody of them leaves.
    called = (scores > 0.5) & (random.random(2_000) < 0.5)
    left &= ~(called & (random.random(2_000) < 0.9))
    act_upon(session, JANUARY, keys[called])
    leave(session, JANUARY, keys[left])
    monitor(session, JANUARY, FEBRUARY)

    rows = monitor(session, MARCH, MATURE)

    assert findings(rows) == []
    without, with_them = realised(rows)["log_loss"], realised(rows, ALL)["log_loss"]
    assert (without["n"], without["verdict"]) == (2_000 - called.sum(), "ok")
    assert (with_them["n"], with_them["verdict"]) == (2_000, "not judged")
    assert without["value"] == pytest.approx(log_loss(left[~called], scores[~called]))
    assert with_them["value"] == pytest.approx(log_loss(left, scores))
    assert with_them["value"] > with_them["upper"]
    of_all = figure(rows, "calibration_in_the_large", ALL)
    assert of_all["value"] < -of_all["limit"]
    assert session.run(
        "SELECT customers, realised, n FROM churn.performance"
        " WHERE metric = 'log_loss' ORDER BY n"
    ) == [
        ("not acted upon", without["value"], without["n"]),
        ("all", with_them["value"], with_them["n"]),
    ]
    assert session.run(
        "SELECT customers, bin, n FROM churn.calibration ORDER BY customers, n, bin"
    ) == [
        ("all", "0.1 to 0.2", 1_000),
        ("all", "0.6 to 0.7", 1_000),
        ("all", None, 2_000),
        ("not acted upon", "0.6 to 0.7", 1_000 - called.sum()),
        ("not acted upon", "0.1 to 0.2", 1_000),
        ("not acted upon", None, 2_000 - called.sum()),
    ]


def test_who_left_before_anybody_could_call_is_no_finding_either(session, random):
    scores = np.repeat([0.1, 0.6], 1_000)
    left = random.random(2_000) < scores
    keys = np.array(keys_of(2_000))
    log_scores(session, JANUARY, scores)
    leave(session, JANUARY, keys[left])
    # All who are likely to leave and are still there, and to no avail.
    act_upon(session, "2026-01-10Z", keys[(scores > 0.5) & ~left])
    monitor(session, JANUARY, FEBRUARY)

    rows = monitor(session, MARCH, MATURE)

    assert findings(rows) == []
    told = figure(rows, "calibration_in_the_large")
    assert told["value"] > told["limit"]


def test_a_change_shows_though_customers_were_acted_upon(session, random):
    scores = true_scores(random, 2_000)
    stream(session, random, JANUARY, scores, random.permutation(scores))
    act_upon(session, JANUARY, keys_of(100))
    monitor(session, JANUARY, FEBRUARY)

    assert findings(monitor(session, MARCH, MATURE)) == ["realised_log_loss"]


def test_a_correction_is_seen_by_who_judges_again(session, random):
    scores = true_scores(random, 1_000)
    left = stream(session, random, JANUARY, scores)
    monitor(session, JANUARY, FEBRUARY)
    before = realised(monitor(session, MARCH, MATURE))["log_loss"]
    first = int(np.flatnonzero(left)[0])
    session.run(
        "SELECT churn.record_outcome(%s, %s, false, '2026-05-20Z')",
        *(CUSTOMERS, keys_of(1_000)[first]),
    )

    assert [r for r in monitor(session, MATURE, LATER) if r["n"]] == []
    after = realised(monitor(session, MARCH, MATURE))["log_loss"]

    left[first] = False
    assert after["value"] == pytest.approx(log_loss(left, scores))
    assert before["value"] != after["value"]
    assert (
        session.value(
            "SELECT count(*) FROM churn.performance"
            " WHERE metric = 'log_loss' AND customers = 'all'"
        )
        == 1
    )


def test_measured_again_a_window_keeps_what_was_realised(session, random):
    stream(session, random, JANUARY, true_scores(random, 500))
    monitor(session, JANUARY, FEBRUARY)
    monitor(session, MARCH, MATURE)
    rows = session.run("SELECT * FROM churn.performance ORDER BY metric, customers")

    again = monitor(session, JANUARY, FEBRUARY)

    assert {row["metric"].split("_")[0] for row in again} == {
        "estimated",
        "recalibration",
    }
    assert rows == session.run(
        "SELECT * FROM churn.performance ORDER BY metric, customers"
    )


def test_a_window_late_enough_for_several_judges_them_all(session, random):
    for since, until, prefix in ((JANUARY, FEBRUARY, 1), (FEBRUARY, MARCH, 2)):
        stream(session, random, since, true_scores(random, 500), prefix=f"{prefix}000")
        monitor(session, since, until)

    rows = monitor(session, "2026-06-01Z", "2026-06-02Z")

    judged = [row for row in rows if row["metric"] == "realised_log_loss"]
    assert [(row["time"].month, row["verdict"]) for row in judged] == [
        (2, "ok"),
        (3, "ok"),
    ]
    assert monitor(session, "2026-06-02Z", "2026-06-03Z") == []


def test_without_any_outcome_nothing_is_judged_until_there_are_some(session, random):
    scores = true_scores(random, 500)
    log_scores(session, JANUARY, scores)
    monitor(session, JANUARY, FEBRUARY)

    rows = monitor(session, MARCH, MATURE)

    assert {(row["value"], row["verdict"], row["detail"]) for row in rows} == {
        (None, "not judged", "no outcome is recorded")
    }
    assert monitor(session, MATURE, LATER) == []
    left = random.random(500) < scores
    leave(session, JANUARY, np.array(keys_of(500))[left])

    rows = monitor(session, LATER, "2026-06-10Z")

    assert realised(rows)["log_loss"]["value"] == pytest.approx(log_loss(left, scores))


def test_where_it_is_not_known_when_customers_left_nothing_is_judged(session, random):
    scores = true_scores(random, 500)
    log_scores(session, JANUARY, scores)
    session.run(
        "SELECT churn.record_outcome(%s, k, true, '-infinity') FROM unnest(%s) k",
        *(CUSTOMERS, keys_of(3)),
    )
    leave(session, JANUARY, keys_of(50))
    monitor(session, JANUARY, FEBRUARY)

    rows = monitor(session, MARCH, MATURE)

    assert {(row["value"], row["verdict"], row["detail"]) for row in rows} == {
        (None, "not judged", "of 3 customers it is not known when they left")
    }


@pytest.mark.parametrize("leaving, detail", [(False, "all stayed"), (True, "all left")])
def test_where_all_do_the_same_a_ranking_is_not_measured(session, leaving, detail):
    log_scores(session, JANUARY, np.linspace(0.2, 0.8, 500))
    leave(session, JANUARY, keys_of(500) if leaving else ["nobody"])
    monitor(session, JANUARY, FEBRUARY)

    rows = monitor(session, MARCH, MATURE)

    told = realised(rows)
    for name in ("roc_auc", "average_precision"):
        assert (told[name]["value"], told[name]["detail"]) == (None, detail)
    assert findings(rows) == ["realised_log_loss", "calibration_in_the_large"]
    assert told["tp"]["value"] == (0.5 if leaving else 0)


def test_of_few_customers_nothing_is_told(session):
    log_scores(session, JANUARY, [0.1] * 60)
    leave(session, JANUARY, keys_of(9))

    early = monitor(session, JANUARY, FEBRUARY)
    rows = monitor(session, MARCH, MATURE)

    needed = "needs about 100 customers, has 60"
    for name in FIGURES:
        told = figure(early, f"estimated_{name}")
        assert (told["value"], told["verdict"], told["detail"]) == (
            *(None, "too few"),
            needed,
        )
    told = realised(rows)["log_loss"]
    assert (told["verdict"], told["detail"], told["lower"]) == (
        *("too few", needed),
        None,
    )
    assert told["value"] == pytest.approx(log_loss([1] * 9 + [0] * 51, [0.1] * 60))


def test_each_version_is_judged_by_its_own_scores(session, random):
    keys, scores = keys_of(1_000), true_scores(random, 1_000)
    shuffled = random.permutation(scores)
    log_scores(session, JANUARY, shuffled, keys, version=1)
    stream(session, random, "2026-01-02Z", scores, version=2)
    monitor(session, JANUARY, FEBRUARY)

    rows = monitor(session, MARCH, MATURE)

    verdicts = {
        row["version"]: row["verdict"]
        for row in rows
        if row["metric"] == "realised_log_loss"
    }
    assert verdicts == {1: "finding", 2: "ok"}


def test_the_threshold_is_that_of_the_version(session, random):
    scores = true_scores(random, 500)
    left = stream(session, random, JANUARY, scores)
    session.run("SET LOCAL session_replication_role = replica")
    session.run("UPDATE churn.models SET metrics = '{\"threshold\": 0.2}'")
    session.run("SET LOCAL session_replication_role = origin")
    monitor(session, JANUARY, FEBRUARY)

    told = realised(monitor(session, MARCH, MATURE))

    assert told["tp"]["value"] == pytest.approx(((scores >= 0.2) & left).mean())


def test_a_score_that_is_certain_and_wrong_costs_what_it_does_elsewhere(session):
    scores = np.repeat([0.0, 1.0, 0.5], 40)
    left = np.tile([True, False], 60)
    log_scores(session, JANUARY, scores)
    leave(session, JANUARY, np.array(keys_of(120))[left])
    monitor(session, JANUARY, FEBRUARY)

    told = realised(monitor(session, MARCH, MATURE))["log_loss"]

    assert told["value"] == pytest.approx(log_loss(left, scores))
    assert told["verdict"] == "finding"


def test_two_spellings_of_a_key_are_one_customer(session, random):
    session.run("CREATE EXTENSION IF NOT EXISTS citext SCHEMA public")
    create_tables(session, key_type="public.citext")
    attach(session)
    scores = true_scores(random, 200)
    for since, spelling, said in (
        (JANUARY, "client", 1 - scores),
        ("2026-01-02Z", "CLIENT", scores),
    ):
        log_scores(session, since, said, keys_of(200, spelling), profile=CLIENTS)
    leave(session, JANUARY, keys_of(60, "Client"), CLIENTS)
    act_upon(session, JANUARY, keys_of(70, "cLIENT")[60:], CLIENTS)
    monitor(session, JANUARY, FEBRUARY, CLIENTS)

    told = realised(monitor(session, MARCH, MATURE, CLIENTS))["log_loss"]

    assert told["n"] == 190
    left = np.arange(200) < 60
    kept = (np.arange(200) < 60) | (np.arange(200) >= 70)
    assert told["value"] == pytest.approx(log_loss(left[kept], scores[kept]))


def test_keys_of_a_collation_that_is_not_deterministic_are_compared_by_it(
    session, random
):
    session.run(
        "CREATE COLLATION public.loose ("
        "provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
    )
    create_tables(session, key_type="text COLLATE public.loose")
    attach(session)
    scores = true_scores(random, 200)
    log_scores(session, JANUARY, scores, keys_of(200, "client"), profile=CLIENTS)
    leave(session, JANUARY, keys_of(60, "CLIENT"), CLIENTS)
    monitor(session, JANUARY, FEBRUARY, CLIENTS)

    told = figure(monitor(session, MARCH, MATURE, CLIENTS), "calibration_in_the_large")

    assert told["value"] == pytest.approx(0.3 - scores.mean())


def test_a_window_whose_scores_are_logged_no_more_is_not_judged(session, random):
    stream(session, random, JANUARY, true_scores(random, 200))
    monitor(session, JANUARY, FEBRUARY)
    session.run("DELETE FROM churn.predictions")

    rows = monitor(session, MARCH, MATURE)

    assert {(row["verdict"], row["detail"], row["n"]) for row in rows} == {
        ("not judged", "its scores are not logged any more", 0)
    }


@pytest.mark.parametrize("style", ["German", "SQL, DMY", "Postgres, MDY"])
def test_times_are_read_however_the_session_writes_them(session, random, style):
    stream(session, random, JANUARY, true_scores(random, 200))
    monitor(session, JANUARY, FEBRUARY)
    session.run(f"SET LOCAL datestyle = '{style}'")
    session.run("SET LOCAL timezone = 'America/New_York'")
    session.run("SET LOCAL intervalstyle = 'sql_standard'")

    rows = session.run(
        "SELECT metric FROM churn.monitor(%s, '2026-03-01Z', '2026-05-02Z')"
        " WHERE verdict = 'ok'",
        CUSTOMERS,
    )

    assert rows == [("realised_log_loss",), ("calibration_in_the_large",)]


def test_loaders_measure_and_analysts_read(session, random):
    stream(session, random, JANUARY, true_scores(random, 500))
    with session.role("churn_loader"):
        monitor(session, JANUARY, FEBRUARY)
        assert findings(monitor(session, MARCH, MATURE)) == []
    with session.role("churn_scorer"):
        assert (
            session.value(
                "SELECT count(*) FROM churn.performance WHERE realised IS NOT NULL"
            )
            == 16
        )
        whole = session.row(
            "SELECT time, left_share - score - difference, lower < left_share,"
            " left_share < upper, verdict FROM churn.calibration"
            " WHERE bin IS NULL AND customers = 'all'"
        )
        assert whole == (
            datetime(2026, 2, 1, tzinfo=UTC),
            pytest.approx(0),
            *(True, True, "ok"),
        )
        assert session.value(
            "SELECT abs(sum(n * left_share) / sum(n) - min(whole)) < 1e-9"
            " FROM churn.calibration c, (SELECT left_share AS whole"
            "  FROM churn.calibration WHERE bin IS NULL AND customers = 'all') w"
            " WHERE bin IS NOT NULL AND customers = 'all'"
        )
        refused = session.refusal(
            "SELECT churn_internal.measure_performance(1, now(), now())"
        )
        assert refused.sqlstate == "42501"
