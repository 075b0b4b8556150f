"""``pgchurn train``."""

from argparse import ArgumentParser, Namespace
from contextlib import closing

from pgchurn.loader import output
from pgchurn.loader.commands.options import (
    add_compilation,
    add_format,
    add_signer,
    add_table,
    add_trained_until,
    positive_integer,
    positive_seconds,
    signer_of,
)
from pgchurn.loader.database import connect
from pgchurn.loader.models.algorithms import ALGORITHMS

HELP = "Train a model on a profile table."
DEFAULT_TIME_BUDGET = 300


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_format(parser)
    add_table(parser)
    parser.add_argument(
        "--label", required=True, metavar="COLUMN", help="column that says who churned"
    )
    parser.add_argument(
        "--algorithm",
        choices=(*ALGORITHMS, "auto"),
        default="auto",
        help="auto takes the average that does best in cross-validation "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--time-budget",
        type=positive_seconds,
        default=DEFAULT_TIME_BUDGET,
        metavar="SECONDS",
        help="what there is no time for is left out (default: %(default)s)",
    )
    parser.add_argument(
        "--threads",
        type=positive_integer,
        default=1,
        metavar="N",
        help="of each fit; on a busy machine more take longer (default: %(default)s)",
    )
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
    parser.add_argument(
        "--seed", type=int, default=0, help="of the split and the models (default: 0)"
    )
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
