"""`pgchurn listen`: changes of scores as lines, whatever is killed."""

import json
import os
import signal
import threading

import psycopg2
import pytest
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.operations import doctor, listening
from pgchurn.loader.operations.sinks import Command
from psycopg2.extensions import make_dsn

from tests.alerts import watch
from tests.listening import (
    PLUGIN,
    PLUGINS,
    Listener,
    decoding_server,
    listen_and_kill,
    permit_plugins,
)
from tests.own_server import as_server
from tests.soak.databases import trained_database

pytestmark = pytest.mark.skipif(not PLUGIN.exists(), reason="wal2json is not installed")


class Never:
    """Somebody who is never told to stop."""

    requested = False

    def wait(self, seconds, *readable):
        threading.Event().wait(min(seconds, 0.1))


@pytest.fixture(scope="module")
def decoding():
    with decoding_server() as own:
        yield own


@pytest.fixture(scope="module")
def source(decoding):
    with trained_database(as_server(decoding), "listening") as database:
        session = database.session(autocommit=True)
        session.run("SELECT churn.set_outbox('churn.customers', 'every')")
        session.close()
        yield database


@pytest.fixture
def writer(source):
    session = source.session()
    yield session
    session.close()


@pytest.fixture
def listener(source, tmp_path):
    """A consumer with a slot of its own, started and ended by the test."""
    listener = Listener(source, tmp_path / "changes")
    yield listener
    listener.give_up()


def complain(session, *customers):
    session.run(
        "INSERT INTO churn.complaints (customer_id) SELECT unnest(%s::bigint[])",
        list(customers),
    )


def keys(lines):
    return [json.loads(line)["key"] for line in lines]


def test_a_line_is_the_row_of_the_outbox(listener, writer):
    listener.start().wait_until_connected()
    complain(writer, 7)
    writer.commit()
    listener.wait_for_lines(1)

    (line,) = listener.lines()
    assert json.loads(line) == writer.value(
        "SELECT to_jsonb(o) || jsonb_build_object('scored_at', o.scored_at::text)"
        " FROM churn.outbox o ORDER BY change_id DESC LIMIT 1"
    )


def test_an_alert_is_a_line_of_its_own_kind_with_a_number_of_its_own(listener, writer):
    listener.start().wait_until_connected()
    complain(writer, 7)
    watch(writer, "ffiii", feature="na\"me'%\n\\é")
    complain(writer, 8)
    writer.commit()
    listener.wait_for_lines(4)

    lines = [json.loads(line) for line in listener.lines()]
    numbers = [line["change_id"] for line in lines]
    assert len(set(numbers)) == 4 and numbers == sorted(numbers)
    assert [line.get("event") for line in lines] == [None, "opened", "resolved", None]
    assert ["key" in line for line in lines] == [True, False, False, True]
    assert lines[1] == writer.value(
        "SELECT to_jsonb(o) || jsonb_build_object('opened_at', o.opened_at::text,"
        " 'told_at', o.told_at::text) FROM churn.alert_outbox o"
        " ORDER BY change_id LIMIT 1"
    )
    writer.run("DELETE FROM churn.alerts; DELETE FROM churn.monitor_results")
    writer.commit()


def test_lines_come_in_the_order_of_commits_and_of_those_committed(
    source, listener, writer
):
    listener.start().wait_until_connected()
    other = source.session()
    complain(writer, 1)
    complain(other, 2)
    other.commit()
    complain(other, 3)
    other.rollback()
    writer.commit()
    complain(writer, 4)
    writer.commit()
    other.close()
    listener.wait_for_lines(3)

    assert keys(listener.lines()) == ["2", "1", "4"]
    ids = [json.loads(line)["change_id"] for line in listener.lines()]
    assert ids[1] < ids[0] < ids[2]


@pytest.mark.slow(reason="kills the consumer three times")
def test_a_consumer_killed_while_others_write_misses_nothing(source, listener):
    reception = listen_and_kill(source, listener.file, writers=3, kills=3)

    assert reception.faultless, reception


