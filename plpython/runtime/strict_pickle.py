"""Reading the pickle of an estimator, and nothing else.

What a pickle names, calls and sets is decided here, exactly: names that are on a list,
calls with arguments of the known form, states that fit what they are given to. The
standard library's unpickler in Python is extended, because the one in C leaves REDUCE
and BUILD as they are.
"""

import importlib
import io
import pickle
import re
from functools import partial

import numpy as np

from .errors import ScoringError
from .pickle_scan import scan_pickle, unreadable

# Every name that a pickle may mention, by module.
PERMITTED_NAMES = {
    "builtins": ("slice",),
    "functools": ("partial",),
    "numpy": ("dtype", "float32", "float64", "int64", "ndarray"),
    "numpy._core.multiarray": ("_reconstruct", "scalar"),
    "numpy._core.numeric": ("_frombuffer",),
    "numpy.random._mt19937": ("MT19937",),
    "numpy.random._pcg64": ("PCG64",),
    "numpy.random._pickle": (
        "__bit_generator_ctor",
        "__generator_ctor",
        "__randomstate_ctor",
    ),
    "numpy.random.bit_generator": ("SeedSequence", "__pyx_unpickle_SeedSequence"),
    "sklearn._loss._loss": ("CyExponentialLoss", "CyHalfBinomialLoss"),
    "sklearn._loss.link": ("HalfLogitLink", "Interval", "LogitLink"),
    "sklearn._loss.loss": ("ExponentialLoss", "HalfBinomialLoss"),
    "sklearn.calibration": (
        "CalibratedClassifierCV",
        "_CalibratedClassifier",
        "_SigmoidCalibration",
        "_TemperatureScaling",
    ),
    "sklearn.compose._column_transformer": (
        "ColumnTransformer",
        "make_column_selector",
    ),
    "sklearn.discriminant_analysis": (
        "LinearDiscriminantAnalysis",
        "QuadraticDiscriminantAnalysis",
    ),
    "sklearn.dummy": ("DummyClassifier",),
    "sklearn.ensemble._bagging": ("BaggingClassifier",),
    "sklearn.ensemble._forest": ("ExtraTreesClassifier", "RandomForestClassifier"),
    "sklearn.ensemble._gb": ("GradientBoostingClassifier",),
    "sklearn.ensemble._hist_gradient_boosting.binning": ("_BinMapper",),
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting": (
        "HistGradientBoostingClassifier",
    ),
    "sklearn.ensemble._hist_gradient_boosting.predictor": ("TreePredictor",),
    "sklearn.ensemble._voting": ("VotingClassifier",),
    "sklearn.ensemble._weight_boosting": ("AdaBoostClassifier",),
    "sklearn.frozen._frozen": ("FrozenEstimator",),
    "sklearn.impute._base": ("MissingIndicator", "SimpleImputer"),
    "sklearn.isotonic": ("IsotonicRegression",),
    "sklearn.linear_model._logistic": ("LogisticRegression",),
    "sklearn.linear_model._sgd_fast": ("Hinge", "ModifiedHuber"),
    "sklearn.linear_model._stochastic_gradient": ("SGDClassifier",),
    "sklearn.naive_bayes": ("BernoulliNB", "GaussianNB"),
    "sklearn.neural_network._multilayer_perceptron": ("MLPClassifier",),
    "sklearn.neural_network._stochastic_optimizers": (
        "AdamOptimizer",
        "SGDOptimizer",
    ),
    "sklearn.pipeline": ("FeatureUnion", "Pipeline"),
    "sklearn.preprocessing._data": (
        "MaxAbsScaler",
        "MinMaxScaler",
        "RobustScaler",
        "StandardScaler",
    ),
    "sklearn.preprocessing._encoders": ("OneHotEncoder", "OrdinalEncoder"),
    "sklearn.preprocessing._function_transformer": ("FunctionTransformer",),
    "sklearn.preprocessing._label": ("LabelBinarizer", "LabelEncoder"),
    "sklearn.svm._classes": ("LinearSVC",),
    "sklearn.tree._classes": (
        "DecisionTreeClassifier",
        "DecisionTreeRegressor",
        "ExtraTreeClassifier",
    ),
    "sklearn.tree._tree": ("Tree",),
    "sklearn.utils._bunch": ("Bunch",),
    "sklearn.utils.validation": ("check_array",),
}

