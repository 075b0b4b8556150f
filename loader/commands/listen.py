"""``pgchurn listen``."""

from argparse import ArgumentParser, Namespace

from pgchurn.loader import output
from pgchurn.loader.commands.options import add_format
from pgchurn.loader.operations.listening import (
    drop_slot,
    follow_notifications,
    follow_outbox,
)
from pgchurn.loader.operations.sinks import Command, Sink, StandardOutput
from pgchurn.loader.operations.stopping import stopped_by_signals

HELP = "Print stored scores and alerts as JSON lines, as they come."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_format(parser)
    parser.add_argument(
        "--slot",
        default="pgchurn",
        metavar="NAME",
        help="replication slot that remembers what was read (default: %(default)s)",
    )
    parser.add_argument(
        "--exec",
        metavar="COMMAND",
        help="run this for each batch of lines; they are read once it succeeds",
    )
    other = parser.add_mutually_exclusive_group()
    other.add_argument(
        "--notifications",
        action="store_true",
        help="notifications only: without a slot, and what comes meanwhile is missed",
    )
    other.add_argument("--drop-slot", action="store_true", help="drop the slot and end")


def run(options: Namespace) -> int:
    """Follow stored scores and alerts until stopped by a signal, or drop a slot."""
    if options.drop_slot:
        drop_slot(options.database_url, options.slot)
        output.message(f"pgchurn: dropped slot {options.slot}")
        return 0
    sink: Sink = Command(options.exec) if options.exec else StandardOutput()
    with stopped_by_signals() as stop:
        if options.notifications:
            follow_notifications(options.database_url, sink, stop)
        else:
            follow_outbox(options.database_url, options.slot, sink, stop)
    return 0
