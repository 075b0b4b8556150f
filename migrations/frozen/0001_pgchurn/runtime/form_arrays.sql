CREATE OR REPLACE FUNCTION churn_runtime.form_arrays() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""The arrays of a compiled form: as its bytes have them, as lists, as NumPy does.

What is read of a form is looked through as lists where it is short, which is quicker
than to import NumPy for it.
"""

import math
import struct
import sys
from array import array
from operator import lt
from typing import Any

from .numpy_later import Array, np

# As NumPy and as ``struct`` and ``memoryview`` call them.
TYPES = {"f": "<f8", "i": "<i4", "b": "<u1"}
FORMATS: dict[str, Any] = {"f": "d", "i": "i", "b": "B"}
SIZES = {code: struct.calcsize(one) for code, one in FORMATS.items()}
# So many take 2 ms to be looked through once, and NumPy 45 ms to be imported.
FEW = 50_000

# A list of few, an array of many.
Numbers = list[Any] | Array


# As it stands in the bytes of a form, which are not copied.
FormArray = memoryview


def array_in(content: bytes, code: str, offset: int, length: int) -> FormArray:
    """Return an array of a type that begins somewhere in the bytes of a form."""
    numbers = memoryview(content)[offset : offset + length * SIZES[code]]
    if sys.byteorder == "little":
        return numbers.cast(FORMATS[code])
    swapped = array(FORMATS[code], numbers.tobytes())
    swapped.byteswap()
    return memoryview(swapped)


class ArrayField:
    """An attribute that is NumPy's array of what it was given, once it is asked for."""

    def __set_name__(self, owner: type, name: str) -> None:
        """Take note of the attribute's name."""
        self.name = name

    def __get__(self, holder: object, owner: type) -> Array:
        """Return the array."""
        held = vars(holder)
        numbers = held[self.name] = np.asarray(held[self.name])
        return numbers

    def __set__(self, holder: object, numbers: FormArray | Array) -> None:
        """Hold an array as it is."""
        vars(holder)[self.name] = numbers


def numbers_in(holder: object, name: str) -> Numbers:
    """Return what an ``ArrayField`` holds, as a list where it is short."""
    held = vars(holder)[name]
    return held.tolist() if len(held) <= FEW else np.asarray(held)


def view_of(holder: object, name: str) -> memoryview:
    """Return what an ``ArrayField`` holds, to be read number by number.

    A list of as many takes four times as much memory.
    """
    return memoryview(vars(holder)[name])


def highest(numbers: Numbers) -> int:
    """Return the largest of some whole numbers that are not negative, 0 of none."""
    if isinstance(numbers, list):
        return max(numbers, default=0)
    return int(numbers.max(initial=0))


def are_not_negative(numbers: Numbers) -> bool:
    """Return whether no number is below 0."""
    if isinstance(numbers, list):
        return min(numbers, default=0) >= 0
    return bool((numbers >= 0).all())


def are_finite(numbers: Numbers) -> bool:
    """Return whether all numbers are finite."""
    if isinstance(numbers, list):
        return all(map(math.isfinite, numbers))
    return bool(np.isfinite(numbers).all())


def have_infinity(numbers: Numbers) -> bool:
    """Return whether a number is infinite; NaN is not."""
    if isinstance(numbers, list):
        return any(map(math.isinf, numbers))
    return bool(np.isinf(numbers).any())


def rise(numbers: Numbers) -> bool:
    """Return whether each number is above the one before it."""
    if isinstance(numbers, list):
        return all(map(lt, numbers, numbers[1:]))
    return bool((np.diff(numbers) > 0).all())


def are_ends(ends: Numbers, length: int) -> bool:
    """Return whether pieces that end so make up an array of a length."""
    if isinstance(ends, list):
        bounds = [0, *ends]
        return bounds == sorted(bounds) and bounds[-1] == length
    starts = np.concatenate([[0], ends.astype(np.int64)])
    return bool((np.diff(starts) >= 0).all() and starts[-1] == length)
$python$;
COMMENT ON FUNCTION churn_runtime.form_arrays IS 'The arrays of a compiled form: as its bytes have them, as lists, as NumPy does.';
