"""What each sub-command of ``pgchurn`` does. Each returns the exit status."""

from contextlib import closing
from dataclasses import asdict

from loader import listening, output, signing, working
from loader.database import connect, fetch_all, fetch_value
from loader.demo import run_demo
from loader.doctor import examine
from loader.errors import LoaderError
from loader.profile import Profile
from loader.registration import (
    check_server_environment,
    feature_names,
    load_pickle,
)
from loader.registration import register as register_model
from loader.reports import registration_report, signing_report, training_report
from loader.rescoring import Pace, rescore_profiles
from loader.sinks import Command, StandardOutput
from loader.stopping import stopped_by_signals
from loader.training_run import train_and_register


def train(options):
    """Train on a profile table, report on held-out rows, and register."""
    signer = signer_of(options) if options.key else None
    with closing(connect(options.database_url)) as connection:
        result = train_and_register(
            connection,
            options.table,
            options.label,
            algorithm=options.algorithm,
            exclude=options.exclude,
            positive_class=options.positive_class,
            seed=options.seed,
            compile_form=options.compile_form,
            signer=signer,
        )
    output.print_result(result, options.format, training_report)
    return 0


def signer_of(options):
    """Return who signs, and as what."""
    if options.name is None or options.model_version is None:
        raise LoaderError("a model is signed under --name and --model-version")
    return signing.Signer(
        signing.read_private_key(options.key),
        options.name,
        options.model_version,
        options.expires,
    )


def sign(options):
    """Sign a pickled model."""
    signer = signer_of(options)
    artifact, estimator = load_pickle(options.file)
    statement, not_compiled = signer.describe(
        artifact, estimator, options.features, options.positive_class
    )
    signed = signer.sign(statement)
    file = f"{options.file}.sig"
    signed.write(file)
    output.print_result(
        {
            "file": file,
            "key": signed.key,
            **asdict(statement),
            "not_compiled": not_compiled,
        },
        options.format,
        signing_report,
    )
    return 0


def register(options):
    """Register a pickled model from a file."""
    features, positive_class = options.features, options.positive_class
    described = {}
    if options.signature is not None:
        signed, statement = signing.read_signature(options.signature, options.file)
        features = features or statement.features
        positive_class = positive_class or statement.positive_label()
        described = {"signed": signed, "environment": statement.environment}
    with closing(connect(options.database_url)) as connection:
        profile = Profile.find(connection, options.table)
        check_server_environment(connection)
        connection.rollback()
        artifact, estimator = load_pickle(options.file)
        kinds = profile.feature_kinds(feature_names(estimator, features))
        result = register_model(
            connection,
            profile,
            artifact,
            estimator,
            kinds,
            positive_class=positive_class,
            compile_form=options.compile_form,
            metrics={},
            provenance={"source": "pgchurn register", "file": str(options.file)},
            allow_older=options.allow_older,
            **described,
        )
    output.print_result(result, options.format, registration_report)
    return 0


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


def demo(options):
    """Show a score following a complaint."""
    with closing(connect(options.database_url)) as connection:
        run_demo(connection, options)
    return 0
