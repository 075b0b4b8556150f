"""The values that a pickle may describe by calls and states, each of its known form.

A function ``make_...`` does what a call in the pickle asks for, given the name that is
called and its arguments; a function ``set_...`` gives an object its state. Both refuse
what scikit-learn and numpy do not write.
"""

import importlib
import re
from functools import partial
from typing import Any

import numpy as np

from .pickle_scan import unreadable
from .unread import DROPPED_ATTRIBUTES, DROPPED_PARAMETERS

SIMPLE_DTYPES = ("b1", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "O8")
# Longer ones would be multiplied by the rows that are scored.
TEXT_DTYPE = re.compile(r"U[1-9][0-9]{0,3}")
# LogisticRegressionCV keeps coefficients by class, fold, strength, ratio and feature.
MOST_DIMENSIONS = 5
MOST_FEATURES = 100_000
MOST_CLASSES = 100
MOST_GENERATORS = 1_000
# Of estimators: numpy frees those within each other one inside the other.
MOST_OBJECT_ARRAYS = 1_000
LARGEST_SLICE = 1_000_000_000
LARGEST_CODE_POINT = 0x10FFFF
FIRST_SURROGATE, LAST_SURROGATE = 0xD800, 0xDFFF
# Numbers as keys can be chosen so that they collide: class weights are few and small.
MOST_NUMBER_KEYS = 100
LARGEST_NUMBER_KEY = 2**31
# See MT19937 in numpy/random: the length of its key.
TWISTER_WORDS = 624
SEED_CHECKSUM = 65708578
SEED_SEQUENCE = "numpy.random.bit_generator.SeedSequence"
# By what makes a generator: the source that it is made of.
BIT_GENERATORS = {
    "__generator_ctor": "numpy.random._pcg64.PCG64",
    "__randomstate_ctor": "numpy.random._mt19937.MT19937",
}
ESTIMATE = "sklearn.impute._iterative._ImputerTriplet"
SPLINE = "scipy.interpolate._bsplines.BSpline"
# Which SciPy 1.17 has not.
SPLINE_PART = "scipy.interpolate._bsplines._BSpline"
# How a spline says that its arrays are of numpy.
SPLINE_ARRAYS = "scipy._lib.array_api_compat.numpy._aliases.asarray"
HIGHEST_DEGREE = 20
TREE = "sklearn.tree._tree.Tree"
# Where the client has the runtime's modules, as its pickles name them.
OWN_PACKAGE = "pgchurn.plpython.runtime."
# Of the trees of nearest neighbours, whose module has no name for it.
POINT_NODE_DTYPE = np.dtype(
    [("idx_start", "<i8"), ("idx_end", "<i8"), ("is_leaf", "<i8"), ("radius", "<f8")]
)
CHECK_ARRAY = "sklearn.utils.validation.check_array"
NESTING = (np.ndarray, list, tuple, dict, set, frozenset)
PLAIN = (str, bool, int, float, type(None), np.generic)


class Token:
    """A permitted name that a pickle has mentioned: inert until it is called."""

    __slots__ = ("module", "name")

    def __init__(self, module: str, name: str) -> None:
        self.module = module
        self.name = name

    def __str__(self) -> str:
        """Return the dotted name."""
        return f"{self.module}.{self.name}"

    def resolve(self) -> Any:
        """Return the object of this name."""
        module = self.module
        if module.startswith(OWN_PACKAGE):
            # In the server, the runtime's modules are those of another package.
            module = f"{__package__}.{module.removeprefix(OWN_PACKAGE)}"
        return getattr(importlib.import_module(module), self.name)


def printable(name: object) -> str:
    """Return a name from a pickle as text that is fit for a message."""
    return "".join(c if c.isprintable() else "?" for c in str(name)[:100])


def class_name(thing: object) -> str:
    """Return the dotted name of a thing's class; every dtype's is the one name."""
    kind = np.dtype if isinstance(thing, np.dtype) else type(thing)
    return f"{kind.__module__}.{kind.__qualname__}"


def described(thing: object) -> str:
    """Return the words for a thing in a message."""
    return str(thing) if type(thing) is Token else f"a {type(thing).__name__}"


def require(condition: object, name: object) -> None:
    """Refuse a call or a state that is not of the known form."""
    if not condition:
        raise unreadable(f"{name} is given something else than scikit-learn gives it.")


def is_token(thing: object, name: str) -> bool:
    """Return whether a thing is the token of a dotted name."""
    return type(thing) is Token and str(thing) == name


