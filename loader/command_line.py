"""The ``pgchurn`` command."""

import argparse
import importlib
from datetime import date

import psycopg2
from pgchurn.loader import output
from pgchurn.loader.algorithms import ALGORITHMS
from pgchurn.loader.errors import LoaderError, TrainingError
from pgchurn.loader.private_server import PrivateServerError
from pgchurn.plpython.runtime.errors import ScoringError

DEFAULT_TABLE = "churn.customers"
# Imported when they are run: scikit-learn takes a second, and its memory stays.
MODEL_COMMANDS = ("train", "register", "sign", "demo")


def build_parser():
    """Return the parser of the command and its sub-commands."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--database-url",
        metavar="URL",
        help="database to work on (default: DATABASE_URL, else the private server)",
    )
    common.add_argument(
        "--format", choices=("text", "json"), default="text", help="form of the result"
    )
    parser = argparse.ArgumentParser(
        prog="pgchurn", description="Churn scores that stay fresh inside PostgreSQL."
    )
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name, help_text, table=False):
        command = subparsers.add_parser(
            name, help=help_text, description=help_text, parents=[common]
        )
        command.set_defaults(command=name)
        if table:
            command.add_argument(
                "--table",
                default=DEFAULT_TABLE,
                help="attached profile table (default: %(default)s)",
            )
        return command

    train = add("train", "Train a model on a profile table.", table=True)
    train.add_argument(
        "--label", required=True, metavar="COLUMN", help="column that says who churned"
    )
    train.add_argument(
        "--algorithm",
        choices=(*ALGORITHMS, "auto"),
        default="auto",
        help="auto compares them by cross-validation (default: %(default)s)",
    )
    train.add_argument(
        "--exclude",
        nargs="+",
        default=[],
        action="extend",
        metavar="COLUMN",
        help="columns that are not to be features",
    )
    train.add_argument(
        "--positive-class", metavar="VALUE", help="label of those who churned"
    )
    train.add_argument(
        "--seed", type=int, default=0, help="of the split and the models (default: 0)"
    )

    register = add("register", "Bring a pickled scikit-learn model.", table=True)
    register.add_argument("file", metavar="FILE", help="the pickle")
    register.add_argument(
        "--signature", metavar="FILE.sig", help="what pgchurn sign wrote for it"
    )
    sign = add("sign", "Sign a pickled model; writes FILE.sig.")
    sign.add_argument("file", metavar="FILE", help="the pickle")
    for command in (train, sign):
        command.add_argument(
            "--key",
            required=command is sign,
            metavar="PEM",
            help="sign with this Ed25519 private key",
        )
        command.add_argument(
            "--name", required=command is sign, help="sign it under this name"
        )
        command.add_argument(
            "--model-version",
            type=positive_integer,
            required=command is sign,
            metavar="N",
            help="sign it as this version: an older one does not replace a newer one",
        )
        command.add_argument(
            "--expires",
            type=iso_date,
            metavar="DATE",
            help="last day, in UTC, on which it may be registered and activated",
        )
    for command in (register, sign):
        command.add_argument(
            "--features",
            nargs="+",
            default=[],
            metavar="COLUMN",
            help="feature names in order, for a model fitted on a matrix",
        )
        command.add_argument(
            "--positive-class",
            metavar="VALUE",
            help="class whose probability is the score",
        )

    for command in (train, register):
        command.add_argument(
            "--no-compile",
            dest="compile_form",
            action="store_false",
            help="keep the version on its pickle: equal to 1e-9, and slower",
        )

    activate = add("activate", "Make a version score its profile.")
    activate.add_argument("version", type=int, metavar="VERSION")
    activate.add_argument(
        "--allow-expired",
        action="store_true",
        help="even where its signature has expired",
    )
    for command in (register, activate):
        command.add_argument(
            "--allow-older",
            action="store_true",
            help="even where an older version was signed than is active",
        )
    add("rollback", "Go back to the version before.", table=True)
    add("models", "List the registered versions.")
    show = add("show", "Show all there is to know about a version.")
    show.add_argument("version", type=int, metavar="VERSION")
    rescore = add("rescore", "Score a whole table.", table=True)
    activate.add_argument(
        "--rescore", action="store_true", help="then score the whole table with it"
    )
    work = add("work", "Score customers as they are queued.")
    work.add_argument(
        "--table",
        dest="tables",
        action="append",
        default=[],
        metavar="TABLE",
        help="attached profile table, several times for several (default: all)",
    )
    work.add_argument(
        "--batch-size",
        type=positive_integer,
        default=1000,
        metavar="ROWS",
        help="most customers scored in a transaction (default: %(default)s)",
    )
    work.add_argument(
        "--poll",
        type=positive_seconds,
        default=5.0,
        metavar="SECONDS",
        help="look for work at least this often (default: %(default)s)",
    )
    work.add_argument(
        "--report",
        type=positive_seconds,
        metavar="SECONDS",
        help="tell progress this often (default: 1 on a terminal, else 60)",
    )
    ending = work.add_mutually_exclusive_group()
    ending.add_argument("--once", action="store_true", help="do one batch and end")
    ending.add_argument(
        "--drain", action="store_true", help="end when the queue is empty"
    )
    for command in (rescore, activate):
        add_pace(command)
    add(
        "verify",
        "List counters and scores that disagree with the truth.",
        table=True,
    )
    why = add(
        "why",
        "Show what changed between a customer's last two logged scores.",
        table=True,
    )
    why.add_argument("key", metavar="KEY", help="the customer's key")
    listen = add("listen", "Print stored scores as JSON lines, as they come.")
    listen.add_argument(
        "--slot",
        default="pgchurn",
        metavar="NAME",
        help="replication slot that remembers what was read (default: %(default)s)",
    )
    listen.add_argument(
        "--exec",
        metavar="COMMAND",
        help="run this for each batch of lines; they are read once it succeeds",
    )
    other = listen.add_mutually_exclusive_group()
    other.add_argument(
        "--notifications",
        action="store_true",
        help="notifications only: without a slot, and what comes meanwhile is missed",
    )
    other.add_argument(
        "--drop-slot", action="store_true", help="give the slot up, and end"
    )
    add("doctor", "Check the server, its packages and the triggers.")
    add("demo", "Show a score following a complaint, on made-up data.")
    return parser


def add_pace(command):
    """Add the options that say how a whole table is scored."""
    command.add_argument(
        "--workers",
        type=positive_integer,
        default=1,
        metavar="N",
        help="sessions that score side by side (default: %(default)s)",
    )
    command.add_argument(
        "--batch-size",
        type=positive_integer,
        default=10_000,
        metavar="ROWS",
        help="rows that a worker scores between commits (default: %(default)s)",
    )
    command.add_argument(
        "--rows-per-second",
        type=positive_integer,
        metavar="ROWS",
        help="what all workers together score at most (default: no limit)",
    )
    command.add_argument(
        "--restart",
        action="store_true",
        help="begin anew, even where an earlier run was interrupted",
    )


def positive_integer(text):
    """Parse a whole number of at least 1, for argparse."""
    number = parsed(int, text, "a whole number")
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def positive_seconds(text):
    """Parse a number of seconds above 0, for argparse."""
    seconds = parsed(float, text, "a number")
    # Written so that NaN fails it.
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError("must be more than 0")
    return seconds


def iso_date(text):
    """Parse a date such as 2026-12-31, for argparse."""
    return parsed(date.fromisoformat, text, "a date such as 2026-12-31")


def parsed(kind, text, expected):
    """Parse an argument; an error without the name of a Python function."""
    try:
        return kind(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"must be {expected}") from error


def function_of(command):
    """Return the function of a sub-command, which has its name."""
    module = "model_commands" if command in MODEL_COMMANDS else "commands"
    return getattr(importlib.import_module(f"pgchurn.loader.{module}"), command)


def describe(error):
    """Return a database error with its detail and hint, as psql shows it."""
    if error.diag.message_primary is None:
        return str(error).strip()
    parts = [error.diag.message_primary]
    if error.diag.message_detail:
        parts.append(f"DETAIL:  {error.diag.message_detail}")
    if error.diag.message_hint:
        parts.append(f"HINT:  {error.diag.message_hint}")
    return "\n".join(parts)


def main(arguments=None):
    """Run a command.

    Returns
    -------
    int
        Exit status: 0 done, 1 refused or divergent; a usage error exits with 2.
    """
    options = build_parser().parse_args(arguments)
    try:
        return function_of(options.command)(options)
    except psycopg2.Error as error:
        output.message(f"pgchurn: {describe(error)}")
    except (LoaderError, PrivateServerError, TrainingError, ScoringError) as error:
        output.message(f"pgchurn: {error}")
    except KeyboardInterrupt:
        output.message("pgchurn: interrupted")
    return 1
