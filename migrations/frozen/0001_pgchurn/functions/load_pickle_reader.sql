CREATE OR REPLACE FUNCTION churn_internal.load_pickle_reader() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE
AS $python$
session = GD["pgchurn runtime 9535555f4396363a"]
ScoringError = session.refusal

# ---- pickle_scan.py ----
"""Looking through a pickle's opcodes without executing one.

Only what the pickler writes at protocols 4 and 5 for arrays and estimators may occur.
The formats are those of the standard library's ``pickletools``.
"""

import pickle


LARGEST_PICKLE = 256 * 1024**2
MOST_OPCODES = 5_000_000
# How deep the pickler's own recursion goes at most.
DEEPEST_MARK = 500

# A pickle of a hundred bytes can ask for gigabytes: what its objects take at least is
# added up beforehand. Bytes of the pickle itself are counted by its size.
MOST_OBJECT_BYTES = 128 * 1024**2

# Opcodes of a fixed length: how many bytes follow, and what the object takes.
PLAIN_OPCODES = {
    pickle.NONE: (0, 8),
    pickle.NEWTRUE: (0, 8),
    pickle.NEWFALSE: (0, 8),
    pickle.BININT: (4, 36),
    pickle.BININT1: (1, 8),
    pickle.BININT2: (2, 36),
    pickle.BINFLOAT: (8, 32),
    pickle.EMPTY_TUPLE: (0, 8),
    pickle.TUPLE1: (0, 56),
    pickle.TUPLE2: (0, 64),
    pickle.TUPLE3: (0, 72),
    pickle.EMPTY_LIST: (0, 64),
    pickle.EMPTY_DICT: (0, 72),
    pickle.MEMOIZE: (0, 100),
    pickle.BINGET: (1, 8),
    pickle.LONG_BINGET: (4, 8),
    pickle.STACK_GLOBAL: (0, 8),
    pickle.NEWOBJ: (0, 600),
    pickle.REDUCE: (0, 200),
    pickle.BUILD: (0, 200),
    pickle.MARK: (0, 72),
    pickle.TUPLE: (0, 48),
    pickle.APPEND: (0, 40),
    pickle.APPENDS: (0, 40),
    pickle.SETITEM: (0, 200),
    pickle.SETITEMS: (0, 200),
    pickle.FRAME: (8, 0),
    # Written for memo entries by number; the unpickler takes both forms.
    pickle.BINPUT: (1, 100),
    pickle.LONG_BINPUT: (4, 100),
}

# Opcodes that declare a length: how many bytes the length has.
COUNTED_OPCODES = {
    pickle.LONG1: 1,
    pickle.SHORT_BINUNICODE: 1,
    pickle.BINUNICODE: 4,
    pickle.BINUNICODE8: 8,
    pickle.SHORT_BINBYTES: 1,
    pickle.BINBYTES: 4,
    pickle.BINBYTES8: 8,
    pickle.BYTEARRAY8: 8,
}
COUNTED_OBJECT_BYTES = 64

NUMBERED_OPCODES = (
    pickle.BINGET,
    pickle.LONG_BINGET,
    pickle.BINPUT,
    pickle.LONG_BINPUT,
)
CLOSING_OPCODES = (pickle.TUPLE, pickle.APPENDS, pickle.SETITEMS)

# What the scan does about an opcode beside passing over it.
NOTHING = 0
COUNTED = 1
OPENING = 2
CLOSING = 3
NUMBERED = 4
FRAMED = 5
STOPPING = 6
FORBIDDEN = 7


def opcode_table():
    """Return for each byte how far it reaches, what its object takes, and its kind."""
    table = [(0, 0, FORBIDDEN)] * 256
    for code, (follow, taken) in PLAIN_OPCODES.items():
        kind = NOTHING
        if code == pickle.MARK:
            kind = OPENING
        elif code == pickle.FRAME:
            kind = FRAMED
        elif code in CLOSING_OPCODES:
            kind = CLOSING
        elif code in NUMBERED_OPCODES:
            kind = NUMBERED
        table[code[0]] = (1 + follow, taken, kind)
    for code, length in COUNTED_OPCODES.items():
        table[code[0]] = (1 + length, COUNTED_OBJECT_BYTES, COUNTED)
    table[pickle.STOP[0]] = (1, 0, STOPPING)
    return table


