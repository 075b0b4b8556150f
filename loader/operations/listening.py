"""Following stored scores and alerts: `pgchurn listen`.

The outbox is read through a logical replication slot, which keeps what was not
confirmed even when client or server crashes. A line is confirmed only after it was
delivered, so that one may come twice and none is missed.
"""

import json
import time
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from typing import Any

import psycopg2
from pgchurn.loader import output
from pgchurn.loader.database import (
    connect,
    connection_options,
    fetch_all,
    fetch_value,
    queries,
)
from pgchurn.loader.errors import LoaderError, primary_message
from pgchurn.loader.operations.sinks import HEARTBEAT, Sink
from pgchurn.loader.operations.stopping import Stop
from psycopg2 import errorcodes
from psycopg2.extras import LogicalReplicationConnection, ReplicationCursor

PLUGIN = "wal2json"
OPTIONS = {
    "format-version": "2",
    "add-tables": "churn.outbox,churn.alert_outbox",
    "actions": "insert",
    "include-types": "0",
}
# Changes between two confirmations while there is no end of them.
MOST_UNCONFIRMED = 1000
# Between two attempts to connect again.
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5
# How long the server may take to notice that the slot's last reader was killed.
SLOT_PATIENCE = 10

# Called when it is connected.
Connected = Callable[[], object]


def follow_outbox(url: str | None, slot: str, sink: Sink, stop: Stop) -> None:
    """Deliver every change of a score or an alert, in the order of commits.

    Parameters
    ----------
    url : str or None
        As `database_url` takes it.
    slot : str
        Name of the replication slot; it is created where there is none.
    sink : Sink
    stop : Stop
        When to end.
    """
    prepare_slot(url, slot)
    keep_connected(partial(follow_slot, url, slot, sink, stop), stop)


def follow_notifications(url: str | None, sink: Sink, stop: Stop) -> None:
    """Deliver the notifications of stored scores and alerts, from now on."""
    connect(url).close()
    keep_connected(partial(follow_channel, url, sink, stop), stop)


def drop_slot(url: str | None, slot: str) -> None:
    """Drop a slot, and what it keeps."""
    with closing(connect(url)) as connection:
        if not fetch_all(connection, "listen_slot", slot=slot):
            raise LoaderError(f"there is no replication slot {slot}")
        fetch_value(connection, "listen_drop_slot", slot=slot)
        connection.commit()


def prepare_slot(url: str | None, slot: str) -> None:
    """Create a slot where there is none; refuse a server or a slot that cannot work."""
    with closing(connect(url)) as connection:
        server = fetch_all(connection, "listen_server")[0]
        if server["wal_level"] != "logical":
            raise LoaderError(
                f"wal_level is {server['wal_level']}: set it to logical and restart "
                "the server"
            )
        if not server["may_replicate"]:
            raise LoaderError(
                f"role {server['role']} may not read replication slots: "
                f"ALTER ROLE {server['role']} REPLICATION"
            )
        found = fetch_all(connection, "listen_slot", slot=slot)
        if found:
            check_slot(slot, found[0])
            return
        # It cannot be created in a transaction that has written.
        connection.rollback()
        try:
            fetch_value(connection, "listen_create_slot", slot=slot, plugin=PLUGIN)
        except psycopg2.errors.UndefinedFile as error:
            version = connection.server_version // 10_000
            raise LoaderError(
                f"{PLUGIN} is not installed on the server: "
                f"apt-get install postgresql-{version}-{PLUGIN}"
            ) from error
        connection.commit()
    output.message(f"pgchurn: created slot {slot}: changes from now on")


def check_slot(slot: str, found: dict[str, Any]) -> None:
    """Refuse a slot that is no consumer's of this database."""
    if found["plugin"] != PLUGIN or found["database"] != found["current_database"]:
        raise LoaderError(
            f"slot {slot} is of {found['plugin'] or 'physical replication'} in "
            f"database {found['database'] or '-'}: choose another name with --slot"
        )
    if found["wal_status"] == "lost":
        raise LoaderError(
            f"slot {slot} has lost what it had to send, because it lay longer than "
            "max_slot_wal_keep_size allows: drop it with --drop-slot, read the "
            "scores anew and start again"
        )


