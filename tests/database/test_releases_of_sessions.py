"""A release that several sessions, dumps and keys have to do with."""

import json

import pytest

from tests.models import (
    activate,
    default_model,
    divergences,
    other_model,
    register_once,
)
from tests.releases import (
    ADVANCE,
    EVERYBODY,
    LENIENT,
    RELEASE,
    STATE,
    assert_of_arms,
    stored_versions,
)
from tests.signers import KEY, OTHER_KEY, register_signed, signed, trust
from tests.statements import version
from tests.waiting import in_background, wait_until_blocked

MODELS = default_model(), other_model()
PROFILE = "churn.customers"
CANCEL = "SELECT churn.cancel_release('churn.customers')"
ARM = "SELECT salt, share FROM churn.deployments ORDER BY deployment_id DESC LIMIT 1"


@pytest.fixture
def challenger(first):
    """A version that is released to half of the customers; afterwards none is."""
    champion = version(first)
    released = register_once(first, MODELS[1], PROFILE, "customer_id")
    first.run(RELEASE, released, "{50,80}", LENIENT)
    first.run(EVERYBODY)
    first.commit()
    yield released
    first.rollback()
    if first.row(STATE)[0] in ("under way", "held", "shadow"):
        first.run(CANCEL)
    if version(first) != champion:
        activate(first, champion)
    first.run("SELECT churn.work(1000)")
    first.commit()


def test_of_two_who_advance_at_once_one_passes_by(
    first, second, module_database, challenger
):
    before = first.value("SELECT count(*) FROM churn.deployments")
    ((share, result, _),) = first.run(ADVANCE)

    passed_by = second.run(ADVANCE)
    second.commit()
    first.commit()

    assert (share, result, passed_by) == (80, "success", [])
    assert first.value("SELECT count(*) FROM churn.deployments") == before + 1


def test_a_cancel_waits_for_a_step_that_is_being_taken(
    first, second, module_database, challenger
):
    first.run(ADVANCE)

    with in_background(lambda: second.run(CANCEL)) as done:
        wait_until_blocked(module_database, second, by=first)
        first.commit()
        done.result()
    second.commit()

    assert first.row(STATE)[:2] == ("cancelled", 80)
    first.run("SELECT churn.work(1000)")
    assert challenger not in stored_versions(first).values()
    assert divergences(first) == []


def test_who_advances_after_a_cancel_leaves_it_cancelled(first, second, challenger):
    first.run(CANCEL)

    assert second.run(ADVANCE) == []
    first.commit()
    assert second.run(ADVANCE) == []
    assert second.row(STATE)[0] == "cancelled"


def test_a_select_keeps_the_arms_of_its_snapshot(first, second, challenger):
    scores = "SELECT c.customer_id, churn.score(c) FROM churn.customers c ORDER BY 1"
    second.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    during = second.run(scores)

    first.run(CANCEL)
    first.commit()

    assert second.run(scores) == during
    second.commit()
    assert second.run(scores) != during


def test_a_complaint_that_began_before_a_step_names_the_version_that_scored(
    first, second, challenger
):
    second.run(EVERYBODY)
    first.run("SELECT churn.advance_releases()")
    first.commit()
    second.commit()

    # Who was scored under the step before is verified by the version it names.
    first.run(EVERYBODY)
    salt, share = first.row(ARM)
    both = version(first), challenger
    assert_of_arms(first, both, MODELS, salt=salt, share=share)


def test_a_dump_restores_the_release_and_its_arms(
    first, module_database, server, challenger, tmp_path
):
    dump = tmp_path / "dump"
    module_database.program("pg_dump", "--format", "custom", "--file", dump)
    with server.database("released") as target:
        target.program("pg_restore", "--exit-on-error", dump)
        session = target.session()
        assert session.row(STATE)[0] == "under way"
        assert session.row(ARM) == first.row(ARM)

        session.run(EVERYBODY)

        salt, share = session.row(ARM)
        both = version(session), challenger
        assert_of_arms(session, both, MODELS, salt=salt, share=share)
        ((share, result, detail),) = session.run(ADVANCE)
        assert (share, result) == (80, "success"), detail
        session.close()