def scan_pickle(artifact):
    """Refuse a pickle that holds anything but what the pickler writes.

    Parameters
    ----------
    artifact : bytes

    Raises
    ------
    ScoringError
        Naming the opcode and its position.
    """
    size = len(artifact)
    if size > LARGEST_PICKLE:
        raise unreadable(f"It has {size} bytes, and {LARGEST_PICKLE} are allowed.")
    if size < 3 or artifact[0] != pickle.PROTO[0]:
        raise unreadable("It does not begin with the opcode PROTO.")
    if artifact[1] not in (4, 5):
        raise unreadable(f"It is of protocol {artifact[1]}, and not of 4 or 5.")
    table = opcode_table()
    position, marks, object_bytes = 2, 0, 0
    # This loop is passed through millions of times, so the plain opcodes come first.
    for count in range(1, MOST_OPCODES):
        if position >= size:
            raise unreadable("It ends without the opcode STOP.")
        code = artifact[position]
        length, taken, kind = table[code]
        position += length
        object_bytes += taken
        if kind == NOTHING:
            continue
        start = position - length
        if kind == STOPPING:
            break
        if kind == FORBIDDEN:
            raise unreadable(
                f"The opcode {opcode_name(code)} at position {start} is not permitted."
            )
        if kind == OPENING:
            marks += 1
            if marks > DEEPEST_MARK:
                raise unreadable(
                    f"The opcode MARK at position {start} is nested {marks} deep, and "
                    f"{DEEPEST_MARK} is allowed."
                )
            continue
        if kind == CLOSING:
            marks -= 1
            continue
        number = int.from_bytes(artifact[start + 1 : position], "little")
        if kind == NUMBERED:
            if number > count:
                raise unreadable(
                    f"The opcode {opcode_name(code)} at position {start} refers to "
                    f"memo entry {number} after {count} opcodes."
                )
            continue
        # What an opcode announces must be there.
        if position + number > size:
            raise unreadable(
                f"The opcode {opcode_name(code)} at position {start} announces "
                f"{number} bytes, and the pickle ends after {size}."
            )
        if kind == COUNTED:
            position += number
    else:
        raise unreadable(f"It has more than {MOST_OPCODES} opcodes.")
    if position != size:
        raise unreadable(
            f"{size - position} bytes follow the opcode STOP at position "
            f"{position - 1}."
        )
    if object_bytes > MOST_OBJECT_BYTES:
        raise unreadable(
            f"Its objects take more than {MOST_OBJECT_BYTES} bytes beside its own."
        )


def opcode_name(code):
    """Return the name of an opcode, or its number."""
    for name in pickle.__all__:
        if name.isupper() and getattr(pickle, name) == bytes([code]):
            return name
    return f"0x{code:02x}"


def unreadable(detail, hint=None):
    """Return the error for bytes that are not read as a pickle of a model."""
    return ScoringError(
        "model cannot be unpickled",
        detail=detail,
        hint=hint
        or "Pickle a fitted scikit-learn classifier with pickle.dumps, at protocol 4 "
        "or 5.",
        sqlstate="55000",
    )

# ---- strict_pickle.py ----
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

# ---- estimator_checks.py ----
"""What has to hold of an estimator before it may score anything.

scikit-learn's compiled code trusts what fitting wrote: it follows the children of a
node, the columns of a split and the positions of a category without looking. So every
such number is looked at here, once.
"""

import warnings

import numpy as np


CLASSIFIERS = (
    "AdaBoostClassifier",
    "BaggingClassifier",
    "BernoulliNB",
    "CalibratedClassifierCV",
    "DecisionTreeClassifier",
    "DummyClassifier",
    "ExtraTreeClassifier",
    "ExtraTreesClassifier",
    "FrozenEstimator",
    "GaussianNB",
    "GradientBoostingClassifier",
    "HistGradientBoostingClassifier",
    "LinearDiscriminantAnalysis",
    "LogisticRegression",
    "MLPClassifier",
    "Pipeline",
    "QuadraticDiscriminantAnalysis",
    "RandomForestClassifier",
    "SGDClassifier",
    "VotingClassifier",
)

