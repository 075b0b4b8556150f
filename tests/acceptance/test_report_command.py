"""`pgchurn report`: what it shows of a version, to whom, and what is missing."""

import json
import re
from contextlib import closing
from html import unescape

import numpy as np
import psycopg2
import pytest
from pgchurn.loader.command_line import main
from pgchurn.loader.database import connect
from pgchurn.loader.reports.parts import part_or_missing
from psycopg2.extensions import make_dsn

from tests import browser
from tests.models import (
    activate,
    fit,
    quoted,
    register_once,
    unexplained,
)
from tests.streams import stream, true_scores

ATTACK = '"><img src=x onerror=parent.hasRun=1><script>parent.hasRun=1</script>'
FILL = """
INSERT INTO churn.customers (customer_id, customer_name, age, contract, monthly_charges,
                             data_usage_gb, paperless_billing, churned)
SELECT i, 'customer ' || i, 20 + i %% 50,
       (ARRAY['month to month', 'one year', 'two year'])[1 + i %% 3], 20 + i %% 90,
       i %% 40, i %% 2 = 0, i %% 4 = 0 OR i %% 11 = 0
FROM generate_series(1, %s) i
"""


@pytest.fixture
def write(pgchurn, empty_database, tmp_path):
    """Run `pgchurn report`; return what it prints and the page."""

    def run(version, *arguments, url=None):
        file = tmp_path / "report.html"
        if url is None:
            printed = pgchurn("report", str(version), "-o", str(file), *arguments)
        else:
            command = ["report", str(version), "-o", str(file), *arguments]
            assert main([*command, "--database-url", url]) == 0
            printed = None
        return printed, file.read_text("utf-8")

    return run


def text_of(page):
    """Return the words of a page."""
    body = page[page.index("<body>") :].replace("<wbr>", "")
    return " ".join(unescape(re.sub("<[^>]*>", " ", body)).split())


def trained(pgchurn, *arguments):
    command = ("train", "--label", "churned", "--algorithm", "logistic_regression")
    return pgchurn(*command, *arguments)["version"]


def registered(owner, model=None):
    """Register a model that is from elsewhere, and make it active."""
    version = register_once(owner, model or fit())
    activate(owner, version)
    return version


def test_a_trained_version_is_shown_on_its_held_out_customers(owner, pgchurn, write):
    owner.run(FILL, 400)
    version = trained(pgchurn)
    printed, page = write(version)
    assert printed["missing"] == {}
    assert printed["bytes"] == len(page.encode()) < 300_000
    shown = text_of(page)
    metrics = pgchurn("show", str(version))["metrics"]
    assert f"ROC AUC {metrics['roc_auc']:.3f}" in shown
    assert "recorded by training, on 80 customers that it held out" in shown
    assert "The curves are of 80 customers that training held out" in shown
    # The curve is of the same rows as the figure.
    assert f"The area under it is {metrics['roc_auc']:.3f}" in shown
    assert "Read the curves with care" not in shown
    assert "The table has 400 customers." in shown
    assert len(re.findall("<article", page)) == 5
    assert "It has never been activated." in shown


@pytest.mark.slow(reason="trains, and monitors six windows")
def test_what_monitoring_has_measured_is_shown_over_time(owner, pgchurn, write):
    owner.run(FILL, 100)
    version = trained(pgchurn)
    assert "Nothing was measured of it" in text_of(write(version)[1])
    random = np.random.default_rng(3)
    months = [f"2026-{month:02}-01Z" for month in range(1, 8)]
    for number, (since, until) in enumerate(zip(months, months[1:])):
        scores = true_scores(random, 800)
        chances = 1 - scores if number == 2 else scores
        stream(
            owner, random, since, scores, chances, f"{number + 1}0000", version=version
        )
        owner.run("SELECT churn.monitor('churn.customers', %s, %s)", since, until)

    printed, page = write(version)

    shown = text_of(page)
    assert printed["missing"] == {}
    assert "In 2 of 3 windows, what was realised lies in the band." in shown
    assert "In that of 2026-04-01: log loss" in shown
    assert "3 windows are not judged yet." in shown
    assert "In the last of 3 windows that are mature" in shown
    assert "In 1 window too many or too few left to be chance." in shown
    assert len(page.encode()) < 300_000


