"""Checks that show a DBA what is wrong before anybody else notices."""

import json
from collections.abc import Callable
from importlib import metadata
from typing import Any

import psycopg2
from pgchurn.loader.database import Connection, fetch_all, fetch_value
from pgchurn.loader.errors import primary_message
from pgchurn.loader.operations.migrating import newest_revision
from pgchurn.migrations.mending import granted
from pgchurn.plpython.runtime.environment import (
    MODEL_PACKAGES,
    REPORTED_PACKAGES,
    current_environment,
)

TRIGGERS_OF_AN_ATTACHMENT = 6
MOST_NAMED = 3
# So many batches that are quarantined in a row hardly ever are by chance.
STANDS_STILL = 3
# Of a job that runs every night, so that one night may be missed.
MOST_SECONDS_UNTAKEN = 2 * 86_400
MEND = "run pgchurn doctor --mend"
# Kept by a slot that nobody reads, it is about to fill the disk.
MOST_WAL_KEPT = 1 << 30

Finding = dict[str, Any]
Row = dict[str, Any]


def examine(connection: Connection) -> list[Finding]:
    """Run every check that can be run.

    Returns
    -------
    list of dict
        With ``check``, ``ok`` (bool) and ``found`` (what there is, or what to do).
    """
    server = fetch_all(connection, "doctor_server")[0]
    findings = [
        finding("PostgreSQL", True, server["version"]),
        encoding(server["encoding"]),
        finding(
            "PL/Python",
            server["has_plpython"],
            "plpython3u is installed"
            if server["has_plpython"]
            else "run pgchurn migrate",
        ),
    ]
    if server["has_release"]:
        findings.append(release(connection))
    findings.append(revision(connection, server["has_revision"]))
    if not all(found["ok"] for found in findings):
        return findings
    findings += environment(connection)
    findings.append(
        complete("roles", fetch_all(connection, "doctor_roles"), "are missing")
    )
    if findings[-1]["ok"]:
        findings += ownership(connection)
    findings.append(
        complete(
            "event triggers",
            fetch_all(connection, "doctor_event_triggers"),
            "are missing or disabled",
        )
    )
    findings.append(pickles(fetch_all(connection, "doctor_pickles")))
    findings.append(prediction_log(fetch_all(connection, "doctor_prediction_log")[0]))
    for check, told in (
        ("attachments", attachment),
        ("writes", write),
        ("labels", labels),
        ("monitoring", monitoring),
        ("alerts", alerts),
        ("learning", learning),
        ("retraining", retraining),
        ("releases", released),
        ("queues", queue),
        ("slots", slot),
    ):
        findings += findings_of(connection, check, told)
    # The last one, since a model that does not load ends the transaction.
    findings.append(active_models(connection))
    return findings


def finding(check: str, ok: bool, found: str) -> Finding:
    """Return what one check has found."""
    return {"check": check, "ok": ok, "found": found}


def findings_of(
    connection: Connection, check: str, told: Callable[[Row], Finding]
) -> list[Finding]:
    """Return what a check finds, or that lost rights keep it from looking."""
    try:
        rows = fetch_all(connection, f"doctor_{check}")
    except psycopg2.errors.InsufficientPrivilege as error:
        connection.rollback()
        message = primary_message(error).splitlines()[0]
        return [finding(check, False, f"{message}: {MEND}, as superuser")]
    return [told(row) for row in rows]


def encoding(name: str) -> Finding:
    """Tell what the database's encoding means for text."""
    unchecked = " is unchecked: text must be UTF-8, or its rows are refused"
    return finding("encoding", True, name + (unchecked if name == "SQL_ASCII" else ""))


def complete(check: str, missing: list[Row], trouble: str) -> Finding:
    """Return the finding on things that should all be there."""
    names = ", ".join(row["name"] for row in missing)
    return finding(check, not names, f"{names} {trouble}" if names else "all there")


def ownership(connection: Connection) -> list[Finding]:
    """Return the findings on owners and rights, which a restore may have lost."""
    lost = fetch_all(connection, "doctor_lost_rights", granted=json.dumps(granted()))
    return [
        finding(check, not rows, f"{named(rows)} {trouble}" if rows else "as installed")
        for check, rows, trouble in (
            (
                "owners",
                fetch_all(connection, "doctor_owners"),
                f"with another owner than they had: {MEND}",
            ),
            (
                "rights of everybody",
                fetch_all(connection, "doctor_public_rights"),
                f"open to everybody: {MEND}",
            ),
            ("rights of roles", lost, f"is missing: {MEND}"),
        )
    ]


def named(rows: list[Row]) -> str:
    """Return the names of a few things, and how many there are."""
    names = ", ".join(row["name"] for row in rows[:MOST_NAMED])
    more = len(rows) - MOST_NAMED
    return f"{names} and {more} more" if more > 0 else names


