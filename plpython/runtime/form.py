"""The bytes of a compiled form: a line of JSON, and the arrays that it mentions.

Whoever can write to ``churn.models`` can write these bytes, so nothing of them is
believed. Numbers and arrays are all that they can hold; each part checks its own when
it is made, and what has been read can neither crash nor hang, whatever row it scores.
"""

import json
import math
from collections.abc import Callable, Mapping, Set
from types import MappingProxyType
from typing import Any, NamedTuple

from .errors import ScoringError
from .form_arrays import FORMATS, SIZES, TYPES, FormArray, array_in
from .numpy_later import Array, np

MAGIC = b"pgchurn form 1\n"
# Of 3 million nodes of trees; larger models take too long to load in a session.
MOST_BYTES = 64 << 20
# JSON takes up to 24 times its size while it is read.
MOST_HEADER_BYTES = 4 << 20
MOST_ARRAYS = 100_000
ALIGNMENT = 8
# What a description may leave out: no number is refused.
NUMBERS = "numbers"


class Form(NamedTuple):
    """What a compiled form says."""

    # How each text feature is coded, by name: see ``compiled.read_codes``.
    texts: dict[str, Any]
    # What gives the probability: see ``form_parts``.
    probability: dict[str, Any]
    arrays: list[FormArray]
    # What is known of numbers that are refused otherwise, by name: see
    # ``compiled.read_known_numbers``.
    numbers: dict[str, Any]


def malformed_form(detail: str) -> ScoringError:
    """Return the error for bytes that no compiler of ours wrote."""
    return ScoringError(
        "compiled form is malformed",
        detail=detail,
        hint="Register the model again, so that it is compiled anew.",
        sqlstate="55000",
    )


def require(holds: object, detail: str) -> None:
    """Refuse a compiled form for which something does not hold."""
    if not holds:
        raise malformed_form(detail)


def write_form(
    texts: dict[str, Any],
    probability: Callable[["ArrayWriter"], dict[str, Any]],
    numbers: Mapping[str, Set[float | None]] = MappingProxyType({}),
    magic: bytes = MAGIC,
) -> bytes:
    """Return the bytes of a compiled form.

    ``probability`` hands its arrays over to the writer that it is given, and returns
    its description; ``numbers`` are those that are known of a feature, None for NULL,
    where others are refused; ``magic`` is what the bytes begin with.
    """
    writer = ArrayWriter()
    header: dict[str, Any] = {"texts": texts, "probability": probability(writer)}
    if numbers:
        header[NUMBERS] = {
            name: {"known": sorted(known - {None}), "missing": None in known}
            for name, known in numbers.items()
        }
    header["arrays"] = [
        [code, len(array)] for code, array in zip(writer.codes, writer.arrays)
    ]
    start = magic + json.dumps(header, allow_nan=False).encode() + b"\n"
    parts = [padded(start), *(padded(array.tobytes()) for array in writer.arrays)]
    return b"".join(parts)


def padded(content: bytes) -> bytes:
    """Return the content filled up to a multiple of the alignment."""
    return content + b" " * (-len(content) % ALIGNMENT)


def read_form(content: bytes, magic: bytes = MAGIC) -> Form:
    """Read the bytes of a compiled form, as arrays that are not copied."""
    require(len(content) <= MOST_BYTES, f"It has more than {MOST_BYTES} bytes.")
    require(content.startswith(magic), "It does not begin as one.")
    end = content.find(b"\n", len(magic), len(magic) + MOST_HEADER_BYTES)
    require(end > 0, "Its description does not end.")
    try:
        header = json.loads(content[len(magic) : end])
    except (ValueError, RecursionError):
        raise malformed_form("Its description is no JSON.") from None
    require(type(header) is dict, "Its description is no object.")
    numbers = header.pop(NUMBERS, {})
    header = described(header, {"texts", "probability", "arrays"})
    require(type(header["texts"]) is dict, "Its texts are no object.")
    require(type(numbers) is dict, "Its numbers are no object.")
    return Form(
        header["texts"],
        header["probability"],
        read_arrays(content, end + 1, header["arrays"]),
        numbers,
    )


def read_arrays(content: bytes, start: int, shapes: Any) -> list[FormArray]:
    """Return the arrays that follow the description."""
    require(type(shapes) is list and len(shapes) <= MOST_ARRAYS, "It has no arrays.")
    arrays = []
    offset = start + (-start) % ALIGNMENT
    for shape in shapes:
        require(type(shape) is list and len(shape) == 2, "An array has no shape.")
        code, length = shape
        require(type(code) is str and code in TYPES, "An array has an unknown type.")
        length = whole_number(length, 0, (len(content) - offset) // SIZES[code])
        arrays.append(array_in(content, code, offset, length))
        offset += length * SIZES[code]
        offset += -offset % ALIGNMENT
    require(offset == len(content), "Its length is not that of its arrays.")
    return arrays


class ArrayWriter:
    """Collects the arrays of a compiled form."""

    def __init__(self) -> None:
        self.codes: list[str] = []
        self.arrays: list[Array] = []

    def add(self, code: str, array: Array) -> int:
        """Return the number under which the description mentions an array."""
        self.codes.append(code)
        self.arrays.append(np.ascontiguousarray(array, TYPES[code]).ravel())
        return len(self.arrays) - 1


class ArrayReader:
    """Hands out the arrays of a compiled form, each of them once."""

    def __init__(self, arrays: list[FormArray]) -> None:
        self.arrays: dict[int, FormArray] = dict(enumerate(arrays))

    def take(self, code: str, number: Any) -> FormArray:
        """Return an array of a type."""
        number = whole_number(number, 0, MOST_ARRAYS)
        require(number in self.arrays, "It mentions an array that is not there.")
        array = self.arrays.pop(number)
        require(array.format == FORMATS[code], "An array is of another type.")
        return array


def described(thing: Any, keys: Set[str]) -> dict[str, Any]:
    """Return an object of just these keys."""
    require(type(thing) is dict and thing.keys() == keys, "A part is none.")
    return thing


def whole_number(value: Any, lowest: int, highest: int) -> int:
    """Return an int within bounds; True and False are none."""
    require(
        type(value) is int and lowest <= value <= highest,
        "A number is not one, or out of bounds.",
    )
    return value


def finite_number(value: Any) -> float:
    """Return a finite float."""
    require(type(value) in (int, float), "A number is not one.")
    try:
        number = float(value)
    except OverflowError:
        raise malformed_form("A number is too large.") from None
    require(math.isfinite(number), "A number is not finite.")
    return number
