"""Naming what is no pickle of a model, so that its owner knows what to do."""

import re

from .errors import ScoringError
from .pickle_values import printable
from .unpacking import FORMATS

# What begins like this is compressed in a way that is not unpacked.
OTHER_COMPRESSIONS = {b'\x04"M\x18': "lz4", b"PK\x03\x04": "zip"}
SHOWN_BYTES = 20
UNPACK_HINT = (
    "Load it where it was made, with joblib.load or what else has written it, and "
    "write the model with pickle.dump(model, file) or joblib.dump(model, path)."
)
# Which of their writers pack functions and classes along; they leave their own name.
PACKERS = (b"cloudpickle", b"dill._dill")
PACKED_HINT = (
    "Write it with pickle.dump(model, file) or joblib.dump(model, path). Where these "
    "refuse a lambda or a function of the notebook's, the model needs code that is not "
    "read: use scikit-learn's transformers, or compute its column in the table."
)
# Of the first estimator: opcodes that tell of a text's length stand before its version.
VERSION = re.compile(
    rb"_sklearn_version.{0,8}?([0-9]{1,3}(?:\.[0-9]{1,3}){1,3}(?:rc[0-9]|\.dev0)?)",
    re.DOTALL,
)


def explain(content: bytes, error: ScoringError) -> ScoringError:
    """Return the error for bytes that are not read as a model, with their kind."""
    if not content:
        return renamed(error, "It is empty.", error.hint)
    for beginning, name in OTHER_COMPRESSIONS.items():
        if content.startswith(beginning):
            return renamed(error, f"It is compressed ({name}).", UNPACK_HINT)
    if any(content.startswith(beginning) for beginning, _, _ in FORMATS.values()):
        return error
    if content[:1] != b"\x80":
        shown = printable(content[:SHOWN_BYTES].decode("ascii", "replace"))
        return renamed(error, f"It begins like no pickle, with {shown!r}.", error.hint)
    for packer in PACKERS:
        if packer in content:
            name = packer.decode().partition(".")[0]
            said = f"It was written by {name}, which packs code along."
            return renamed(error, f"{said} {error.detail}", PACKED_HINT)
    return with_version(content, error)


def with_version(content: bytes, error: ScoringError) -> ScoringError:
    """Return the error with the version that made the pickle, if that is another."""
    from sklearn import __version__

    found = VERSION.search(content)
    version = found.group(1).decode() if found else __version__
    if version == __version__ or f"scikit-learn {version}" in (error.detail or ""):
        return error
    return renamed(
        error,
        f"{error.detail} It was pickled under scikit-learn {version}, and here is "
        f"{__version__}.",
        "Train it again under this version.",
    )


def renamed(error: ScoringError, detail: str, hint: str | None) -> ScoringError:
    """Return the same error with another cause and advice."""
    return ScoringError(
        error.message, detail=detail, hint=hint, sqlstate=error.sqlstate
    )
