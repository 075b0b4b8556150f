"""`pgchurn metrics`: what Prometheus gets, of tables and features of any name."""

import pytest
from pgchurn.loader.command_line import main
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as prometheus
from psycopg2.extensions import make_dsn

from tests.alerts import ODD_NAME, ODD_TABLE, attach_odd_table, measure, watch

CUSTOMERS = "churn.customers"


@pytest.fixture
def owner(trained_database):
    return trained_database.session(autocommit=True)


@pytest.fixture
def metrics(trained_database, capsys):
    """Run `pgchurn metrics`; return the samples of both parsers, by name."""

    def run(*arguments):
        capsys.readouterr()
        command = ["metrics", *arguments, "--database-url", trained_database.url]
        assert main(command) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    return run


def samples(text):
    """Return the values by name and labels, as both parsers read them."""
    first, second = (
        {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in read(text)
            for sample in family.samples
        }
        for read in (openmetrics, prometheus)
    )
    assert first == second
    return first


def of(name, **labels):
    return (f"pgchurn_{name}", *sorted(labels.items()))


def test_of_a_table_that_nobody_monitors_it_tells_queue_and_failures(owner, metrics):
    owner.run("SELECT churn.set_scoring_mode('churn.customers', 'queued')")
    owner.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (2)")

    found = samples(metrics())

    oldest = found.pop(of("queue_oldest_seconds", profile=CUSTOMERS))
    assert 0 < oldest < 60
    assert found == {
        of("active_version", profile=CUSTOMERS): 1,
        of("queue_waiting", profile=CUSTOMERS): 2,
        of("queue_failing", profile=CUSTOMERS): 0,
        of("unscored_customers", profile=CUSTOMERS): 0,
        of("scoring_failures", profile=CUSTOMERS): 0,
        of("open_alerts", profile=CUSTOMERS): 0,
        of("unacknowledged_alerts", profile=CUSTOMERS): 0,
    }


def test_failures_are_counted(owner, metrics):
    owner.run("SET session_replication_role = replica")
    owner.run("UPDATE churn.models SET compiled = 'x', compiled_sha256 = sha256('x')")
    owner.run("SET session_replication_role = origin")
    owner.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (2)")

    found = samples(metrics())

    assert found[of("unscored_customers", profile=CUSTOMERS)] == 2
    assert found[of("scoring_failures", profile=CUSTOMERS)] == 2


def test_it_tells_what_was_measured_last_whatever_the_names(owner, metrics):
    attach_odd_table(owner)
    watch(owner, "iff", profile=ODD_TABLE, feature=ODD_NAME, n=700)
    measure(*(owner, 3, "i", "score_psi", None), profile=ODD_TABLE, band=(0.001, 0.5))
    alert = owner.value("SELECT alert_id FROM churn.alerts")

    found = samples(metrics())

    result = {"profile": ODD_TABLE, "version": "1"}
    psi = {**result, "metric": "psi", "feature": ODD_NAME}
    score = {**result, "metric": "score_psi", "feature": ""}
    names = ("value", "limit", "rows", "finding", "lower", "upper")

    def measured(labels):
        return [found.get(of(f"monitor_{name}", **labels)) for name in names]

    assert measured(psi) == [0.3, 0.1, 700, 1, None, None]
    assert measured(score) == [0.01, None, 500, 0, 0.001, 0.5]
    # 2026-01-04 and the day before, in UTC.
    assert found[of("monitor_window_end_timestamp_seconds", profile=ODD_TABLE)] == (
        1767484800
    )
    opened = of("alert_opened_timestamp_seconds", alert_id=str(alert), **psi)
    assert found[opened] == 1767484800
    assert found[of("open_alerts", profile=ODD_TABLE)] == 1
    assert found[of("open_alerts", profile=CUSTOMERS)] == 0

    owner.run("SELECT churn.acknowledge_alert(%s)", alert)
    found = samples(metrics())
    assert found[of("open_alerts", profile=ODD_TABLE)] == 1
    assert found[of("unacknowledged_alerts", profile=ODD_TABLE)] == 0


def test_without_a_version_the_label_is_empty(owner, metrics):
    measure(owner, 1, "i", version=None)

    labels = {"profile": CUSTOMERS, "version": "", "metric": "psi", "feature": "age"}
    assert samples(metrics())[of("monitor_value", **labels)] == 0.01


def test_it_writes_a_file_and_says_nothing(metrics, tmp_path):
    path = tmp_path / "pgchurn.prom"

    assert metrics("-o", str(path)) == ""

    assert of("active_version", profile=CUSTOMERS) in samples(path.read_text("utf-8"))


def test_whoever_may_read_scores_may_read_metrics(owner, trained_database, capsys):
    watch(owner, "ff")
    url = make_dsn(trained_database.url, options="-c role=churn_scorer")

    assert main(["metrics", "--database-url", url]) == 0, capsys.readouterr().err

    assert samples(capsys.readouterr().out)[of("open_alerts", profile=CUSTOMERS)] == 1
