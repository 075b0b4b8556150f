"""A streaming replica: it scores, follows activations, and refuses to write."""

import signal
import time

from tests.databases import Database
from tests.models import (
    TOLERANCE,
    activate,
    default_model,
    divergences,
    expected_scores,
    other_model,
    register,
)
from tests.own_server import OwnServer, as_server, directories, own_server
from tests.releases import end, expected, step, stored_versions
from tests.soak.bars import Bar
from tests.soak.databases import trained_database

LONGEST_REPLAY = 60
READ_ONLY = "25006"
WRITES = (
    "INSERT INTO churn.complaints (customer_id) VALUES (1)",
    "UPDATE churn.customers SET age = 20",
    "SELECT churn.activate_model(2)",
    "SELECT churn.rollback_model('churn.customers')",
    "SELECT churn.set_on_error('churn.customers', 'raise')",
    "CALL churn.rescore('churn.customers')",
)


def measure(server, full):
    """Replicate a server of the soak's own; both forms are the same."""
    with own_server() as primary, directories(1) as (directory,):
        replica = OwnServer(directory, {"hot_standby": "on"})
        with trained_database(
            as_server(primary), "replica", compiled=False
        ) as database:
            replica.copy(primary)
            try:
                replica.start()
                yield from bars(database, replica)
            finally:
                replica.end(signal.SIGQUIT)


def bars(database, replica):
    """Compare the replica with the primary and with the client's own scores."""
    primary = database.session(autocommit=True)
    standby = as_server(replica)
    reader = Database(standby, database.name).session(autocommit=True)
    # A pickled version, then a compiled one, then the first again.
    for change, model in (
        (None, default_model()),
        (
            lambda: activate(primary, register(primary, other_model())),
            other_model(),
        ),
        (
            lambda: primary.run("SELECT churn.rollback_model('churn.customers')"),
            default_model(),
        ),
    ):
        if change is not None:
            change()
            primary.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (2)")
        wait_for_replay(primary, reader)
        worst = largest_difference(reader, model)
        drift = len(divergences(reader))
        version = reader.value("SELECT version FROM churn.active_deployments")
        yield Bar(
            f"streaming replica, version {version} active on the primary",
            "churn.score as at the client, churn.verify empty",
            f"largest difference {worst:.0e}, {drift} divergences",
            worst <= TOLERANCE and drift == 0,
        )
    yield release_bar(primary, reader)
    refusals = {statement: reader.refusal(statement) for statement in WRITES}
    wrong = [
        f"{statement}: {refusal.sqlstate} {refusal.message}"
        for statement, refusal in refusals.items()
        if refusal.sqlstate != READ_ONLY
    ]
    yield Bar(
        "writes on the streaming replica",
        f"{len(WRITES)} refused with {READ_ONLY}",
        f"{len(WRITES) - len(wrong)} refused; {'; '.join(wrong) or 'none otherwise'}",
        not wrong,
    )
    reader.close()


def release_bar(primary, reader):
    """Release a version to half of the customers, and have the replica score them."""
    active = primary.value("SELECT version FROM churn.active_deployments")
    other = primary.value(
        "SELECT max(version) FROM churn.models WHERE version <> %s", active
    )
    step(primary, other)
    primary.run(
        "INSERT INTO churn.complaints (customer_id)"
        " SELECT customer_id FROM churn.customers"
    )
    wait_for_replay(primary, reader)
    truth = expected(reader, default_model(), other_model())
    scored = dict(
        reader.run("SELECT customer_id::text, churn.score(c) FROM churn.customers c")
    )
    worst = max(abs(scored[key] - truth[key]) for key in truth)
    named = sorted(set(stored_versions(reader).values()))
    drift = len(divergences(reader))
    end(primary)
    return Bar(
        "streaming replica, a release to half of the customers under way",
        "churn.score of each by the version of its arm, churn.verify empty",
        f"largest difference {worst:.0e}, versions {named}, {drift} divergences",
        worst <= TOLERANCE and named == sorted((active, other)) and drift == 0,
    )


def wait_for_replay(primary, reader):
    """Return when the replica has replayed all that the primary has written."""
    written = primary.value("SELECT pg_current_wal_insert_lsn()")
    deadline = time.monotonic() + LONGEST_REPLAY
    while not reader.value("SELECT pg_last_wal_replay_lsn() >= %s", written):
        if time.monotonic() > deadline:
            raise RuntimeError("the replica does not follow")
        time.sleep(0.02)


def largest_difference(session, model):
    """Return how far churn.score and the client are apart, the stored score too."""
    expected = expected_scores(session, model)
    scored = dict(
        session.run("SELECT customer_id::text, churn.score(c) FROM churn.customers c")
    )
    return max(abs(scored[key] - expected[key]) for key in expected)
