"""Groups of options that several commands share, and the values they stand for."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeVar

from pgchurn.loader.errors import LoaderError
from pgchurn.loader.models.algorithms import ALGORITHMS
from pgchurn.loader.operations.rescoring import Pace

if TYPE_CHECKING:
    from pgchurn.loader.models.attestation import Signer

DEFAULT_TABLE = "churn.customers"
DEFAULT_TIME_BUDGET = 300

Value = TypeVar("Value")


def add_database(parser: argparse.ArgumentParser) -> None:
    """Add the option that says which database to work on."""
    parser.add_argument(
        "--database-url",
        metavar="URL",
        help="database to work on, as libpq or SQLAlchemy spells it (default: "
        "DATABASE_URL, else libpq's own: PGHOST, PGSERVICE, PGDATABASE ...)",
    )


def add_format(parser: argparse.ArgumentParser) -> None:
    """Add the option that says how the result is printed."""
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="form of the result"
    )


def add_table(parser: argparse.ArgumentParser) -> None:
    """Add the option that names one attached table."""
    parser.add_argument(
        "--table",
        default=DEFAULT_TABLE,
        help="attached profile table (default: %(default)s)",
    )


def add_tables(parser: argparse.ArgumentParser) -> None:
    """Add the option that names attached tables, of which there may be several."""
    parser.add_argument(
        "--table",
        dest="tables",
        action="append",
        default=[],
        metavar="TABLE",
        help="attached profile table, several times for several (default: all)",
    )


def add_version(parser: argparse.ArgumentParser) -> None:
    """Add the model version as an argument."""
    parser.add_argument("version", type=int, metavar="VERSION")


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the file of a model as an argument."""
    parser.add_argument(
        "file",
        metavar="FILE",
        help="the pickle of a scikit-learn model, a booster in its own form "
        "(XGBoost's JSON or UBJSON, LightGBM's text, CatBoost's JSON), or a binary "
        "classifier in ONNX",
    )


def add_pipeline(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the preprocessing of a booster."""
    parser.add_argument(
        "--pipeline",
        metavar="FILE.pkl",
        help="the pickle of the fitted preprocessing whose output a booster reads",
    )


def add_features(parser: argparse.ArgumentParser) -> None:
    """Add the options that say of a model what its pickle does not."""
    parser.add_argument(
        "--features",
        nargs="+",
        default=[],
        metavar="COLUMN",
        help="feature names in order, for a model fitted on a matrix, or a booster "
        "or an ONNX file that has other names",
    )
    parser.add_argument(
        "--positive-class",
        metavar="VALUE",
        help="class whose probability is the score",
    )


def add_signer(parser: argparse.ArgumentParser, required: bool) -> None:
    """Add the options that say who attests a model, and as what."""
    parser.add_argument(
        "--key",
        required=required,
        metavar="PEM",
        help="sign with this Ed25519 private key",
    )
    parser.add_argument("--name", required=required, help="sign it under this name")
    parser.add_argument(
        "--model-version",
        type=positive_integer,
        required=required,
        metavar="N",
        help="sign it as this version: an older one does not replace a newer one",
    )
    parser.add_argument(
        "--expires",
        type=iso_date,
        metavar="DATE",
        help="last day, in UTC, on which it may be registered and activated",
    )


def signer_of(options: argparse.Namespace) -> Signer | None:
    """Return who attests the model, None where no key was named."""
    if options.key is None:
        return None
    if options.name is None or options.model_version is None:
        raise LoaderError("a model is signed under --name and --model-version")
    from pgchurn.loader.models.attestation import Signer, read_private_key

    return Signer(
        read_private_key(options.key),
        options.name,
        options.model_version,
        options.expires,
    )


def add_compilation(parser: argparse.ArgumentParser) -> None:
    """Add the option that leaves the compiled form out."""
    parser.add_argument(
        "--no-compile",
        dest="compile_form",
        action="store_false",
        help="keep the version on its pickle, which is slower; for superusers, and for "
        "signed models",
    )


def add_allow_older(parser: argparse.ArgumentParser) -> None:
    """Add the option that lets an older model replace a newer one."""
    parser.add_argument(
        "--allow-older",
        action="store_true",
        help="even where its attestation is of an older version than the active one's",
    )


def add_trained_until(parser: argparse.ArgumentParser, default: str) -> None:
    """Add the option that says until when the training data was known."""
    parser.add_argument(
        "--trained-until",
        type=zoned_time,
        metavar="TIME",
        help="nothing that became known later was trained on: a time with its zone, "
        f"such as 2026-01-31T00:00:00+00:00 (default: {default})",
    )


def add_steps(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how a version takes over customers."""
    parser.add_argument(
        "--steps",
        default="1,5,25,50,100",
        metavar="PERCENT,...",
        help="ascending; 0 is a shadow, 100 an activation (default: %(default)s)",
    )
    parser.add_argument(
        "--hold",
        default="1 day",
        metavar="INTERVAL",
        help="how long a step lasts at least (default: %(default)s)",
    )
    parser.add_argument(
        "--min-customers",
        type=int,
        default=500,
        metavar="N",
        help="how many a step scores at least (default: %(default)s)",
    )


def add_training(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how a model is trained."""
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


def add_seed(parser: argparse.ArgumentParser) -> None:
    """Add the option that makes a training another one on the same rows."""
    parser.add_argument(
        "--seed", type=int, default=0, help="of the split and the models (default: 0)"
    )


def add_pace(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how a whole table is scored."""
    parser.add_argument(
        "--workers",
        type=positive_integer,
        default=1,
        metavar="N",
        help="sessions that score side by side (default: %(default)s)",
    )
    parser.add_argument(
        "--batch-size",
        type=positive_integer,
        default=10_000,
        metavar="ROWS",
        help="rows that a worker scores between commits (default: %(default)s)",
    )
    parser.add_argument(
        "--rows-per-second",
        type=positive_integer,
        metavar="ROWS",
        help="what all workers together score at most (default: no limit)",
    )
    parser.add_argument(
        "--restart",
        action="store_true",
        help="start over, even where an earlier run was interrupted",
    )


def pace_of(options: argparse.Namespace) -> Pace:
    """Return how the table is to be scored."""
    return Pace(
        options.workers, options.batch_size, options.rows_per_second, options.restart
    )


def positive_integer(text: str) -> int:
    """Parse a whole number of at least 1, for argparse."""
    number = parsed(int, text, "a whole number")
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def number(text: str) -> float:
    """Parse a number, for argparse."""
    return parsed(float, text, "a number")


def positive_seconds(text: str) -> float:
    """Parse a number of seconds above 0, for argparse."""
    seconds = parsed(float, text, "a number")
    # Written so that NaN fails it.
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError("must be more than 0")
    return seconds


def iso_date(text: str) -> date:
    """Parse a date such as 2026-12-31, for argparse."""
    return parsed(date.fromisoformat, text, "a date such as 2026-12-31")


def zoned_time(text: str) -> datetime:
    """Parse a time with its zone, for argparse."""
    expected = "a time with its zone, such as 2026-01-31T00:00:00+00:00"
    time = parsed(datetime.fromisoformat, text, expected)
    if time.tzinfo is None:
        raise argparse.ArgumentTypeError(f"must be {expected}")
    return time


def parsed(kind: Callable[[str], Value], text: str, expected: str) -> Value:
    """Parse an argument; an error without the name of a Python function."""
    try:
        return kind(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"must be {expected}") from error
