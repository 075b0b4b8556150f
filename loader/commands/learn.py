"""``pgchurn learn``."""

from argparse import ArgumentParser, Namespace

from pgchurn.loader import output
from pgchurn.loader.commands.options import (
    add_compilation,
    add_format,
    add_signer,
    add_table,
    signer_of,
)

HELP = "Learn from outcomes that are mature, and release what comes of it."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument(
        "--replay",
        action="store_true",
        help="learn all once more, from the base version, and compare; nothing is "
        "written",
    )
    parser.add_argument(
        "--no-release",
        dest="release",
        action="store_false",
        help="register what is learned, and release nothing",
    )
    parser.add_argument(
        "--pickle",
        metavar="FILE.pkl",
        help="the pickle of the base version, for roles that may not read it",
    )
    add_table(parser)
    add_format(parser)
    add_signer(parser, required=False)
    add_compilation(parser)


def run(options: Namespace) -> int:
    """Learn, or replay; return 1 where what is replayed differs."""
    from pgchurn.loader.models.learning_report import learning_report, replay_report
    from pgchurn.loader.models.learning_run import learn, replay

    if options.replay:
        result = replay(options.database_url, options.table, options.pickle)
        output.print_result(result, options.format, replay_report)
        return 1 if result["busy"] or result["differing"] else 0
    result = learn(
        options.database_url,
        options.table,
        pickle_file=options.pickle,
        compile_form=options.compile_form,
        signer=signer_of(options),
        release=options.release,
    )
    output.print_result(result, options.format, learning_report)
    return 0