def is_index(thing: Any, largest: int) -> bool:
    """Return whether a thing is a whole number from 0 to a largest."""
    return type(thing) is int and 0 <= thing <= largest


def node_dtypes() -> dict[str, np.dtype]:
    """Return the structured types that trees are made of, by their name."""
    from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE
    from sklearn.tree._tree import NODE_DTYPE

    known = (NODE_DTYPE, PREDICTOR_RECORD_DTYPE, POINT_NODE_DTYPE)
    return {f"V{one.itemsize}": one for one in known}


def make_dtype(token: Token, *arguments: Any) -> Any:
    """Make one of the known types, without asking numpy to read a description."""
    require(len(arguments) == 3 and arguments[1:] == (False, True), token)
    name = arguments[0]
    require(type(name) is str, token)
    if name not in SIMPLE_DTYPES and not TEXT_DTYPE.fullmatch(name):
        require(name in node_dtypes(), token)
    return np.dtype(name, False, True)


def set_dtype(dtype: Any, state: Any) -> None:
    """Check the state of a type: there is only one that fits, so it is set anew."""
    if dtype.kind == "V":
        known = node_dtypes()[f"V{dtype.itemsize}"]
        expected = known.__reduce__()[2]
        require(same(state, expected), "numpy.dtype")
        dtype.__setstate__(expected)
    else:
        require(same(state, dtype.__reduce__()[2]), "numpy.dtype")


def same(given: Any, expected: Any) -> bool:
    """Return whether two states are equal, down to the types."""
    if isinstance(expected, np.dtype):
        return isinstance(given, np.dtype) and given == expected
    if type(given) is not type(expected):
        return False
    if isinstance(expected, tuple):
        return len(given) == len(expected) and all(map(same, given, expected))
    if isinstance(expected, dict):
        return list(given) == list(expected) and all(
            same(given[key], expected[key]) for key in expected
        )
    return given == expected


def check_array_form(dtype: Any, shape: Any, size: int) -> None:
    """Refuse a shape that its data do not fill exactly.

    Their size is in bytes, or in elements where the type is object.
    """
    name = "numpy.ndarray"
    require(isinstance(dtype, np.dtype), name)
    require(type(shape) is tuple and len(shape) <= MOST_DIMENSIONS, name)
    require(all(is_index(length, 2**28) for length in shape), name)
    require(dtype.kind != "V" or dtype.names is not None, name)
    count = 1
    for length in shape:
        count *= length
    require(count * (1 if dtype.hasobject else dtype.itemsize) == size, name)


def check_array_bytes(dtype: np.dtype, data: Any) -> None:
    """Refuse bytes that are no value of their type.

    numpy takes a bool to be 0 or 1 and a text to be code points, and reads past the end
    of its memory where they are not. Half of a surrogate pair nobody can write.
    """
    if dtype.kind == "b":
        require(not bytes(data).translate(None, b"\0\1"), "a bool array")
    elif dtype.kind == "U":
        points = np.frombuffer(data, np.uint32)
        halves = (points >= FIRST_SURROGATE) & (points <= LAST_SURROGATE)
        require(not ((points > LARGEST_CODE_POINT) | halves).any(), "a text array")


def make_empty_array(
    token: Token, kind: Any = None, shape: Any = None, code: Any = None, *more: Any
) -> Any:
    """Make the array that the next BUILD fills."""
    require(is_token(kind, "numpy.ndarray") and not more, token)
    require(shape == (0,) and type(shape[0]) is int and code == b"b", token)
    return np.ndarray((0,), "S1")


def is_array_of_objects(thing: Any) -> bool:
    """Return whether something is an array of more than texts, numbers and nulls."""
    if type(thing) is not np.ndarray or not thing.dtype.hasobject:
        return False
    return not all(issubclass(kind, PLAIN) for kind in set(map(type, thing.flat)))


def ends_nesting(thing: Any) -> bool:
    """Return whether nothing is within a thing, or an array of numbers is all.

    One that waits for its state may yet become an array of objects.
    """
    if type(thing) is np.ndarray:
        return not thing.dtype.hasobject and thing.dtype.char != "S"
    return not isinstance(thing, NESTING)