# Types that an encoder keeps as a parameter: these come out as they are. Every other
# name comes out as a token, with which nothing can be done but what is written here.
NUMBER_TYPES = (np.float32, np.float64, np.int64)

# What the pickler makes by a call; everything else of scikit-learn is made empty, by
# NEWOBJ, and given its state.
CALLED_WITHOUT_ARGUMENTS = ("CyExponentialLoss", "CyHalfBinomialLoss", "ModifiedHuber")

SIMPLE_DTYPES = ("b1", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "O8")
# Longer ones would be multiplied by the rows that are scored.
TEXT_DTYPE = re.compile(r"U[1-9][0-9]{0,3}")
MOST_DIMENSIONS = 4
MOST_FEATURES = 100_000
MOST_CLASSES = 100
MOST_GENERATORS = 1_000
LARGEST_SLICE = 1_000_000_000
LARGEST_CODE_POINT = 0x10FFFF
# Numbers as keys can be chosen so that they collide: class weights are few and small.
MOST_NUMBER_KEYS = 100
LARGEST_NUMBER_KEY = 2**31
# See MT19937 in numpy/random: the length of its key.
TWISTER_WORDS = 624
SEED_CHECKSUM = 65708578


class Token:
    """A permitted name that a pickle has mentioned: inert until it is called."""

    __slots__ = ("module", "name")

    def __init__(self, module, name):
        self.module = module
        self.name = name

    def __str__(self):
        """Return the dotted name."""
        return f"{self.module}.{self.name}"

    def resolve(self):
        """Return what the name stands for."""
        return getattr(importlib.import_module(self.module), self.name)


