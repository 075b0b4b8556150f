"""Releases while others insert: each score is that of the version it names."""

import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import psycopg2

from tests.models import (
    KINDS,
    TOLERANCE,
    client_value,
    default_model,
    divergences,
    other_model,
    register,
)
from tests.soak.activations import LONGEST_INSERT, insert_until
from tests.soak.bars import Bar
from tests.soak.databases import trained_database
from tests.soak.load import setting

WRITERS, WORKERS = 8, 3
LOG = "SELECT churn.set_prediction_log('churn.customers', 1.0)"
RELEASE = (
    "SELECT churn.release('churn.customers', %s, steps => '{20,50,100}', hold => '0 s',"
    " min_customers => 0, limits => %s)"
)
ADVANCE = "SELECT result FROM churn.advance_releases()"
CANCEL = "SELECT churn.cancel_release('churn.customers')"
STATES = "SELECT state, count(*) FROM churn.releases GROUP BY 1"
LENIENT = dict.fromkeys(
    (
        *("failures", "time_ratio", "row_microseconds", "flip_rate", "mean_shift"),
        "unseen_rate",
    ),
    1e9,
)
# A limit that every model is sure to exceed.
STRICT = {**LENIENT, "time_ratio": 0}


def measure(server, full):
    """Release versions in turn while eight writers insert and three workers work."""
    with trained_database(server, "releases") as database:
        yield releases_bar(database, 50 if full else 9)


def releases_bar(database, rounds):
    """Release and insert at once; compare every logged score with its version's."""
    session = database.session(autocommit=True)
    models = {2: default_model(), register(session, other_model()): other_model()}
    session.run(LOG)
    over, inserted = threading.Event(), threading.Semaphore(0)
    with ThreadPoolExecutor(WRITERS + WORKERS) as pool, setting(over):
        writers = [
            pool.submit(
                insert_until, over, inserted, database.session(autocommit=True), seed
            )
            for seed in range(WRITERS)
        ]
        workers = [
            pool.submit(work_until, over, database.session(autocommit=True))
            for _ in range(WORKERS)
        ]
        errors = release_in_turn(session, list(models), rounds, inserted)
    written, failures = zip(*(writer.result() for writer in writers))
    errors += [failure for listed in failures for failure in listed]
    errors += [failure for worker in workers for failure in worker.result()]
    while sum(session.row("SELECT scored, failed FROM churn.work(1000)")):
        pass
    states = dict(session.run(STATES))
    wrong, scores = wrong_scores(session, models)
    unfresh = len(divergences(session))
    deadlocks = sum("deadlock" in error for error in errors)
    return Bar(
        f"{rounds} releases while {WRITERS} writers insert and {WORKERS} workers work",
        "0 errors; every score is that of the version it names; verify is empty",
        f"{len(errors)} errors, {deadlocks} of them deadlocks"
        f"{': ' + errors[0] if errors else ''}; {wrong} wrong of {scores:,} scores; "
        f"verify finds {unfresh}; {sum(written):,} INSERTs; releases: {states}",
        not errors
        and not wrong
        and not unfresh
        and {*states} == {"promoted", "cancelled", "rolled back"},
    )


def release_in_turn(session, versions, rounds, inserted):
    """Promote, cancel and roll back releases in turn; return the errors."""
    errors = []
    for number in range(rounds):
        active = session.value("SELECT version FROM churn.active_deployments")
        challenger = next(version for version in versions if version != active)
        end = ("promote", "cancel", "roll back")[number % 3]
        try:
            limits = LENIENT if end != "roll back" else STRICT
            wait_for_inserts(inserted)
            session.run(RELEASE, challenger, json.dumps(limits))
            wait_for_inserts(inserted)
            while session.run(ADVANCE):
                wait_for_inserts(inserted)
                if end == "cancel":
                    session.run(CANCEL)
        except psycopg2.Error as error:
            errors.append(str(error).strip())
    return errors


def wait_for_inserts(inserted, number=20):
    """Wait until so many more complaints have come in."""
    while inserted.acquire(blocking=False):
        pass
    for _ in range(number):
        if not inserted.acquire(timeout=LONGEST_INSERT):
            raise RuntimeError("the writers do not get on")


def work_until(over, session):
    """Score whoever is marked, batch by batch; return the errors."""
    source = random.Random(0)
    errors = []
    while not over.wait(source.random() / 50):
        try:
            session.run("SELECT churn.work(10)")
        except psycopg2.Error as error:
            errors.append(str(error).strip())
    return errors


def wrong_scores(session, models):
    """Return how many logged scores are not their version's, and how many there are."""
    rows = session.run("SELECT version, score, features FROM churn.predictions")
    frame = pd.DataFrame(
        {
            name: [client_value(features[name], kind) for _, _, features in rows]
            for name, kind in KINDS.items()
        }
    )
    expected = {
        version: model.probabilities(frame) for version, model in models.items()
    }
    wrong = sum(
        version not in models or not abs(score - expected[version][place]) <= TOLERANCE
        for place, (version, score, _) in enumerate(rows)
    )
    return wrong, len(rows)
