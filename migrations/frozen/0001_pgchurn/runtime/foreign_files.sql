CREATE OR REPLACE FUNCTION churn_runtime.foreign_files() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Naming what is no pickle of pickle.dumps, so that its owner knows what to do."""

from .errors import ScoringError
from .pickle_values import printable

# How a file begins, and how it is compressed then; joblib does it on demand.
COMPRESSIONS = {
    b"\x1f\x8b": "gzip",
    b"\x78\x01": "zlib",
    b"\x78\x5e": "zlib",
    b"\x78\x9c": "zlib",
    b"\x78\xda": "zlib",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"]\x00\x00": "lzma",
    b'\x04"M\x18': "lz4",
    b"PK\x03\x04": "zip",
}
JOBLIB = b"joblib.numpy_pickle"
SHOWN_BYTES = 20
UNPACK_HINT = (
    "Load it where it was made, with joblib.load or what else has written it, and "
    "write the model with pickle.dump(model, file)."
)


def explain(artifact: bytes, error: ScoringError) -> ScoringError:
    """Return the error for bytes that are not read as a pickle, with their kind."""
    if not artifact:
        return renamed(error, "It is empty.", error.hint)
    for beginning, name in COMPRESSIONS.items():
        if artifact.startswith(beginning):
            return renamed(error, f"It is compressed ({name}).", UNPACK_HINT)
    if JOBLIB in artifact:
        return renamed(
            error,
            "It was written by joblib.dump, which keeps arrays beside the pickle.",
            UNPACK_HINT,
        )
    if artifact[:1] != b"\x80":
        shown = printable(artifact[:SHOWN_BYTES].decode("ascii", "replace"))
        return renamed(error, f"It begins like no pickle, with {shown!r}.", error.hint)
    return error


def renamed(error: ScoringError, detail: str, hint: str | None) -> ScoringError:
    """Return the same error with another cause and advice."""
    return ScoringError(
        error.message, detail=detail, hint=hint, sqlstate=error.sqlstate
    )
$python$;
COMMENT ON FUNCTION churn_runtime.foreign_files IS 'Naming what is no pickle of pickle.dumps, so that its owner knows what to do.';