class StrictUnpickler(pickle._Unpickler):
    """Builds estimators out of arrays and plain values.

    Parameters
    ----------
    artifact : bytes
        Scanned before, see ``scan_pickle``.
    """

    dispatch = dict(pickle._Unpickler.dispatch)

    def __init__(self, artifact):
        super().__init__(io.BytesIO(artifact), fix_imports=False)
        self.tokens = {}
        # What was made and waits for its state, by id; held on to, so that no id
        # comes to mean another object.
        self.stateless = {}
        self.number_keys = 0
        self.generators = 0

    def read_estimator(self):
        """Return the object that the pickle describes, verified piece by piece."""
        root = self.load()
        for waiting in self.stateless.values():
            if needs_state(waiting):
                raise unreadable(f"A {type(waiting).__name__} was given no state.")
        return root

    def find_class(self, module, name):
        """Return a token for a permitted name."""
        key = (module, name)
        token = self.tokens.get(key)
        if token is None:
            if name not in PERMITTED_NAMES.get(module, ()):
                raise unreadable(
                    f"The name {printable(module)}.{printable(name)} is not permitted.",
                    hint="Only estimators of scikit-learn that hold nothing but "
                    "numbers and texts may be brought; the documentation lists them.",
                )
            token = Token(module, name)
            if module == "numpy" and token.resolve() in NUMBER_TYPES:
                token = token.resolve()
            self.tokens[key] = token
        return token

    def load_frame(self):
        """Pass over the length: everything is in memory."""
        self.read(8)

    dispatch[pickle.FRAME[0]] = load_frame

    def load_appends(self):
        """Extend a list, and no object that calls itself one."""
        items = self.pop_mark()
        self.top(list).extend(items)

    dispatch[pickle.APPENDS[0]] = load_appends

    def load_append(self):
        """Append to a list."""
        value = self.stack.pop()
        self.top(list).append(value)

    dispatch[pickle.APPEND[0]] = load_append

    def load_setitem(self):
        """Set one entry of a dict."""
        value = self.stack.pop()
        key = self.stack.pop()
        self.set_items([key, value])

    dispatch[pickle.SETITEM[0]] = load_setitem

    def load_setitems(self):
        """Set entries of a dict."""
        self.set_items(self.pop_mark())

    dispatch[pickle.SETITEMS[0]] = load_setitems

    def set_items(self, items):
        """Set entries whose keys are quick to hash and seldom collide."""
        target = self.stack[-1]
        if type(target) is not dict and not is_a(target, "sklearn.utils._bunch"):
            raise unreadable(f"Items are set on a {type(target).__name__}.")
        for key in items[::2]:
            if type(key) is str:
                continue
            if not is_small_number(key):
                raise unreadable(f"A {type(key).__name__} is the key of a dict.")
            self.number_keys += 1
            if self.number_keys > MOST_NUMBER_KEYS and len(target) > MOST_NUMBER_KEYS:
                raise unreadable("A dict has too many numbers as keys.")
        # An odd one out has no value.
        for i in range(0, len(items) - 1, 2):
            dict.__setitem__(target, items[i], items[i + 1])

    def top(self, kind):
        """Return what is on top of the stack, which has to be of a kind."""
        found = self.stack[-1]
        if type(found) is not kind:
            raise unreadable(
                f"A {type(found).__name__} stands where a {kind.__name__} belongs."
            )
        return found

    def load_newobj(self):
        """Make an estimator without a state."""
        arguments = self.stack.pop()
        token = self.stack.pop()
        if type(token) is not Token or not is_made_empty(token) or arguments != ():
            raise unreadable(f"The opcode NEWOBJ is used on {described(token)}.")
        made = token.resolve()
        self.wait_for_state(made.__new__(made))

    dispatch[pickle.NEWOBJ[0]] = load_newobj

    def load_reduce(self):
        """Call what has to be called to make arrays, and other things without names."""
        arguments = self.stack.pop()
        token = self.stack.pop()
        call = CALLS.get(token.name) if type(token) is Token else None
        if call is None or type(arguments) is not tuple:
            raise unreadable(f"The opcode REDUCE is used on {described(token)}.")
        if token.module.startswith("numpy.random"):
            self.generators += 1
            if self.generators > MOST_GENERATORS:
                raise unreadable("It holds too many random generators.")
        self.wait_for_state(call(token, *self.of_the_call(token, arguments)))

    dispatch[pickle.REDUCE[0]] = load_reduce

    def of_the_call(self, token, arguments):
        """Return the arguments of a call, all of which have their states."""
        for argument in arguments:
            if id(argument) in self.stateless and needs_state(argument):
                raise unreadable(f"{token} is given what has no state yet.")
        return arguments

    def wait_for_state(self, made):
        """Push an object that the next BUILD may give a state."""
        self.stateless[id(made)] = made
        self.append(made)

    def load_build(self):
        """Give an object its one state."""
        state = self.stack.pop()
        target = self.stack[-1]
        if id(target) not in self.stateless:
            raise unreadable(f"The opcode BUILD is used on {described(target)}.")
        give_state = STATES.get(type(target).__name__, set_attributes)
        give_state(target, state)
        del self.stateless[id(target)]
        # The id is free from here on only if nothing else holds the object, and then
        # nothing can refer to it.

    dispatch[pickle.BUILD[0]] = load_build


def needs_state(made):
    """Return whether an object is unsafe to use before it was given a state."""
    return type(made).__name__ in ("Tree", "partial", "VoidDType") or (
        type(made) is np.ndarray and made.dtype.char == "S"
    )


def is_a(thing, module):
    """Return whether a thing is an instance of a class of that module, exactly."""
    return type(thing).__module__ == module and not isinstance(thing, type)


def is_made_empty(token):
    """Return whether the pickler makes instances of a class by NEWOBJ."""
    return (
        token.module.startswith("sklearn.")
        and token.name not in CALLS
        and token.name != "check_array"
    )


