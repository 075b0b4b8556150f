"""What scoring leaves behind: processes, and memory that a session never gives back."""

from pathlib import Path

from sklearn.ensemble import RandomForestClassifier

from tests.models import (
    CUSTOMERS,
    KINDS,
    activate,
    default_model,
    fit,
    pipeline_for,
    register,
)
from tests.soak.bars import Bar
from tests.soak.databases import trained_database

MOST_MEGABYTES = 5
BATCH = 200
# What scores rows, by how many at a time.
WORKLOADS = {
    "INSERTs of one row": (
        1,
        "INSERT INTO churn.complaints (customer_id) SELECT 1 + %s %% 40",
    ),
    f"INSERTs of {BATCH} rows": (
        CUSTOMERS,
        "INSERT INTO churn.complaints (customer_id)"
        f" SELECT 1 + (i + %s) %% 40 FROM generate_series(1, {BATCH}) i",
    ),
    "SELECTs of one row": (
        1,
        "SELECT churn.score(c) FROM churn.customers c WHERE customer_id = 1 + %s %% 40",
    ),
    "SELECTs of a table": (
        CUSTOMERS,
        "SELECT churn.score_many(array_agg(c)) FROM churn.customers c WHERE %s >= 0",
    ),
}


def measure(server, full):
    """Score in a session for each form of a model, and look what it has become."""
    scores, few, warm_up = (10_000, 200, 300) if full else (200, 40, 50)
    with trained_database(server, "sessions") as database:
        session = database.session()
        # Says that it wants every processor, which would start workers.
        forest = pipeline_for(KINDS, RandomForestClassifier(10, n_jobs=-1))
        versions = {
            "compiled": (register(session, default_model()), scores),
            "pickled": (register(session, default_model(), compile_form=False), scores),
            "pickled forest": (
                register(session, fit(pipeline=forest), compile_form=False),
                few,
            ),
        }
        session.commit()
        left, threads = 0, 1
        for form, (version, wanted) in versions.items():
            activate(session, version)
            session.commit()
            scoring = Scoring(database, wanted, warm_up)
            left += scoring.left
            threads = max(threads, scoring.threads)
            yield growth_bar(form, wanted, scoring.growth)
        yield Bar(
            "processes left behind by scoring",
            "0, and one thread in a backend",
            f"{left}, and {threads} in a backend",
            (left, threads) == (0, 1),
        )


def growth_bar(form, scores, growth):
    """Return the bar on the memory of sessions that score one form of a model."""
    most = max(growth.values())
    listed = ", ".join(f"{value:.1f} by {name}" for name, value in growth.items())
    return Bar(
        f"memory growth over {scores:,} scores in a session, {form}",
        f"at most {MOST_MEGABYTES} MB",
        f"{most:.1f} MB ({listed})",
        most <= MOST_MEGABYTES,
    )


class Scoring:
    """Scoring by each workload in one session, and what came of it.

    Attributes
    ----------
    growth : dict of str to float
        Megabytes by which the backend grew at each, when it was warm.
    left : int
        Processes besides the backend that there were then, or after the session.
    threads : int
        Of the backend.
    """

    def __init__(self, database, scores, warm_up):
        session = database.session(autocommit=True)
        session.run("SET synchronous_commit = off")
        backend = session.backend
        for rows, statement in WORKLOADS.values():
            repeat(session, statement, max(warm_up // rows, 10))
        self.growth = {}
        for name, (rows, statement) in WORKLOADS.items():
            before = megabytes(backend)
            repeat(session, statement, scores // rows)
            self.growth[name] = megabytes(backend) - before
        self.threads = len(list(Path(f"/proc/{backend}/task").iterdir()))
        left = processes_of(backend)
        session.close()
        # The backend itself may take a moment to end.
        self.left = len((left | processes_of(backend)) - {backend})


def repeat(session, statement, times):
    """Run a statement again and again, with the number of the run."""
    for number in range(times):
        session.run(statement, number)


def megabytes(process):
    """Return the private memory of a process."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return int(fields["RssAnon"].split()[0]) / 1024


def processes_of(backend):
    """Return the processes of a backend's process session, orphans included.

    PostgreSQL makes every backend the leader of one.
    """
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        # The fields after the name: state, parent, group, session.
        if int(text.rpartition(")")[2].split()[3]) == backend:
            found.add(int(path.parent.name))
    return found
