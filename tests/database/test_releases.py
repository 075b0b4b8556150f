"""A version comes in step by step, and goes at once where a guardrail fails."""

import pytest

from tests.misbehaving_models import overflowing
from tests.models import activate, fit, fit_matrix, other_model, register_once
from tests.releases import (
    ADVANCE,
    EVERYBODY,
    LENIENT,
    RELEASE,
    STATE,
    stored_versions,
)
from tests.statements import INSERT, version

PROFILE = "churn.customers"
HISTORY = (
    "SELECT action, version, challenger FROM churn.deployments ORDER BY deployment_id"
)


@pytest.fixture
def challenger(session):
    return register_once(session, other_model(), PROFILE, "customer_id")


def release(session, challenger, steps="{50,100}", limits=LENIENT):
    return session.value(RELEASE, challenger, steps, limits)


def advance(session):
    """Advance the only release; return its share, the result and why."""
    ((share, result, detail),) = session.run(ADVANCE)
    return share, result, detail


def refused(session, statement, *parameters):
    return session.refusal(statement, *parameters).message


def test_a_release_rises_step_by_step_to_an_activation(session, challenger):
    champion = version(session)
    release(session, challenger, "{0,50,100}")
    states = [session.row(STATE)]

    for _ in range(2):
        session.run(EVERYBODY)
        assert advance(session)[1] == "success"
        states.append(session.row(STATE))

    assert states == [
        ("shadow", 0, None),
        ("under way", 50, None),
        ("promoted", 50, None),
    ]
    assert version(session) == challenger
    assert session.run(HISTORY)[1:] == [
        ("release", champion, challenger),
        ("release", champion, challenger),
        ("activate", challenger, None),
    ]
    session.run(EVERYBODY)
    assert set(stored_versions(session).values()) == {challenger}


def test_nobody_was_scored_is_no_success(session, challenger):
    release(session, challenger)

    assert advance(session)[:2] == (50, "inconclusive")
    assert session.row(STATE)[0] == "under way"


def test_a_step_lasts_as_long_as_it_was_said_to(session, challenger):
    session.run(
        "SELECT churn.release('churn.customers', %s, hold => '1 h', min_customers => 0,"
        " limits => %s)",
        *(challenger, LENIENT),
    )
    session.run(EVERYBODY)

    share, result, detail = advance(session)

    assert (share, result) == (1, "inconclusive")
    assert "it holds until" in detail
    # Measured a moment ago, it is left alone.
    assert session.run(ADVANCE) == []


def test_a_held_release_stays_until_it_may_go_on(session, challenger):
    release(session, challenger)
    session.run("SELECT churn.hold_release('churn.customers', reason => 'Monday')")
    session.run(EVERYBODY)

    assert advance(session)[1] == "inconclusive"
    assert session.row(STATE) == ("held", 50, "Monday")

    session.run("SELECT churn.hold_release('churn.customers', false)")
    assert advance(session)[1] == "success"


def test_a_cancelled_release_marks_its_slice_and_nobody_else(session, challenger):
    champion = version(session)
    release(session, challenger)
    session.run(EVERYBODY)
    slice_ = {key for key, v in stored_versions(session).items() if v == challenger}

    session.run("SELECT churn.cancel_release('churn.customers', 'second thoughts')")

    assert session.row(STATE) == ("cancelled", 50, "second thoughts")
    marked = session.column("SELECT key FROM churn_internal.pending_profiles")
    assert set(marked) == slice_
    assert slice_
    session.run("SELECT churn.work(1000)")
    assert set(stored_versions(session).values()) == {champion}
    assert session.run("SELECT * FROM churn.verify('churn.customers')") == []


BROKEN = {
    "fails": (lambda: overflowing(), "failures"),
    "shifts": (lambda: far_off(), "mean_shift"),
    "flips": (lambda: far_off(), "flip_rate"),
}


def far_off():
    """Return a model whose scores are on the other side for most customers."""
    model = fit_matrix(("age",))
    classifier = model.pipeline[-1]
    classifier.coef_ *= 0
    classifier.intercept_[:] = 9
    return model


