"""Dump and restore: whether `churn.verify` says the truth about what came of it.

The source has a counter and a score that are wrong on purpose, which a restore either
carries along or mends; what is right is counted apart from `verify`.
"""

import contextlib
import tempfile
from pathlib import Path

from tests.models import (
    TOLERANCE,
    default_model,
    divergences,
    expected_scores,
    stored_scores,
)
from tests.soak.bars import Bar
from tests.soak.databases import migrated_database, trained_database

DRIFT = """
    SET session_replication_role = replica;
    UPDATE churn.customers SET complaint_count = complaint_count + 5
        WHERE customer_id = 1;
    UPDATE churn.customers SET churn_score = 0.5 WHERE customer_id = 2;
    RESET session_replication_role;
"""
MISCOUNTED = """
    SELECT customer_id::text FROM churn.customers p
    WHERE complaint_count <> (SELECT count(*) FROM churn.complaints c
                              WHERE c.customer_id = p.customer_id)
"""
# What a migrated database has already.
NOT_ITS_OWN = (
    "--exclude-table=churn.attachments",
    "--exclude-table=churn_migrations.alembic_version",
)


def measure(server, full):
    """Dump and restore in each way; both forms are the same."""
    with (
        trained_database(server, "dumped") as source,
        tempfile.TemporaryDirectory() as folder,
    ):
        session = source.session(autocommit=True)
        session.run(DRIFT)
        dump = Path(folder) / "dump.sql"
        for case, restored, expected in (
            ("full", restored_whole, {"1", "2"}),
            ("schema only, then the data", restored_in_two, {"1", "2"}),
            ("data only, triggers disabled", restored_as_it_was, {"1", "2"}),
            # Counters are counted anew; the model comes last, so no score is given.
            ("data only", restored_with_triggers, {"2"}),
        ):
            with restored(server, source, dump) as target:
                yield verify_bar(case, target, expected)
        with restored_schema(server, source, dump) as target:
            yield refusal_bar(target)


def verify_bar(case, target, expected):
    """Hold what verify finds against what there is to find."""
    session = target.session()
    found = {key for key, *_ in divergences(session)}
    wrong = wrong_rows(session)
    rows = session.value("SELECT count(*) FROM churn.customers")
    return Bar(
        f"dump and restore, {case}",
        "verify finds what is wrong, and nothing else",
        f"{len(found)} found, {len(wrong)} wrong, of {rows} customers",
        found == wrong and rows > 0 and wrong == expected,
    )


def wrong_rows(session):
    """Return the keys of rows that are wrong, counted and scored at the client."""
    wrong = set(session.column(MISCOUNTED))
    stored, expected = stored_scores(session), expected_scores(session, default_model())
    return wrong | {
        key
        for key, score in stored.items()
        if score is None or not abs(score - expected[key]) <= TOLERANCE
    }


def refusal_bar(target):
    """Return whether verify says that there is nothing to verify by."""
    refusal = target.session().refusal("SELECT churn.verify('churn.customers')")
    return Bar(
        "dump and restore, schema only",
        "verify refuses with 22023: the table is not attached",
        f"{refusal.sqlstate}: {refusal.message}",
        refusal.sqlstate == "22023" and refusal.message.endswith("is not attached"),
    )


def dump(source, file, *options):
    """Write a dump."""
    source.program("pg_dump", "--file", file, *options)


def load(target, file):
    """Run a dump; the first error ends it."""
    target.program("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", file)


@contextlib.contextmanager
def restored_whole(server, source, file):
    """Restore everything into an empty database."""
    dump(source, file)
    with server.database("soak_restored") as target:
        load(target, file)
        yield target


@contextlib.contextmanager
def restored_schema(server, source, file):
    """Restore the schema into an empty database."""
    dump(source, file, "--schema-only")
    with server.database("soak_restored") as target:
        load(target, file)
        yield target


@contextlib.contextmanager
def restored_in_two(server, source, file):
    """Restore the schema into an empty database, then all data."""
    with restored_schema(server, source, file) as target:
        dump(source, file, "--data-only", "--disable-triggers")
        load(target, file)
        yield target


@contextlib.contextmanager
def restored_as_it_was(server, source, file):
    """Restore the data into a migrated database without any trigger."""
    dump(source, file, "--data-only", "--disable-triggers", *NOT_ITS_OWN)
    with migrated_database(server, "restored") as target:
        load(target, file)
        yield target


@contextlib.contextmanager
def restored_with_triggers(server, source, file):
    """Restore the data into a migrated database whose triggers fire."""
    dump(source, file, "--data-only", *NOT_ITS_OWN)
    with migrated_database(server, "restored") as target:
        load(target, file)
        yield target