def test_it_ends_when_it_is_told_to_and_goes_on_where_it_stopped(listener, writer):
    listener.start().wait_until_connected()
    complain(writer, 1)
    writer.commit()
    listener.wait_for_lines(1)
    status, said = listener.end(signal.SIGTERM)
    assert (status, said) == (
        0,
        "pgchurn: created slot pgchurn: changes from now on\n",
    )

    complain(writer, 2)
    writer.commit()
    listener.start().wait_for_lines(2)
    assert listener.end(signal.SIGINT) == (0, "")

    assert keys(listener.lines()) == ["1", "2"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_it_survives_the_servers_restart(decoding, source, listener, how):
    listener.start().wait_until_connected()
    decoding.end(how)
    decoding.start()
    session = source.session(autocommit=True)
    complain(session, 5)
    session.close()
    listener.wait_for_lines(1)

    status, said = listener.end()
    assert status == 0
    assert "connecting again" in said and "connected again" in said
    assert keys(listener.lines()) == ["5"]


def test_what_a_command_did_not_take_comes_again(listener, writer, tmp_path):
    listener.start("--exec", "cat > /dev/null; exit 3").wait_until_connected()
    complain(writer, 1, 2)
    writer.commit()
    status, said = listener.result()
    assert status == 1
    assert "the command ended with status 3" in said

    listener.start("--exec", f"cat >> {tmp_path}/changes").wait_for_lines(2)

    assert listener.end()[0] == 0
    assert sorted(keys(listener.lines())) == ["1", "2"]


def test_what_nobody_reads_any_more_comes_again(listener, writer):
    reading, writing = os.pipe()
    listener.start(output=writing).wait_until_connected()
    os.close(writing)
    os.close(reading)
    complain(writer, 1)
    writer.commit()
    status, said = listener.result()
    assert status == 1
    assert "the reader of the output is gone" in said

    listener.start().wait_for_lines(1)
    assert keys(listener.lines()) == ["1"]


def test_what_a_kill_left_of_a_line_does_not_run_into_the_next(listener, writer):
    listener.file.write_text('{"change_id": 1, "ke')
    listener.start().wait_until_connected()
    complain(writer, 1)
    writer.commit()
    listener.wait_for_lines(2)

    torn, whole = listener.lines()
    assert torn == '{"change_id": 1, "ke'
    assert keys([whole]) == ["1"]


def test_more_changes_than_it_keeps_in_memory_come_whole(listener, writer):
    listener.start().wait_until_connected()
    writer.run(
        "INSERT INTO churn.customers (customer_id) SELECT generate_series(2001, 5000)"
    )
    writer.commit()
    listener.wait_for_lines(3000)
    writer.run("DELETE FROM churn.customers WHERE customer_id > 2000")
    writer.commit()

    assert sorted(map(int, keys(listener.lines()))) == list(range(2001, 5001))


def test_notifications_need_no_slot(source, listener, writer):
    writer.run("SELECT churn.set_notifications('churn.customers', 'every')")
    writer.commit()
    listener.start("--notifications")
    listener.wait_until_listening()
    complain(writer, 1)
    writer.commit()
    listener.wait_for_lines(1)
    watch(writer, "ff")
    writer.commit()
    listener.wait_for_lines(2)
    writer.run("SELECT churn.set_notifications('churn.customers', 'off')")
    writer.run("DELETE FROM churn.alerts; DELETE FROM churn.monitor_results")
    writer.commit()

    score, alert = map(json.loads, listener.lines())
    assert score["key"] == "1"
    assert (alert["event"], alert["metric"]) == ("opened", "psi")
    assert listener.end() == (0, "")


def test_a_slot_is_given_up_and_only_once(listener):
    listener.start().wait_until_connected()
    listener.end()
    listener.start("--drop-slot")
    assert listener.process.communicate()[1] == "pgchurn: dropped slot pgchurn\n"

    listener.start("--drop-slot")

    assert listener.process.communicate()[1] == (
        "pgchurn: there is no replication slot pgchurn\n"
    )
    assert listener.process.returncode == 1


def test_a_slot_has_one_reader(source, listener, monkeypatch):
    monkeypatch.setattr(listening, "SLOT_PATIENCE", 0.2)
    listener.start().wait_until_connected()

    with pytest.raises(LoaderError, match="is active for PID .*--slot"):
        listening.follow_outbox(source.url, "pgchurn", Command("true"), Never())


def test_the_doctor_warns_of_a_slot_that_nobody_reads(source, listener, monkeypatch):
    listener.start().wait_until_connected()
    connection = source.session().connection

    def found():
        connection.rollback()
        return [row for row in doctor.examine(connection) if "slot" in row["check"]]

    (read,) = found()
    assert read["ok"] and read["found"].startswith("is being read, keeps ")
    listener.end()
    (abandoned,) = found()
    assert abandoned["ok"]

    monkeypatch.setattr(doctor, "MOST_WAL_KEPT", 0)
    (abandoned,) = found()

    assert not abandoned["ok"]
    assert abandoned["found"].endswith("pgchurn listen --slot pgchurn, or --drop-slot")


def refusal(url, slot="refused"):
    with pytest.raises((LoaderError, psycopg2.Error)) as refused:
        listening.follow_outbox(url, slot, Command("true"), Never())
    return str(refused.value)


def test_a_server_that_does_not_decode_is_refused(module_database, server):
    session = module_database.session()
    if session.value("SELECT current_setting('wal_level')") == "logical":
        pytest.skip("this server does")

    assert refusal(module_database.url) == (
        "wal_level is replica: set it to logical and restart the server"
    )


def test_a_server_without_the_plugin_is_refused(decoding, source, monkeypatch):
    monkeypatch.setattr(listening, "PLUGIN", "wal2nothing")
    permit_plugins(decoding, f"{PLUGINS}, wal2nothing")
    version = source.session().connection.server_version // 10_000

    assert refusal(source.url) == (
        "wal2nothing is not installed on the server: "
        f"apt-get install postgresql-{version}-wal2nothing"
    )


def test_a_role_that_may_not_replicate_is_refused(source):
    session = source.session(autocommit=True)
    session.run("CREATE ROLE reader LOGIN")

    assert refusal(make_dsn(source.url, user="reader")) == (
        "role reader may not read replication slots: ALTER ROLE reader REPLICATION"
    )
    session.run("DROP ROLE reader")


def test_a_role_that_may_replicate_needs_nothing_else(source, listener, writer):
    writer.run("CREATE ROLE reader LOGIN REPLICATION")
    writer.commit()
    listener.start(
        "--database-url", make_dsn(source.url, user="reader")
    ).wait_until_connected()
    complain(writer, 1)
    writer.commit()
    listener.wait_for_lines(1)
    listener.end()
    writer.run("DROP ROLE reader")
    writer.commit()

    assert keys(listener.lines()) == ["1"]


def test_a_slot_of_another_kind_is_refused(source):
    session = source.session(autocommit=True)
    session.run("SELECT pg_create_logical_replication_slot('other', 'test_decoding')")

    assert "slot other is of test_decoding in database" in refusal(source.url, "other")
    session.run("SELECT pg_drop_replication_slot('other')")


def test_any_consumer_can_decode_the_outbox_in_sql(source, writer):
    writer.run("SELECT pg_create_logical_replication_slot('by_hand', 'wal2json')")
    writer.commit()
    complain(writer, 9)
    writer.commit()

    (change,) = writer.column(
        "SELECT data::json FROM pg_logical_slot_get_changes('by_hand', NULL, NULL,"
        " 'format-version', '2', 'add-tables', 'churn.outbox',"
        " 'include-transaction', 'false')"
    )
    writer.run("SELECT pg_drop_replication_slot('by_hand')")

    assert (change["action"], change["table"]) == ("I", "outbox")
    assert {"name": "key", "type": "text", "value": "9"} in change["columns"]