def is_small_number(key):
    """Return whether a key is a number as in class weights."""
    if key is None or type(key) is bool:
        return True
    return type(key) in (int, float) and abs(key) < LARGEST_NUMBER_KEY


def printable(name):
    """Return a name from a pickle as text that is fit for a message."""
    return "".join(c if c.isprintable() else "?" for c in str(name)[:100])


def described(thing):
    """Return what a thing is called in a message."""
    return str(thing) if type(thing) is Token else f"a {type(thing).__name__}"


def require(condition, name):
    """Refuse a call or a state that is not of the known form."""
    if not condition:
        raise unreadable(f"{name} is given something else than scikit-learn gives it.")


def is_token(thing, name):
    """Return whether a thing is the token of a name."""
    return type(thing) is Token and thing.name == name


def is_index(thing, largest):
    """Return whether a thing is a whole number from 0 to a largest."""
    return type(thing) is int and 0 <= thing <= largest


def is_real(thing):
    """Return whether a thing is a number of Python's or numpy's, without a shape."""
    return type(thing) in (int, float, np.float64, np.float32)


def node_dtypes():
    """Return the two structured types that trees are made of, by their name."""
    from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE
    from sklearn.tree._tree import NODE_DTYPE

    known = (NODE_DTYPE, PREDICTOR_RECORD_DTYPE)
    return {f"V{one.itemsize}": one for one in known}


def make_dtype(token, *arguments):
    """Make one of the known types, without asking numpy to read a description."""
    require(len(arguments) == 3 and arguments[1:] == (False, True), token)
    name = arguments[0]
    require(type(name) is str, token)
    if name not in SIMPLE_DTYPES and not TEXT_DTYPE.fullmatch(name):
        require(name in node_dtypes(), token)
    return np.dtype(name, False, True)


def set_dtype(dtype, state):
    """Check the state of a type: there is only one that fits, so it is set anew."""
    if dtype.kind == "V":
        known = node_dtypes()[f"V{dtype.itemsize}"]
        expected = known.__reduce__()[2]
        require(same(state, expected), "numpy.dtype")
        dtype.__setstate__(expected)
    else:
        require(same(state, dtype.__reduce__()[2]), "numpy.dtype")


def same(given, expected):
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


def check_array_form(dtype, shape, size):
    """Refuse a shape that its data do not fill exactly.

    Parameters
    ----------
    size : int
        Of the data: bytes, or elements where the type is object.
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


def check_array_bytes(dtype, data):
    """Refuse bytes that are no value of their type.

    numpy takes a bool to be 0 or 1 and a text to be code points, and reads past the end
    of its memory where they are not.
    """
    if dtype.kind == "b":
        require(not bytes(data).translate(None, b"\0\1"), "a bool array")
    elif dtype.kind == "U":
        points = np.frombuffer(data, np.uint32)
        require(not (points > LARGEST_CODE_POINT).any(), "a text array")


def make_empty_array(token, kind=None, shape=None, code=None, *more):
    """Make the array that the next BUILD fills."""
    require(is_token(kind, "ndarray") and not more, token)
    require(shape == (0,) and type(shape[0]) is int and code == b"b", token)
    return np.ndarray((0,), "S1")


def set_array(array, state):
    """Fill an array with data of exactly its size."""
    require(type(state) is tuple and len(state) == 5, "numpy.ndarray")
    version, shape, dtype, fortran, data = state
    require(version == 1 and type(fortran) is bool, "numpy.ndarray")
    require(isinstance(dtype, np.dtype), "numpy.ndarray")
    if dtype.hasobject:
        require(dtype == object and type(data) is list, "numpy.ndarray")  # noqa: E721  dtypes compare by ==
        check_array_form(dtype, shape, len(data))
    else:
        require(type(data) is bytes, "numpy.ndarray")
        check_array_form(dtype, shape, len(data))
        check_array_bytes(dtype, data)
    array.__setstate__((1, shape, dtype, fortran, data))


def make_array(token, data=None, dtype=None, shape=None, order=None, *more):
    """Make an array over bytes of exactly its size."""
    require(type(data) in (bytes, bytearray) and not more, token)
    require(isinstance(dtype, np.dtype) and not dtype.hasobject, token)
    require(order in ("C", "F") and type(order) is str, token)
    check_array_form(dtype, shape, len(data))
    check_array_bytes(dtype, data)
    return np.frombuffer(data, dtype).reshape(shape, order=order)


def make_scalar(token, dtype=None, data=None, *more):
    """Make a number or a text of numpy's."""
    require(isinstance(dtype, np.dtype) and dtype.kind in "bfiuU", token)
    require(type(data) is bytes and len(data) == dtype.itemsize and not more, token)
    check_array_bytes(dtype, data)
    return np.frombuffer(data, dtype)[0]


