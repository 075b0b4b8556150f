"""Files that are named on the command line."""

from pathlib import Path

from pgchurn.loader.errors import LoaderError
from pgchurn.plpython.runtime.pickle_scan import LARGEST_PICKLE


def read_file(path: str | Path) -> bytes:
    """Return a file's content."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise LoaderError(f"cannot read {path}: {error.strerror}") from error


def read_model_file(path: str | Path) -> bytes:
    """Return the content of a model's file, unless it is larger than any is read."""
    try:
        size = Path(path).stat().st_size
    except OSError as error:
        raise LoaderError(f"cannot read {path}: {error.strerror}") from error
    if size > LARGEST_PICKLE:
        raise LoaderError(
            f"{path} has {size:,} bytes, and {LARGEST_PICKLE:,} are allowed"
        )
    return read_file(path)


def write_file(path: str | Path, text: str) -> None:
    """Write a text file, replacing the one that is there."""
    try:
        Path(path).write_text(text, "utf-8")
    except OSError as error:
        raise LoaderError(f"cannot write {path}: {error.strerror}") from error