def set_array(array: Any, state: Any) -> None:
    """Fill an array with data of exactly its size."""
    require(type(state) is tuple and len(state) == 5, "numpy.ndarray")
    version, shape, dtype, fortran, data = state
    require(version == 1 and type(fortran) is bool, "numpy.ndarray")
    require(isinstance(dtype, np.dtype), "numpy.ndarray")
    if dtype.hasobject:
        require(dtype == object and type(data) is list, "numpy.ndarray")  # noqa: E721  dtypes compare by ==
        check_array_form(dtype, shape, len(data))
        # numpy frees what is in arrays one inside the other, until the stack ends.
        require(all(map(ends_nesting, data)), "an object array")
    else:
        require(type(data) is bytes, "numpy.ndarray")
        check_array_form(dtype, shape, len(data))
        check_array_bytes(dtype, data)
    array.__setstate__((1, shape, dtype, fortran, data))


def make_array(
    token: Token,
    data: Any = None,
    dtype: Any = None,
    shape: Any = None,
    order: Any = None,
    *more: Any,
) -> Any:
    """Make an array over bytes of exactly its size."""
    require(type(data) in (bytes, bytearray) and not more, token)
    require(isinstance(dtype, np.dtype) and not dtype.hasobject, token)
    require(order in ("C", "F") and type(order) is str, token)
    check_array_form(dtype, shape, len(data))
    check_array_bytes(dtype, data)
    return np.frombuffer(data, dtype).reshape(shape, order=order)


def make_scalar(token: Token, dtype: Any = None, data: Any = None, *more: Any) -> Any:
    """Make a number or a text of numpy's."""
    require(isinstance(dtype, np.dtype) and dtype.kind in "bfiuU", token)
    require(type(data) is bytes and len(data) == dtype.itemsize and not more, token)
    check_array_bytes(dtype, data)
    return np.frombuffer(data, dtype)[0]


def make_estimate(
    token: Token,
    feature: Any = None,
    others: Any = None,
    estimator: Any = None,
    *more: Any,
) -> Any:
    """Make a step of an imputer: what estimates a number, and of which others."""
    require(type(feature) in (int, np.int64) and not more, token)
    require(type(others) is np.ndarray and others.dtype.kind == "i", token)
    require(class_name(estimator).startswith("sklearn."), token)
    return token.resolve()(feature, others, estimator)


def make_slice(token: Token, *arguments: Any) -> Any:
    """Make a slice of columns."""
    require(len(arguments) == 3, token)
    require(
        all(one is None or is_index(one, LARGEST_SLICE) for one in arguments), token
    )
    return slice(*arguments)


def make_tree(
    token: Token,
    features: Any = None,
    classes: Any = None,
    outputs: Any = None,
    *more: Any,
) -> Any:
    """Make a tree without nodes."""
    require(is_index(features, MOST_FEATURES) and features > 0 and not more, token)
    require(type(outputs) is int and outputs == 1, token)
    require(type(classes) is np.ndarray and classes.dtype == np.int64, token)
    require(classes.shape == (1,) and 1 <= classes[0] <= MOST_CLASSES, token)
    return token.resolve()(features, np.array(classes), outputs)


def set_tree(tree: Any, state: Any) -> None:
    """Give a tree nodes and values that fit one another."""
    name = TREE
    require(type(state) is dict, name)
    require(set(state) == {"max_depth", "node_count", "nodes", "values"}, name)
    nodes, values = state["nodes"], state["values"]
    require(type(nodes) is np.ndarray and type(values) is np.ndarray, name)
    require(nodes.dtype in node_dtypes().values() and nodes.ndim == 1, name)
    require(nodes.flags.c_contiguous and values.flags.c_contiguous, name)
    require(values.dtype == np.float64, name)
    require(values.shape == (len(nodes), 1, tree.max_n_classes), name)
    require(is_index(state["max_depth"], len(nodes)) and len(nodes) > 0, name)
    require(type(state["node_count"]) is int, name)
    require(state["node_count"] == len(nodes), name)
    tree.__setstate__(state)


def make_checker(token: Token, function: Any = None, *more: Any) -> Any:
    """Make the check that histogram gradient boosting puts before its numbers."""
    require(is_token(function, CHECK_ARRAY) and not more, token)
    return partial(function.resolve())


def set_checker(checker: Any, state: Any) -> None:
    """Set the one form that the check has."""
    expected = {"dtype": [np.float64], "ensure_all_finite": False}
    require(type(state) is tuple and len(state) == 4, "functools.partial")
    function, arguments, named, attributes = state
    require(is_token(function, CHECK_ARRAY), "functools.partial")
    require(arguments == () and attributes is None, "functools.partial")
    require(type(named) is dict and list(named) == list(expected), "functools.partial")
    require(type(named["dtype"]) is list, "functools.partial")
    require(
        len(named["dtype"]) == 1
        and named["dtype"][0] is np.float64
        and named["ensure_all_finite"] is False,
        "functools.partial",
    )
    checker.__setstate__((checker.func, (), expected, None))


