"""What `pgchurn doctor` says of the server's Python, of monitoring and of alerts."""

import importlib.util
import platform
import re

import pytest
from pgchurn.loader.operations.doctor import examine
from pgchurn.plpython.render import living_files

from tests.alerts import ODD_NAME, ODD_TABLE, attach_odd_table, measure, update, watch
from tests.models import other_model, register_once
from tests.releases import ADVANCE, EVERYBODY, LENIENT, RELEASE
from tests.retraining import champion, poor_model
from tests.signers import KEY, trust


def found(session, about):
    """Return the findings whose check has a word in it, as (check, ok, found)."""
    return [
        tuple(finding.values())
        for finding in examine(session.connection)
        if finding["check"].startswith(about)
    ]


@pytest.mark.parametrize(
    "harm",
    [
        f"""
        DO $do$ BEGIN EXECUTE replace(
            pg_get_functiondef('churn_runtime.bytecode()'::regprocedure),
            '{importlib.util.MAGIC_NUMBER.hex()}', '00000000'
        ); END $do$
        """,
        living_files()["runtime/bytecode.sql"],
        "DROP FUNCTION churn_runtime.bytecode()",
    ],
    ids=["of another Python", "never compiled", "gone"],
)
def test_a_runtime_that_each_session_compiles_is_a_problem(fresh, harm):
    fresh.run(harm)

    ((_, ok, text),) = found(fresh, "server's Python")

    assert not ok
    assert text.endswith(
        ", for which pgchurn's modules are not compiled, so each session compiles "
        "them: run pgchurn doctor --mend, as superuser"
    )


def test_a_runtime_that_is_compiled_is_none(fresh):
    ((_, ok, text),) = found(fresh, "server's Python")

    assert (ok, text) == (True, platform.python_version())


def test_a_package_that_the_server_lacks_is_a_problem(fresh):
    fresh.run("""
        CREATE OR REPLACE FUNCTION churn.server_environment() RETURNS jsonb
        RETURN churn_internal.session_environment() || '{"onnxruntime": null}';
        """)

    assert found(fresh, "onnxruntime") == [
        ("onnxruntime", False, "missing on the server: install it")
    ]


def test_what_a_session_takes_that_has_loaded_the_active_models_is_told(fresh):
    ((_, ok, text),) = found(fresh, "active models")

    assert ok
    assert re.fullmatch(r"\d+ MB in a session that has loaded them", text)


def test_an_active_model_that_does_not_load_is_a_problem(fresh):
    fresh.run("""
        SET session_replication_role = replica;
        UPDATE churn.models SET signature = '{}';
        RESET session_replication_role;
        """)

    ((_, ok, text),) = found(fresh, "active models")

    assert not ok
    assert text == "model signature is malformed"


def test_without_open_alerts_nothing_is_said(session):
    watch(session, "ffiii")

    assert found(session, "alerts") == []


def test_open_alerts_are_a_problem_until_they_are_acknowledged(session):
    watch(session, "ff")
    measure(session, 1, "f", "score_psi", None)
    measure(session, 2, "f", "score_psi", None)
    update(session, 2)
    check = "alerts of churn.customers"

    assert found(session, "alerts") == [
        (
            *(check, False),
            "2 open: psi of age, score_psi: see churn.open_alerts, call "
            "churn.acknowledge_alert",
        )
    ]

    acknowledge = "SELECT churn.acknowledge_alert(alert_id) FROM churn.open_alerts"
    session.run(f"{acknowledge} WHERE metric = 'psi'")
    ((_, ok, text),) = found(session, "alerts")
    assert not ok
    assert text.startswith("2 open: score_psi, psi of age: ")

    session.run(f"{acknowledge} WHERE metric = 'score_psi'")
    assert found(session, "alerts") == [
        (check, True, "2 open, acknowledged: psi of age, score_psi")
    ]


def test_alerts_of_a_table_of_any_name_are_told(session):
    attach_odd_table(session)
    watch(session, "ff", profile=ODD_TABLE, feature=ODD_NAME)

    ((check, ok, text),) = found(session, "alerts")

    assert (check, ok) == (f"alerts of {ODD_TABLE}", False)
    assert text.startswith(f"1 open: psi of {ODD_NAME}: ")


@pytest.mark.parametrize(
    ("windows", "age", "expected"),
    [
        ("", "9 days", []),
        ("ii", "9 days", []),
        ("iii", "1 day", [(True, "last looked 1.0 days ago")]),
        # Three days are allowed at least.
        ("iii", "71 hours", [(True, "last looked 3.0 days ago")]),
        (
            *("iii", "4 days"),
            [
                (
                    False,
                    "nobody has looked for 4 days: run pgchurn monitor, every night or "
                    "week",
                )
            ],
        ),
    ],
)
def test_a_table_that_was_monitored_and_is_no_more_is_a_problem(
    session, windows, age, expected
):
    watch(session, windows)
    session.run(
        f"UPDATE churn.monitor_results SET measured_at = now() - interval '{age}'"
    )

    assert [rest for _, *rest in found(session, "monitoring")] == list(
        map(list, expected)
    )


