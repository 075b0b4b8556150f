"""Scoring marked customers until told to stop: ``pgchurn work``."""

import json
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field

import psycopg2
from pgchurn.loader import output
from pgchurn.loader.database import connect, fetch_all, fetch_value, queries
from pgchurn.loader.stopping import stopped_by_signals

# Seconds between reports of progress: to somebody who watches, and to a log.
WATCHED, LOGGED = 1.0, 60.0
# The rate that is reported is that of the last seconds.
RATE_SECONDS = 10.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 30.0


@dataclass
class Settings:
    """What a worker does.

    Attributes
    ----------
    url : str or None
        The database; see ``connect``.
    tables : list of str
        The attached profiles to work for; none: all of them.
    batch_size : int
        Most customers scored in a transaction.
    poll : float
        Seconds after which a sleeping worker looks whether it missed a notification.
    once : bool
        Do one batch of each table and end.
    drain : bool
        End when nothing is left that can be scored.
    report : float or None
        Seconds between reports; by default often on a terminal, seldom elsewhere.
    as_json : bool
        Report in lines of JSON on stdout instead of text on stderr.
    """

    url: str | None = None
    tables: list = field(default_factory=list)
    batch_size: int = 1000
    poll: float = 5.0
    once: bool = False
    drain: bool = False
    report: float | None = None
    as_json: bool = False

    @property
    def ends(self):
        """Whether the worker ends by itself."""
        return self.once or self.drain


class Report:
    """Tells now and then how far the work has come.

    Parameters
    ----------
    settings : Settings
    """

    def __init__(self, settings):
        self.settings = settings
        self.bar = output.status_line(disable=settings.as_json)
        watched = not self.bar.disable
        self.seconds = settings.report or (WATCHED if watched else LOGGED)
        self.scored = self.failed = 0
        self.done = deque()
        self.started = self.reported = time.monotonic()
        self.told = None

    def count(self, scored, failed):
        """Add a batch."""
        self.scored += scored
        self.failed += failed
        self.done.append((time.monotonic(), scored))

    def is_due(self):
        """Tell whether it is time to report."""
        return time.monotonic() - self.reported >= self.seconds

    def rate(self):
        """Return the customers scored per second lately."""
        now = time.monotonic()
        while self.done and now - self.done[0][0] > RATE_SECONDS:
            self.done.popleft()
        seconds = min(now - self.started, RATE_SECONDS)
        return sum(scored for _, scored in self.done) / max(seconds, 0.001)

    def tell(self, backlog, last=False):
        """Report, unless it was told already.

        Parameters
        ----------
        backlog : dict
            ``waiting``, ``failing`` and ``oldest_seconds``.
        last : bool
            Report in any case.
        """
        self.reported = time.monotonic()
        state = (self.scored, self.failed, backlog["waiting"])
        if state == self.told and not last:
            return
        self.told = state
        told = {
            "scored": self.scored,
            "failed": self.failed,
            "per_second": round(self.rate(), 1),
            **backlog,
        }
        if self.settings.as_json:
            print(json.dumps(told, default=output.json_value), flush=True)
        elif self.bar.disable:
            output.message(f"pgchurn: {describe(told)}")
        else:
            self.bar.set_description_str(describe(told))

    def say(self, text):
        """Say something besides."""
        self.bar.write(f"pgchurn: {text}", file=sys.stderr)

    def close(self):
        """Leave the last report on the terminal."""
        self.bar.close()


def describe(told):
    """Return a report as text."""
    text = (
        f"{told['scored']:,} scored, {told['per_second']:,.0f} per second; "
        f"{told['waiting']:,} waiting"
    )
    if told["waiting"]:
        text += f", the oldest for {told['oldest_seconds']:,.1f} s"
    if told["failing"]:
        text += f"; {told['failing']:,} failing, see churn.health"
    return text