def test_a_table_that_is_attached_again_has_no_release(session):
    champion = version(session)
    released = register_once(session, MODELS[1], PROFILE, "customer_id")
    session.run(RELEASE, released, "{50,80}", LENIENT)
    session.run("SELECT churn.detach('churn.customers')")
    session.run(
        "SELECT churn.attach('churn.customers', 'customer_id', 'churn.complaints',"
        " 'customer_id', 'complained_at')"
    )

    assert session.row(STATE)[:3:2] == ("cancelled", "the table was detached")
    assert session.run(ADVANCE) == []
    session.run(EVERYBODY)
    assert set(stored_versions(session).values()) <= {champion, None}


def test_a_key_that_is_revoked_ends_the_release_of_what_it_signed(session):
    trust(session, KEY)
    fingerprint = trust(session, OTHER_KEY)
    champion = register_signed(session, MODELS[0], signed(MODELS[0], 1, KEY))
    activate(session, champion)
    released = register_signed(session, MODELS[1], signed(MODELS[1], 2, OTHER_KEY))
    session.run(RELEASE, released, "{50,80}", LENIENT)
    session.run(EVERYBODY)

    session.run("SELECT churn_trust.revoke_key(%s)", fingerprint)

    state, _, reason = session.row(STATE)
    assert state == "cancelled"
    assert reason.startswith(f"the key {fingerprint}, which signed version {released}")
    session.run("SELECT churn.work(1000)")
    session.run(EVERYBODY)
    assert set(stored_versions(session).values()) == {champion}
    assert divergences(session) == []


def test_changes_that_another_version_makes_are_marked(session):
    champion = version(session)
    released = register_once(session, MODELS[1], PROFILE, "customer_id")
    session.run("SELECT churn.set_outbox('churn.customers', 'every')")
    causes = (
        "SELECT key::int, cause, former_version, version FROM churn.outbox ORDER BY 1"
    )

    session.run(EVERYBODY)
    assert {cause for _, cause, _, _ in session.run(causes)} == {"data"}
    session.run("DELETE FROM churn.outbox")

    session.run(RELEASE, released, "{50,80}", LENIENT)
    session.run(EVERYBODY)
    told = session.run(causes)
    assert {row[1:] for row in told} == {
        ("data", champion, champion),
        ("version", champion, released),
    }
    session.run("DELETE FROM churn.outbox")

    # The slice goes back, and then an activation takes everybody.
    ours = {key for key, cause, *_ in told if cause == "version"}
    session.run(CANCEL)
    session.run("SELECT churn.work(1000)")
    assert {(key, cause) for key, cause, *_ in session.run(causes)} == {
        (key, "version") for key in ours
    }
    session.run("DELETE FROM churn.outbox")
    activate(session, released)
    session.run("SELECT churn_internal.rescore_profiles_1(NULL, NULL, 1000)")
    assert {row[1:] for row in session.run(causes)} == {("version", champion, released)}


def test_a_notification_tells_that_another_version_scored(first, second):
    activate_other = register_once(first, MODELS[1], PROFILE, "customer_id")
    champion = version(first)
    first.run("SELECT churn.set_notifications('churn.customers', 'every')")
    first.commit()
    second.run("LISTEN churn_scores")
    second.commit()

    first.run("INSERT INTO churn.complaints (customer_id) VALUES (3)")
    activate(first, activate_other)
    first.run("INSERT INTO churn.complaints (customer_id) VALUES (4)")
    first.commit()

    second.run("SELECT 1")
    second.commit()
    second.connection.poll()
    causes = {
        (told := json.loads(one.payload))["key"]: told["cause"]
        for one in second.connection.notifies
    }
    second.run("UNLISTEN *")
    first.run("SELECT churn.set_notifications('churn.customers', 'off')")
    activate(first, champion)
    first.commit()
    assert causes == {"3": "data", "4": "version"}
