"""Workload: a consumer of the outbox that is killed again and again."""

import tempfile
from pathlib import Path

from tests.listening import PLUGIN, decoding_server, listen_and_kill
from tests.own_server import as_server
from tests.soak.databases import trained_database


def run(bench):
    """Kill it at random while others write, and hold what it got against the truth."""
    settings = bench.settings
    if not PLUGIN.exists():
        bench.note("listen: left out, because wal2json is not installed")
        return
    bench.progress(f"killing a consumer of the outbox {settings.listener_kills} times")
    with (
        tempfile.TemporaryDirectory() as directory,
        decoding_server() as own,
        trained_database(as_server(own), "listen") as database,
    ):
        session = database.session(autocommit=True)
        session.run("SELECT churn.set_outbox('churn.customers', 'every')")
        session.close()
        reception = listen_and_kill(
            database,
            Path(directory) / "changes",
            settings.listened_writers,
            settings.listener_kills,
        )
    bench.note(f"listen: {settings.listened_writers} writers, {reception}")
    if not reception.faultless:
        bench.problems.append(f"what the consumer got: {reception}")
