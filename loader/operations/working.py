"""Scoring pending customers until stopped: ``pgchurn work``."""

import json
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg2
from pgchurn.loader import output
from pgchurn.loader.database import (
    Connection,
    connect,
    fetch_all,
)
from pgchurn.loader.errors import primary_message
from pgchurn.loader.operations.stopping import Stop, stopped_by_signals

# Seconds between reports of progress: to somebody who watches, and to a log.
WATCHED, LOGGED = 1.0, 60.0
# The rate that is reported is that of the last seconds.
RATE_SECONDS = 10.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 30.0
# Who has just scored somebody looks again soon, and then less and less often.
FIRST_LOOK = 0.02
# Seconds between looks at the releases that are under way.
RELEASES_SECONDS = 10.0


@dataclass
class Settings:
    """What a worker does.

    Attributes
    ----------
    url : str or None
        As `database_url` takes it.
    tables : list of str
        The attached profiles to work for; empty: all of them.
    batch_size : int
        Most customers scored in a transaction.
    poll : float
        Seconds between looks for work, once there has been none for a while.
    once : bool
        Do one batch of each table and end.
    drain : bool
        End when nothing is left that can be scored.
    report : float or None
        Seconds between reports; None: often on a terminal, seldom elsewhere.
    as_json : bool
        Report in lines of JSON on stdout instead of text on stderr.
    """

    url: str | None = None
    tables: list[str] = field(default_factory=list)
    batch_size: int = 1000
    poll: float = 0.25
    once: bool = False
    drain: bool = False
    report: float | None = None
    as_json: bool = False

    @property
    def ends(self) -> bool:
        """Whether the worker ends by itself."""
        return self.once or self.drain


