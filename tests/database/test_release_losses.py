"""A release goes by what became of customers, if that is known, and waits for none."""

import pytest

from tests.comparing import (
    customers,
    said_of,
    trained_model,
    trained_until,
    version_of,
)
from tests.comparing import log as log_at
from tests.models import activate, register
from tests.releases import ADVANCE, EVERYBODY, LENIENT, RELEASE, STATE
from tests.statements import version

EVIDENCE = (
    "SELECT value, lower, upper, n, result, detail FROM churn.release_evidence"
    " WHERE guardrail = 'paired_loss'"
)
DAYS_AGO = "SELECT (now() - make_interval(days => %s))::text"


@pytest.fixture
def versions(session):
    """One that knows what customers do and is active, and one that does not."""
    knows = version_of(session, trained_model())
    activate(session, knows)
    activated = version(session)
    guesses = said_of(session, register(session, spoilt()), trained_until())
    return activated, guesses


def spoilt():
    """Return a model that believes the opposite of what is true."""
    from tests.models import KINDS, Model, pipeline_for

    frame, left = customers(4000, seed=7)
    return Model(pipeline_for(KINDS).fit(frame, ~left), dict(KINDS))


def log(session, champion, days, rows=1500):
    """Log what the active version said so many days ago, and what came of it."""
    frame, left = customers(rows, seed=1)
    scores = trained_model().probabilities(frame)
    log_at(session, frame, left, scores, champion, session.value(DAYS_AGO, days))


def test_one_that_does_worse_on_known_outcomes_is_rolled_back(session, versions):
    champion, challenger = versions
    log(session, champion, 100)
    session.run(RELEASE, challenger, "{0,50}", LENIENT)
    session.run(EVERYBODY)

    ((_, result, detail),) = session.run(ADVANCE)

    ((value, lower, _, n, found, _),) = session.run(EVIDENCE)
    assert (result, found, n) == ("failure", "failure", 1500), detail
    assert value > lower > 0
    assert session.row(STATE)[0] == "rolled back"
    assert "champion better" in detail


def test_one_that_does_as_well_goes_on(session, versions):
    champion, _ = versions
    same = said_of(session, champion, trained_until())
    log(session, champion, 100)
    session.run(RELEASE, same, "{50,80}", LENIENT)
    session.run(EVERYBODY)

    assert session.run(ADVANCE)[0][:2] == (80, "success")
    assert session.run(EVIDENCE)[0][4] == "success"


@pytest.mark.parametrize("days", [None, 30], ids=["none is known", "none is mature"])
def test_no_step_waits_for_labels(session, versions, days):
    champion, challenger = versions
    if days is not None:
        log(session, champion, days)
    session.run(RELEASE, challenger, "{50,80}", LENIENT)
    session.run(EVERYBODY)

    assert session.run(ADVANCE)[0][:2] == (80, "success")
    assert [row[4] for row in session.run(EVIDENCE)] == ["inconclusive"] * bool(days)


def test_a_version_that_does_not_say_until_when_it_knew_is_not_compared(
    session, versions
):
    champion, challenger = versions
    log(session, champion, 100)
    silent = said_of(session, challenger, "{}")
    session.run(RELEASE, silent, "{50,80}", LENIENT)
    session.run(EVERYBODY)

    assert session.run(ADVANCE)[0][:2] == (80, "success")
    ((*_, found, detail),) = session.run(EVIDENCE)
    assert found == "inconclusive"
    assert "does not say until when" in detail


def test_it_is_compared_once_an_hour(session, versions):
    champion, _ = versions
    same = said_of(session, champion, trained_until())
    log(session, champion, 100)
    session.run(RELEASE, same, "{20,50,80}", LENIENT)
    for _ in range(2):
        session.run(EVERYBODY)
        session.run(ADVANCE)

    assert len(session.run(EVIDENCE)) == 1


def test_a_limit_of_its_own_allows_for_it(session, versions):
    champion, challenger = versions
    log(session, champion, 100)
    limits = LENIENT.replace("{", '{"paired_loss": 100, ')
    session.run(RELEASE, challenger, "{50,80}", limits)
    session.run(EVERYBODY)

    assert session.run(ADVANCE)[0][:2] == (80, "success")
