"""Reading messages of Protocol Buffers from anybody, within limits.

What a message may hold is said by a table of its fields; what is not in it is refused.
The wire format is that of https://protobuf.dev/programming-guides/encoding/. Numbers
that are repeated, of which a forest has millions, are read many at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from pgchurn.loader.boosters.parts import refused

VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5
NUMBER_BITS, WIRE_BITS = 61, 3
# Of a varint of 64 bits.
LONGEST_VARINT = 10
CONTINUES, PAYLOAD = 0x80, 0x7F
DEEPEST = 12
# Reading one takes microseconds, and a hundred bytes.
MOST_MESSAGES = 100_000
# Numbers that stand together are read at once, in 10 microseconds at least.
MOST_ARRAYS = 40_000
MOST_TEXTS = 1_000_000
MOST_NUMBERS = 8_000_000
# Numbers are looked for in so few bytes first, since most arrays are short, and in no
# more than so many at once, since each byte takes much memory meanwhile.
FEW_BYTES, MANY_BYTES = 64, 1 << 18
# How a scalar stands on the wire.
WIRES = {"whole": VARINT, "float": FOUR_BYTES, "double": EIGHT_BYTES}
FIXED = ("float", "double")
ARRAYS: dict[str, np.dtype[Any]] = {
    "whole": np.dtype(np.int64),
    "float": np.dtype("<f4"),
    "double": np.dtype("<f8"),
}


class Field(NamedTuple):
    """What a field of a message is called, and what it holds.

    Attributes
    ----------
    name : str
    kind : {"whole", "float", "double", "bytes", "text", "skipped"} or Schema
        A whole number is a varint, read as a signed one of 64 bits. What is skipped is
        known to be there and is not looked into.
    repeated : bool
    """

    name: str
    kind: Any
    repeated: bool = False


class Schema:
    """The fields of a message, by number."""

    def __init__(self, fields: Mapping[int, Field]) -> None:
        self.fields = fields


@dataclass
class Counts:
    """How much of a file has been read, so that it ends."""

    messages: int = 0
    texts: int = 0
    arrays: int = 0
    numbers: int = 0
    # The same few names are repeated for every node of a tree.
    known: dict[bytes, str] = field(default_factory=dict)


class MessageReader:
    """Reads a message, and those within it.

    Parameters
    ----------
    content : bytes
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.array = np.frombuffer(content, np.uint8)
        self.counts = Counts()

    def message(
        self, schema: Schema, path: str, first: int, last: int, depth: int = 0
    ) -> dict[str, Any]:
        """Return the fields of the message between two bytes, by name.

        A field that is repeated is a list, or an ndarray of numbers; any other one that
        is there occurs once.
        """
        self.counts.messages += 1
        if self.counts.messages > MOST_MESSAGES:
            raise refused("the file", f"has more than {MOST_MESSAGES:,} parts")
        if depth > DEEPEST:
            raise refused(path, f"is nested deeper than {DEEPEST}")
        found: dict[str, Any] = {}
        position = first
        while position < last:
            start = position
            tag, position = self.varint(position, last)
            number, wire = tag >> WIRE_BITS, tag & ((1 << WIRE_BITS) - 1)
            known = schema.fields.get(number)
            if known is None:
                raise refused(
                    path,
                    f"has the field {number:,} at byte {start:,}, which is not known",
                    "The file is damaged, or of a newer ONNX.",
                )
            name, kind, repeated = known
            if repeated and kind in WIRES:
                numbers, position = self.numbers(kind, wire, start, position, last)
                found.setdefault(name, []).append(numbers)
                continue
            if repeated and kind == "text" and wire == LENGTH and tag < CONTINUES:
                texts, end = self.texts(path, start, last)
                if texts:
                    found.setdefault(name, []).extend(texts)
                    position = end
                    continue
            if not repeated and name in found:
                raise refused(path, f"has {name} twice")
            value, position = self.value(
                kind, wire, f"{path}.{name}" if path else name, position, last, depth
            )
            if repeated:
                found.setdefault(name, []).append(value)
            else:
                found[name] = value
        for name, kind, repeated in schema.fields.values():
            if repeated and kind in WIRES and name in found:
                found[name] = np.concatenate(found[name])
        return found

    def value(
        self, kind: Any, wire: int, path: str, position: int, last: int, depth: int
    ) -> tuple[Any, int]:
        """Return the value of one field, and where it ends."""
        wanted = WIRES.get(kind, LENGTH)
        if wire != wanted:
            raise refused(path, f"is of wire type {wire}, and not {wanted}")
        if kind == "whole":
            value, position = self.varint(position, last)
            return signed(value), position
        if kind in FIXED:
            end = self.end(ARRAYS[kind].itemsize, position, last)
            numbers = np.frombuffer(self.content, ARRAYS[kind], 1, position)
            return float(numbers[0]), end
        length, position = self.varint(position, last)
        end = self.end(length, position, last)
        if isinstance(kind, Schema):
            return self.message(kind, path, position, end, depth + 1), end
        if kind == "skipped":
            return True, end
        if kind == "bytes":
            return memoryview(self.content)[position:end], end
        return self.text(position, end, path), end

    def text(self, position: int, end: int, path: str) -> str:
        """Return a text."""
        (found,) = self.decoded([self.content[position:end]], path)
        return found

    def texts(self, path: str, start: int, last: int) -> tuple[list[str], int]:
        """Return short texts that stand each behind the same tag, and where they end.

        One tag has one byte, and so has the length of a short text. Nothing is read
        where the first text is none of them.
        """
        content, tag, found = self.content, self.content[start], []
        position = start
        # No more than one too many.
        for _ in range(MOST_TEXTS - self.counts.texts + 1):
            if position + 1 >= last or content[position] != tag:
                break
            end = position + 2 + content[position + 1]
            if content[position + 1] >= CONTINUES or end > last:
                break
            found.append(content[position + 2 : end])
            position = end
        return self.decoded(found, path), position

    def decoded(self, given: list[bytes], path: str) -> list[str]:
        """Return texts, once those that are the same."""
        self.counts.texts += len(given)
        if self.counts.texts > MOST_TEXTS:
            raise refused("the file", f"has more than {MOST_TEXTS:,} texts")
        known = self.counts.known
        try:
            for text in given:
                if text not in known:
                    known[text] = text.decode()
        except UnicodeDecodeError:
            raise refused(path, "is no UTF-8") from None
        return [known[text] for text in given]

    def end(self, length: int, position: int, last: int) -> int:
        """Return where so many bytes end."""
        if length > last - position:
            raise refused(
                f"byte {position:,}",
                f"announces {length:,} bytes, and {last - position:,} are left",
            )
        return position + length

    def varint(self, position: int, last: int) -> tuple[int, int]:
        """Return a whole number without sign, and where it ends."""
        value = 0
        for i in range(LONGEST_VARINT):
            if position >= last:
                raise refused(f"byte {position:,}", "begins a number that does not end")
            byte = self.content[position]
            position += 1
            value |= (byte & PAYLOAD) << (7 * i)
            if byte < CONTINUES:
                if value >= 1 << 64:
                    break
                return value, position
        raise refused(f"byte {position:,}", "is of a number of more than 64 bits")

    def numbers(
        self, kind: str, wire: int, start: int, position: int, last: int
    ) -> tuple[np.ndarray, int]:
        """Return repeated numbers, packed or each behind its tag, and where they end.

        Parameters
        ----------
        kind : {"whole", "float", "double"}
        wire : int
        start, position : int
            Where the first tag begins and ends.
        last : int
        """
        self.counts.arrays += 1
        if self.counts.arrays > MOST_ARRAYS:
            raise refused(
                "the file", f"has more than {MOST_ARRAYS:,} arrays of numbers"
            )
        if wire == LENGTH:
            length, position = self.varint(position, last)
            end = self.end(length, position, last)
            found = self.packed(kind, position, end)
        elif wire != WIRES[kind]:
            raise refused(f"byte {start:,}", f"is of wire type {wire}")
        else:
            # One alone is read without NumPy, which would take ten times as long.
            value, end = self.value(kind, wire, f"byte {start:,}", position, last, 0)
            is_short, content = position == start + 1, self.content
            if is_short and end < last and content[end] == content[start]:
                found, end = self.tagged(kind, start, last)
            else:
                self.count(1)
                found = np.array([value], ARRAYS[kind])
        return found, end

    def count(self, numbers: int) -> None:
        """Count numbers that were read."""
        self.counts.numbers += numbers
        if self.counts.numbers > MOST_NUMBERS:
            raise refused("the file", f"has more than {MOST_NUMBERS:,} numbers")

    def packed(self, kind: str, position: int, end: int) -> np.ndarray:
        """Return the numbers that fill some bytes."""
        if kind != "whole":
            size = ARRAYS[kind].itemsize
            if (end - position) % size:
                raise refused(f"byte {end:,}", "ends within a number")
            count = (end - position) // size
            self.count(count)
            return np.frombuffer(self.content, ARRAYS[kind], count, position)
        parts = [np.zeros(0, np.int64)]
        while position < end:
            found, used = varints(
                self.array[position : min(position + MANY_BYTES, end)]
            )
            if used == 0:
                raise refused(f"byte {end:,}", "ends within a number")
            self.count(len(found))
            parts.append(found)
            position += used
        return np.concatenate(parts)

    def tagged(self, kind: str, start: int, last: int) -> tuple[np.ndarray, int]:
        """Return numbers that stand each behind the same tag of one byte.

        They may be only the first ones of them.
        """
        size = FEW_BYTES
        while True:
            view = self.array[start : min(start + size, last)]
            if kind == "whole":
                found, _ = varints(view)
                tags, numbers = found[: len(found) // 2 * 2 : 2], found[1::2]
            else:
                pair = np.dtype([("tag", "u1"), ("number", ARRAYS[kind])])
                pairs = view[: len(view) // pair.itemsize * pair.itemsize].view(pair)
                tags, numbers = pairs["tag"], pairs["number"]
            others = np.flatnonzero(tags != self.array[start])
            if len(others) or start + size >= last or size >= MANY_BYTES:
                break
            size *= 4
        count = int(others[0]) if len(others) else len(tags)
        if count == 0:
            raise refused(f"byte {start:,}", "begins a number that does not end")
        self.count(count)
        if kind == "whole":
            length = int(ends_of_varints(view)[2 * count - 1]) + 1
        else:
            length = count * pair.itemsize
        return numbers[:count], start + length


def signed(value: int) -> int:
    """Return a number of 64 bits as one with a sign."""
    return value - (1 << 64) if value >= 1 << 63 else value


def ends_of_varints(view: np.ndarray) -> np.ndarray:
    """Return where each varint among some bytes ends."""
    return np.flatnonzero(view < CONTINUES)


def varints(view: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the varints that some bytes begin with, and how many bytes they take.

    Returns
    -------
    ndarray of int64, shape (n_varints,)
    int
    """
    ends = ends_of_varints(view)
    starts = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else ends
    lengths = ends - starts + 1
    too_long = lengths > LONGEST_VARINT
    if too_long.any():
        # What comes before it may end what is looked for.
        first = int(np.argmax(too_long))
        ends, starts, lengths = ends[:first], starts[:first], lengths[:first]
    found = np.zeros(len(ends), np.uint64)
    for i in range(int(lengths.max(initial=0))):
        here = lengths > i
        bits = (view[starts[here] + i] & PAYLOAD).astype(np.uint64)
        found[here] |= bits << np.uint64(7 * i)
    return found.view(np.int64), int(ends[-1]) + 1 if len(ends) else 0