class Worker:
    """Scores marked customers batch by batch.

    Parameters
    ----------
    settings : Settings
    stop : Stop
    """

    def __init__(self, settings, stop):
        self.settings = settings
        self.stop = stop
        self.report = Report(settings)
        self.connection = None
        self.sleeps = False
        self.failures = 0

    def run(self):
        """Work until told to stop, or until all is done; return what was done."""
        try:
            # What is wrong from the start is for the caller to mend.
            self.open()
            while True:
                try:
                    if self.connection is None:
                        self.open()
                        self.report.say("connected again")
                    self.work()
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

    def open(self):
        """Connect, and listen for new marks."""
        connection = connect(self.settings.url)
        try:
            connection.autocommit = True
            self.connection = connection
            self.check_tables()
            with connection.cursor() as cursor:
                cursor.execute(queries()["work_listen"])
        except BaseException:
            self.close()
            raise

    def close(self):
        """Disconnect, which lets go of all that the session held."""
        if self.connection is not None:
            with suppress(psycopg2.Error):
                self.connection.close()
        self.connection = None
        self.sleeps = False

    def check_tables(self):
        """Refuse tables that are not attached."""
        for table in self.settings.tables:
            fetch_all(self.connection, "attachment", table=table)

    def work(self):
        """Do batch after batch; sleep when there is nothing to do."""
        while not self.stop.requested:
            done = self.batch()
            self.failures = 0
            if self.settings.once:
                break
            if done:
                if self.report.is_due():
                    self.tell()
                continue
            if self.settings.drain and not self.backlog()["workable"]:
                break
            # Only then is one notified; what came before is found by looking again.
            if not self.settings.ends and not self.sleeps:
                self.sleeps = fetch_value(self.connection, "work_sleep")
                if self.sleeps:
                    continue
            self.tell()
            self.wait()
        self.tell(last=True)

    def batch(self):
        """Do a batch of every table; return how many customers it was about."""
        done = 0
        for table in self.settings.tables or [None]:
            (row,) = fetch_all(
                self.connection,
                "work",
                table=table,
                batch_size=self.settings.batch_size,
            )
            self.report.count(row["scored"], row["failed"])
            done += row["scored"] + row["failed"]
        if done:
            self.wake()
        return done

    def wake(self):
        """Spare writers the notifications while awake."""
        if self.sleeps:
            fetch_value(self.connection, "work_wake")
            self.sleeps = False

    def wait(self):
        """Sleep until notified, told to stop, or the poll is due."""
        deadline = time.monotonic() + self.settings.poll
        while not self.stop.requested and not self.connection.notifies:
            seconds = deadline - time.monotonic()
            if seconds <= 0:
                break
            # While others hold what is left, a draining worker looks more often.
            if self.settings.drain:
                seconds = min(seconds, FIRST_PAUSE)
                deadline = 0
            self.stop.wait(seconds, self.connection)
            self.connection.poll()
        if self.connection.notifies:
            self.connection.notifies.clear()
            self.wake()

    def backlog(self):
        """Return how much waits, and for how long."""
        (row,) = fetch_all(
            self.connection, "work_backlog", tables=self.settings.tables or None
        )
        return row

    def tell(self, last=False):
        """Report progress."""
        backlog = self.backlog()
        del backlog["workable"]
        self.report.tell(backlog, last)

    def pause(self, error):
        """Say what failed, and wait ever longer before it is tried again."""
        seconds = min(FIRST_PAUSE * 2**self.failures, LONGEST_PAUSE)
        self.failures += 1
        message = (error.diag.message_primary or str(error)).strip()
        self.report.say(f"{message}; trying again in {seconds:g} s")
        if self.connection is not None and self.connection.closed:
            self.close()
        deadline = time.monotonic() + seconds
        while not self.stop.requested and time.monotonic() < deadline:
            self.stop.wait(deadline - time.monotonic())


def work(settings):
    """Work until told to stop, or until all is done; return what was done."""
    with stopped_by_signals() as stop:
        return Worker(settings, stop).run()
