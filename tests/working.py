"""``pgchurn work`` in processes of its own, and what is seen of them."""

import json
import os
import select
import subprocess
import sys
import time

from tests.databases import CHECKOUT

LONGEST = 60


class Process:
    """A worker of its own, which reports in lines of JSON."""

    def __init__(self, url, *options):
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "pgchurn.loader", "work", "--format", "json"),
                *("--report", "0.01", *options),
            ],
            cwd=CHECKOUT,
            env={**os.environ, "DATABASE_URL": url},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def report(self):
        """Return its next report."""
        ready, _, _ = select.select([self.process.stdout], [], [], LONGEST)
        assert ready, "the worker says nothing"
        return json.loads(self.process.stdout.readline())

    def report_of(self, scored):
        """Return its first report of that many customers, all in all."""
        while True:
            report = self.report()
            if report["scored"] >= scored:
                return report

    def end(self, number=None):
        """Send it a signal, wait for its end; return its status and what it said."""
        if number is not None:
            self.process.send_signal(number)
        _, said = self.process.communicate(timeout=LONGEST)
        return self.process.returncode, said


def wait_for(condition):
    deadline = time.monotonic() + LONGEST
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def looks(session):
    """Tell whether a worker has looked for work."""
    return session.value(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgchurn'"
        " AND datname = current_database() AND query LIKE '%churn.work(%'"
    )
