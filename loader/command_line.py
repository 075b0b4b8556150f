"""The ``pgchurn`` command."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import metadata
from typing import Protocol

import psycopg2
from pgchurn.loader import output
from pgchurn.loader.commands import (
    activate,
    compare,
    dashboard,
    delete,
    demo,
    doctor,
    downgrade,
    experiment,
    explain,
    learn,
    listen,
    metrics,
    migrate,
    models,
    monitor,
    recalibrate,
    register,
    release,
    report,
    rescore,
    retrain,
    rollback,
    show,
    sign,
    train,
    verify,
    why,
    work,
)
from pgchurn.loader.commands.options import add_database
from pgchurn.loader.errors import LoaderError, TrainingError, describe
from pgchurn.plpython.runtime.errors import ScoringError


class Command(Protocol):
    """What a module of `pgchurn.loader.commands` has."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments to its parser."""

    def run(self, options: argparse.Namespace) -> int:
        """Do what the command is for; return the exit status."""


# In the order in which the help lists them.
COMMANDS: dict[str, Command] = {
    "train": train,
    "register": register,
    "recalibrate": recalibrate,
    "retrain": retrain,
    "learn": learn,
    "sign": sign,
    "activate": activate,
    "rollback": rollback,
    "release": release,
    "experiment": experiment,
    "delete": delete,
    "models": models,
    "show": show,
    "report": report,
    "compare": compare,
    "rescore": rescore,
    "work": work,
    "verify": verify,
    "explain": explain,
    "why": why,
    "monitor": monitor,
    "metrics": metrics,
    "dashboard": dashboard,
    "listen": listen,
    "doctor": doctor,
    "demo": demo,
    "migrate": migrate,
    "downgrade": downgrade,
}


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command and its sub-commands."""
    parser = argparse.ArgumentParser(
        prog="pgchurn", description="Churn scores that stay fresh inside PostgreSQL."
    )
    parser.add_argument(
        "--version", action="version", version=f"pgchurn {metadata.version('pgchurn')}"
    )
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        subparser = subparsers.add_parser(
            name, help=command.HELP, description=command.HELP
        )
        add_database(subparser)
        subparser.set_defaults(run=command.run, failure_status=1)
        command.add_arguments(subparser)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Returns
    -------
    int
        Exit status: 0 done, 1 refused or divergent, or what else the command has for
        what is refused; a usage error exits with 2.
    """
    options = build_parser().parse_args(arguments)
    try:
        status = options.run(options)
        sys.stdout.flush()
        return status
    except psycopg2.Error as error:
        output.message(f"pgchurn: {describe(error)}")
    except (LoaderError, TrainingError, ScoringError) as error:
        output.message(f"pgchurn: {error}")
    except UnicodeEncodeError as error:
        # Of a file's name in another encoding, or for a database in another one.
        output.message(
            f"pgchurn: {error.object!r} cannot be written in {error.encoding}"
        )
    except KeyboardInterrupt:
        output.message("pgchurn: interrupted")
    except BrokenPipeError:
        # Who reads the output has seen enough; at its end Python must not try again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return int(options.failure_status)