def make_without_arguments(token: Token, *arguments: Any) -> Any:
    """Make a loss."""
    require(arguments == (), token)
    return token.resolve()()


def make_hinge(token: Token, threshold: Any = None, *more: Any) -> Any:
    """Make the hinge loss."""
    require(type(threshold) is float and not more, token)
    return token.resolve()(threshold)


def make_bit_generator(token: Token, kind: Any = None, *more: Any) -> Any:
    """Make the source of a random generator."""
    require(type(kind) is Token and str(kind) in BIT_GENERATORS.values(), token)
    require(not more, token)
    # Seeded, because it would ask the operating system otherwise.
    return kind.resolve()(0)


def make_generator(token: Token, source: Any = None, *more: Any) -> Any:
    """Make a random generator of its source."""
    kind = BIT_GENERATORS[token.name]
    require(class_name(source) == kind and not more, token)
    return token.resolve()(source)


def make_seed_sequence(
    token: Token, kind: Any = None, checksum: Any = None, state: Any = None, *more: Any
) -> Any:
    """Make the memory of what a random generator was seeded with."""
    require(is_token(kind, SEED_SEQUENCE) and not more, token)
    require(type(checksum) is int and checksum == SEED_CHECKSUM, token)
    require(state is None, token)
    made = kind.resolve()
    return made.__new__(made)


def set_seed_sequence(sequence: Any, state: Any) -> None:
    """Set what a random generator was seeded with."""
    name = SEED_SEQUENCE
    require(type(state) is tuple and len(state) == 5, name)
    entropy, spawned, pool, pool_size, spawn_key = state
    require(entropy is None or type(entropy) in (int, np.uint64, np.int64), name)
    require(is_index(spawned, MOST_GENERATORS) and spawn_key == (), name)
    require(type(pool) is np.ndarray and pool.dtype == np.uint32, name)
    require(pool.shape == (4,) and is_index(pool_size, 4) and pool_size == 4, name)
    sequence.__setstate__(state)


def check_twister(state: Any, name: str) -> None:
    """Refuse a state of the Mersenne twister that points outside of its key."""
    require(type(state) is dict and set(state) == {"key", "pos"}, name)
    key = state["key"]
    require(type(key) is np.ndarray and key.dtype == np.uint32, name)
    require(key.shape == (TWISTER_WORDS,), name)
    require(is_index(state["pos"], TWISTER_WORDS), name)


def set_bit_generator(generator: Any, state: Any) -> None:
    """Set where the source of a random generator stands."""
    name = type(generator).__name__
    require(type(state) is tuple and len(state) == 2, name)
    given, seed = state
    require(type(given) is dict and given.get("bit_generator") == name, name)
    require(type(given.get("bit_generator")) is str, name)
    if name == "MT19937":
        require(set(given) == {"bit_generator", "state"}, name)
        check_twister(given["state"], name)
    else:
        parts = {"bit_generator", "state", "has_uint32", "uinteger"}
        require(set(given) == parts, name)
        inner = given["state"]
        require(type(inner) is dict and set(inner) == {"state", "inc"}, name)
        require(all(is_index(one, 2**128 - 1) for one in inner.values()), name)
        require(is_index(given["has_uint32"], 1), name)
        require(is_index(given["uinteger"], 2**32 - 1), name)
    # The older kind of seeding leaves none.
    require(seed is None or class_name(seed) == SEED_SEQUENCE, name)
    generator.__setstate__(state)


def set_random_state(generator: Any, state: Any) -> None:
    """Set where a random generator of the older kind stands."""
    name = "numpy.random.RandomState"
    parts = {"bit_generator", "state", "has_gauss", "gauss"}
    require(type(state) is dict and set(state) == parts, name)
    require(type(state["bit_generator"]) is str, name)
    require(state["bit_generator"] == "MT19937", name)
    check_twister(state["state"], name)
    require(is_index(state["has_gauss"], 1) and type(state["gauss"]) is float, name)
    generator.__setstate__(state)


def set_attributes(target: Any, state: Any) -> None:
    """Set the attributes of an estimator, none of which hides a method."""
    kind = type(target)
    name = class_name(target)
    require(kind.__module__.startswith("sklearn."), name)
    require(type(state) is dict and hasattr(target, "__dict__"), name)
    check_version(target, state)
    state = without_unread(state)
    for key in state:
        require(type(key) is str and key.isidentifier(), name)
        require(not key.startswith("__"), name)
        if not hasattr(kind, key):
            continue
        # A plain default of the class may be overlaid; a method or property may not.
        held = getattr(kind, key)
        require(isinstance(held, (int, float, str, type(None), dict)), name)
    if hasattr(kind, "__setstate__"):
        target.__setstate__(dict(state))
    else:
        target.__dict__.update(state)


