"""Files that are named on the command line."""

from pathlib import Path

from pgchurn.loader.errors import LoaderError


def read_file(path: str | Path) -> bytes:
    """Return a file's content."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise LoaderError(f"cannot read {path}: {error.strerror}") from error


def write_file(path: str | Path, text: str) -> None:
    """Write a text file, replacing the one that is there."""
    try:
        Path(path).write_text(text, "utf-8")
    except OSError as error:
        raise LoaderError(f"cannot write {path}: {error.strerror}") from error
