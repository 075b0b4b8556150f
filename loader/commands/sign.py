"""``pgchurn sign``."""

from argparse import ArgumentParser, Namespace
from dataclasses import asdict

from pgchurn.loader import output
from pgchurn.loader.commands.options import (
    add_features,
    add_format,
    add_model,
    add_pipeline,
    add_signer,
    signer_of,
)
from pgchurn.loader.files import read_model_file

HELP = "Sign a model; writes FILE.attestation."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_format(parser)
    add_model(parser)
    add_pipeline(parser)
    add_signer(parser, required=True)
    add_features(parser)


def run(options: Namespace) -> int:
    """Sign a model from a file."""
    from pgchurn.loader.models.bringing import artifact_of
    from pgchurn.loader.models.candidate import Candidate
    from pgchurn.loader.models.reports import signing_report

    signer = signer_of(options)
    assert signer is not None, "argparse insists on a key"
    artifact = artifact_of(
        read_model_file(options.file), options.file, options.features, options.pipeline
    )
    candidate = Candidate.from_pickle(artifact, options.file)
    statement, not_compiled = signer.describe(
        candidate, options.features, options.positive_class
    )
    attestation = signer.sign(statement)
    file = f"{options.file}.attestation"
    attestation.write(file)
    result = {
        "file": file,
        "key": attestation.key,
        **asdict(statement),
        "not_compiled": not_compiled,
    }
    output.print_result(result, options.format, signing_report)
    return 0
