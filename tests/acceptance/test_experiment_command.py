"""`pgchurn experiment`: two versions, and which of them loses fewer customers."""

import pytest
from pgchurn.loader.command_line import main

from tests.experiments import log
from tests.models import other_model, populate, register_once


@pytest.fixture
def challenger(owner):
    """A version beside the active one, and customers of the past."""
    populate(owner)
    log(owner, 6_000)
    return register_once(owner, other_model())


def test_an_experiment_is_started_shown_and_stopped(challenger, pgchurn):
    started = pgchurn("experiment", "start", str(challenger), "--effect", "0.5")

    (shown,) = pgchurn("experiment", "status")
    number = shown["experiment_id"]
    assert started["experiment_id"] == number
    assert started["action"] == "start"
    assert (shown["state"], shown["verdict"]) == ("under way", "undecided")
    assert shown["challenger"] == challenger
    assert started["days"] > 90

    stopped = pgchurn("experiment", "stop", "--reason", "an example")
    assert stopped == {"experiment_id": number, "action": "stop"}
    (shown,) = pgchurn("experiment", "status")
    assert (shown["state"], shown["reason"]) == ("ended", "an example")


def test_it_is_told_in_words(challenger, empty_database, capsys):
    at = ["--database-url", empty_database.url]

    assert main(["experiment", "status", *at]) == 0
    assert capsys.readouterr().out == "no experiment\n"
    given = ["start", str(challenger), "--expected", "9000"]
    assert main(["experiment", *given, *at]) == 0
    assert capsys.readouterr().out == (
        "Experiment 1 is under way, with 9,000 customers in both arms expected:"
        " pgchurn experiment status.\n"
    )
    assert main(["experiment", "stop", *at]) == 0
    assert capsys.readouterr().out == (
        "Experiment 1 is stopped: pgchurn work scores its customers again.\n"
    )
    assert main(["experiment", "start", str(challenger), "--effect", "0.5", *at]) == 0
    assert ", which takes about " in capsys.readouterr().out


def test_one_that_would_take_too_long_is_refused(challenger, pgchurn):
    printed = pgchurn("experiment", "start", str(challenger), "--share", "1", status=1)

    assert "an experiment would take about" in printed.err
    assert "churn.compare('churn.customers'" in printed.err


def test_the_past_is_split_again_and_again(challenger, pgchurn):
    (found,) = pgchurn("experiment", "simulate", "--salts", "5", "--effect", "0.9")

    assert found["customers"] == found["expected"]
    assert found["power"] == 1
    assert found["ratio_alarms"] == 0