def without_unread(state: dict[str, Any]) -> dict[str, Any]:
    """Return attributes without what no prediction asks for, which was not read."""
    return {
        key: None if key in DROPPED_PARAMETERS else value
        for key, value in state.items()
        if key not in DROPPED_ATTRIBUTES
    }


def check_version(target: Any, state: dict[str, Any]) -> None:
    """Refuse an estimator that was pickled under another scikit-learn."""
    from sklearn import __version__
    from sklearn.base import BaseEstimator

    if not isinstance(target, BaseEstimator):
        return
    found = state.get("_sklearn_version")
    if found != __version__:
        found = printable(found) if type(found) is str else "another version"
        raise unreadable(
            f"It was pickled under scikit-learn {found}, and here is {__version__}.",
            hint="Train it again under this version.",
        )


def set_calibration(target: Any, state: Any) -> None:
    """Set points that a line can be drawn through, which reading the state does."""
    name = class_name(target)
    require(type(state) is dict, name)
    check_calibration_points(state, name)
    set_attributes(target, state)


def set_spline(target: Any, state: Any) -> None:
    """Set knots and factors that fit one another, as compiled code trusts them to.

    From SciPy 1.18 on, a part of the spline has them, which was given its state before.
    """
    if type(state) is tuple:
        part, kind = state if len(state) == 2 else (None, None)
        require(class_name(part) == SPLINE_PART and "t" in vars(part), SPLINE)
        require(type(kind) is np.ndarray and kind.size == 0, SPLINE)
        target.__setstate__((part, np.empty(0)))
        return
    parts = {"_t", "_c", "k", "extrapolate", "axis", "_asarray"}
    require(type(state) is dict and set(state) == parts, SPLINE)
    require(is_token(state["_asarray"], SPLINE_ARRAYS), SPLINE)
    knots, factors = spline_arrays(state["_t"], state["_c"], state)
    held = {"_t": knots, "_c": factors, "_asarray": np.asarray}
    target.__dict__.update({**state, **held})


def set_spline_part(target: Any, state: Any) -> None:
    """Set the knots and factors of a spline."""
    parts = {"t", "c", "k", "extrapolate", "axis", "_delegate_to"}
    require(type(state) is dict and set(state) == parts, SPLINE)
    require(state["_delegate_to"] is None, SPLINE)
    knots, factors = spline_arrays(state["t"], state["c"], state)
    target.__dict__.update({**state, "t": knots, "c": factors})


def spline_arrays(
    knots: Any, factors: Any, state: dict[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Return knots and factors of a spline, if they and the rest of it fit."""
    degree = state["k"]
    require(is_index(degree, HIGHEST_DEGREE), SPLINE)
    require(type(state["extrapolate"]) is bool and state["axis"] == 0, SPLINE)
    require(type(state["axis"]) is int, SPLINE)
    for array, dimensions in ((knots, 1), (factors, 2)):
        require(type(array) is np.ndarray and array.ndim == dimensions, SPLINE)
        require(array.dtype == np.float64 and np.isfinite(array).all(), SPLINE)
    require(len(knots) >= 2 * degree + 2 and (np.diff(knots) >= 0).all(), SPLINE)
    require(len(factors) == len(knots) - degree - 1, SPLINE)
    require(factors.shape[1] > 0, SPLINE)
    return np.ascontiguousarray(knots), np.ascontiguousarray(factors)


def set_predictor(target: Any, state: Any) -> None:
    """Set the nodes of a tree of histogram gradient boosting."""
    name = class_name(target)
    require(type(state) is dict, name)
    nodes = state.get("nodes")
    require(type(nodes) is np.ndarray and nodes.dtype.names is not None, name)
    set_attributes(target, state)


def check_calibration_points(state: dict[str, Any], name: str) -> None:
    """Refuse points that are no numbers, or do not ascend."""
    require("f_" not in state, name)
    x: Any = state.get("X_thresholds_")
    y: Any = state.get("y_thresholds_")
    if x is None and y is None:
        return
    for points in (x, y):
        require(type(points) is np.ndarray and points.ndim == 1, name)
        require(points.dtype.kind == "f" and np.isfinite(points).all(), name)
    require(len(x) == len(y) > 0 and (np.diff(x) > 0).all(), name)
