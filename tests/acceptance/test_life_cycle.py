"""The simulated year: what is noticed of changes, and when."""

from datetime import UTC, timedelta

import pytest
from pgchurn.loader.command_line import main
from pgchurn.loader.demonstration.life_cycle import TABLE, run_life_cycle
from pgchurn.loader.demonstration.life_cycle_release import (
    FEWEST_CUSTOMERS,
    run_releases,
)
from pgchurn.loader.demonstration.life_cycle_report import life_cycle_report

# Of the demonstration's 100.
CUSTOMERS_A_DAY = 80
MONTH = timedelta(days=30)


@pytest.fixture(scope="module")
def year(module_empty_database):
    """Go through the year once."""
    return run_life_cycle(module_empty_database.url, CUSTOMERS_A_DAY)


@pytest.fixture
def session(module_empty_database, year):
    return module_empty_database.session(autocommit=True)


@pytest.fixture(scope="module")
def at_its_end(year, module_empty_database):
    """Say what was logged and stored at the end of the year, before any release."""
    session = module_empty_database.session(autocommit=True)
    return {
        "wrong": session.run("SELECT * FROM churn.verify(%s::regclass)", TABLE),
        "as logged": session.value(
            "SELECT count(*) FROM churn.predictions p JOIN life_cycle.customers c"
            " ON c.customer_id::text = p.key AND c.scored_at = p.predicted_at"
            " AND c.churn_score = p.score"
        ),
        "logged": session.value("SELECT count(*) FROM churn.predictions"),
        "in no month": session.value(
            "SELECT count(*) FROM churn_internal.predictions_default"
        ),
    }


@pytest.fixture(scope="module")
def releases(year, at_its_end, module_empty_database):
    """Release the new model, and a broken one."""
    return run_releases(module_empty_database.url, year, CUSTOMERS_A_DAY)


def month_of(year, time):
    """Return the number of the month that a window's end is in."""
    begin = year["calendar"]["year begins"]
    return (time.astimezone(UTC) - begin - timedelta(seconds=1)) // MONTH + 1


pytestmark = pytest.mark.slow(reason="a year in 51 windows, and two trainings")


def test_a_change_of_one_input_is_found_in_the_month_in_which_it_begins(year):
    first, *others = year["alerts"]

    assert (first["metric"], first["feature"]) == ("psi", "data_usage_gb")
    assert month_of(year, first["opened_at"]) == 7
    assert first["value"] > first["limit"] == 0.1
    # It takes two windows of three.
    changes = year["calendar"]["customers use more data"]
    assert first["opened_at"] - changes <= timedelta(days=21)
    assert {one["feature"] for one in others} <= {"data_usage_gb", None}


def test_a_change_of_the_relation_moves_no_estimate(year):
    estimated = [month["estimated_log_loss"] for month in year["months"]]

    assert abs(estimated[8] - sum(estimated[:8]) / 8) < 0.03
    assert all(abs(one - estimated[0]) < 0.04 for one in estimated[:11])
    shares = [month["mean_score"] for month in year["months"]]
    assert abs(sum(shares[8:]) / 4 - sum(shares[:8]) / 8) < 0.01


def test_it_is_found_when_outcomes_are_known(year):
    found = [one for one in year["alerts"] if one["needs_outcomes"]]

    (alert,) = found
    assert (alert["metric"], alert["feature"]) == ("realised_log_loss", None)
    assert month_of(year, alert["opened_at"]) == 12
    competitor = year["calendar"]["a competitor begins"]
    known = alert["opened_at"] - competitor - timedelta(days=90)
    assert timedelta(0) < known <= timedelta(days=21)
    assert competitor - timedelta(days=7) <= alert["first_since"]
    assert alert["resolved_at"] is None
    ninth = year["months"][8]
    assert ninth["realised_log_loss"] > ninth["estimated_log_loss"] + 0.1
    assert [month["realised_log_loss"] is None for month in year["months"]] == (
        [False] * 9 + [True] * 3
    )


