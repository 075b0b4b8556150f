"""When a profile is retrained, and what its requests go through, in SQL."""

import pytest

from tests.comparing import said_of, trained_model, trained_until
from tests.models import fit, register_once
from tests.retraining import CUSTOMERS, champion, days_ago, poor_model
from tests.streams import log_scores

SET = "SELECT churn.set_retraining(%s::regclass, {})"
OPEN = "SELECT request_id, reason FROM churn.open_retraining_requests()"
ASK = "SELECT churn.request_retraining(%s::regclass, %s)"
DUE = "SELECT new_outcomes, due FROM churn.retraining_policies"
STATE = "SELECT request_id, decision, decision_reason FROM churn.retraining_requests"
ALERT = """
    INSERT INTO churn.alerts (
        attachment_id, metric, feature, opened_at, last_finding_at, n, windows
    )
    SELECT a.attachment_id, %s, %s, now(), now(), 1, 1
    FROM churn_internal.attachment_of(%s::regclass) a RETURNING alert_id
"""
BEGIN = "SELECT attempt, version, waiting FROM churn_internal.begin_retraining(%s)"
HOLD = "SELECT churn_internal.hold_retraining(NULL, '{}')"
DAYS = "round(extract(epoch FROM now() - {}) / 86400)::int"
FINISH = (
    "SELECT churn_internal.finish_retraining(%s, %s, %s, 'why', '{}', %s, '{1,100}',"
    " '1 day', 500)"
)


def policy(session, arguments):
    session.run(SET.format(arguments), CUSTOMERS)


def ask(session, reason="a test"):
    return session.value(ASK, CUSTOMERS, reason)


def score(session, customers, days, prefix=""):
    """Log scores of customers so many days ago."""
    keys = [f"{prefix}{number}" for number in range(customers)]
    log_scores(session, days_ago(days), [0.5] * customers, keys)


@pytest.fixture
def known(session):
    """The version in force was trained on what was known 50 days ago."""
    return champion(session, poor_model(), 50)


def test_time_asks_for_it(session, known):
    policy(session, "every => '40 days'")

    ((request, reason),) = session.run(OPEN)

    assert reason.startswith("0 customers more since")
    assert session.run(STATE) == [(request, None, None)]
    # One is open for each profile.
    assert session.run(OPEN) == []
    assert ask(session) == request


@pytest.mark.parametrize(
    ("arguments", "due"),
    [
        ("every => '60 days'", False),
        ("min_new_outcomes => 3", True),
        ("min_new_outcomes => 4", False),
        ("every => '40 days', min_new_outcomes => 3", True),
        ("every => '40 days', min_new_outcomes => 4", False),
        ("every => '60 days', min_new_outcomes => 3", False),
    ],
)
def test_new_outcomes_are_of_customers_who_became_mature(
    session, known, arguments, due
):
    # Mature for ten days; then before the version was trained; then not yet.
    score(session, 3, 100, "new ")
    score(session, 5, 150, "known ")
    score(session, 7, 80, "coming ")
    policy(session, arguments)

    new, reason = session.row(DUE)

    assert new == 3
    assert (reason is not None) == due
    assert len(session.run(OPEN)) == due


@pytest.mark.parametrize(
    ("metric", "drift", "performance"),
    [
        ("psi", True, False),
        ("mean_score", True, False),
        ("null_rate", True, False),
        ("estimated_log_loss", False, True),
        ("realised_roc_auc", False, True),
        ("calibration", False, True),
    ],
)
def test_alerts_of_the_kind_ask_for_it_once(session, known, metric, drift, performance):
    alert = session.value(ALERT, metric, "age", CUSTOMERS)
    for arguments, asks in (
        ("every => '1 year'", False),
        ("on_drift => true", drift),
        ("on_performance => true", performance),
    ):
        policy(session, arguments)
        assert (session.row(DUE)[1] is not None) == asks
    policy(session, "on_drift => true, on_performance => true")

    ((request, reason),) = session.run(OPEN)

    assert reason == f"alert {alert} on {metric} of age"
    session.run(BEGIN, request)
    session.run(FINISH, request, 1, "kept", None)
    assert session.run(OPEN) == []
    later = session.value(ALERT, metric, "contract", CUSTOMERS)
    ((_, reason),) = session.run(OPEN)
    assert reason == f"alert {later} on {metric} of contract"


def test_an_alert_that_is_over_asks_for_nothing(session, known):
    session.value(ALERT, "psi", "age", CUSTOMERS)
    session.run("UPDATE churn.alerts SET resolved_at = now(), resolution = 'it went'")
    policy(session, "on_drift => true")

    assert session.run(OPEN) == []


