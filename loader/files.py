"""Files that are named on the command line."""

import os
from contextlib import suppress
from pathlib import Path

from pgchurn.loader.errors import LoaderError
from pgchurn.plpython.runtime.pickle_scan import LARGEST_PICKLE


def read_file(path: str | Path, most: int | None = None) -> bytes:
    """Return a file's content, unless it has more than so many bytes."""
    try:
        if most is not None and (size := Path(path).stat().st_size) > most:
            raise LoaderError(f"{path} has {size:,} bytes, and {most:,} are allowed")
        return Path(path).read_bytes()
    except OSError as error:
        raise LoaderError(f"cannot read {path}: {error.strerror}") from error


def read_model_file(path: str | Path) -> bytes:
    """Return the content of a model's file, unless it is larger than any is read."""
    return read_file(path, LARGEST_PICKLE)


def write_file(path: str | Path, text: str) -> None:
    """Write a text file, replacing the one that is there."""
    try:
        Path(path).write_text(text, "utf-8")
    except OSError as error:
        raise LoaderError(f"cannot write {path}: {error.strerror}") from error


def replace_file(path: str | Path, text: str) -> None:
    """Write a text file so that whoever reads it finds the former one or all of it."""
    # Of another ending, so that nobody takes it for one of the files to read.
    unfinished = Path(f"{path}.{os.getpid()}.unfinished")
    try:
        with open(unfinished, "x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise LoaderError(f"cannot write {path}: {error.strerror}") from error