def test_who_looks_every_week_has_three_weeks(session):
    watch(session, "iii")
    session.run(
        "UPDATE churn.monitor_results SET measured_at = now() - interval '20 days',"
        " since = until - interval '7 days'"
    )
    assert [ok for _, ok, _ in found(session, "monitoring")] == [True]

    session.run(
        "UPDATE churn.monitor_results SET measured_at = now() - interval '22 days'"
    )
    assert [ok for _, ok, _ in found(session, "monitoring")] == [False]


def test_a_table_without_a_model_need_not_be_monitored(session):
    attach_odd_table(session)
    watch(session, "iii", profile=ODD_TABLE)
    session.run(
        "UPDATE churn.monitor_results SET measured_at = now() - interval '9 days'"
    )

    assert found(session, "monitoring") == []


def test_a_request_to_retrain_that_nobody_takes_is_a_problem(session):
    champion(session, poor_model(), 50)
    request = session.value(
        "SELECT churn.request_retraining('churn.customers', 'a test')"
    )
    check = "retraining of churn.customers"
    assert found(session, "retraining") == [(check, True, f"request {request} is open")]

    session.run(
        "UPDATE churn_internal.retrainings SET requested_at = now() - interval '3 days'"
    )
    assert found(session, "retraining") == [
        (
            *(check, False),
            f"nobody has taken request {request} for 3 days: run pgchurn retrain every "
            "night",
        )
    ]

    session.run(
        "UPDATE churn_internal.retrainings SET taken_at = now(), waiting = 'for labels'"
    )
    assert found(session, "retraining") == [
        (check, True, f"request {request} waits: for labels")
    ]


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        ("60 days", []),
        ("49 days", [(True, "is due")]),
        (
            "45 days",
            [
                (
                    False,
                    "nobody has asked for what is due for 5 days: run pgchurn retrain "
                    "every night",
                )
            ],
        ),
    ],
)
def test_a_retraining_that_is_due_and_that_nobody_asks_for_is_a_problem(
    session, every, expected
):
    champion(session, poor_model(), 50)
    session.run(
        "SELECT churn.set_retraining('churn.customers', every => %s::interval)", every
    )

    assert [tuple(rest) for _, *rest in found(session, "retraining")] == expected


def test_who_asks_for_no_retraining_hears_nothing_of_it(session):
    assert found(session, "retraining") == []


@pytest.fixture
def released(session):
    """A version that is released to half of the customers."""
    challenger = register_once(session, other_model(), "churn.customers", "customer_id")
    session.run(RELEASE, challenger, "{50,80}", LENIENT)
    return challenger


def test_a_release_that_goes_on_is_no_problem(session, released):
    session.run(ADVANCE)

    assert found(session, "release of") == [
        ("release of churn.customers", True, f"version {released} at 50 %")
    ]


def test_a_release_that_nobody_advances_is_one(session, released):
    session.run(
        "UPDATE churn_internal.release_plans SET hold = '2 h',"
        " measured_at = now() - interval '3 h'"
    )
    assert found(session, "release of")[0][1]

    # The step began at that time, too.
    session.run("SET session_replication_role = replica")
    session.run(
        "UPDATE churn.deployments SET deployed_at = deployed_at - interval '3 h'"
        " WHERE release_id IS NOT NULL"
    )
    session.run("RESET session_replication_role")

    ((_, ok, text),) = found(session, "release of")
    assert not ok
    assert text.startswith(f"nobody has measured version {released} for 3.0 hours: ")


def test_a_release_that_is_held_says_why_and_is_one_where_a_guardrail_holds_it(
    session, released
):
    session.run("SELECT churn.hold_release('churn.customers', reason => 'Monday')")
    assert found(session, "release of")[0][1:] == (
        True,
        f"version {released} at 50 %, held: Monday",
    )

    session.run("SELECT churn.cancel_release('churn.customers')")
    session.run(
        "SELECT churn.release('churn.customers', %s, on_guardrail => 'hold',"
        " hold => '0 s', min_customers => 0, limits => %s)",
        *(released, LENIENT.replace('"time_ratio": 1000', '"time_ratio": 0')),
    )
    session.run(EVERYBODY)
    session.run("SELECT churn.advance_releases()")

    ((_, ok, text),) = found(session, "release of")
    assert not ok
    assert "is held, since a guardrail fails: a row takes" in text


LACKS = {
    "has lost its bytes": (
        "artifact = NULL, compiled = NULL, explanation = NULL, reference = NULL,"
        " deleted_at = now(), deleted_by = 'somebody'"
    ),
    "has expired": (
        """attestation = '{"name": "n", "version": 1, "expires": "2020-01-01"}',"""
        " attestation_signature = decode(repeat('00', 64), 'hex'),"
        " attestation_key = repeat('a', 64)"
    ),
}


@pytest.mark.parametrize(("lacks", "change"), LACKS.items(), ids=LACKS)
def test_a_challenger_that_could_take_no_further_step_is_one(
    session, released, lacks, change
):
    session.run("SET session_replication_role = replica")
    session.run(f"UPDATE churn.models SET {change} WHERE version = %s", released)
    session.run("RESET session_replication_role")

    ((_, ok, text),) = found(session, "release of")
    assert not ok
    assert text.startswith(f"version {released} {lacks}: ")


def test_a_challenger_whose_key_is_not_trusted_is_one(session, released):
    trust(session, KEY)

    ((_, ok, text),) = found(session, "release of")
    assert (ok, "is signed by no key that is trusted" in text) == (False, True)
