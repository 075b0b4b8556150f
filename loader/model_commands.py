"""What the sub-commands of ``pgchurn`` do that read models; each returns a status.

They import scikit-learn, which takes a second that the other commands spare.
"""

from contextlib import closing
from dataclasses import asdict

from pgchurn.loader import attestation, output
from pgchurn.loader.database import connect
from pgchurn.loader.demo import run_demo
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.profile import Profile
from pgchurn.loader.registration import (
    check_server_environment,
    feature_names,
    load_pickle,
)
from pgchurn.loader.registration import register as register_model
from pgchurn.loader.reports import registration_report, signing_report, training_report
from pgchurn.loader.training_run import train_and_register


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
    return attestation.Signer(
        attestation.read_private_key(options.key),
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
        signed, statement = attestation.read_signature(options.signature, options.file)
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


def demo(options):
    """Show a score following a complaint."""
    with closing(connect(options.database_url)) as connection:
        run_demo(connection, options)
    return 0
