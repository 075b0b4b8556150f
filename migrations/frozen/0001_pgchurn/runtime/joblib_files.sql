CREATE OR REPLACE FUNCTION churn_runtime.joblib_files() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Reading what ``joblib.dump`` writes, as strictly as a pickle.

joblib writes a pickle in which a ``NumpyArrayWrapper`` stands for each array: its type,
shape and order. Where the wrapper has been given its state, the array's bytes follow in
the midst of the opcodes, after padding; of an array of objects, a pickle of its own
follows. See NumpyPickler in joblib/numpy_pickle.py.
"""

import pickle
from typing import Any

import numpy as np

from .pacing import Pausing, no_pause
from .pickle_scan import LARGEST_PICKLE, Scan, unreadable
from .pickle_values import (
    MOST_DIMENSIONS,
    check_array_bytes,
    check_array_form,
    is_token,
    require,
)
from .strict_pickle import StrictUnpickler

MODULE = "joblib.numpy_pickle"
WRAPPER = "NumpyArrayWrapper"
NAME = f"{MODULE}.{WRAPPER}"
# Of the padding: one byte says how many follow.
LARGEST_PADDING = 16
PADDING = b"\xff"
FIELDS = {"subclass", "shape", "order", "dtype", "allow_mmap"}
ALIGNMENT = "numpy_array_alignment_bytes"


class ArrayWrapper:
    """Stands for an array until the state says which."""

    __slots__ = ()


class JoblibUnpickler(StrictUnpickler):
    """Builds estimators out of what joblib has written, see ``StrictUnpickler``."""

    def __init__(self, artifact: bytes, pause: Pausing = no_pause) -> None:
        super().__init__(artifact, pause)
        self.artifact = artifact
        self.scan = Scan(artifact)

    def read_estimator(self) -> Any:
        """Return the object that the file describes, verified piece by piece."""
        self.scan.start()
        self.scan.go_on(arrays_follow=True)
        root = super().read_estimator()
        self.scan.finish()
        return root

    def permits(self, module: str, name: str) -> bool:
        """Return whether a name may be mentioned."""
        return (module, name) == (MODULE, WRAPPER) or super().permits(module, name)

    def load_newobj(self) -> None:
        """Make the wrapper of an array, or an estimator without a state."""
        if is_token(self.stack[-2], NAME):
            require(self.stack.pop() == (), NAME)
            self.stack.pop()
            self.wait_for_state(ArrayWrapper())
        else:
            super().load_newobj()

    def load_build(self) -> None:
        """Give an object its one state; after that of a wrapper, read the array."""
        if type(self.stack[-2]) is ArrayWrapper:
            state = self.stack.pop()
            wrapper = self.stack.pop()
            require(self.stateless.pop(id(wrapper), None) is wrapper, NAME)
            self.append(self.read_array(state))
            self.pause()
        else:
            super().load_build()
        # Nothing is carried out that has not been scanned.
        self.scan.go_on(arrays_follow=True)

    def read_array(self, state: Any) -> np.ndarray:
        """Return the array whose bytes come next."""
        require(type(state) is dict and FIELDS <= set(state), NAME)
        require(set(state) <= {*FIELDS, ALIGNMENT}, NAME)
        dtype, shape, order = state["dtype"], state["shape"], state["order"]
        require(is_token(state["subclass"], "numpy.ndarray"), NAME)
        require(isinstance(dtype, np.dtype), NAME)
        require(type(order) is str and order in ("C", "F"), NAME)
        require(type(state["allow_mmap"]) is bool, NAME)
        if dtype.hasobject:
            return self.read_objects(dtype, shape)
        alignment = state.get(ALIGNMENT)
        if alignment is not None:
            require(type(alignment) is int and alignment == LARGEST_PADDING, NAME)
            self.skip_padding()
        count = number_of_elements(shape)
        data = self.taken(count * dtype.itemsize)
        check_array_form(dtype, shape, len(data))
        check_array_bytes(dtype, data)
        array = np.frombuffer(data, dtype)
        if order == "F":
            return array.reshape(shape[::-1]).transpose()
        return array.reshape(shape)

    def skip_padding(self) -> None:
        """Pass over the padding, which is what joblib writes."""
        length = self.taken(1)[0]
        require(length <= LARGEST_PADDING, NAME)
        require(self.taken(length) == PADDING * length, NAME)

    def read_objects(self, dtype: np.dtype, shape: Any) -> np.ndarray:
        """Return an array of objects, which is a pickle of its own."""
        require(dtype == object, NAME)  # noqa: E721  dtypes compare by ==
        start = self.scan.position
        around = self.scan.first, self.scan.marks
        self.scan.start()
        self.scan.go_on()
        self.scan.first, self.scan.marks = around
        content = self.artifact[start : self.scan.position]
        inner = StrictUnpickler(content, self.pause, self)
        array = inner.read_estimator()
        self.number_keys, self.generators = inner.number_keys, inner.generators
        self.object_arrays = inner.object_arrays
        require(type(array) is np.ndarray and array.dtype == dtype, NAME)
        require(array.shape == shape, NAME)
        self.move_to(self.scan.position)
        return array

    def taken(self, length: int) -> bytearray:
        """Return the next bytes, which are no opcodes."""
        start = self.scan.position
        if start + length > len(self.artifact):
            raise unreadable(
                f"An array at position {start} takes {length} bytes, and the file ends "
                f"after {len(self.artifact)}."
            )
        self.move_to(start + length)
        # A copy, which scikit-learn may write to.
        return bytearray(memoryview(self.artifact)[start : start + length])

    def move_to(self, position: int) -> None:
        """Go on reading opcodes from a position."""
        self.scan.position = position
        self.file.seek(position)

    dispatch = StrictUnpickler.dispatch | {
        pickle.NEWOBJ[0]: load_newobj,
        pickle.BUILD[0]: load_build,
    }


def number_of_elements(shape: Any) -> int:
    """Return how many elements an array of a shape has."""
    require(type(shape) is tuple and all(type(one) is int for one in shape), NAME)
    require(len(shape) <= MOST_DIMENSIONS, NAME)
    require(all(0 <= one <= LARGEST_PICKLE for one in shape), NAME)
    count = 1
    for one in shape:
        count *= one
    return count
$python$;
COMMENT ON FUNCTION churn_runtime.joblib_files IS 'Reading what ``joblib.dump`` writes, as strictly as a pickle.';