# See MaxHeapAttributeNumber in PostgreSQL's src/include/access/htup_details.h.
MOST_COLUMNS = 1_600
DEEPEST_TREE = 64
DEEPEST_PART = 100
# With parts that occur twice counted twice: what scoring has to go through.
MOST_PARTS = 10_000_000
MOST_ESTIMATORS = 50_000
LEAF = -1
BITSET_WORDS = 8
LARGEST_CATEGORY = 255

ATOMS = frozenset(
    (type(None), bool, int, float, str, slice, np.bool_, np.str_)
    + tuple(np.dtype(code).type for code in "bBhHiIlLqQfd")
)
CONTAINERS = frozenset((dict, list, tuple, np.ndarray))
GENERATORS = frozenset(("Generator", "MT19937", "PCG64", "RandomState", "SeedSequence"))
# What a linear model or a network computes with; NaN has a meaning elsewhere.
COEFFICIENTS = ("coef_", "intercept_", "coefs_", "intercepts_")


def load_estimator(artifact):
    """Return the classifier in a pickle, ready to give probabilities on one thread.

    Parameters
    ----------
    artifact : bytes
        From anybody. Nothing in it is executed.

    Returns
    -------
    estimator

    Raises
    ------
    ScoringError
        Naming what is not permitted.
    """
    estimator = read_pickle(artifact)
    if type(estimator).__name__ not in CLASSIFIERS:
        raise not_fit(
            f"The pickle holds a {type(estimator).__name__}.",
            message="model is not a fitted classifier with predict_proba",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for part in parts_of(estimator):
                CHECKS.get(type(part).__name__, check_nothing)(part)
                check_common(part)
            use_one_thread(estimator)
            gives_probabilities = hasattr(estimator, "predict_proba")
        except (MemoryError, ScoringError):
            raise
        except Exception as error:
            raise not_fit(f"{type(error).__name__}: {error}.") from error
        if not gives_probabilities:
            raise not_fit(
                f"This {type(estimator).__name__} gives no probabilities.",
                message="model is not a fitted classifier with predict_proba",
            )
        probe(estimator)
    return estimator


def parts_of(root):
    """Return every object with attributes of its own that an estimator is made of.

    Refuses what is no part of an estimator, what contains itself, and what unfolds to
    more than can be gone through.
    """
    found = []
    # By id: what a part unfolds to, as (parts, estimators), or None while it is open.
    sizes = {}
    opened = 0
    waiting = [(root, None)]
    while waiting:
        part, children = waiting.pop()
        if children is None:
            known = sizes.get(id(part), part)
            if known is None:
                raise not_fit("It contains itself.")
            if known is not part:
                continue
            opened += 1
            if opened > DEEPEST_PART:
                raise not_fit(f"It is nested deeper than {DEEPEST_PART}.")
            children = children_of(part)
            sizes[id(part)] = None
            waiting.append((part, children))
            waiting += [(child, None) for child in children]
            continue
        estimators = 0 if type(part) in CONTAINERS else 1
        total, depth = 1, 1
        for child in children:
            below, above, levels = sizes[id(child)]
            total += below
            estimators += above
            depth = max(depth, levels + 1)
        if total > MOST_PARTS or estimators > MOST_ESTIMATORS:
            raise not_fit("It has too many parts, or parts that occur too often.")
        if depth > DEEPEST_PART:
            raise not_fit(f"It is nested deeper than {DEEPEST_PART}.")
        opened -= 1
        sizes[id(part)] = (total, estimators, depth)
        if type(part) not in CONTAINERS:
            found.append(part)
    return found


def children_of(part):
    """Return what a part holds, without plain values."""
    kind = type(part)
    if kind is dict:
        values = list(part.values())
    elif kind is list or kind is tuple:
        values = part
    elif kind is np.ndarray:
        values = part.ravel().tolist() if part.dtype.hasobject else ()
    elif kind.__name__ == "partial":
        return []
    elif kind.__name__ == "Bunch":
        values = list(part.values())
    elif kind.__name__ == "IsotonicRegression":
        # Its line was made of its points when they were read, and comes from no pickle.
        values = [value for name, value in vars(part).items() if name != "f_"]
    elif kind.__module__.startswith("sklearn."):
        values = list(getattr(part, "__dict__", {}).values())
    elif kind.__name__ in GENERATORS:
        return []
    else:
        named = part if kind is Token else f"a {kind.__name__}"
        raise not_fit(f"It has {named} where a value belongs.")
    if type(values) is not tuple and kind is not np.ndarray or values:
        return [
            value
            for value in values
            if type(value) not in ATOMS
            and not (type(value) is np.ndarray and not value.dtype.hasobject)
            and not any(value is one for one in NUMBER_TYPES)
            and not isinstance(value, np.dtype)
        ]
    return []


def check_nothing(part):
    """Leave a part alone whose numbers are only computed with."""


def check_common(part):
    """Refuse counts that would be allocated, and coefficients that are no numbers."""
    held = getattr(part, "__dict__", {})
    features = held.get("n_features_in_", 1)
    check(is_count(features, MOST_FEATURES), part, "n_features_in_")
    for name in ("n_classes_", "n_outputs_", "n_trees_per_iteration_"):
        if name in held:
            check(is_count(held[name], MOST_CLASSES), part, name)
    for name in COEFFICIENTS:
        arrays = held.get(name)
        for array in arrays if type(arrays) is list else [arrays]:
            if isinstance(array, (np.ndarray, float)):
                check(np.isfinite(array).all(), part, name)


def is_count(thing, largest):
    """Return whether a thing is a whole number from 1 to a largest."""
    whole = isinstance(thing, (int, np.integer)) and not isinstance(thing, bool)
    return whole and 1 <= thing <= largest


def check_decision_tree(part):
    """Refuse a tree whose nodes point outside of it, or back."""
    if "tree_" not in vars(part):
        return
    tree = part.tree_
    check(type(tree).__name__ == "Tree", part, "tree_")
    check(tree.n_features == part.n_features_in_, part, "n_features_in_")
    state = tree.__getstate__()
    nodes = state["nodes"]
    left, right = nodes["left_child"], nodes["right_child"]
    leaf = left == LEAF
    check(((right == LEAF) == leaf).all(), part, "right_child")
    check_links(part, left, right, ~leaf)
    feature = nodes["feature"][~leaf]
    check(within(feature, part.n_features_in_), part, "feature")
    check(np.isfinite(state["values"]).all(), part, "value")


def check_links(part, left, right, inner):
    """Refuse children that are no nodes, come before their parent, or have two.

    Parameters
    ----------
    left, right : ndarray of shape (n_nodes,)
    inner : ndarray of shape (n_nodes,), bool
        Which nodes have children.
    """
    count = len(left)
    parents = np.flatnonzero(inner)
    children = np.concatenate([left[inner], right[inner]]).astype(np.int64)
    check(len(children) == count - 1 and within(children, count), part, "children")
    parent = np.zeros(count, np.int64)
    parent[children] = np.concatenate([parents, parents])
    check((np.bincount(children, minlength=count)[1:] == 1).all(), part, "children")
    check((parent[children] < children).all(), part, "children")
    # Each round doubles how many generations are gone up.
    for _ in range(DEEPEST_TREE.bit_length() - 1):
        parent = parent[parent]
    if parent.any():
        raise not_fit(
            f"A {type(part).__name__} is deeper than {DEEPEST_TREE}.",
            hint=f"Train it with max_depth={DEEPEST_TREE} or less.",
        )


def check_forest(part):
    """Refuse trees that expect other columns or classes than their forest has."""
    members = vars(part).get("estimators_", [])
    check(type(members) is list, part, "estimators_")
    for member in members:
        check(is_decision_tree(member), part, "estimators_")
        check(member.n_features_in_ == part.n_features_in_, part, "estimators_")
        check(member.tree_.max_n_classes == part.n_classes_, part, "estimators_")


def is_decision_tree(thing):
    """Return whether a thing is a fitted tree."""
    return type(thing).__module__ == "sklearn.tree._classes" and "tree_" in vars(thing)


def check_gradient_boosting(part):
    """Refuse stages that would be added up outside of the result."""
    if "estimators_" not in vars(part):
        return
    members = part.estimators_
    check(type(members) is np.ndarray and members.dtype == object, part, "estimators_")
    if part.n_trees_per_iteration_ > 1:
        raise not_fit("It has more than two classes.", hint="A churn score needs two.")
    check(members.ndim == 2 and members.shape[1] == 1, part, "estimators_")
    check(part._loss.is_multiclass is False, part, "_loss")
    check_initial_prediction(part)
    for member in members.ravel():
        check(is_decision_tree(member), part, "estimators_")
        check(member.n_features_in_ == part.n_features_in_, part, "estimators_")
        check(member.tree_.max_n_classes == 1, part, "estimators_")


def check_initial_prediction(part):
    """Refuse a start that does not give every row a place to add to."""
    start = part.init_
    if type(start) is str and start == "zero":
        return
    if type(start).__name__ != "DummyClassifier" or start.strategy != "prior":
        raise not_fit(
            "A GradientBoostingClassifier starts from another estimator.",
            hint="Train it with init=None or init='zero'.",
        )
    check(is_count(start.n_classes_, 2) and start.n_classes_ == 2, part, "init_")
    check(is_count(start.n_outputs_, 1), part, "init_")
    prior = start.class_prior_
    check(type(prior) is np.ndarray and prior.shape == (2,), part, "init_")
    check(prior.dtype == np.float64, part, "init_")


def check_hist_gradient_boosting(part):
    """Refuse histogram gradient boosting whose parts do not fit one another."""
    if "_predictors" not in vars(part):
        return
    baseline = part._baseline_prediction
    trees = part.n_trees_per_iteration_
    check(type(baseline) is np.ndarray, part, "_baseline_prediction")
    check(baseline.shape == (1, trees), part, "_baseline_prediction")
    check(baseline.dtype == np.float64, part, "_baseline_prediction")
    mapper = part._bin_mapper
    check(type(mapper).__name__ == "_BinMapper", part, "_bin_mapper")
    features = part.n_features_in_
    known, positions = known_categories(mapper, features)
    if part._preprocessor is not None:
        check_preprocessor(part)
    check(type(part._predictors) is list, part, "_predictors")
    for stage in part._predictors:
        check(type(stage) is list and len(stage) == trees, part, "_predictors")
        for predictor in stage:
            check(type(predictor).__name__ == "TreePredictor", part, "_predictors")
            check_predictor(predictor, features, mapper.is_categorical_)


def check_predictor(predictor, features, is_categorical):
    """Refuse nodes of a histogram gradient boosting tree that point outside."""
    from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE

    nodes = predictor.nodes
    check(type(nodes) is np.ndarray and nodes.ndim == 1, predictor, "nodes")
    check(nodes.dtype == PREDICTOR_RECORD_DTYPE and len(nodes) > 0, predictor, "nodes")
    inner = nodes["is_leaf"] == 0
    check_links(predictor, nodes["left"], nodes["right"], inner)
    split = nodes[inner]
    check(within(split["feature_idx"], features), predictor, "feature_idx")
    check(np.isfinite(nodes["value"]).all(), predictor, "value")
    bitsets = predictor.raw_left_cat_bitsets
    check(type(bitsets) is np.ndarray and bitsets.ndim == 2, predictor, "bitsets")
    check(bitsets.dtype == np.uint32, predictor, "bitsets")
    check(bitsets.shape[1] == BITSET_WORDS, predictor, "bitsets")
    check(bitsets.flags.c_contiguous, predictor, "bitsets")
    chosen = split[split["is_categorical"] != 0]
    check(within(chosen["bitset_idx"], len(bitsets)), predictor, "bitset_idx")
    check(is_categorical[chosen["feature_idx"]].all(), predictor, "is_categorical")


def known_categories(mapper, features):
    """Refuse bins that are not those of the features; return the known categories."""
    flags = mapper.is_categorical_
    check(type(flags) is np.ndarray and flags.shape == (features,), mapper, "features")
    check(flags.dtype == np.uint8 and (flags <= 1).all(), mapper, "is_categorical_")
    thresholds = mapper.bin_thresholds_
    check(type(thresholds) is list, mapper, "bin_thresholds_")
    check(len(thresholds) == features, mapper, "bin_thresholds_")
    for flag, bins in zip(flags, thresholds):
        check(type(bins) is np.ndarray and bins.ndim == 1, mapper, "bin_thresholds_")
        check(bins.dtype.kind == "f" and not np.isnan(bins).any(), mapper, "bins")
        if flag:
            inside = (bins >= 0) & (bins <= LARGEST_CATEGORY)
            check(inside.all(), mapper, "categories")
    return mapper.make_known_categories_bitsets()


def check_preprocessor(part):
    """Refuse an encoder that gives other columns than the trees look at.

    Categories first, then numbers: each column once, whatever the rows.
    """
    encoder = part._preprocessor
    check(type(encoder).__name__ == "ColumnTransformer", part, "_preprocessor")
    check(encoder.n_features_in_ == part.n_features_in_, part, "_preprocessor")
    positions = []
    for name, branch, columns in encoder.transformers_:
        if type(branch) is str and branch == "drop":
            continue
        given = encoder._transformer_to_input_indices[name]
        check(type(given) is list, part, "_preprocessor")
        check(type(columns) is np.ndarray and columns.dtype == bool, part, "columns")
        check(np.flatnonzero(columns).tolist() == given, part, "columns")
        positions += given
        if type(branch).__name__ == "OrdinalEncoder":
            check(branch.n_features_in_ == len(given), part, "_preprocessor")
        else:
            check(type(branch).__name__ == "FunctionTransformer", part, "columns")
            check(type(branch.func).__name__ == "partial", part, "_preprocessor")
    check(sorted(positions) == list(range(part.n_features_in_)), part, "columns")
    check(encoder.transformer_weights is None, part, "_preprocessor")


def check_function_transformer(part):
    """Refuse a function other than the check that scikit-learn puts there itself."""
    for name in ("func", "inverse_func"):
        function = vars(part).get(name)
        known = function is None or type(function).__name__ == "partial"
        check(known, part, name)
    check(vars(part).get("kw_args") is None, part, "kw_args")


def check_categories(part):
    """Refuse categories that are not found where they are looked for, or not soon."""
    categories = vars(part).get("categories_", [])
    check(type(categories) is list, part, "categories_")
    for known in categories:
        check(type(known) is np.ndarray and known.ndim == 1, part, "categories_")
        if known.dtype == object:
            check(ATOMS.issuperset(map(type, known.tolist())), part, "categories_")
            # Chosen whole numbers share a hash, and are looked up one by one.
            largest = max((abs(one) for one in known if type(one) is int), default=0)
            check(largest < LARGEST_NUMBER_KEY, part, "categories_")
        elif known.dtype.kind != "U":
            # The missing category comes last, and is compared with nothing.
            numbers = known[:-1] if len(known) and known[-1] != known[-1] else known
            check((numbers[:-1] < numbers[1:]).all(), part, "categories_")


def check_one_hot_encoder(part):
    """Refuse categories whose columns lie outside of the encoder's result."""
    check_categories(part)
    if "categories_" not in vars(part):
        return
    categories, widths = part.categories_, part._n_features_outs
    check(type(widths) is list, part, "categories_")
    check(len(categories) == len(widths), part, "categories_")
    check(len(categories) == part.n_features_in_, part, "categories_")
    enabled = part._infrequent_enabled
    mappings = part._default_to_infrequent_mappings if enabled else None
    dropped = part._drop_idx_after_grouping
    for i, (known, width) in enumerate(zip(categories, widths)):
        check(is_index_of(width, len(known) + 1), part, "_n_features_outs")
        codes = np.arange(len(known))
        if mappings is not None and mappings[i] is not None:
            grouped = mappings[i]
            check(type(grouped) is np.ndarray, part, "mappings")
            check(grouped.shape == codes.shape, part, "mappings")
            check(grouped.dtype.kind == "i", part, "mappings")
            infrequent = part._infrequent_indices[i]
            check(type(infrequent) is np.ndarray, part, "mappings")
            check(infrequent.dtype.kind == "i", part, "mappings")
            check(len(infrequent) > 0, part, "mappings")
            check(within(infrequent, len(known)), part, "mappings")
            codes = grouped
        if dropped is not None:
            check(type(dropped) is np.ndarray, part, "drop_idx_")
            check(dropped.shape == (len(categories),), part, "drop_idx_")
            index = dropped[i]
            if index is not None:
                check(is_index_of(index, len(known)), part, "drop_idx_")
                codes = codes[codes != index]
                codes = np.where(codes > index, codes - 1, codes)
        check(within(codes, width), part, "_n_features_outs")


def is_index_of(thing, length):
    """Return whether a thing is a whole number from 0 to below a length."""
    whole = isinstance(thing, (int, np.integer)) and not isinstance(thing, bool)
    return whole and 0 <= thing < length


def within(numbers, length):
    """Return whether all numbers are positions within a length."""
    return bool(((numbers >= 0) & (numbers < length)).all())


CHECKS = {
    "DecisionTreeClassifier": check_decision_tree,
    "DecisionTreeRegressor": check_decision_tree,
    "ExtraTreeClassifier": check_decision_tree,
    "ExtraTreesClassifier": check_forest,
    "FunctionTransformer": check_function_transformer,
    "GradientBoostingClassifier": check_gradient_boosting,
    "HistGradientBoostingClassifier": check_hist_gradient_boosting,
    "OneHotEncoder": check_one_hot_encoder,
    "OrdinalEncoder": check_categories,
    "RandomForestClassifier": check_forest,
}


def check(condition, part, name):
    """Refuse a part whose attribute does not fit the rest of it."""
    if not condition:
        raise not_fit(f"The {name} of a {type(part).__name__} is corrupt.")


def use_one_thread(estimator):
    """Set ``n_jobs`` to 1 in an estimator and in all that it holds.

    A backend is one process with one thread; a parallel estimator would start worker
    processes that outlive the session.
    """
    for part in parts_of(estimator):
        if vars(part).get("n_jobs", 1) != 1 if hasattr(part, "__dict__") else False:
            part.n_jobs = 1


def probe(estimator):
    """Refuse a classifier that gives something else than probabilities.

    It is asked about rows of zeros and of nulls; what it cannot take, the registration
    finds out with rows of the table.
    """
    features = getattr(estimator, "n_features_in_", None)
    if features is None:
        return
    if features > MOST_COLUMNS:
        raise not_fit(f"It takes {features} features; a table has {MOST_COLUMNS}.")
    for value in (0.0, np.nan):
        matrix = np.full((1, features), value)
        try:
            found = estimator.predict_proba(named_columns(estimator, matrix))
        except MemoryError:
            raise
        except Exception:
            continue
        found = np.asarray(found)
        if found.shape[:1] != (1,) or found.dtype.kind != "f":
            raise not_fit("It does not return one probability for each class.")
        # Written so that NaN fails it.
        if not ((found >= 0) & (found <= 1)).all():
            raise not_fit(
                "Asked about a row of zeros or nulls, it returned no number from 0 "
                "to 1.",
                message="model returned something that is no probability",
            )


def named_columns(estimator, matrix):
    """Return a row as what the classifier was fitted on: a frame or a matrix."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        return matrix
    import pandas

    texts = text_columns(estimator)
    return pandas.DataFrame(
        {
            name: pandas.Series([""], dtype=object) if name in texts else column
            for name, column in zip(names, matrix.T)
        }
    )


def text_columns(estimator):
    """Return the names of columns whose known categories are texts."""
    found = set()
    for part in parts_of(estimator):
        names = vars(part).get("feature_names_in_") if has_texts(part) else None
        found.update(() if names is None else names)
    return found


def has_texts(part):
    """Return whether an encoder or an imputer knows texts."""
    held = getattr(part, "__dict__", {})
    known = held.get("categories_", [held.get("statistics_")])
    return any(isinstance(one, np.ndarray) and one.dtype == object for one in known)


def not_fit(detail, message="model cannot be unpickled", hint=None):
    """Return the error for a pickle that can be read, and must not be used."""
    return ScoringError(
        message,
        detail=detail,
        hint=hint or "Pickle a fitted scikit-learn classifier as it is.",
        sqlstate="55000",
    )

session.load_estimator = load_estimator
$python$;
COMMENT ON FUNCTION churn_internal.load_pickle_reader() IS
    'Loads the strict loader of pickles into a session that has the runtime.';
ALTER FUNCTION churn_internal.load_pickle_reader() OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal.load_pickle_reader() FROM PUBLIC;