def test_the_last_retraining_counts_from_what_was_known_then(session, known):
    policy(session, "every => '40 days'")
    ((request, _),) = session.run(OPEN)
    session.run(BEGIN, request)
    session.run(FINISH, request, 1, "kept", None)

    assert session.run(OPEN) == []
    session.run(
        "UPDATE churn_internal.retrainings SET known_until = now() - interval '41 days'"
    )
    assert len(session.run(OPEN)) == 1


def test_a_version_that_says_nothing_counts_from_its_registration(session):
    policy(session, "every => '1 day'")

    since = session.value("SELECT since FROM churn.retraining_policies")

    assert since == session.value(
        "SELECT registered_at FROM churn.models m"
        " JOIN churn.active_deployments d USING (version)"
    )
    assert session.run(OPEN) == []


def test_no_version_in_force_asks_for_nothing(bare):
    bare.run(SET.format("every => '1 day'"), CUSTOMERS)

    assert bare.row("SELECT since, due FROM churn.retraining_policies") == (None, None)
    assert bare.run(OPEN) == []


@pytest.mark.parametrize("arguments", ["", "NULL, NULL, false, false, '1 year'"])
def test_nothing_asked_for_switches_it_off(session, known, arguments):
    policy(session, "every => '40 days'")
    ((request, _),) = session.run(OPEN)

    call = SET.format(arguments) if arguments else "SELECT churn.set_retraining(%s)"
    session.run(call, CUSTOMERS)

    assert session.run(DUE) == []
    assert session.run(STATE) == [(request, "cancelled", "retraining was switched off")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("every => '0'", "every must be more than nothing"),
        ("every => '-1 day'", "every must be more than nothing"),
        ("min_new_outcomes => 0", "min_new_outcomes must be at least 1"),
        ("on_drift => NULL", "on_drift must be true or false"),
        ("on_performance => NULL", "on_performance must be true or false"),
        (
            "'1 day', training_window => '0'",
            "training_window must be more than nothing",
        ),
    ],
)
def test_what_cannot_be_is_refused(session, arguments, message):
    refused = session.refusal(SET.format(arguments), CUSTOMERS)

    assert (refused.sqlstate, refused.message) == ("22023", message)


def test_a_policy_is_set_anew(session, known):
    policy(session, "'30 days', 500, true, true, '1 year'")
    policy(session, "'60 days'")

    assert session.row(
        "SELECT every = '60 days', min_new_outcomes, on_drift, on_performance,"
        " training_window, set_by = session_user FROM churn.retraining_policies"
    ) == (True, None, False, False, None, True)


def test_a_request_is_held_by_one(first, second):
    request = ask(first)
    first.commit()

    assert first.value(HOLD) == request
    assert second.value(HOLD) is None
    first.rollback()
    second.rollback()
    assert second.value(HOLD) == request
    # It took no transaction id, which would keep vacuum from what dies meanwhile.
    assert second.value("SELECT pg_current_xact_id_if_assigned()") is None
    second.rollback()
    first.run("SELECT churn.set_retraining(%s)", CUSTOMERS)
    first.commit()
    assert second.value(HOLD) is None
    second.rollback()


def test_others_are_held_beside_those_named(session):
    request = ask(session)

    hold = "SELECT churn_internal.hold_retraining(%s::regclass[], %s::bigint[])"
    assert session.value(hold, [CUSTOMERS], []) == request
    assert session.value(hold, None, [request]) is None
    assert session.value(hold, ["churn.complaints"], []) is None


def test_who_has_lost_a_request_writes_nothing(session, known):
    request = ask(session)
    session.run(BEGIN, request)
    session.run(BEGIN, request)

    note = "SELECT churn_internal.note_retrained(%s, %s, %s)"
    refused = session.refusal(note, request, 1, known)

    assert refused.sqlstate == "55000"
    assert refused.message == (
        f"retraining request {request} was taken by somebody else"
    )
    assert session.refusal(FINISH, request, 1, "kept", None).message == refused.message
    postpone = "SELECT churn_internal.postpone_retraining(%s, %s, 'late')"
    session.run(postpone, request, 1)
    session.run(note, request, 2, known)
    assert session.row(
        "SELECT attempts, waiting, version FROM churn.retraining_requests"
    ) == (2, None, known)
    session.run(FINISH, request, 2, "kept", None)
    assert session.refusal(FINISH, request, 2, "kept", None).message == (
        f"retraining request {request} has ended"
    )


def test_a_release_starts_with_the_decision_or_not_at_all(session, known):
    challenger = register_once(session, trained_model(), CUSTOMERS, "customer_id")
    request = ask(session)
    session.run(BEGIN, request)
    session.run("SELECT churn_internal.note_retrained(%s, 1, %s)", request, challenger)

    refused = session.refusal(FINISH, request, 1, "released", 1)
    assert refused.message == f"model version {known} was activated meanwhile"
    assert session.run("SELECT FROM churn.releases") == []
    # So does one that is not this process's any more.
    session.refusal(FINISH, request, 0, "released", known)
    assert session.run("SELECT FROM churn.releases") == []

    release = session.value(FINISH, request, 1, "released", known)

    assert session.run(
        "SELECT release_id, champion, challenger FROM churn.releases"
    ) == [(release, known, challenger)]
    assert session.row(
        "SELECT decision, release_id FROM churn.retraining_requests"
    ) == ("released", release)


