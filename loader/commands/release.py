"""``pgchurn release``."""

from argparse import ArgumentParser, Namespace
from contextlib import closing
from typing import Any

from pgchurn.loader import output
from pgchurn.loader.commands.options import add_format, add_steps, add_table
from pgchurn.loader.database import connect, fetch_all, fetch_value

HELP = "Have a version take over customers step by step."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument(
        "action",
        choices=("start", "status", "advance", "hold", "resume", "cancel"),
        help="start: begin; status: show where releases stand; advance: measure "
        "guardrails, and take the steps that are due; hold, resume: keep one at its "
        "step, let it go on; cancel: have the active version score all",
    )
    parser.add_argument(
        "version", type=int, nargs="?", metavar="VERSION", help="for start"
    )
    add_steps(parser)
    parser.add_argument(
        "--on-guardrail",
        choices=("rollback", "hold"),
        default="rollback",
        help="what a guardrail that fails leads to (default: %(default)s)",
    )
    parser.add_argument(
        "--limits",
        default="{}",
        metavar="JSON",
        help="limits of guardrails, by name, where they are not the usual ones",
    )
    parser.add_argument("--reason", help="for hold and cancel: why")
    add_table(parser)
    add_format(parser)


def run(options: Namespace) -> int:
    """Do what the action is for; return 1 where a guardrail has failed."""
    held = options.action == "hold"
    action = "hold" if options.action == "resume" else options.action
    with closing(connect(options.database_url)) as connection:
        result: Any
        if action in ("status", "advance"):
            result = fetch_all(connection, f"{action}_releases")
        else:
            wanted = {
                name: getattr(options, name)
                for name in (
                    *("table", "version", "steps", "hold", "min_customers"),
                    *("on_guardrail", "limits", "reason"),
                )
            }
            release = fetch_value(connection, f"{action}_release", held=held, **wanted)
            result = {"release_id": release, "action": options.action}
        connection.commit()
        output.notices(connection)
    output.print_result(result, options.format, text)
    failed = action == "advance" and any(row["result"] == "failure" for row in result)
    return 1 if failed else 0


def text(result: Any) -> str:
    """Return a result as people read it."""
    if isinstance(result, list):
        return output.table(result, "no release")
    words = {
        "start": "Release {} is under way: pgchurn work or pgchurn release advance.",
        "hold": "Release {} is held at its step.",
        "resume": "Release {} goes on.",
        "cancel": "Release {} is cancelled: pgchurn work scores its customers again.",
    }
    return words[result["action"]].format(result["release_id"])
