"""``pgchurn register``."""

from argparse import ArgumentParser, Namespace
from contextlib import closing

from pgchurn.loader import output
from pgchurn.loader.commands.options import (
    add_allow_older,
    add_compilation,
    add_features,
    add_format,
    add_model,
    add_pipeline,
    add_table,
    add_trained_until,
)
from pgchurn.loader.database import connect
from pgchurn.loader.files import read_model_file

HELP = "Bring a model: a pickle of scikit-learn's, a booster's own file, or ONNX."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_format(parser)
    add_table(parser)
    add_model(parser)
    add_pipeline(parser)
    parser.add_argument(
        "--attestation",
        metavar="FILE.attestation",
        help="what pgchurn sign wrote for it",
    )
    parser.add_argument(
        "--expected",
        metavar="COLUMN|FILE",
        help="compare with your own predictions: a column of the table, or a CSV file "
        "of keys and probabilities",
    )
    add_features(parser)
    add_trained_until(parser, "nobody knows")
    add_compilation(parser)
    parser.add_argument(
        "--allow-pickle",
        action="store_true",
        help="let the pickle score where there is no compiled form; for superusers",
    )
    add_allow_older(parser)
    parser.add_argument(
        "--allow-unknown",
        action="store_true",
        help="even where most values of a feature are unknown to its encoder",
    )


def run(options: Namespace) -> int:
    """Register a model from a file."""
    from pgchurn.loader.models.attestation import Attestation
    from pgchurn.loader.models.bringing import artifact_of
    from pgchurn.loader.models.candidate import Candidate
    from pgchurn.loader.models.profile import Profile
    from pgchurn.loader.models.registration import check_server_environment, register
    from pgchurn.loader.models.reports import registration_report
    from pgchurn.loader.models.signature import feature_names

    content = read_model_file(options.file)
    features, positive_class = options.features, options.positive_class
    attestation = None
    if options.attestation is not None:
        attestation = Attestation.read(options.attestation)
        features = features or attestation.read_statement().features
    artifact = artifact_of(content, options.file, features, options.pipeline)
    if attestation is not None:
        # Before the pickle is read: another one than was signed is not.
        statement = attestation.statement_about(artifact)
        positive_class = positive_class or statement.positive_label()
    with closing(connect(options.database_url)) as connection:
        profile = Profile.find(connection, options.table)
        check_server_environment(connection)
        connection.rollback()
        candidate = Candidate.from_pickle(artifact, options.file)
        result = register(
            connection,
            profile,
            candidate,
            profile.feature_kinds(feature_names(candidate.estimator, features)),
            positive_class=positive_class,
            metrics={},
            provenance={"source": "pgchurn register", "file": str(options.file)},
            compile_form=options.compile_form,
            allow_pickle=options.allow_pickle,
            attestation=attestation,
            allow_older=options.allow_older,
            expected=options.expected,
            allow_unknown=options.allow_unknown,
            trained_until=options.trained_until,
        )
    output.print_result(result, options.format, registration_report)
    return 0
