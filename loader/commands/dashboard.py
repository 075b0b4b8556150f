"""``pgchurn dashboard``."""

from argparse import ArgumentParser, Namespace
from importlib.resources import files
from pathlib import Path

from pgchurn.loader import output
from pgchurn.loader.commands.options import add_format
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.files import replace_file

HELP = "Write Grafana's dashboard and what configures it and Prometheus's SQL exporter."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_format(parser)
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FOLDER",
        help="where to write the files, in place of those that are there",
    )


def run(options: Namespace) -> int:
    """Write the files that are shipped."""
    folder = Path(options.output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LoaderError(f"cannot make {folder}: {error.strerror}") from error
    written = []
    for file in sorted(dashboards(), key=lambda file: file.name):
        replace_file(folder / file.name, file.read_text(encoding="utf-8"))
        written.append(str(folder / file.name))
    output.print_result(
        written,
        options.format,
        lambda paths: "\n".join(f"Wrote {path}." for path in paths),
    )
    return 0


def dashboards() -> list[Path]:
    """Return the files that are shipped."""
    folder = Path(str(files("pgchurn.loader") / "dashboards"))
    return [path for path in folder.iterdir() if path.suffix in (".json", ".yml")]