def test_until_then_what_was_estimated_came_true(year):
    for month in year["months"][:8]:
        assert abs(month["realised_log_loss"] - month["estimated_log_loss"]) < 0.04


def test_a_model_trained_anew_wins_the_comparison(year, session):
    log_loss = year["comparison"][0]

    assert log_loss["verdict"] == "challenger better"
    assert log_loss["upper"] < -0.1
    # Of two months, less a day.
    assert log_loss["n"] == pytest.approx(59 * CUSTOMERS_A_DAY, rel=0.05)
    trained_until = (
        "SELECT churn_internal.trained_until(provenance) FROM churn.models"
        " WHERE version = %s"
    )
    for who, event in (("champion", "year begins"), ("challenger", "year ends")):
        version = year["versions"][who]
        assert session.value(trained_until, version) == year["calendar"][event]


def test_it_is_not_compared_on_the_customers_that_it_was_trained_on(year, session):
    versions = year["versions"]

    refused = session.refusal(
        "SELECT churn.compare(%s::regclass, %s, %s, %s)",
        *(TABLE, versions["champion"], versions["challenger"]),
        year["retrained"]["scored_since"],
    )

    assert f"version {versions['challenger']} was trained on" in refused.message


def test_the_scores_of_the_year_are_those_of_the_version(at_its_end):
    assert at_its_end["wrong"] == []
    assert at_its_end["as logged"] == at_its_end["logged"] > 0
    # In the partitions of their months.
    assert at_its_end["in no month"] == 0


def test_the_better_model_is_released_in_steps(year, releases, session):
    promoted = releases["promoted"]

    assert promoted["version"] == year["versions"]["challenger"]
    assert promoted["state"] == "promoted"
    shares = [step["share"] for step in promoted["steps"]]
    assert sorted(set(shares)) == [0, 10, 50]
    assert shares == sorted(shares)
    # A shadow scores nobody.
    assert [step["of_challenger"] for step in promoted["steps"][:1]] == [0]
    assert promoted["steps"][-1]["of_challenger"] >= FEWEST_CUSTOMERS
    assert {
        row[0]
        for row in session.run(
            "SELECT result FROM churn.release_evidence e JOIN churn.releases r"
            " USING (release_id) WHERE r.challenger = %s AND guardrail = 'step'",
            promoted["version"],
        )
    } == {"success"}


def test_a_broken_model_is_rolled_back_by_a_guardrail(year, releases, session):
    broken = releases["broken"]

    assert broken["state"] == "rolled back"
    assert "cross the threshold" in broken["reason"]
    (step,) = broken["steps"]
    assert step["share"] == 10
    assert 0 < releases["scored"] == step["of_challenger"] < step["customers"] / 4
    assert releases["still_scored"] == 0
    active = "SELECT version FROM churn.active_deployments WHERE profile = %s::regclass"
    assert session.value(active, TABLE) == releases["promoted"]["version"]


def test_no_complaint_is_lost_by_a_release_and_no_score_is_wrong(releases, session):
    assert releases["complaints"] == releases["counted"] > 0
    assert session.run("SELECT * FROM churn.verify(%s::regclass)", TABLE) == []
    unscored = "SELECT count(*) FROM life_cycle.customers WHERE churn_score IS NULL"
    assert session.value(unscored) == 0


def test_the_story_is_told(year, releases):
    told = life_cycle_report({**year, "releases": releases})

    assert "challenger better" in told
    assert "alert, psi of data_usage_gb" in told
    assert "alert, realised_log_loss" in told
    assert f"Version {year['versions']['challenger']} is released, in steps" in told
    assert "It is rolled back: " in told


def test_what_is_there_already_is_left_alone(
    year, session, module_empty_database, capsys
):
    before = session.value("SELECT count(*) FROM life_cycle.customers")

    status = main(["demo", "--life-cycle", "--database-url", module_empty_database.url])

    assert status == 1
    assert "DROP SCHEMA life_cycle CASCADE" in capsys.readouterr().err
    assert session.value("SELECT count(*) FROM life_cycle.customers") == before
    assert session.value("SELECT count(*) FROM churn.customers") == 0
