"""Reading UBJSON as XGBoost writes it, from anybody, within limits.

Numbers are big-endian, and arrays of one type of number are not copied.
"""

from typing import Any

import numpy as np
from pgchurn.loader.boosters.parts import Part, check_size, refused, shown

MOST_BYTES = 64 << 20
# Outside of arrays of numbers.
MOST_VALUES = 500_000
DEEPEST = 20
NUMBERS: dict[bytes, np.dtype[Any]] = {
    b"i": np.dtype(">i1"),
    b"U": np.dtype(">u1"),
    b"I": np.dtype(">i2"),
    b"l": np.dtype(">i4"),
    b"L": np.dtype(">i8"),
    b"d": np.dtype(">f4"),
    b"D": np.dtype(">f8"),
}
CONSTANTS = {b"T": True, b"F": False, b"Z": None}


def read_ubjson(content: bytes) -> Part:
    """Return the object that bytes in UBJSON describe.

    Raises
    ------
    LoaderError
        If it is none, has a member twice, or is too large.
    """
    check_size(content, MOST_BYTES, "UBJSON")
    reader = UbjsonReader(content)
    value = reader.value(reader.take(1), 0)
    if reader.position != len(content):
        raise refused(f"byte {reader.position:,}", "comes after the end")
    return Part(value, "")


class UbjsonReader:
    """Goes through bytes in UBJSON, from value to value."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.position = 0
        self.values = 0

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        end = self.position + count
        if end > len(self.content):
            raise refused(
                f"byte {self.position:,}",
                f"announces {count:,} bytes, and {len(self.content) - self.position:,} "
                "are left",
            )
        taken = self.content[self.position : end]
        self.position = end
        return taken

    def value(self, marker: bytes, depth: int) -> Any:
        """Return the value that a marker begins."""
        self.values += 1
        if self.values > MOST_VALUES:
            raise refused("the file", f"has more than {MOST_VALUES:,} values")
        if depth > DEEPEST:
            raise refused(f"byte {self.position:,}", f"is nested deeper than {DEEPEST}")
        if marker == b"{":
            return self.object(depth)
        if marker == b"[":
            return self.array(depth)
        if marker == b"S":
            return self.text()
        if marker in CONSTANTS:
            return CONSTANTS[marker]
        return self.number(marker)

    def number(self, marker: bytes) -> Any:
        """Return a number of the type that a marker names."""
        if marker not in NUMBERS:
            raise refused(
                f"byte {self.position - 1:,}", f"begins no value, but is {marker!r}"
            )
        kind = NUMBERS[marker]
        return np.frombuffer(self.take(kind.itemsize), kind)[0].item()

    def length(self) -> int:
        """Return a length."""
        found = self.number(self.take(1))
        if type(found) is not int or found < 0:
            raise refused(f"byte {self.position:,}", "is no length")
        return found

    def text(self) -> str:
        """Return a text."""
        start = self.position
        try:
            return self.take(self.length()).decode()
        except UnicodeDecodeError:
            raise refused(f"byte {start:,}", "begins a text that is no UTF-8") from None

    def object(self, depth: int) -> dict[str, Any]:
        """Return an object, each of whose members occurs once."""
        found: dict[str, Any] = {}
        while self.content[self.position : self.position + 1] != b"}":
            name = self.text()
            if name in found:
                raise refused(shown(name), "is twice in one object")
            found[name] = self.value(self.take(1), depth + 1)
        self.position += 1
        return found

    def array(self, depth: int) -> Any:
        """Return an array, which says how long it is or where it ends."""
        following = self.content[self.position : self.position + 1]
        if following == b"$":
            return self.numbers()
        found: list[Any] = []
        if following == b"#":
            self.position += 1
            for _ in range(self.length()):
                found.append(self.value(self.take(1), depth + 1))
            return found
        while (marker := self.take(1)) != b"]":
            found.append(self.value(marker, depth + 1))
        return found

    def numbers(self) -> np.ndarray:
        """Return an array of numbers of one type."""
        self.position += 1
        marker = self.take(1)
        if marker not in NUMBERS or self.take(1) != b"#":
            raise refused(f"byte {self.position:,}", "begins no array of numbers")
        kind = NUMBERS[marker]
        length = self.length()
        return np.frombuffer(self.take(length * kind.itemsize), kind)
