CREATE OR REPLACE FUNCTION churn_runtime.unpacking() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Unpacking what was compressed, as ``joblib.dump(model, path, compress=...)`` does.

A few bytes can be made to unpack to gigabytes, so it goes by pieces, and ends where a
model would.
"""

import importlib
from collections.abc import Callable
from typing import Any

from .pacing import Pausing, no_pause
from .pickle_scan import LARGEST_PICKLE, unreadable

PIECE = 1 << 20
# Trees with many equal leaves were seen to shrink to a twentieth.
MOST_TIMES = 100
# So little is no matter, however much smaller it was.
ALWAYS_UNPACKED = 1 << 20
# What xz and lzma may take for their dictionary; the highest preset takes 65 MB.
MOST_MEMORY = 96 << 20

ZLIB_BEGINNINGS = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")


def zlib_of(window: int) -> Callable[[Any], Any]:
    """Return what makes a decompressor of zlib's, with a header or without."""
    return lambda zlib: zlib.decompressobj(window)


def lzma_of(form: str) -> Callable[[Any], Any]:
    """Return what makes a decompressor of one of lzma's two formats."""
    return lambda lzma: lzma.LZMADecompressor(getattr(lzma, form), memlimit=MOST_MEMORY)


# By name: how a file may begin, the module of the standard library, and what makes a
# decompressor of it.
FORMATS: dict[str, tuple[tuple[bytes, ...], str, Callable[[Any], Any]]] = {
    "zlib": (ZLIB_BEGINNINGS, "zlib", zlib_of(15)),
    "gzip": ((b"\x1f\x8b",), "zlib", zlib_of(31)),
    "bzip2": ((b"BZh",), "bz2", lambda bz2: bz2.BZ2Decompressor()),
    "xz": ((b"\xfd7zXZ",), "lzma", lzma_of("FORMAT_XZ")),
    "lzma": ((b"]\x00\x00",), "lzma", lzma_of("FORMAT_ALONE")),
}


def unpacked(artifact: bytes, pause: Pausing = no_pause) -> bytes:
    """Return what a file holds, which is the file itself unless it is compressed."""
    for name, (beginning, module, make) in FORMATS.items():
        if artifact.startswith(beginning):
            return unpacked_by(name, artifact, module, make, pause)
    return artifact


def unpacked_by(
    name: str,
    artifact: bytes,
    module: str,
    make: Callable[[Any], Any],
    pause: Pausing,
) -> bytes:
    """Return what a file holds that is compressed in a format."""
    try:
        library = importlib.import_module(module)
    except ImportError:
        raise unreadable(
            f"It is compressed ({name}), and this Python has no module {module}.",
            hint="Write it again without compression.",
        ) from None
    most = min(LARGEST_PICKLE, max(ALWAYS_UNPACKED, MOST_TIMES * len(artifact)))
    # What the libraries raise of bytes that are none of theirs.
    wrong: tuple[type[Exception], ...] = (
        OSError,
        EOFError,
        ValueError,
        *errors_of(library),
    )
    parts: list[bytes] = []
    size = 0
    try:
        decompressor = make(library)
        left = artifact
        while not decompressor.eof:
            part = decompressor.decompress(left, PIECE)
            left = getattr(decompressor, "unconsumed_tail", b"")
            parts.append(part)
            size += len(part)
            if size > most:
                break
            if not part and not left and not decompressor.eof:
                raise EOFError("it ends too early")
            pause()
        rest = decompressor.unused_data
    except wrong as error:
        raise unreadable(f"It is compressed ({name}), and damaged: {error}.") from None
    if size > most:
        raise unreadable(
            f"It is compressed ({name}), and unpacks to more than {most} bytes.",
            hint="Write it again without compression.",
        )
    if rest:
        raise unreadable(
            f"It is compressed ({name}), and {len(rest)} bytes follow its end."
        )
    return b"".join(parts)


def errors_of(library: Any) -> tuple[type[Exception], ...]:
    """Return the errors that a library raises of damaged bytes."""
    names = ("error", "LZMAError")
    return tuple(getattr(library, name) for name in names if hasattr(library, name))
$python$;
COMMENT ON FUNCTION churn_runtime.unpacking IS 'Unpacking what was compressed, as ``joblib.dump(model, path, compress=...)`` does.';
