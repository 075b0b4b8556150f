"""`pgchurn monitor`: windows of the past and of now, and what its status says."""

import json

import pytest
from pgchurn.loader.command_line import main
from pgchurn.loader.operations import monitoring

from tests.alerts import ODD_TABLE, attach_odd_table
from tests.models import fit, training_frame
from tests.monitoring import log_rows, register_with_rows

MODEL = fit()
DAYS = 8
# From this day on customers are older than those that the model knows.
DRIFTS = 4


@pytest.fixture(scope="module")
def scored(server, migrated):
    """A database to clone with a version, and its scores of eight days."""
    with server.database("monitored", migrated.template_dbname) as database:
        session = database.session()
        frame, _ = training_frame(rows=2_000)
        version = register_with_rows(session, MODEL, frame)
        session.run("SELECT churn.activate_model(%s)", version)
        session.run("SELECT churn.set_prediction_log('churn.customers', 1)")
        for day in range(1, DAYS + 1):
            rows, _ = training_frame(rows=1_000, seed=day)
            if day >= DRIFTS:
                rows["age"] = rows["age"] * 0.5 + 50
            scores = MODEL.probabilities(rows)
            log_rows(session, rows, scores, version, f"2026-02-{day:02}Z")
        session.commit()
        session.close()
        yield database.name


@pytest.fixture
def database(server, scored):
    with server.database("monitored_clone", scored) as clone:
        yield clone


@pytest.fixture
def owner(database):
    return database.session(autocommit=True)


@pytest.fixture
def odd_table(owner):
    """Another attached table."""
    attach_odd_table(owner)
    return ODD_TABLE


@pytest.fixture
def monitor(database, capsys):
    """Run `pgchurn monitor`; return its status, its result and what it said."""

    def run(*arguments, text=False):
        capsys.readouterr()
        command = ["monitor", *arguments, "--database-url", database.url]
        status = main([*command, *([] if text else ["--format", "json"])])
        printed = capsys.readouterr()
        result = printed.out if text or not printed.out else json.loads(printed.out)
        return status, result, printed.err

    return run


def found(result):
    return {(row["metric"], row["feature"]) for row in result["results"]}


def test_a_window_without_findings_ends_with_status_0(monitor):
    window = ("--since", "2026-02-01Z", "--until", "2026-02-02Z")

    status, result, said = monitor(*window)

    assert (status, said) == (0, "")
    assert result == {"windows": 1, "results": [], "alerts": [], "failures": []}


def test_a_finding_alone_ends_with_status_0_and_an_open_alert_with_1(monitor, owner):
    first = monitor("--since", "2026-02-04Z", "--until", "2026-02-05Z")
    # The next window begins where the last one ends.
    second = monitor("--until", "2026-02-06Z")

    assert (first[0], second[0]) == (0, 1)
    assert ("psi", "age") in found(first[1]) & found(second[1])
    assert first[1]["alerts"] == []
    (alert,) = (row for row in second[1]["alerts"] if row["metric"] == "psi")
    assert (alert["profile"], alert["version"], alert["feature"]) == (
        *("churn.customers", 1),
        "age",
    )
    assert alert["windows"] == 2
    assert alert["opened_at"].startswith("2026-02-06")
    assert owner.value("SELECT count(*) FROM churn.monitor_results") > 10


def test_all_prints_what_is_no_finding_as_well(monitor):
    window = ("--since", "2026-02-01Z", "--until", "2026-02-02Z")

    _, result, _ = monitor(*window, "--all")

    psi = {row["feature"]: row for row in result["results"] if row["metric"] == "psi"}
    assert psi.keys() == set(MODEL.kinds)
    assert psi["age"]["verdict"] == "ok"
    assert psi["age"]["profile"] == "churn.customers"


def test_it_goes_through_a_span_window_by_window_as_if_it_had_been_run_each_day(
    monitor, owner
):
    span = (
        "--since",
        "2026-02-01Z",
        "--until",
        "2026-02-08 12:00Z",
        "--every",
        "1 day",
    )

    status, result, _ = monitor(*span)

    # The last one would end after the span.
    assert (status, result["windows"]) == (1, 7)
    assert owner.column(
        "SELECT DISTINCT until FROM churn.monitor_results ORDER BY 1"
    ) == owner.column(
        "SELECT generate_series(timestamptz '2026-02-02Z', '2026-02-08Z', '1 day')"
    )
    drifted = [row["time"] for row in result["results"] if row["metric"] == "psi"]
    assert len(drifted) == 4
    opened = owner.value("SELECT time FROM churn.open_alerts WHERE metric = 'psi'")
    assert opened.isoformat().startswith("2026-02-06")

    kept = owner.run("SELECT * FROM churn.alerts")
    assert monitor(*span)[0] == 1
    assert owner.run("SELECT * FROM churn.alerts") == kept


