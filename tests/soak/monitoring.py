"""What churn.monitor takes for a window of many rows: seconds and megabytes."""

import os
import threading
import time
from pathlib import Path

from tests.models import activate, fit, training_frame
from tests.monitoring import register_with_rows
from tests.soak.bars import Bar
from tests.soak.databases import migrated_database
from tests.soak.sessions import megabytes

MOST_SECONDS = 60
MOST_MEGABYTES = 200
PROFILE = "company.clients"
# Twenty features of the three kinds.
KINDS = {
    **dict.fromkeys((f"number_{i}" for i in range(14)), "number"),
    **dict.fromkeys((f"flag_{i}" for i in range(3)), "boolean"),
    **dict.fromkeys((f"text_{i}" for i in range(3)), "text"),
}
SQL_TYPES = {"number": "double precision", "boolean": "boolean", "text": "text"}
# As training_frame makes them up.
VALUES = {
    "number": "random() * 100",
    "boolean": "random() < 0.5",
    "text": "substr('abc', 1 + floor(random() * 3)::integer, 1)",
}
LOG = """
    INSERT INTO churn.predictions
    SELECT a.attachment_id, (i % %s)::text, %s, random(), json_build_object({features}),
           'complaint', now() - i * interval '1 second' * 80000 / %s
    FROM churn_internal.attachment_of(%s::regclass) a, generate_series(1, %s) i
"""


def measure(server, full):
    """Log rows of twenty features, and measure the window that they are in."""
    rows = 1_000_000 if full else 20_000
    with migrated_database(server, "monitoring") as database:
        session = database.session(autocommit=True)
        create(session, rows)
        session = database.session(autocommit=True)
        before, backend = megabytes(session.backend), session.backend
        watch = Watch(backend)
        started = time.monotonic()
        results = session.run("SELECT * FROM churn.monitor(%s)", PROFILE)
        seconds = time.monotonic() - started
        processor = processor_seconds(backend)
        most = watch.end() - before
    yield Bar(
        f"churn.monitor over {rows:,} logged rows of 20 features",
        f"at most {MOST_SECONDS} s",
        f"{seconds:.1f} s, {processor:.1f} of a processor, {len(results)} results",
        seconds <= MOST_SECONDS and len(results) >= 60,
    )
    yield Bar(
        "memory that it takes beyond a fresh session's",
        f"at most {MOST_MEGABYTES} MB",
        f"{most:.0f} MB",
        most <= MOST_MEGABYTES,
    )


def create(session, rows):
    """Create a table with a model and a log of a day, most rows of a customer each."""
    columns = ", ".join(f"{name} {SQL_TYPES[kind]}" for name, kind in KINDS.items())
    session.run(
        f"CREATE SCHEMA company; CREATE TABLE {PROFILE} (id integer PRIMARY KEY,"
        f" {columns}); CREATE TABLE company.calls (client integer REFERENCES {PROFILE})"
    )
    session.run(
        "SELECT churn.attach(%s::regclass, 'id', 'company.calls', 'client')", PROFILE
    )
    model = fit(KINDS)
    frame, _ = training_frame(KINDS, rows=10_000)
    version = register_with_rows(session, model, frame, PROFILE)
    activate(session, version)
    session.run("SELECT churn.set_prediction_log(%s, 1)", PROFILE)
    features = ", ".join(f"'{name}', {VALUES[kind]}" for name, kind in KINDS.items())
    session.run(
        LOG.format(features=features).replace("i % %s", "i %% %s"),
        *(rows * 9 // 10, version, rows, PROFILE, rows),
    )
    session.run("ANALYZE churn.predictions")


def processor_seconds(process):
    """Return how long a process has kept a processor busy."""
    text = Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    user, system = text.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


class Watch:
    """Looks again and again how much memory a process has."""

    def __init__(self, process):
        self.process = process
        self.most = 0.0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.look)
        self.thread.start()

    def look(self):
        """Look until it is over."""
        while not self.over.wait(0.05):
            self.most = max(self.most, megabytes(self.process))

    def end(self):
        """Return the most megabytes that there were."""
        self.over.set()
        self.thread.join()
        return self.most
