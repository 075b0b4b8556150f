"""Debian's exporter of SQL to Prometheus, on the configuration that is shipped."""

import contextlib
import os
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from urllib.parse import quote, urlencode

from tests import debian_packages
from tests.databases import CHECKOUT

EXPORTER = Path("/usr/bin/prometheus-sql-exporter")
DEBIAN_PACKAGE = "prometheus-sql-exporter"
CONFIGURATION = CHECKOUT / "loader/dashboards/prometheus-sql-exporter.yml"
LONGEST = 20
# What is said there for production, and what a test has instead.
INTERVAL = ("interval: '1m'", "interval: '200ms'")
STARTUP = ("  startup_sql:\n", "  startup_sql:\n  - 'SET ROLE churn_scorer'\n")


def install():
    """Install the exporter where it is missing, or say that only root could."""
    debian_packages.install(DEBIAN_PACKAGE, EXPORTER)


def missing():
    """Return why nothing can be exported, or None."""
    return debian_packages.missing(DEBIAN_PACKAGE, EXPORTER)


def configuration(database):
    """Return the configuration that is shipped, for a database of a test."""
    text = CONFIGURATION.read_text(encoding="utf-8")
    (connection,) = (line for line in text.splitlines() if "postgres://" in line)
    changes = {connection: f"  - '{url_of(database)}'", **dict((INTERVAL, STARTUP))}
    for former, present in changes.items():
        assert text.count(former) == 1
        text = text.replace(former, present)
    return text


def url_of(database):
    """Return the URL of a database, as the exporter takes it."""
    server = database.server
    password = f":{quote(server.password, '')}" if server.password else ""
    place = {"host": server.host, "port": server.port, "sslmode": "disable"}
    user = quote(server.user, "") + password
    return f"postgres://{user}@/{quote(database.name, '')}?{urlencode(place)}"


@contextlib.contextmanager
def exporting(database, folder):
    """Run the exporter on a database.

    Parameters
    ----------
    database : Database
    folder : pathlib.Path
        For its configuration and its log.

    Yields
    ------
    callable
        It returns what the exporter tells Prometheus at the moment.
    """
    path = folder / "exporter.yml"
    path.write_text(configuration(database), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with open(folder / "exporter.log", "w+", encoding="utf-8") as log:
        process = subprocess.Popen(
            [EXPORTER, "-config.file", path, "-web.listen-address", address],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "LOGLEVEL": "warn"},
        )
        try:
            yield lambda: scrape(f"http://{address}/metrics")
        finally:
            process.terminate()
            process.wait()
        log.seek(0)
        complaints = [line for line in log if "level=" in line]
    assert complaints == []


def scrape(address):
    """Return what is told, as soon as the exporter listens."""
    deadline = time.monotonic() + LONGEST
    while True:
        try:
            with urllib.request.urlopen(address, timeout=LONGEST) as answer:
                return answer.read().decode()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
