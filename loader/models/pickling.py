"""Pickling again what was read from a pickle, so that it is read again.

The strict loader gives what it reads its own parts in a few places, which a pickle may
not name; here they are named as scikit-learn names them.
"""

import functools
import importlib
import io
import pickle
from typing import Any

from pgchurn.plpython.runtime.pickle_values import SPLINE, SPLINE_ARRAYS, class_name

PROTOCOL = 4


def pickled(estimator: object) -> bytes:
    """Return the pickle of an estimator, of which parts may have been read from one."""
    file = io.BytesIO()
    Pickler(file, PROTOCOL).dump(estimator)
    return file.getvalue()


class Pickler(pickle.Pickler):
    """Pickles parts that the strict loader has made as scikit-learn's own are."""

    def reducer_override(self, part: Any) -> Any:
        """Return how a part is pickled, if not as any other."""
        if type(part) is functools.partial:
            # Whoever has looked for its attributes has left an empty dict behind.
            return functools.partial, (part.func,), state_of(part)
        if class_name(part) == SPLINE and "_asarray" in vars(part):
            make, arguments, state = part.__reduce_ex__(PROTOCOL)[:3]
            return make, arguments, {**state, "_asarray": named(SPLINE_ARRAYS)}
        return NotImplemented


def state_of(part: functools.partial) -> tuple[Any, ...]:
    """Return the state of a partial function, without attributes where it has none."""
    return part.func, part.args, part.keywords, vars(part) or None


def named(path: str) -> Any:
    """Return what a module and a name stand for."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)
