"""What the sub-commands of ``pgchurn`` do that read no model; each returns a status."""

from contextlib import closing

from pgchurn.loader import listening, output, working
from pgchurn.loader.database import connect, fetch_all, fetch_value
from pgchurn.loader.doctor import examine
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.rescoring import Pace, rescore_profiles
from pgchurn.loader.sinks import Command, StandardOutput
from pgchurn.loader.stopping import stopped_by_signals


def activate(options):
    """Make a version score its profile, and score the whole table if asked to."""
    with closing(connect(options.database_url)) as connection:
        fetch_value(
            connection,
            "activate_model",
            version=options.version,
            allow_older=options.allow_older,
            allow_expired=options.allow_expired,
        )
        table = fetch_value(connection, "profile_of_version", version=options.version)
        connection.commit()
    result = {"active_version": options.version}
    if options.rescore:
        # Said before it is done, because that takes its time.
        output.message(f"Version {options.version} is active.")
        run = rescore_profiles(options.database_url, table, pace_of(options))
        result["rows"] = run["rows_done"]
    output.print_result(
        result,
        options.format,
        lambda result: (
            rescored(run)
            if options.rescore
            else f"Version {result['active_version']} is active."
        ),
    )
    return 0


def rollback(options):
    """Put the version before the active one in force again."""
    with closing(connect(options.database_url)) as connection:
        version = fetch_value(connection, "rollback_model", table=options.table)
        connection.commit()
    output.print_result(
        {"active_version": version},
        options.format,
        lambda result: f"Version {result['active_version']} is active again.",
    )
    return 0


def models(options):
    """List the registered versions."""
    with closing(connect(options.database_url)) as connection:
        rows = fetch_all(connection, "models")
    output.print_result(
        rows,
        options.format,
        lambda rows: output.table(
            rows, "no models are registered: pgchurn train --help"
        ),
    )
    return 0


def show(options):
    """Show all there is to know about a version."""
    with closing(connect(options.database_url)) as connection:
        rows = fetch_all(connection, "model", version=options.version)
    if not rows:
        raise LoaderError(
            f"version {options.version} does not exist; pgchurn models lists them"
        )
    output.print_result(rows[0], options.format, output.details)
    return 0


def rescore(options):
    """Score a whole table in batches."""
    run = rescore_profiles(options.database_url, options.table, pace_of(options))
    output.print_result(
        {"rows": run["rows_done"], "version": run["version"]},
        options.format,
        lambda result: rescored(run),
    )
    return 0


def work(options):
    """Score the customers that were marked in queued mode."""
    done = working.work(
        working.Settings(
            url=options.database_url,
            tables=options.tables,
            batch_size=options.batch_size,
            poll=options.poll,
            once=options.once,
            drain=options.drain,
            report=options.report,
            as_json=options.format == "json",
        )
    )
    if options.format == "text":
        print(f"Scored {done['scored']:,} customers; {done['failed']:,} failures.")
    return 0


def pace_of(options):
    """Return how a table is to be scored."""
    return Pace(
        options.workers, options.batch_size, options.rows_per_second, options.restart
    )


def rescored(run):
    """Return what is printed of a finished run."""
    return (
        f"Scored {run['rows_done']:,} rows of {run['profile']} with version "
        f"{run['version']}."
    )


def verify(options):
    """List divergences; the status says whether there were any."""
    with closing(connect(options.database_url)) as connection:
        rows = fetch_all(connection, "verify", table=options.table)
    output.print_result(
        rows,
        options.format,
        lambda rows: output.table(rows, "All counters and scores are right."),
    )
    return 1 if rows else 0


def why(options):
    """Show a customer's last two logged scores and the features that differ."""
    with closing(connect(options.database_url)) as connection:
        rows = fetch_all(
            connection, "why_changed", table=options.table, key=options.key
        )
    output.print_result(rows, options.format, output.table)
    return 0


def doctor(options):
    """Check server, packages, roles and triggers; the status says if all is well."""
    with closing(connect(options.database_url)) as connection:
        findings = examine(connection)
    output.print_result(
        findings,
        options.format,
        lambda rows: output.table(
            [{**row, "ok": "ok" if row["ok"] else "PROBLEM"} for row in rows]
        ),
    )
    return 0 if all(found["ok"] for found in findings) else 1


def listen(options):
    """Follow stored scores until told to stop, or give a slot up."""
    if options.drop_slot:
        listening.drop_slot(options.database_url, options.slot)
        output.message(f"pgchurn: dropped slot {options.slot}")
        return 0
    sink = Command(options.exec) if options.exec else StandardOutput()
    with stopped_by_signals() as stop:
        if options.notifications:
            listening.follow_notifications(options.database_url, sink, stop)
        else:
            listening.follow_outbox(options.database_url, options.slot, sink, stop)
    return 0
