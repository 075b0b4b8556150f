"""The parts of a file that was read, each of which is looked at before it is used."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from pgchurn.loader.errors import LoaderError

LARGEST_WHOLE = 2**53


def refused(part: str, problem: str, way_out: str = "") -> LoaderError:
    """Return the error about a part of a file, and what to do about it."""
    return LoaderError(f"{part} {problem}" + (f". {way_out}" if way_out else ""))


def check_size(content: bytes, most: int, form: str) -> None:
    """Refuse a file of more bytes than are read of its form."""
    if len(content) > most:
        raise refused(
            "the file",
            f"has {len(content):,} bytes, and {most:,} are allowed of {form}",
        )


class Part(NamedTuple):
    """A value of a file, with the path that leads to it.

    Attributes
    ----------
    value : object
        As JSON or UBJSON has it; arrays of numbers may be ndarray.
    path : str
    """

    value: Any
    path: str

    def refuse(self, problem: str, way_out: str = "") -> LoaderError:
        """Return the error about this part."""
        return refused(self.path or "the file", problem, way_out)

    def has(self, name: str) -> bool:
        """Return whether an object has a member."""
        return name in self.object()

    def object(self) -> dict[str, Any]:
        """Return an object."""
        if type(self.value) is not dict:
            raise self.refuse("is no object")
        return self.value

    def member(self, name: str) -> "Part":
        """Return a member of an object."""
        held = self.object()
        path = f"{self.path}.{name}" if self.path else name
        if name not in held:
            raise refused(path, "is missing")
        return Part(held[name], path)

    def items(self, most: int) -> Iterator["Part"]:
        """Yield the items of an array.

        Yields
        ------
        Part
        """
        held = self.value
        if type(held) not in (list, np.ndarray):
            raise self.refuse("is no array")
        if len(held) > most:
            raise self.refuse(f"has {len(held):,} items, and {most:,} are allowed")
        for i, value in enumerate(held):
            yield Part(value, f"{self.path}[{i}]")

    def text(self) -> str:
        """Return a text."""
        if type(self.value) is not str:
            raise self.refuse("is no text")
        return self.value

    def number(self) -> float:
        """Return a finite number, which may be written as a text."""
        value = self.value
        if type(value) is str:
            try:
                value = float(value)
            except ValueError:
                raise self.refuse(f"is no number, but {shown(value)}") from None
        if type(value) not in (int, float) or not is_finite(value):
            raise self.refuse("is no finite number")
        return float(value)

    def whole(self, lowest: int, highest: int) -> int:
        """Return a whole number within bounds, which may be written as a text."""
        number = self.number()
        if number != math.floor(number) or not lowest <= number <= highest:
            raise self.refuse(
                f"is {number:g}, and no whole number from {lowest:,} to {highest:,}"
            )
        return int(number)

    def doubles(self, length: int | None = None) -> np.ndarray:
        """Return an array of finite numbers, of a length if one is given."""
        found = self.array(length).astype(np.float64)
        if not np.isfinite(found).all():
            raise self.refuse("has a number that is not finite")
        return found

    def wholes(
        self, lowest: int, highest: int, length: int | None = None
    ) -> np.ndarray:
        """Return an array of whole numbers within bounds."""
        found = self.array(length)
        if found.dtype.kind == "f":
            whole = found == np.floor(found)
            if not whole.all():
                raise self.refuse(f"has {found[~whole][0]:g}, which is no whole number")
        if len(found) and not lowest <= found.min() <= found.max() <= highest:
            outside = found[(found < lowest) | (found > highest)][0]
            raise self.refuse(
                f"has {outside:g}, which is no whole number from {lowest:,} to "
                f"{highest:,}"
            )
        return found.astype(np.int64)

    def array(self, length: int | None) -> np.ndarray:
        """Return an array of numbers."""
        found = self.value
        if type(found) is list:
            try:
                found = np.array(found) if found else np.zeros(0)
            except ValueError:
                raise self.refuse("is no array of numbers") from None
        if type(found) is not np.ndarray or found.ndim != 1:
            raise self.refuse("is no array of numbers")
        if found.dtype.kind not in "iufb":
            large = found.dtype == object and all(type(one) is int for one in found)
            problem = (
                "has a number that is too large" if large else "is no array of numbers"
            )
            raise self.refuse(problem)
        if length is not None and len(found) != length:
            raise self.refuse(f"has {len(found):,} numbers in place of {length:,}")
        return found


def is_finite(value: float) -> bool:
    """Return whether a number is finite as a double, which large whole ones are not."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def shown(text: str) -> str:
    """Return the beginning of a text, fit for a message."""
    return repr(text[:60])


def wholes_together(
    parts: Sequence[Part], lowest: int, highest: int | np.ndarray, lengths: np.ndarray
) -> np.ndarray:
    """Return what `Part.wholes` says of many short arrays, one after the other.

    Parameters
    ----------
    parts : sequence of Part
    lowest : int
    highest : int or ndarray of int64, shape (n_parts,)
        Of each part, if they differ.
    lengths : ndarray of int64, shape (n_parts,)
    """
    most = np.broadcast_to(highest, len(parts))
    found = together(parts, lengths)
    outside = (found < lowest) | (found > np.repeat(most, lengths))
    if outside.any() or (found.dtype.kind == "f" and (found != np.floor(found)).any()):
        for part, high, length in zip(parts, most.tolist(), lengths.tolist()):
            part.wholes(lowest, high, length)
    return found.astype(np.int64)


def doubles_together(parts: Sequence[Part], lengths: np.ndarray) -> np.ndarray:
    """Return what `Part.doubles` says of many short arrays, one after the other."""
    found = together(parts, lengths).astype(np.float64)
    if not np.isfinite(found).all():
        for part in parts:
            part.doubles()
    return found


def together(parts: Sequence[Part], lengths: np.ndarray) -> np.ndarray:
    """Return arrays of numbers, one after the other."""
    found = [part.array(length) for part, length in zip(parts, lengths.tolist())]
    return np.concatenate([np.zeros(0, np.int64), *found])
