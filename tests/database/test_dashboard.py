"""The SQL of each panel of Grafana's dashboard, run as Grafana runs it."""

import datetime
import itertools
from decimal import Decimal

import pytest

from tests.alerts import ODD_NAME, ODD_TABLE, attach_odd_table, measure, update
from tests.grafana import dashboard, interpolated, panels, statements
from tests.models import deploy, fit

SINCE, UNTIL = "2026-01-01T00:00:00Z", "2026-01-05T00:00:00Z"
STATEMENTS = statements()
# Measured in each of three windows, as churn.monitor has it: of which feature, its
# value, and the band.
MEASURED = [
    *(("psi", ODD_NAME, (None, None)), ("psi", "age", (None, None))),
    *(("null_rate", ODD_NAME, (0.1, 0.2)), ("unseen_rate", "contract", (0, 0.1))),
    *(("out_of_range_rate", "age", (0, 0.1)), ("score_psi", None, (None, None))),
    *(("mean_score", None, (0.2, 0.3)), ("mean_score_change", "age", (None, None))),
    *(
        (f"{kind}_{figure}", None, (0.7, 0.9))
        for kind in ("estimated", "realised")
        for figure in ("roc_auc", "average_precision", "log_loss", "brier_score")
    ),
    *(("calibration", "0.1 to 0.2", (0.1, 0.2)), ("calibration", "0.2 to 0.3", (0, 1))),
    ("calibration_in_the_large", None, (-0.1, 0.1)),
]


@pytest.fixture(scope="module")
def watched(module_database):
    """Tables with findings, alerts, failures and a queue; one of them oddly named."""
    session = module_database.session()
    attach_odd_table(session)
    session.run("SELECT churn.set_prediction_log(%s, 1)", ODD_TABLE)
    session.run("SELECT churn.set_scoring_mode(%s, 'queued')", ODD_TABLE)
    session.run(f"INSERT INTO {ODD_TABLE} VALUES ('1', 1), ('2', 2)")
    deploy(session, fit({"usage": "number"}), ODD_TABLE, "id", replay={})
    session.run("UPDATE churn.attachments SET horizon = '1 second'")
    for profile, day in itertools.product((ODD_TABLE, "churn.customers"), (1, 2, 3)):
        for metric, feature, band in MEASURED:
            measure(session, day, "f", metric, feature, 1, profile, band, 0.15)
        update(session, day, profile)
    session.run(
        "INSERT INTO churn.predictions SELECT attachment_id, '1', 2, 0.5, '{}',"
        " 'batch', '2026-01-02Z' FROM churn.attachments"
    )
    session.run(
        "INSERT INTO churn_internal.failed_profiles (attachment_id, key, version,"
        " sqlstate, reason, failures, first_failed_at, last_failed_at)"
        " SELECT attachment_id, '9', 1, '38000', 'no', 1, now(), now()"
        " FROM churn.attachments"
    )
    session.commit()
    yield module_database
    session.close()


@pytest.fixture(scope="module")
def reader(watched):
    session = watched.session()
    session.run("SET ROLE churn_scorer")
    session.commit()
    return session


def results(session, statement):
    """Return the rows of a statement as dicts."""
    with session.connection.cursor() as cursor:
        cursor.execute(statement)
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row)) for row in cursor]
    session.rollback()
    return rows


@pytest.mark.parametrize("profile", ["churn.customers", ODD_TABLE])
@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_gives_what_its_panel_draws(reader, name, profile):
    text, form = STATEMENTS[name]
    rows = results(reader, interpolated(text, profile, SINCE, UNTIL))

    assert rows
    if form == "time_series":
        for row in rows:
            time, label = row.pop("time"), row.pop("metric", "")
            assert isinstance(time, (datetime.datetime, Decimal))
            assert isinstance(label, str)
            assert row and all(isinstance(v, (int, float)) for v in row.values()), row


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_is_of_the_chosen_table_alone(reader, name):
    text, _ = STATEMENTS[name]
    if name.startswith("variable"):
        assert "$" not in text
        return

    rows = results(reader, interpolated(text, "not.there", SINCE, UNTIL))

    # Sums and counts of nothing are rows as well.
    assert not any(any(row.values()) for row in rows)


def test_what_is_drawn_over_time_is_of_the_time_that_is_shown(reader):
    drawn = [text for text, form in STATEMENTS.values() if form == "time_series"]
    assert len(drawn) > 20
    for text in drawn:
        later = interpolated(text, "churn.customers", "2027-01-01Z", "2027-02-01Z")
        assert results(reader, later) == []


def test_no_panel_lies_over_another_and_each_says_what_it_shows():
    places = {}
    shown = dashboard()["panels"]
    for panel in shown:
        grid = panel["gridPos"]
        assert grid["x"] + grid["w"] <= 24
        for place in itertools.product(
            range(grid["x"], grid["x"] + grid["w"]),
            range(grid["y"], grid["y"] + grid["h"]),
        ):
            assert places.setdefault(place, panel["id"]) == panel["id"], panel["title"]
    every = panels()
    rows = [panel for panel in shown if panel["type"] == "row"]
    numbers = [panel["id"] for panel in (*rows, *every)]
    assert len(set(numbers)) == len(numbers)
    assert all(panel["description"] and panel["targets"] for panel in every)


def test_every_panel_reads_the_database_that_is_chosen():
    (choice,) = (
        variable
        for variable in dashboard()["templating"]["list"]
        if variable["type"] == "datasource"
    )
    assert choice["name"] == "datasource"
    for panel in panels():
        for part in (panel, *panel["targets"]):
            assert part["datasource"] == {
                "type": choice["query"],
                "uid": "${datasource}",
            }