def test_a_label_that_is_named_is_looked_at_in_the_table(owner, pgchurn, write):
    owner.run(FILL, 400)
    version = trained(pgchurn)
    _, page = write(version, "--label", "churned")
    shown = text_of(page)
    assert "Read the curves with care" in shown
    assert "knows most of these answers already" in shown
    assert (
        "Of 400 customers in the table whose outcome is known, many of whom it may know"
        in shown
    )
    # The figures remain those of training.
    assert "recorded by training, on 80 customers that it held out" in shown


def test_what_was_brought_is_measured_where_a_label_is_named(owner, write):
    owner.run(FILL, 200)
    version = registered(owner)
    printed, page = write(version)
    assert "Name one with --label" in printed["missing"]["curves"]
    assert "No figures of training are recorded" in text_of(page)
    printed, page = write(version, "--label", "churned")
    assert printed["missing"] == {}
    assert "not recorded which customers the model was trained on" in text_of(page)


def test_decisions_are_told_in_order(owner, pgchurn, write):
    owner.run(FILL, 200)
    first, second = registered(owner), register_once(owner, fit())
    pgchurn("activate", str(second))
    pgchurn("rollback")
    _, page = write(first)
    events = re.findall(r"<td>([^<]*version [^<]*|registered|activated)</td>", page)
    assert events == [
        f"put in use again by a rollback in place of version {second}",
        f"replaced by the activation of version {second}",
        "activated",
        "registered",
    ]


@pytest.mark.parametrize(
    "labels, said",
    [
        ("NULL", "has a value in churned"),
        ("false", "all stayed"),
        ("true", "all churned"),
    ],
)
def test_outcomes_of_which_no_curve_can_be_made_are_told(owner, write, labels, said):
    owner.run(FILL, 30)
    owner.run(f"UPDATE churn.customers SET churned = {labels}")
    version = registered(owner)
    printed, page = write(version, "--label", "churned")
    assert said in printed["missing"]["curves"]
    assert said in text_of(page)


def test_a_label_of_many_values_is_told(owner, write):
    owner.run(FILL, 30)
    printed, _ = write(registered(owner), "--label", "contract")
    assert "it needs two" in printed["missing"]["curves"]


def test_a_label_in_words_is_read_with_the_word_that_is_named(owner, write):
    owner.run(FILL, 60)
    owner.run("ALTER TABLE churn.customers ADD came text")
    owner.run(
        "UPDATE churn.customers SET came ="
        " CASE WHEN churned THEN 'gone' ELSE 'here' END"
    )
    version = registered(owner)
    printed, _ = write(version, "--label", "came")
    assert "--positive-class" in printed["missing"]["curves"]
    printed, _ = write(version, "--label", "came", "--positive-class", "gone")
    assert printed["missing"] == {}


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_a_table_of_few_rows_has_a_report(owner, pgchurn, write, rows):
    owner.run(FILL, 40)
    version = trained(pgchurn)
    owner.run("DELETE FROM churn.customers WHERE customer_id > %s", rows)
    printed, page = write(version)
    shown = text_of(page)
    if rows:
        assert f"The table has {rows} customer" in shown
        assert len(re.findall("<article", page)) == rows
    else:
        assert "The table has no rows that you may see." in shown
        assert list(printed["missing"]) == ["reasons and customers"]


def test_rows_that_cannot_be_scored_are_counted_and_told(owner, write):
    owner.run(FILL, 40)
    version = registered(owner)
    owner.run(
        "UPDATE churn.customers SET data_usage_gb = 'infinity' WHERE customer_id < 6"
    )
    printed, page = write(version, "--label", "churned")
    shown = text_of(page)
    assert "5 customers could not be scored." in shown
    assert "data_usage_gb" in shown
    assert "They are of the 35 customers" in shown
    assert printed["missing"] == {}


