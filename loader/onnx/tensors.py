"""Tensors of an ONNX file as arrays."""

import math
from typing import Any, NamedTuple

import numpy as np
from pgchurn.loader.boosters.parts import refused

MOST_DIMENSIONS = 4
FLOAT, INT32, INT64, STRING, BOOL, DOUBLE = 1, 6, 7, 8, 9, 11


class ElementType(NamedTuple):
    """What the elements of a tensor are.

    Attributes
    ----------
    name : str
        As ONNX calls it.
    array : dtype
    raw : dtype or None
        How they stand in ``raw_data``; None: there they cannot.
    field : str
        Where they stand otherwise.
    """

    name: str
    array: Any
    raw: Any
    field: str


ELEMENTS = {
    FLOAT: ElementType("float", np.dtype(np.float32), np.dtype("<f4"), "float_data"),
    INT32: ElementType("int32", np.dtype(np.int32), np.dtype("<i4"), "int32_data"),
    INT64: ElementType("int64", np.dtype(np.int64), np.dtype("<i8"), "int64_data"),
    STRING: ElementType("string", np.dtype(object), None, "string_data"),
    BOOL: ElementType("bool", np.dtype(np.bool_), np.dtype(np.bool_), "int32_data"),
    DOUBLE: ElementType("double", np.dtype(np.float64), np.dtype("<f8"), "double_data"),
}
# Kept apart, since an array of texts has no type of its own.
READ = ", ".join(one.name for one in ELEMENTS.values())


def element_type(number: int, path: str) -> ElementType:
    """Return a type of elements; refuse those that are not read."""
    if number not in ELEMENTS:
        raise refused(path, f"has elements of type {number}, and {READ} are read")
    return ELEMENTS[number]


def read_tensor(tensor: dict[str, Any], path: str) -> np.ndarray:
    """Return the array that a tensor describes.

    Raises
    ------
    LoaderError
        If its elements are elsewhere, of a type that is not read, or not as many as its
        dimensions say.
    """
    if tensor.get("data_location") or "external_data" in tensor:
        raise refused(
            path,
            "is kept in another file",
            "Save the model with its tensors inside: onnx.save(model, file).",
        )
    if "segment" in tensor:
        raise refused(path, "is one segment of a tensor")
    element = element_type(tensor.get("data_type", 0), path)
    shape = tuple(int(one) for one in tensor.get("dims", ()))
    if len(shape) > MOST_DIMENSIONS:
        raise refused(
            path, f"has {len(shape):,} dimensions, and {MOST_DIMENSIONS} are allowed"
        )
    if any(one < 0 for one in shape):
        raise refused(path, f"has the shape {shape}")
    if "raw_data" in tensor:
        found = from_raw(tensor["raw_data"], element, path)
    else:
        found = from_field(tensor.get(element.field, ()), element, path)
    if len(found) != math.prod(shape):
        raise refused(
            path, f"has {len(found):,} elements, and the shape {shape} of others"
        )
    return found.reshape(shape)


def from_raw(content: memoryview, element: ElementType, path: str) -> np.ndarray:
    """Return the elements that bytes are."""
    if element.raw is None:
        raise refused(path, f"has {element.name} as bytes")
    if len(content) % element.raw.itemsize:
        raise refused(path, "ends within an element")
    if element.raw == np.bool_ and any(one > 1 for one in content):
        raise refused(path, "has a bool that is none")
    return np.frombuffer(content, element.raw).astype(element.array)


def from_field(given: Any, element: ElementType, path: str) -> np.ndarray:
    """Return the elements that a field holds."""
    if element.raw is None:
        found = np.empty(len(given), dtype=object)
        found[:] = list(given)
        return found
    array = np.asarray(given)
    if element.array.kind in "ib" and len(array):
        bounds = (0, 1) if element.array.kind == "b" else limits(element)
        if array.min() < bounds[0] or array.max() > bounds[1]:
            raise refused(path, f"has an element that is no {element.name}")
    return array.astype(element.array)


def limits(element: ElementType) -> tuple[int, int]:
    """Return the least and the greatest whole number of a type."""
    found = np.iinfo(element.array)
    return int(found.min), int(found.max)