def release(connection: Connection) -> Finding:
    """Compare the release that installed the database with this one."""
    installed = fetch_value(connection, "doctor_release")
    here = metadata.version("pgchurn")
    if installed == here:
        return finding("pgchurn", True, installed)
    return finding(
        "pgchurn",
        False,
        f"{installed} in the database, {here} here: run pgchurn migrate with the newer "
        "of the two, and use that",
    )


def revision(connection: Connection, has_revision: bool) -> Finding:
    """Compare the database's revision with the newest."""
    head = newest_revision()
    current = fetch_value(connection, "doctor_revision") if has_revision else None
    if current == head:
        return finding("revision", True, f"{current}, the newest")
    return finding("revision", False, f"{current}, not {head}: run pgchurn migrate")


def environment(connection: Connection) -> list[Finding]:
    """Compare the server's interpreter and packages with this one's."""
    try:
        server = fetch_value(connection, "server_environment")
    except psycopg2.Error as error:
        connection.rollback()
        return [
            finding("server's Python", False, primary_message(error).splitlines()[0])
        ]
    here = current_environment()
    findings = [interpreter(server)]
    for package in MODEL_PACKAGES:
        agrees = server[package] == here[package]
        findings.append(
            finding(
                package,
                agrees,
                f"{server[package]} on the server"
                + ("" if agrees else f", {here[package]} here: install the same"),
            )
        )
    findings += [
        finding(package, False, "missing on the server: install it")
        for package in REPORTED_PACKAGES
        if package not in MODEL_PACKAGES and server[package] is None
    ]
    findings.append(trusted_keys(connection, server))
    return findings


def active_models(connection: Connection) -> Finding:
    """Load the active models, as sessions that score do, and tell what they take."""
    try:
        fetch_value(connection, "warm")
        server = fetch_value(connection, "server_environment")
    except psycopg2.Error as error:
        connection.rollback()
        return finding("active models", False, primary_message(error).splitlines()[0])
    return finding(
        "active models",
        True,
        f"{server['memory_megabytes']} MB in a session that has loaded them",
    )


def interpreter(server: Row) -> Finding:
    """Return the finding on the server's Python, by which the runtime is compiled."""
    check, version = "server's Python", server["python"]
    if server["runtime_is_compiled"]:
        return finding(check, True, version)
    return finding(
        check,
        False,
        f"{version}, for which pgchurn's modules are not compiled, so each session "
        f"compiles them: {MEND}, as superuser",
    )


def trusted_keys(connection: Connection, server: Row) -> Finding:
    """Return the finding on the keys that may attest models."""
    if not fetch_value(connection, "doctor_trusted_keys"):
        return finding(
            "trusted keys",
            False,
            "others than superusers may change them: churn_trust.trusted_keys and "
            "churn_trust.allowed_pickles must belong to a superuser, and both triggers "
            "of either be ENABLE ALWAYS",
        )
    if not server["trusted_keys"]:
        return finding("trusted keys", True, "none: models need no attestation")
    if server["cryptography"] is None:
        return finding(
            "trusted keys", False, "cryptography is missing on the server: install it"
        )
    return finding("trusted keys", True, f"{server['trusted_keys']} in force")


def pickles(rows: list[Row]) -> Finding:
    """Return the finding on versions that score from their pickles."""
    if not rows:
        return finding("pickles", True, "none is read by sessions that serve")
    versions = ", ".join(f"{row['version']} ({row['use']})" for row in rows)
    return finding("pickles", True, f"scoring from their pickles: {versions}")


def prediction_log(row: Row) -> Finding:
    """Return the finding on the partitions of churn.predictions."""
    if row["caught"] or (row["used"] and not row["prepared"]):
        return finding(
            "prediction log",
            False,
            "partitions are missing: call churn.expire_predictions every month",
        )
    return finding(
        "prediction log", True, "has its partitions" if row["used"] else "off"
    )


def attachment(row: Row) -> Finding:
    """Return the finding on one attachment."""
    check = f"{row['profile']} with {row['complaints']}"
    if row["triggers"] != TRIGGERS_OF_AN_ATTACHMENT:
        return finding(
            check,
            False,
            f"only {row['triggers']} of {TRIGGERS_OF_AN_ATTACHMENT} triggers fire: "
            "enable them or run pgchurn doctor --mend, then pgchurn verify",
        )
    if row["wants_log"] and not row["logs"]:
        return finding(
            check,
            False,
            "scores are not logged as they should be: call churn.set_prediction_log",
        )
    active = (
        f"version {row['version']} is active" if row["version"] else "no active model"
    )
    return finding(check, True, active)


def write(row: Row) -> Finding:
    """Return the finding on a profile with triggers and the like of others."""
    check = f"writing {row['profile']}"
    if row["reason"] is not None:
        return finding(
            check,
            False,
            f"{row['reason']}: complaints are kept, their customers marked in "
            "churn.health",
        )
    if row["changed"]:
        return finding(
            check,
            False,
            f"version {row['version']} reads {', '.join(row['changed'])}, which each "
            "score changes: train without, or have the trigger go by columns of the "
            "application, WHEN ((OLD.a, OLD.b) IS DISTINCT FROM (NEW.a, NEW.b))",
        )
    return finding(check, True, "works, with the triggers and checks of others")