def test_a_version_without_explanation_has_the_rest(owner, write):
    owner.run(FILL, 60)
    printed, page = write(registered(owner, unexplained()), "--label", "churned")
    assert list(printed["missing"]) == ["what it goes by", "reasons and customers"]
    assert "KNeighborsClassifier" in printed["missing"]["reasons and customers"]
    assert page.count('class="plot"') == 7


def test_a_version_that_was_deleted_has_a_report(owner, pgchurn, write):
    owner.run(FILL, 60)
    first = registered(owner)
    registered(owner)
    registered(owner)
    pgchurn("delete", str(first))
    printed, page = write(first)
    assert "It was deleted on" in text_of(page)
    assert "the table's scores" in printed["missing"]


def test_a_version_whose_table_is_detached_has_a_report(owner, write):
    owner.run(FILL, 60)
    version = registered(owner)
    owner.run("SELECT churn.detach('churn.customers')")
    printed, page = write(version)
    assert "not attached any more" in printed["missing"]["the table's scores"]
    assert "Version" in text_of(page)


def test_a_version_that_does_not_exist_is_refused(pgchurn, tmp_path):
    file = tmp_path / "report.html"
    printed = pgchurn("report", "99", "-o", str(file), status=1)
    assert "version 99 does not exist" in printed.err
    assert not file.exists()


def test_a_label_that_is_no_column_is_refused(owner, pgchurn, tmp_path):
    owner.run(FILL, 20)
    version = registered(owner)
    command = ("report", str(version), "-o", str(tmp_path / "x"), "--label", "churn")
    assert "has no column 'churn'" in pgchurn(*command, status=1).err


def test_a_file_that_cannot_be_written_is_refused(owner, pgchurn, tmp_path):
    owner.run(FILL, 20)
    version = registered(owner)
    printed = pgchurn("report", str(version), "-o", str(tmp_path), status=1)
    assert "cannot write" in printed.err


def test_what_the_server_refuses_is_a_part_that_is_missing(empty_database):
    with (
        closing(connect(empty_database.url)) as connection,
        connection.cursor() as cursor,
    ):
        missing = part_or_missing(connection, lambda: cursor.execute("SELECT 1 / 0"))
        assert missing == "The server says: division by zero."
        # The transaction goes on.
        part_or_missing(connection, lambda: cursor.execute("SELECT 7"))
        assert part_or_missing(connection, cursor.fetchone) == (7,)