def test_months_stay_months(monitor, owner):
    _, result, _ = monitor(
        *("--since", "2026-01-31Z", "--until", "2026-06-01Z", "--every", "1 month")
    )

    assert result["windows"] == 4
    ends = owner.column("SELECT DISTINCT until FROM churn.monitor_results ORDER BY 1")
    assert [f"{end:%m-%d}" for end in ends] == ["02-28", "03-31", "04-30", "05-31"]


def test_text_has_the_findings_and_the_open_alerts(monitor):
    _, quiet, _ = monitor("--since", "2026-02-01Z", "--until", "2026-02-02Z", text=True)
    assert quiet == "1 window measured.\nNo findings.\nNo alert is open.\n"

    _, text, _ = monitor(
        *("--since", "2026-02-03Z", "--until", "2026-02-07Z", "--every", "1 day"),
        text=True,
    )

    lines = text.splitlines()
    assert lines[0] == "4 windows measured."
    assert lines[1].split()[:4] == ["time", "profile", "version", "metric"]
    assert any("psi" in line and "age" in line for line in lines)
    assert "Open alerts:" in lines


def test_all_attached_tables_are_monitored_or_those_that_are_named(
    odd_table, monitor, owner
):
    window = ("--since", "2026-02-01Z", "--until", "2026-02-02Z")

    assert monitor(*window)[1]["windows"] == 2
    assert monitor("--table", odd_table, *window)[1]["windows"] == 1
    twice = ("--table", odd_table, "--table", odd_table)
    assert monitor(*twice, *window, "--all")[1]["results"][0]["profile"] == odd_table
    # Of which alerts are open, too.
    monitor("--since", "2026-02-04Z", "--until", "2026-02-07Z", "--every", "1 day")
    assert monitor("--table", odd_table, *window)[0] == 0
    assert monitor("--table", "churn.customers", *window)[0] == 1


def test_a_table_that_fails_stops_no_other_and_ends_with_status_3(
    odd_table, monitor, owner
):
    owner.run("""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE 'not this one' USING DETAIL = 'Nor ever.'; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON churn.monitor_results FOR EACH ROW
        WHEN (NEW.attachment_id = 1) EXECUTE FUNCTION refuse();
    """)
    window = ("--since", "2026-02-04Z", "--until", "2026-02-06Z", "--every", "1 day")

    status, result, said = monitor(*window)

    assert (status, result["windows"]) == (3, 2)
    error = "not this one\nDETAIL:  Nor ever."
    assert result["failures"] == [{"profile": "churn.customers", "error": error}]
    assert said == f"pgchurn: churn.customers: {error}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--table", "churn.models"], "table churn.models is not attached"),
        (["--table", "nowhere"], 'relation "nowhere" does not exist'),
        (["--since", "soon"], "invalid input syntax for type timestamp with time zone"),
        (["--every", "1 day"], "--every goes through a span: say --since"),
        (
            ["--since", "2026-02-01", "--until", "2026-02-02", "--every", "2 days"],
            "no window of 2 days ends between 2026-02-01 and 2026-02-02",
        ),
        (["--since", "2026-02-01", "--every", "0"], "no window of 0 ends between"),
        (["--since", "2026-02-01", "--every", "-1 day"], "no window of -1 day ends"),
        (
            ["--since", "2026-02-01", "--every", "1 hour"],
            "these are more than 50 windows",
        ),
    ],
)
def test_what_makes_no_sense_ends_with_status_3(
    monitor, monkeypatch, arguments, message
):
    monkeypatch.setattr(monitoring, "MOST_WINDOWS", 50)

    status, result, said = monitor(*arguments)

    assert (status, result) == (3, "")
    assert said.startswith(f"pgchurn: {message}")


def test_a_server_that_is_not_there_ends_with_status_3(capsys):
    assert main(["monitor", "--database-url", "host=/nowhere"]) == 3
