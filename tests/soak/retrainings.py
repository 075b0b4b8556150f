"""Retrainings that are killed: nothing half done, and the same decision in the end."""

import random
import subprocess
import sys
import time

import numpy as np
import pandas as pd

from tests.comparing import log
from tests.models import Model, pipeline_for, populate
from tests.real_customers import LABEL, PROFILE, load, read_data
from tests.retraining import (
    COMPARED_AT,
    CUSTOMERS,
    TRAINED_AT,
    champion,
    days_ago,
    log_year,
    poor_model,
)
from tests.soak.bars import Bar
from tests.soak.databases import migrated_database

LONGEST = 600
# As soon as the version is registered, and before anything is decided.
REGISTERED = "registered"
REQUESTS = (
    "SELECT request_id, decision, version, release_id FROM churn.retraining_requests"
)
MADE = (
    "SELECT version FROM churn.models WHERE provenance ->> 'source' = 'pgchurn retrain'"
)
# The spans begin and end where it was first taken, and a version that was not committed
# leaves a gap in their numbers.
DECIDED = """
    SELECT r.decision, r.decision_reason, r.evidence - '{spans,challenger}'::text[],
           encode(m.artifact_sha256, 'hex')
    FROM churn.retraining_requests r LEFT JOIN churn.models m USING (version)
"""
OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name = 'pgchurn'"
)


def measure(server, full):
    """Kill a retraining at moments of its run, and let it be finished."""
    prepare, profile, options, kills = (
        (real_customers, PROFILE, ("--algorithm", "auto"), 10)
        if full
        else (made_up, CUSTOMERS, ("--algorithm", "logistic_regression"), 1)
    )
    command = ("--table", profile, "--time-budget", str(LONGEST), *options)
    with migrated_database(server, "retrainings") as source:
        session = source.session(autocommit=True)
        prepare(session)
        session.run("SELECT churn.request_retraining(%s::regclass)", profile)
        session.close()
        yield kills_bar(server, source, command, kills)


def made_up(session):
    """Log a year of made-up customers."""
    populate(session)
    version = champion(session, poor_model())
    log_year(session, poor_model(), version, 600)


def real_customers(session):
    """Log real customers as two cohorts, of a champion that knows little of them."""
    columns, complained = load(session)
    rows = read_data()
    names = [name for name in columns if name != LABEL]
    frame = pd.DataFrame({name: [float(row[name]) for row in rows] for name in names})
    frame["complaint_count"] = np.isin(np.arange(len(rows)), complained).astype(float)
    left = np.array([row[LABEL] == "1" for row in rows])
    kinds = dict.fromkeys(["Age Group", "complaint_count"], "number")
    coin = np.random.default_rng(0).random(len(rows)) < 0.5
    model = Model(pipeline_for(kinds).fit(frame, coin), kinds)
    version = champion(session, model, profile=PROFILE, key="customer")
    halves = np.array_split(np.random.default_rng(1).permutation(len(rows)), 2)
    for days, half in zip((TRAINED_AT, COMPARED_AT), halves):
        cohort = frame.iloc[half]
        log(
            session,
            *(cohort, left[half], model.probabilities(cohort), version),
            *(days_ago(days), PROFILE, half.astype(str).tolist()),
        )


def kills_bar(server, source, command, kills):
    """Compare an undisturbed run with those that were killed."""
    with server.database("retraining_undisturbed", source.name) as database:
        started = time.monotonic()
        finish(database, command)
        taken = time.monotonic() - started
        session = database.session(autocommit=True)
        undisturbed = session.row(DECIDED)
    moments = [REGISTERED]
    moments += [taken * random.Random(n).uniform(0.05, 0.95) for n in range(kills)]
    found = []
    for number, moment in enumerate(moments):
        while len(found) == number:
            with server.database(f"retraining_{number}", source.name) as database:
                one = killed_and_finished(database, command, moment)
            if one["killed"]:
                found.append(one)
            elif moment != REGISTERED:
                # It was quicker than the undisturbed one.
                moment *= 0.9
    half = sum(one["half"] for one in found)
    doubled = sum(one["doubled"] for one in found)
    same = sum(one["decided"] == undisturbed for one in found)
    resumed = sum(one["resumed"] for one in found)
    return Bar(
        f"pgchurn retrain killed at {len(moments)} moments of its run",
        "no half-registered version, no doubled request or release, same decision",
        f"{half} half-registered, {doubled} doubled, {same} the same decision "
        f"({undisturbed[0]}) and bytes; {resumed} of them resumed with the version "
        f"that was registered; undisturbed {taken:.0f} s",
        half == doubled == 0
        and same == len(moments)
        and resumed >= 1
        and undisturbed[0] == "released",
    )


def killed_and_finished(database, command, moment):
    """Kill a run at a moment, then do another; return what was found."""
    session = database.session(autocommit=True)
    process = subprocess.Popen(
        arguments(command),
        env=database.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(session, process, moment)
    process.kill()
    killed = process.wait() < 0
    # A server's process that is in the middle of something finds out at its end.
    deadline = time.monotonic() + LONGEST
    while session.value(OTHERS):
        if time.monotonic() > deadline:
            raise RuntimeError("the sessions of who was killed do not end")
        time.sleep(0.01)
    (request,) = session.run(REQUESTS)
    made = session.column(MADE)
    half = made != ([] if request[2] is None else [request[2]])
    finish(database, command)
    decided = session.row(DECIDED)
    doubled = (
        session.value("SELECT count(*) FROM churn.retraining_requests"),
        len(session.column(MADE)),
        session.value("SELECT count(*) FROM churn.releases"),
    ) != (1, 1, 1)
    session.close()
    return {
        "killed": killed,
        "resumed": made != [] and request[1] is None,
        "half": half,
        "doubled": doubled,
        "decided": decided,
    }


def wait_for(session, process, moment):
    """Return at a moment of a run: after some seconds, or when it has registered."""
    if moment != REGISTERED:
        time.sleep(moment)
        return
    deadline = time.monotonic() + LONGEST
    while not session.column(MADE):
        if time.monotonic() > deadline or process.poll() is not None:
            raise RuntimeError("nothing was registered")
        time.sleep(0.002)


def finish(database, command):
    """Run it to the end."""
    done = subprocess.run(
        arguments(command), env=database.environment(), capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(done.stderr)


def arguments(command):
    """Return what is run."""
    return [sys.executable, "-m", "pgchurn.loader", "retrain", *command]