def make_slice(token, *arguments):
    """Make a slice of columns."""
    require(len(arguments) == 3, token)
    require(
        all(one is None or is_index(one, LARGEST_SLICE) for one in arguments), token
    )
    return slice(*arguments)


def make_tree(token, features=None, classes=None, outputs=None, *more):
    """Make a tree without nodes."""
    require(is_index(features, MOST_FEATURES) and features > 0 and not more, token)
    require(type(outputs) is int and outputs == 1, token)
    require(type(classes) is np.ndarray and classes.dtype == np.int64, token)
    require(classes.shape == (1,) and 1 <= classes[0] <= MOST_CLASSES, token)
    return token.resolve()(features, np.array(classes), outputs)


def set_tree(tree, state):
    """Give a tree nodes and values that fit one another."""
    name = "sklearn.tree._tree.Tree"
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


def make_checker(token, function=None, *more):
    """Make the check that histogram gradient boosting puts before its numbers."""
    require(is_token(function, "check_array") and not more, token)
    return partial(function.resolve())


def set_checker(checker, state):
    """Set the one form that the check has."""
    expected = {"dtype": [np.float64], "ensure_all_finite": False}
    require(type(state) is tuple and len(state) == 4, "functools.partial")
    function, arguments, named, attributes = state
    require(is_token(function, "check_array"), "functools.partial")
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


def make_without_arguments(token, *arguments):
    """Make a loss."""
    require(arguments == (), token)
    return token.resolve()()


def make_hinge(token, threshold=None, *more):
    """Make the hinge loss."""
    require(type(threshold) is float and not more, token)
    return token.resolve()(threshold)


def make_bit_generator(token, kind=None, *more):
    """Make the source of a random generator."""
    require(is_token(kind, "MT19937") or is_token(kind, "PCG64"), token)
    require(not more, token)
    # Seeded, because it would ask the operating system otherwise.
    return kind.resolve()(0)


def make_generator(token, source=None, *more):
    """Make a random generator of its source."""
    kind = "PCG64" if token.name == "__generator_ctor" else "MT19937"
    require(type(source).__name__ == kind and not more, token)
    return token.resolve()(source)


def make_seed_sequence(token, kind=None, checksum=None, state=None, *more):
    """Make the memory of what a random generator was seeded with."""
    require(is_token(kind, "SeedSequence") and not more, token)
    require(type(checksum) is int and checksum == SEED_CHECKSUM, token)
    require(state is None, token)
    made = kind.resolve()
    return made.__new__(made)


def set_seed_sequence(sequence, state):
    """Set what a random generator was seeded with."""
    name = "numpy.random.bit_generator.SeedSequence"
    require(type(state) is tuple and len(state) == 5, name)
    entropy, spawned, pool, pool_size, spawn_key = state
    require(entropy is None or type(entropy) in (int, np.uint64, np.int64), name)
    require(is_index(spawned, MOST_GENERATORS) and spawn_key == (), name)
    require(type(pool) is np.ndarray and pool.dtype == np.uint32, name)
    require(pool.shape == (4,) and is_index(pool_size, 4) and pool_size == 4, name)
    sequence.__setstate__(state)