def keep_connected(follow: Callable[[Connected], None], stop: Stop) -> None:
    """Run `follow` again whenever the connection is lost, until it ends by itself.

    Parameters
    ----------
    follow : callable
        Takes a callable that it calls when it is connected.
    stop : Stop
    """
    pause: float = FIRST_PAUSE

    def connected() -> None:
        nonlocal pause
        if pause > FIRST_PAUSE:
            output.message("pgchurn: connected again")
        pause = FIRST_PAUSE

    while not stop.requested:
        try:
            return follow(connected)
        except psycopg2.Error as error:
            if not is_lost_connection(error):
                raise
            if pause == FIRST_PAUSE:
                output.message(f"pgchurn: {primary_message(error)}; connecting again")
        stop.wait(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def is_lost_connection(error: psycopg2.Error) -> bool:
    """Return whether the connection failed, or the server is starting or stopping."""
    if error.pgcode is None:
        return type(error) in (psycopg2.OperationalError, psycopg2.DatabaseError)
    return error.pgcode in (
        errorcodes.ADMIN_SHUTDOWN,
        errorcodes.CRASH_SHUTDOWN,
        errorcodes.CANNOT_CONNECT_NOW,
        errorcodes.TOO_MANY_CONNECTIONS,
    )


def follow_slot(
    url: str | None, slot: str, sink: Sink, stop: Stop, connected: Connected
) -> None:
    """Deliver what the slot sends, on one connection, until it is time to end."""
    with closing(
        psycopg2.connect(
            connection_factory=LogicalReplicationConnection,
            **connection_options(url, "pgchurn listen"),
        )
    ) as connection:
        cursor = connection.cursor()
        if not start_stream(cursor, slot, stop):
            return
        connected()
        # What the sink took of a transaction whose end did not come, comes again.
        sink.lines.clear()
        Stream(cursor, sink, stop).follow()


def start_stream(cursor: ReplicationCursor, slot: str, stop: Stop) -> bool:
    """Start the stream; return whether it did before the time came to end."""
    deadline = time.monotonic() + SLOT_PATIENCE
    while not stop.requested:
        try:
            cursor.start_replication(slot_name=slot, decode=True, options=OPTIONS)
            return True
        except psycopg2.errors.ObjectInUse as error:
            if time.monotonic() > deadline:
                raise LoaderError(
                    f"{primary_message(error)}: end that one, or choose another name "
                    "with --slot"
                ) from error
        stop.wait(FIRST_PAUSE)
    return False


class Stream:
    """The changes that a replication slot has to send.

    Parameters
    ----------
    cursor : psycopg2.extras.ReplicationCursor
        Started.
    sink : Sink
    stop : Stop
    """

    def __init__(self, cursor: ReplicationCursor, sink: Sink, stop: Stop) -> None:
        self.cursor = cursor
        self.sink = sink
        self.stop = stop
        self.unconfirmed = 0
        # Where the last whole transaction ends, until it is confirmed.
        self.end: int | None = None

    def follow(self) -> None:
        """Deliver changes until it is time to end."""
        in_transaction = False
        while True:
            message = self.cursor.read_message()
            if message is None:
                if not in_transaction:
                    self.confirm()
                    if self.stop.requested:
                        return
                if not self.stop.wait(HEARTBEAT, self.cursor):
                    self.heartbeat()
                continue
            record = json.loads(message.payload)
            if record["action"] == "B":
                in_transaction = True
            elif record["action"] == "I":
                self.sink.add(line_of(record), self.heartbeat)
                self.unconfirmed += 1
            elif record["action"] == "C":
                in_transaction = False
                self.end = message.data_start
                if self.stop.requested or self.unconfirmed >= MOST_UNCONFIRMED:
                    self.confirm()
                    if self.stop.requested:
                        return

    def confirm(self) -> None:
        """Deliver whole transactions, and only then tell the server so."""
        if self.end is not None:
            self.sink.deliver(self.heartbeat)
            self.cursor.send_feedback(flush_lsn=self.end, force=True)
            self.end = None
            self.unconfirmed = 0

    def heartbeat(self) -> None:
        """Show the server that the reader is alive; errors are left to reading."""
        with suppress(psycopg2.Error):
            self.cursor.send_feedback(force=True)


def line_of(record: dict[str, Any]) -> str:
    """Return a row of either outbox as a line of JSON."""
    values = {column["name"]: column["value"] for column in record["columns"]}
    return json.dumps(values, ensure_ascii=False) + "\n"


def follow_channel(
    url: str | None, sink: Sink, stop: Stop, connected: Connected
) -> None:
    """Deliver notifications, on one connection, until it is time to end."""
    with closing(connect(url)) as connection:
        connection.autocommit = True
        connection.cursor().execute(queries()["listen_channels"])
        connected()
        while not stop.requested:
            stop.wait(HEARTBEAT, connection)
            connection.poll()
            for notification in connection.notifies:
                sink.add(notification.payload + "\n", no_heartbeat)
            connection.notifies.clear()
            sink.deliver(no_heartbeat)


def no_heartbeat() -> None:
    """Do nothing: a session that listens need not show that it is alive."""