@pytest.mark.parametrize(("model", "guardrail"), BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("steps", ["{50,100}", "{0,50}"], ids=["canary", "shadow"])
def test_a_broken_challenger_is_rolled_back_in_its_step(
    session, model, guardrail, steps
):
    champion = version(session)
    made = model()
    compiled = made.named_columns or guardrail != "failures"
    challenger = register_once(session, made, replay={}, compile_form=compiled)
    before = session.value("SELECT count(*) FROM churn.complaints")
    others = {
        "failures": '{"time_ratio": 1000, "flip_rate": 1, "mean_shift": 1}',
        "mean_shift": '{"time_ratio": 1000, "flip_rate": 1}',
        "flip_rate": '{"time_ratio": 1000, "mean_shift": 1}',
    }
    release(session, challenger, steps, others[guardrail])
    session.run(EVERYBODY)

    share, result, detail = advance(session)

    assert (share, result) == (0, "failure")
    assert session.row(STATE)[0] == "rolled back"
    assert session.row(STATE)[2] == detail
    assert session.value("SELECT count(*) FROM churn.complaints") == before + 40
    ((value, lower, limit, found),) = session.run(
        'SELECT value, lower, "limit", result FROM churn.release_evidence'
        " WHERE guardrail = %s",
        guardrail,
    )
    assert found == "failure"
    assert abs(value) > limit
    session.run("SELECT churn.work(1000)")
    session.run(EVERYBODY)
    assert set(stored_versions(session).values()) == {champion}
    assert session.run("SELECT * FROM churn.verify('churn.customers')") == []


def test_a_challenger_that_lost_its_bytes_is_rolled_back(session, challenger):
    champion = version(session)
    release(session, challenger)
    session.run("SET session_replication_role = replica")
    session.run(
        "UPDATE churn.models SET artifact = NULL, compiled = NULL, explanation = NULL,"
        " reference = NULL, deleted_at = now(), deleted_by = 'somebody'"
        " WHERE version = %s",
        challenger,
    )
    session.run("RESET session_replication_role")
    session.run(EVERYBODY)

    assert advance(session)[:2] == (0, "failure")
    session.run("SELECT churn.work(1000)")

    session.run(EVERYBODY)
    assert set(stored_versions(session).values()) == {champion}


def test_one_that_is_to_be_held_by_its_guardrails_is_held(session):
    challenger = register_once(session, far_off(), replay={})
    session.run(
        "SELECT churn.release('churn.customers', %s, on_guardrail => 'hold',"
        " hold => '0 s', min_customers => 0)",
        challenger,
    )
    session.run(EVERYBODY)

    assert advance(session)[1] == "failure"
    assert session.row(STATE)[0] == "held"


def test_evidence_stays(session, challenger):
    release(session, challenger)
    session.run(EVERYBODY)
    advance(session)

    assert session.value(
        "SELECT array_agg(guardrail ORDER BY guardrail) FROM churn.release_evidence"
    ) == [
        "failures",
        "flip_rate",
        "live_failures",
        "mean_shift",
        "row_microseconds",
        "step",
        "time_ratio",
        "unseen_rate",
    ]
    message = refused(session, "DELETE FROM churn.release_evidence")
    assert message == "rows of churn.release_evidence never change"


def test_one_release_of_a_profile_at_a_time(session, challenger):
    third = register_once(session, fit(seed=2))
    release(session, challenger)

    message = refused(session, "SELECT churn.release('churn.customers', %s)", third)

    assert message == "churn.customers is not released a second time"


@pytest.mark.parametrize("own", [True, False], ids=["of the champion", "of another"])
def test_an_activation_ends_a_release(session, challenger, own):
    champion = version(session)
    other = champion if own else register_once(session, fit(seed=2))
    release(session, challenger)

    activate(session, other)

    assert version(session) == other
    assert session.row(STATE)[0] == "cancelled"
    assert session.row(STATE)[2] == f"model version {other} was activated"
    session.run(EVERYBODY)
    assert set(stored_versions(session).values()) == {other}


def test_what_would_take_a_version_away_is_refused(session, challenger):
    release(session, challenger)

    for statement in (
        "SELECT churn.rollback_model('churn.customers')",
        f"SELECT churn.delete_model({challenger})",
    ):
        error = session.refusal(statement)
        assert error.hint == "Call churn.cancel_release('churn.customers') first."


def test_detaching_ends_a_release(session, challenger):
    release(session, challenger)

    session.run("SELECT churn.detach('churn.customers')")

    assert session.row(STATE)[0] == "cancelled"
    assert session.row(STATE)[2] == "the table was detached"


def test_a_rollback_of_the_transaction_undoes_a_step(session, challenger):
    session.run("SAVEPOINT before")
    release(session, challenger)
    session.run("ROLLBACK TO before")

    session.run(EVERYBODY)

    assert set(stored_versions(session).values()) == {version(session)}
    assert session.run("SELECT * FROM churn.releases") == []


def test_the_model_before_comes_back_after_a_promotion(session, challenger):
    champion = version(session)
    release(session, challenger)
    session.run(EVERYBODY)
    advance(session)

    assert session.value("SELECT churn.rollback_model('churn.customers')") == champion


WRONG = {
    "no steps": "steps => '{}'",
    "falling steps": "steps => '{5,1}'",
    "more than all": "steps => '{5,101}'",
    "an activation": "steps => '{100}'",
    "a null": "steps => '{1,NULL}'",
    "too many": "steps => ARRAY(SELECT i / 2.0 FROM generate_series(1, 101) i)",
    "not a number": "steps => '{NaN}'",
    "no hold": "hold => NULL",
    "fewer than none": "min_customers => -1",
    "another policy": "on_guardrail => 'ignore'",
    "an unknown guardrail": """limits => '{"charm": 1}'""",
    "a limit that is none": """limits => '{"failures": "few"}'""",
    "limits that are none": "limits => '[]'",
    "null limits": "limits => NULL",
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_release_that_makes_no_sense_is_refused(session, challenger, wrong):
    error = session.refusal(
        f"SELECT churn.release('churn.customers', {challenger}, {wrong})"
    )

    assert error.sqlstate == "22023"


def test_the_active_version_is_not_released(session):
    message = refused(
        session, "SELECT churn.release('churn.customers', %s)", version(session)
    )

    assert message == f"model version {version(session)} is already active"


def test_complaints_of_the_other_arm_do_not_touch_a_shadow(session):
    challenger = register_once(session, overflowing(), replay={}, compile_form=False)
    release(session, challenger, "{0}")

    session.run(INSERT % 1)
    session.run(EVERYBODY)

    assert set(stored_versions(session).values()) == {version(session)}
    assert session.value("SELECT count(*) FROM churn_internal.failed_profiles") == 0


@pytest.mark.parametrize("keys", [[None], [None, None], [None, 1], [None, 1, 3]])
def test_a_complaint_of_nobody_counts_for_nobody(session, challenger, keys):
    session.run("ALTER TABLE churn.complaints ALTER customer_id DROP NOT NULL")
    release(session, challenger)

    session.run(
        "INSERT INTO churn.complaints (customer_id) SELECT unnest(%s::bigint[])", keys
    )

    assert session.run("SELECT * FROM churn.verify('churn.customers')") == []