def check_twister(state, name):
    """Refuse a state of the Mersenne twister that points outside of its key."""
    require(type(state) is dict and set(state) == {"key", "pos"}, name)
    key = state["key"]
    require(type(key) is np.ndarray and key.dtype == np.uint32, name)
    require(key.shape == (TWISTER_WORDS,), name)
    require(is_index(state["pos"], TWISTER_WORDS), name)


def set_bit_generator(generator, state):
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
    require(seed is None or type(seed).__name__ == "SeedSequence", name)
    generator.__setstate__(state)


def set_random_state(generator, state):
    """Set where a random generator of the older kind stands."""
    name = "numpy.random.RandomState"
    parts = {"bit_generator", "state", "has_gauss", "gauss"}
    require(type(state) is dict and set(state) == parts, name)
    require(type(state["bit_generator"]) is str, name)
    require(state["bit_generator"] == "MT19937", name)
    check_twister(state["state"], name)
    require(is_index(state["has_gauss"], 1) and type(state["gauss"]) is float, name)
    generator.__setstate__(state)


def set_attributes(target, state):
    """Set the attributes of an estimator, none of which hides a method."""
    kind = type(target)
    name = f"{kind.__module__}.{kind.__name__}"
    require(kind.__module__.startswith("sklearn."), name)
    require(type(state) is dict and hasattr(target, "__dict__"), name)
    check_version(target, state)
    for key in state:
        require(type(key) is str and key.isidentifier(), name)
        require(not key.startswith("__"), name)
        if not hasattr(kind, key):
            continue
        # A plain default of the class may be overlaid; a method or property may not.
        held = getattr(kind, key)
        require(isinstance(held, (int, float, str, type(None), dict)), name)
    if kind.__name__ == "IsotonicRegression":
        check_calibration_points(state, name)
    if kind.__name__ == "TreePredictor":
        nodes = state.get("nodes")
        require(type(nodes) is np.ndarray and nodes.dtype.names is not None, name)
    if hasattr(kind, "__setstate__"):
        target.__setstate__(dict(state))
    else:
        target.__dict__.update(state)


def check_version(target, state):
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


def check_calibration_points(state, name):
    """Refuse points that no line can be drawn through, which reading the state does."""
    require("f_" not in state, name)
    x, y = state.get("X_thresholds_"), state.get("y_thresholds_")
    if x is None and y is None:
        return
    for points in (x, y):
        require(type(points) is np.ndarray and points.ndim == 1, name)
        require(points.dtype.kind == "f" and np.isfinite(points).all(), name)
    require(len(x) == len(y) > 0 and (np.diff(x) > 0).all(), name)


CALLS = {
    "Hinge": make_hinge,
    "Tree": make_tree,
    "__bit_generator_ctor": make_bit_generator,
    "__generator_ctor": make_generator,
    "__pyx_unpickle_SeedSequence": make_seed_sequence,
    "__randomstate_ctor": make_generator,
    "_frombuffer": make_array,
    "_reconstruct": make_empty_array,
    "dtype": make_dtype,
    "partial": make_checker,
    "scalar": make_scalar,
    "slice": make_slice,
    **dict.fromkeys(CALLED_WITHOUT_ARGUMENTS, make_without_arguments),
}

# By the name of the type: every dtype of numpy's is a class of its own.
STATES = {
    "MT19937": set_bit_generator,
    "PCG64": set_bit_generator,
    "RandomState": set_random_state,
    "SeedSequence": set_seed_sequence,
    "Tree": set_tree,
    "ndarray": set_array,
    "partial": set_checker,
    **{
        type(np.dtype(name)).__name__: set_dtype
        for name in (*SIMPLE_DTYPES, "U1", "V1")
    },
}


def read_pickle(artifact):
    """Return the object that a pickle describes, if it is one that may be described.

    Parameters
    ----------
    artifact : bytes

    Raises
    ------
    ScoringError
    """
    scan_pickle(artifact)
    try:
        return StrictUnpickler(artifact).read_estimator()
    except (MemoryError, ScoringError):
        raise
    except Exception as error:
        raise unreadable(f"{type(error).__name__}: {error}.") from error
