"""What `pgchurn doctor` says of monitoring and of alerts."""

import pytest
from pgchurn.loader.operations.doctor import examine

from tests.alerts import ODD_NAME, ODD_TABLE, attach_odd_table, measure, update, watch


def found(session, about):
    """Return the findings whose check has a word in it, as (check, ok, found)."""
    return [
        tuple(finding.values())
        for finding in examine(session.connection)
        if finding["check"].startswith(about)
    ]


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