class Report:
    """Reports now and then how far the work has come.

    Parameters
    ----------
    settings : Settings
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.bar = output.status_line(disable=settings.as_json)
        watched = not self.bar.disable
        self.seconds = settings.report or (WATCHED if watched else LOGGED)
        self.scored = self.failed = 0
        # When each batch was done, and how many customers it scored.
        self.done: deque[tuple[float, int]] = deque()
        self.started = self.reported_at = time.monotonic()
        self.reported_state: tuple[int, int, int] | None = None

    def count(self, scored: int, failed: int) -> None:
        """Add a batch."""
        self.scored += scored
        self.failed += failed
        self.done.append((time.monotonic(), scored))

    def is_due(self) -> bool:
        """Return whether it is time to report."""
        return time.monotonic() - self.reported_at >= self.seconds

    def rate(self) -> float:
        """Return the customers scored per second lately."""
        now = time.monotonic()
        while self.done and now - self.done[0][0] > RATE_SECONDS:
            self.done.popleft()
        seconds = min(now - self.started, RATE_SECONDS)
        return sum(scored for _, scored in self.done) / max(seconds, 0.001)

    def publish(self, backlog: dict[str, Any], last: bool = False) -> None:
        """Report progress, unless nothing has changed since the last report.

        Parameters
        ----------
        backlog : dict
            ``waiting``, ``failing`` and ``oldest_seconds``.
        last : bool
            Report in any case.
        """
        self.reported_at = time.monotonic()
        state = (self.scored, self.failed, backlog["waiting"])
        if state == self.reported_state and not last:
            return
        self.reported_state = state
        progress = {
            "scored": self.scored,
            "failed": self.failed,
            "per_second": round(self.rate(), 1),
            **backlog,
        }
        if self.settings.as_json:
            print(json.dumps(progress, default=output.json_value), flush=True)
        elif self.bar.disable:
            output.message(f"pgchurn: {progress_text(progress)}")
        else:
            self.bar.set_description_str(progress_text(progress))

    def note(self, text: str) -> None:
        """Print a message beside the progress."""
        self.bar.write(f"pgchurn: {text}", file=sys.stderr)

    def close(self) -> None:
        """Leave the last report on the terminal."""
        self.bar.close()


def progress_text(progress: dict[str, Any]) -> str:
    """Return progress as a line of text."""
    text = (
        f"{progress['scored']:,} scored, {progress['per_second']:,.0f} per second; "
        f"{progress['waiting']:,} waiting"
    )
    if progress["waiting"]:
        text += f", the oldest for {progress['oldest_seconds']:,.1f} s"
    if progress["failing"]:
        text += f"; {progress['failing']:,} failing, see churn.health"
    return text


class Worker:
    """Scores pending customers batch by batch.

    Parameters
    ----------
    settings : Settings
    stop : Stop
    """

    def __init__(self, settings: Settings, stop: Stop) -> None:
        self.settings = settings
        self.stop = stop
        self.report = Report(settings)
        self.connection: Connection | None = None
        self.failures = 0
        self.releases_at = float("-inf")

    def run(self) -> dict[str, int]:
        """Work until stopped, or until all is done; return what was done."""
        try:
            # An error at the start is no interruption: it goes to the caller.
            connection = self.open()
            while True:
                try:
                    if self.connection is None:
                        connection = self.open()
                        self.report.note("connected again")
                    self.work(connection)
                    break
                except psycopg2.Error as error:
                    if self.settings.ends:
                        raise
                    self.pause(error)
                    if self.stop.requested:
                        break
        finally:
            self.close()
            self.report.close()
        return {"scored": self.report.scored, "failed": self.report.failed}

    def open(self) -> Connection:
        """Connect; nothing is left in the session, which may be a pooler's."""
        self.connection = connection = connect(self.settings.url)
        try:
            connection.autocommit = True
            for table in self.settings.tables:
                # An error where it is not attached.
                fetch_all(connection, "attachment", table=table)
        except BaseException:
            self.close()
            raise
        return connection

    def close(self) -> None:
        """Disconnect."""
        if self.connection is not None:
            with suppress(psycopg2.Error):
                self.connection.close()
        self.connection = None

    def work(self, connection: Connection) -> None:
        """Do batch after batch; look now and then when there is nothing to do.

        Nobody is told of new marks: NOTIFY makes transactions commit one after the
        other, and cannot be prepared for a two-phase commit.
        """
        pause = first_look = min(FIRST_LOOK, self.settings.poll)
        while not self.stop.requested:
            self.advance_releases(connection)
            done = self.batch(connection)
            self.failures = 0
            if self.settings.once:
                break
            if done:
                pause = first_look
                if self.report.is_due():
                    self.publish(connection)
                continue
            if self.settings.drain and not self.backlog(connection)["workable"]:
                break
            if pause == first_look or self.report.is_due():
                self.publish(connection)
            self.stop.wait(pause)
            pause = min(2 * pause, self.settings.poll)
        self.publish(connection, last=True)

    def advance_releases(self, connection: Connection) -> None:
        """Measure the guardrails of releases now and then, and take their steps."""
        if time.monotonic() - self.releases_at < RELEASES_SECONDS:
            return
        self.releases_at = time.monotonic()
        for row in fetch_all(connection, "advance_releases"):
            if row["result"] != "inconclusive":
                self.report.note(
                    f"release {row['release_id']}: {row['result']}, the share is "
                    f"{row['share']:g} %"
                    + (f": {row['detail']}" if row["detail"] else "")
                )

    def batch(self, connection: Connection) -> int:
        """Do a batch of every table; return how many customers it was about."""
        done = 0
        tables: list[str] | list[None] = self.settings.tables or [None]
        for table in tables:
            (row,) = fetch_all(
                connection, "work", table=table, batch_size=self.settings.batch_size
            )
            self.report.count(row["scored"], row["failed"])
            done += row["scored"] + row["failed"]
        return done

    def backlog(self, connection: Connection) -> dict[str, Any]:
        """Return how much waits, and for how long."""
        (row,) = fetch_all(
            connection, "work_backlog", tables=self.settings.tables or None
        )
        return row

    def publish(self, connection: Connection, last: bool = False) -> None:
        """Report progress."""
        backlog = self.backlog(connection)
        del backlog["workable"]
        self.report.publish(backlog, last)

    def pause(self, error: psycopg2.Error) -> None:
        """Report an error, and wait before it is tried again, ever longer."""
        seconds = min(FIRST_PAUSE * 2**self.failures, LONGEST_PAUSE)
        self.failures += 1
        self.report.note(f"{primary_message(error)}; trying again in {seconds:g} s")
        if self.connection is not None and self.connection.closed:
            self.close()
        deadline = time.monotonic() + seconds
        while not self.stop.requested and time.monotonic() < deadline:
            self.stop.wait(deadline - time.monotonic())


def work(settings: Settings) -> dict[str, int]:
    """Work until stopped by a signal, or until all is done.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    dict
        How many customers were ``scored``, and how often one ``failed``.
    """
    with stopped_by_signals() as stop:
        return Worker(settings, stop).run()