def test_a_release_under_way_is_waited_for(session, known):
    challenger = register_once(session, trained_model(), CUSTOMERS, "customer_id")
    session.run("SELECT churn.release(%s::regclass, %s)", CUSTOMERS, challenger)
    request = ask(session)

    waiting = f"a release of model version {challenger} is under way"
    assert session.row(BEGIN, request) == (1, None, waiting)

    session.run("SELECT churn.cancel_release(%s)", CUSTOMERS)
    assert session.row(BEGIN, request) == (2, None, None)


def test_a_version_that_was_deleted_is_trained_again(session, known):
    request = ask(session)
    session.run(BEGIN, request)
    registered = register_once(session, fit(seed=9), CUSTOMERS, "customer_id")
    session.run("SELECT churn_internal.note_retrained(%s, 1, %s)", request, registered)
    assert session.row(BEGIN, request)[1] == registered

    session.run("SELECT churn.delete_model(%s)", registered)

    assert session.row(BEGIN, request)[1] is None


def test_what_was_known_stays_while_it_is_interrupted(session, known):
    until = "SELECT known_until FROM churn_internal.retrainings"
    request = ask(session)
    session.run(BEGIN, request)
    at_first = session.value(until)
    session.run(BEGIN, request)
    assert session.value(until) == at_first

    # After a failure more may be known by the next attempt.
    session.run("SELECT churn_internal.postpone_retraining(%s, 2, 'no key')", request)
    assert session.value(until) is None


def test_detaching_ends_what_is_open(session, known):
    policy(session, "every => '40 days'")
    request = ask(session)

    session.run("SELECT churn.detach(%s)", CUSTOMERS)

    assert session.run(STATE) == [(request, "cancelled", "the table was detached")]
    assert session.run(DUE) == []
    session.run(
        "SELECT churn.attach(%s, 'customer_id', 'churn.complaints', 'customer_id',"
        " 'complained_at')",
        CUSTOMERS,
    )
    assert session.run(OPEN) == []
    assert ask(session) > request


def test_cohorts_are_a_horizon_apart(session, known):
    champion(session, poor_model(), 400)
    score(session, 1, 300)
    spans = (
        f"SELECT {DAYS.format('first_scored')}, trained_since::text,"
        f" {DAYS.format('trained_before')}, {DAYS.format('compared_since')},"
        f" {DAYS.format('compared_before')}, trained_until < compared_since"
        " FROM churn_internal.retraining_cohorts(%s::regclass, now(), %s::interval)"
    )

    assert session.row(spans, CUSTOMERS, None) == (
        *(300, "-infinity", 220, 130, 90, True),
    )
    since = session.value(
        f"SELECT {DAYS.format('trained_since')} FROM"
        " churn_internal.retraining_cohorts(%s::regclass, now(), '30 days')",
        CUSTOMERS,
    )
    assert since == 250
    # However long it is logged, it is compared on a horizon at most.
    score(session, 1, 1_500, "old ")
    assert session.row(spans, CUSTOMERS, None)[2:5] == (270, 180, 90)
    # Nobody is compared on whom the champion may know.
    champion(session, poor_model(), 100)
    assert session.row(spans, CUSTOMERS, None)[2:5] == (190, 100, 90)


def test_a_challenger_is_compared_on_whom_neither_knows(session, known):
    registered = register_once(session, trained_model(), CUSTOMERS, "customer_id")
    since = (
        f"SELECT {DAYS.format('compared_since')} FROM"
        " churn_internal.retraining_cohorts(%s::regclass, now(), NULL, %s)"
    )
    session.run(
        "UPDATE churn.attachments SET horizon = '10 days' WHERE profile = %s::regclass",
        CUSTOMERS,
    )
    for days, expected in ((70, 50), (30, 30)):
        until = trained_until(days_ago(days).isoformat())
        challenger = said_of(session, registered, until)
        assert session.value(since, CUSTOMERS, challenger) == expected


def test_loaders_ask_for_it_and_scorers_look(session, known):
    session.run("SET LOCAL ROLE churn_loader")
    policy(session, "every => '40 days'")
    ((request, _),) = session.run(OPEN)

    session.run("SET LOCAL ROLE churn_scorer")

    assert session.run(STATE) == [(request, None, None)]
    assert session.row(DUE)[0] == 0
    refused = session.refusal(ASK, CUSTOMERS, "why not")
    assert refused.sqlstate == "42501"