def test_a_cancel_is_no_part_that_is_missing(empty_database):
    with (
        closing(connect(empty_database.url)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SET statement_timeout = '50 ms'")
        with pytest.raises(psycopg2.errors.QueryCanceled):
            part_or_missing(connection, lambda: cursor.execute("SELECT pg_sleep(9)"))


@pytest.fixture
def scorer(owner, empty_database):
    """A role that may score, and read no table of customers."""
    name = f"{empty_database.name}_analyst"
    owner.run(f"CREATE ROLE {quoted(name)} IN ROLE churn_scorer")
    owner.run("REVOKE ALL ON churn.customers FROM churn_scorer")
    yield name
    owner.run(f"DROP OWNED BY {quoted(name)}")
    owner.run(f"DROP ROLE {quoted(name)}")


def url_as(database, role):
    return make_dsn(database.url, options=f"-c role={role}")


def test_who_may_not_read_the_table_gets_what_the_registry_says(
    owner, pgchurn, write, scorer, empty_database
):
    owner.run(FILL, 100)
    version = trained(pgchurn)
    _, page = write(version, url=url_as(empty_database, scorer))
    shown = text_of(page)
    assert "permission denied for table customers" in shown
    assert "The curves are of 20 customers that training held out" in shown
    assert "<article" not in page


def test_who_may_not_read_the_key_sees_no_key(
    owner, pgchurn, write, scorer, empty_database
):
    owner.run(FILL, 100)
    owner.run("UPDATE churn.customers SET customer_id = customer_id + 7654000")
    version = trained(pgchurn)
    _, page = write(version)
    assert page.count("76540") == 5
    columns = ", ".join(
        column
        for column in owner.column(
            "SELECT attname::text FROM pg_attribute"
            " WHERE attrelid = 'churn.customers'::regclass AND attnum > 0"
            " AND NOT attisdropped AND attname <> 'customer_id'"
        )
    )
    owner.run(f"GRANT SELECT ({columns}) ON churn.customers TO {quoted(scorer)}")
    _, page = write(version, url=url_as(empty_database, scorer))
    assert "76540" not in page
    assert "Keys are left out, because you may not read them." in text_of(page)
    assert len(re.findall("<article", page)) == 5


def test_row_level_security_hides_customers(
    owner, pgchurn, write, scorer, empty_database
):
    owner.run(FILL, 100)
    version = trained(pgchurn)
    owner.run(f"""
        GRANT SELECT ON churn.customers TO {quoted(scorer)};
        ALTER TABLE churn.customers ENABLE ROW LEVEL SECURITY;
        CREATE POLICY few ON churn.customers TO {quoted(scorer)}
        USING (customer_id <= 30)
        """)
    _, page = write(version, url=url_as(empty_database, scorer))
    assert "The table has 30 customers." in text_of(page)


def test_names_that_attack_are_shown_as_they_are(owner, pgchurn, write, tmp_path):
    table, column = f"crm.{quoted(ATTACK[:60])}", ATTACK[7:70]
    owner.run("CREATE SCHEMA crm")
    owner.run(
        f"CREATE TABLE {table} (key text PRIMARY KEY, {quoted(column)} text,"
        f" {quoted('label ' + ATTACK[:50])} boolean, calls integer)".replace("%", "%%")
    )
    owner.run("CREATE TABLE crm.complaints (key text)")
    owner.run(
        f"INSERT INTO {table} SELECT i || %s, (ARRAY[%s, %s])[1 + i %% 2], i %% 3 = 0,"
        " i %% 7 FROM generate_series(1, 200) i",
        *(ATTACK, ATTACK, f"\u202e{ATTACK}"),
    )
    owner.run(
        "SELECT churn.attach(%s::regclass, 'key', 'crm.complaints', 'key')", table
    )
    command = ("train", "--table", table, "--label", "label " + ATTACK[:50])
    version = pgchurn(*command, "--algorithm", "logistic_regression")["version"]
    printed, page = write(version)
    assert printed["missing"] == {}
    assert "<script" not in page
    assert "<img" not in page
    assert "<script>" in text_of(page)
    assert "\u202e" not in page
    if reason := browser.missing():
        pytest.skip(reason)
    found = browser.look({"page": page}, 360, tmp_path)["page"]
    assert not found["hasRun"]
    assert not found["scrolls"]


def test_nothing_of_the_machine_stands_in_it(owner, pgchurn, write, tmp_path):
    owner.run(FILL, 60)
    file = tmp_path / "brought.pkl"
    file.write_bytes(fit().artifact)
    version = pgchurn("register", str(file))["version"]
    _, page = write(version, "--label", "churned")
    assert "brought.pkl" in page
    assert str(tmp_path) not in page
    recorded = owner.value("SELECT provenance ->> 'registered_from' FROM churn.models")
    assert recorded
    assert recorded not in page
    assert re.findall(r"https?://|//\w|src=|href=|url\(|@import", page) == []


@pytest.mark.slow(reason="starts Chromium, and the demonstration")
@pytest.mark.parametrize("width", [1100, 360])
def test_the_demonstrations_model_is_shown_whole(
    server, demonstration, tmp_path, capsys, width
):
    if reason := browser.missing():
        pytest.skip(reason)
    file = tmp_path / "report.html"
    with server.database("reported", demonstration.name) as database:
        command = ["report", "1", "-o", str(file), "--format", "json"]
        assert main([*command, "--database-url", database.url]) == 0
    assert json.loads(capsys.readouterr().out)["missing"] == {}
    page = file.read_text("utf-8")
    found = browser.look({"page": page}, width, tmp_path)["page"]
    for what in ("outside", "cutOff", "letters", "overlapping", "unlabelled", "faint"):
        assert found[what] == [], what
    assert not found["scrolls"]
    assert found["plots"] == 7
    assert len(found["headings"]) == 9
    assert browser.printed(page, tmp_path).startswith(b"%PDF")
    assert len(page.encode()) < 300_000
