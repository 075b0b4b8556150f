"""What Debian's prometheus-sql-exporter tells by the configuration that is shipped."""

import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.alerts import ODD_NAME, ODD_TABLE, attach_odd_table, measure, watch
from tests.exporter import LONGEST, exporting, missing

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))

OF_THE_EXPORTER = ("driver", "host", "database", "user", "sql_job")


@pytest.fixture
def owner(trained_database):
    return trained_database.session(autocommit=True)


@pytest.fixture
def told(trained_database, tmp_path):
    """Return what is told, once that is as expected, or else at last."""
    with exporting(trained_database, tmp_path) as scrape:

        def wait_for(expected):
            deadline = time.monotonic() + LONGEST
            while (found := samples(scrape())) != expected:
                if time.monotonic() > deadline:
                    break
                time.sleep(0.1)
            return found

        yield wait_for


def samples(text):
    """Return the values by metric, column and our labels."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = dict(sample.labels)
            if family.name.startswith("sql_pgchurn_"):
                for name in OF_THE_EXPORTER:
                    labels.pop(name, None)
                column = labels.pop("col")
                name = family.name.removeprefix("sql_pgchurn_")
                found[name, column, *sorted(labels.items())] = sample.value
            elif "failed" in family.name:
                assert sample.value == 0, sample
    return found


def of(name, column, **labels):
    return (name, column, *sorted(labels.items()))


def test_it_tells_what_pgchurn_metrics_tells_until_an_alert_is_over(owner, told):
    attach_odd_table(owner)
    customers, odd = {"profile": "churn.customers"}, {"profile": ODD_TABLE}
    psi = {**odd, "version": "1", "metric": "psi", "feature": ODD_NAME}
    score = {**psi, "metric": "score_psi", "feature": ""}
    watch(owner, "iff", profile=ODD_TABLE, feature=ODD_NAME)
    measure(owner, 3, "i", "score_psi", None, profile=ODD_TABLE, band=(0.001, 0.5))
    alert = owner.value("SELECT alert_id FROM churn.alerts")

    expected = {
        of("active_version", "version", **customers): 1,
        of("health", "open_alerts", **customers): 0,
        of("health", "open_alerts", **odd): 1,
        of("monitor_value", "value", **psi): 0.3,
        of("monitor_value", "value", **score): 0.01,
        of("monitor_expected", "lower", **score): 0.001,
        of("monitor_expected", "upper", **score): 0.5,
        of("monitor_limit", "limit", **psi): 0.1,
        of("monitor_finding", "finding", **psi): 1,
        of("monitor_finding", "finding", **score): 0,
        # 2026-01-04, in UTC.
        of("monitor_window", "end_timestamp_seconds", **odd): 1767484800,
    }
    for table in (customers, odd):
        for column in ("waiting", "failing", "oldest_seconds"):
            expected[of("queue", column, **table)] = 0
        for column in ("unscored_customers", "scoring_failures"):
            expected[of("health", column, **table)] = 0
    opened = of("alert", "opened_timestamp_seconds", alert_id=str(alert), **psi)
    expected[opened] = 1767484800
    assert told(expected) == expected

    watch(owner, "iii", 4, profile=ODD_TABLE, feature=ODD_NAME)

    del expected[opened]
    for name in list(expected):
        if score.items() <= dict(name[2:]).items():
            del expected[name]
    expected[of("monitor_value", "value", **psi)] = 0.01
    expected[of("monitor_finding", "finding", **psi)] = 0
    expected[of("health", "open_alerts", **odd)] = 0
    # 2026-01-07.
    expected[of("monitor_window", "end_timestamp_seconds", **odd)] = 1767744000
    assert told(expected) == expected
