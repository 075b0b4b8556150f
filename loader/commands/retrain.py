"""``pgchurn retrain``."""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from pgchurn.loader import output
from pgchurn.loader.commands.options import (
    add_compilation,
    add_format,
    add_seed,
    add_signer,
    add_steps,
    add_tables,
    add_training,
    signer_of,
)
from pgchurn.loader.database import Connection, fetch_value
from pgchurn.loader.errors import LoaderError

if TYPE_CHECKING:
    from pgchurn.loader.models.retraining import Recipe

HELP = "Train anew where that is due, and release what surely does better."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_format(parser)
    add_tables(parser)
    add_training(parser)
    add_seed(parser)
    add_steps(parser)
    add_signer(parser, required=False)
    add_compilation(parser)
    parser.add_argument(
        "--unless-released",
        type=int,
        default=0,
        metavar="STATUS",
        help="exit with this where no version was released, such as 99, which Airflow "
        "calls skipped (default: %(default)s)",
    )


def run(options: Namespace) -> int:
    """Do the requests that are open; the status says what came of them."""
    from pgchurn.loader.operations.retraining import retrain

    if options.key is not None and options.name is None:
        raise LoaderError("a model is signed under a --name")
    done = retrain(
        options.database_url,
        options.tables,
        lambda connection: recipe_of(options, connection),
    )
    output.print_result({"requests": done}, options.format, as_text)
    if any("failure" in one for one in done):
        return 1
    released = any(one["decision"] == "released" for one in done)
    return 0 if released else options.unless_released


def recipe_of(options: Namespace, connection: Connection) -> "Recipe":
    """Return how the next request is trained and released."""
    from pgchurn.loader.models.retraining import Recipe

    signed = Namespace(**vars(options))
    if options.key is not None and options.name and options.model_version is None:
        newest = fetch_value(
            connection, "newest_signed_version", model_name=options.name
        )
        signed.model_version = (newest or 0) + 1
    return Recipe(
        algorithm=options.algorithm,
        seed=options.seed,
        time_budget=options.time_budget,
        threads=options.threads,
        compile_form=options.compile_form,
        signer=signer_of(signed),
        steps=options.steps,
        hold=options.hold,
        min_customers=options.min_customers,
    )


def as_text(result: dict[str, Any]) -> str:
    """Return what came of each request."""
    lines = [told(one) for one in result["requests"]]
    return "\n".join(lines) or "No retraining is due."


def told(one: dict[str, Any]) -> str:
    """Return what came of a request."""
    of = f"Request {one['request_id']}"
    if "profile" in one:
        of += f" for {one['profile']}"
    if "failure" in one:
        return f"{of} stays open, it has failed: {one['failure']}"
    if one["decision"] is None:
        return f"{of} waits: {one['waiting']}."
    if one["decision"] == "released":
        return (
            f"{of}: version {one['version']} is released, {one['decision_reason']}.\n"
            "Next: pgchurn work or pgchurn release advance."
        )
    return f"{of}: the version in force is kept, {one['decision_reason']}."