def labels(row: Row) -> Finding:
    """Return the finding on the labels that tell outcomes."""
    check = f"labels of {row['profile']}"
    if row["unrecorded"] is None:
        return finding(
            check,
            False,
            f"column {row['label']} is gone, or of a type that is no label: call "
            "churn.set_outcome with another, or with null",
        )
    if row["unrecorded"]:
        return finding(
            check,
            False,
            f"{row['unrecorded']} are not recorded: call churn.set_outcome again",
        )
    return finding(check, True, f"{row['label']} is recorded")


def monitoring(row: Row) -> Finding:
    """Return the finding on an attachment that was monitored once."""
    check = f"monitoring of {row['profile']}"
    days = row["seconds_since"] / 86_400
    if row["seconds_since"] > row["seconds_allowed"]:
        return finding(
            check,
            False,
            f"nobody has looked for {days:,.0f} days: run pgchurn monitor, every night "
            "or week",
        )
    return finding(check, True, f"last looked {days:,.1f} days ago")


def alerts(row: Row) -> Finding:
    """Return the finding on the open alerts of an attachment."""
    check = f"alerts of {row['profile']}"
    known = "" if row["unacknowledged"] else ", acknowledged"
    names = [
        {"name": f"{metric} of {feature}" if feature else metric}
        for metric, feature in zip(row["metrics"], row["features"])
    ]
    found = f"{row['open']} open{known}: {named(names)}"
    if not row["unacknowledged"]:
        return finding(check, True, found)
    return finding(
        check, False, f"{found}: see churn.open_alerts, call churn.acknowledge_alert"
    )


def learning(row: Row) -> Finding:
    """Return the finding on the batches of outcomes that are quarantined in a row."""
    check = f"learning of {row['profile']}"
    if row["in_a_row"] < STANDS_STILL:
        return finding(check, True, f"{row['learned']:,} batches learned")
    return finding(
        check,
        False,
        f"stands still: the last {row['in_a_row']} batches are quarantined, see "
        f"churn.learning_batches; {row['reason']}",
    )


def retraining(row: Row) -> Finding:
    """Return the finding on a profile that is to be retrained."""
    check = f"retraining of {row['profile']}"
    request = row["request_id"]
    if row["seconds"] > MOST_SECONDS_UNTAKEN:
        undone = f"taken request {request}" if request else "asked for what is due"
        return finding(
            check,
            False,
            f"nobody has {undone} for {row['seconds'] / 86400:,.0f} days: run pgchurn "
            "retrain every night",
        )
    if request is None:
        return finding(check, True, "is due")
    state = f"waits: {row['waiting']}" if row["waiting"] else "is open"
    return finding(check, True, f"request {request} {state}")


def released(row: Row) -> Finding:
    """Return the finding on a release that is under way."""
    check = f"release of {row['profile']}"
    version = f"version {row['challenger']}"
    where = f"{version} at {row['share']:g} %"
    if row["lacks"]:
        return finding(
            check,
            False,
            f"{version} {row['lacks']}: pgchurn release cancel, and release another",
        )
    if row["failed"]:
        return finding(
            check,
            False,
            f"{where} is held, since a guardrail fails: {row['reason']}: pgchurn "
            "release cancel or resume",
        )
    if row["seconds_since"] > row["seconds_allowed"]:
        return finding(
            check,
            False,
            f"nobody has measured {version} for {row['seconds_since'] / 3600:,.1f} "
            "hours: run pgchurn work, or pgchurn release advance every ten minutes",
        )
    held = ", held" + (f": {row['reason']}" if row["reason"] else "")
    return finding(check, True, f"{where}{held if row['held'] else ''}")


def queue(row: Row) -> Finding:
    """Return the finding on customers who wait and whom nobody scores."""
    remedy = "run pgchurn work" if row["version"] else "activate a model"
    return finding(
        f"queue of {row['profile']}",
        False,
        f"{row['waiting']} marks wait, the first for {row['seconds'] / 60:,.0f} "
        f"minutes: {remedy}",
    )


def slot(row: Row) -> Finding:
    """Return the finding on one consumer's replication slot."""
    check = f"slot {row['slot']}"
    if row["wal_status"] == "lost":
        return finding(
            check,
            False,
            f"has lost changes: pgchurn listen --drop-slot --slot {row['slot']}",
        )
    state = "is being read" if row["active"] else "is not being read"
    if row["kept"] is None:
        return finding(check, True, state)
    found = f"{state}, keeps {row['kept'] / (1 << 20):,.0f} MB of WAL"
    if row["active"] or row["kept"] < MOST_WAL_KEPT:
        return finding(check, True, found)
    return finding(
        check, False, f"{found}: pgchurn listen --slot {row['slot']}, or --drop-slot"
    )
