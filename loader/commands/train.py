"""``pgchurn train``."""

from argparse import ArgumentParser, Namespace
from contextlib import closing

from pgchurn.loader import output
from pgchurn.loader.commands.options import (
    add_compilation,
    add_format,
    add_seed,
    add_signer,
    add_table,
    add_trained_until,
    add_training,
    signer_of,
)
from pgchurn.loader.database import connect

HELP = "Train a model on a profile table."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_format(parser)
    add_table(parser)
    parser.add_argument(
        "--label", required=True, metavar="COLUMN", help="column that says who churned"
    )
    add_training(parser)
    parser.add_argument(
        "--exclude",
        nargs="+",
        default=[],
        action="extend",
        metavar="COLUMN",
        help="columns that are not to be features",
    )
    parser.add_argument(
        "--positive-class", metavar="VALUE", help="label of those who churned"
    )
    add_seed(parser)
    add_trained_until(parser, "when its rows are read")
    add_signer(parser, required=False)
    add_compilation(parser)


def run(options: Namespace) -> int:
    """Train, report on held-out rows, and register the model."""
    from pgchurn.loader.models.reports import training_report
    from pgchurn.loader.models.training_run import train_and_register

    signer = signer_of(options)
    with closing(connect(options.database_url)) as connection:
        result = train_and_register(
            connection,
            options.table,
            options.label,
            algorithm=options.algorithm,
            exclude=options.exclude,
            positive_class=options.positive_class,
            seed=options.seed,
            time_budget=options.time_budget,
            threads=options.threads,
            compile_form=options.compile_form,
            signer=signer,
            trained_until=options.trained_until,
        )
    output.print_result(result, options.format, training_report)
    return 0
