CREATE OR REPLACE FUNCTION churn.load_runtime() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE
AS $python$
# Read by the libraries when they are first imported: one backend, one thread, and no
# reports to ONNX Runtime's maker.
import os

for variable in (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ORT_DISABLE_TELEMETRY"
):
    os.environ[variable] = "1"

# ---- errors.py ----
"""The one exception by which the runtime refuses, carrying what SQL reports."""


class ScoringError(Exception):
    """A refusal that names its cause and its remedy.

    Parameters
    ----------
    message : str
        Primary message: lower case, no full stop, as PostgreSQL words its own.
    detail, hint : str, optional
        Sentences; the hint says what to do.
    sqlstate : str, default "22023"
        The SQLSTATE that the error carries into SQL (invalid_parameter_value).
    """

    def __init__(self, message, detail=None, hint=None, sqlstate="22023"):
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.hint = hint
        self.sqlstate = sqlstate

    def __str__(self):
        """Return the message with its detail and hint, for readers outside SQL."""
        return " ".join(part for part in (self.message, self.detail, self.hint) if part)

# ---- signature.py ----
"""What a model expects: its features by name, their kinds, and its positive class."""

import json
from dataclasses import dataclass


FEATURE_KINDS = ("number", "boolean", "text")


@dataclass(frozen=True)
class Feature:
    """One input of a model.

    Attributes
    ----------
    name : str
        Column of the profile, and of the frame that the model was fitted on.
    kind : {"number", "boolean", "text"}
        How SQL values become model input; booleans are 0.0 and 1.0.
    accepts_null : bool
        Whether the model scores a row in which this feature is missing.
    """

    name: str
    kind: str
    accepts_null: bool


@dataclass(frozen=True)
class Signature:
    """The contract between a profile and a model.

    Attributes
    ----------
    features : tuple of Feature
        In the order in which the model was fitted.
    classes : tuple
        The model's ``classes_`` as plain values.
    positive_class : int
        Index into ``classes`` of the class whose probability is the score.
    named_columns : bool
        True for a model fitted on a data frame: it is given one again. False for a
        model fitted on a plain matrix.
    """

    features: tuple
    classes: tuple
    positive_class: int
    named_columns: bool

    @classmethod
    def from_json(cls, document):
        """Read a signature from the JSON text or dict kept in ``churn.models``."""
        if isinstance(document, str):
            document = json.loads(document)
        try:
            features = tuple(
                Feature(str(item["name"]), item["kind"], bool(item["accepts_null"]))
                for item in document["features"]
            )
            signature = cls(
                features,
                tuple(document["classes"]),
                int(document["positive_class"]),
                bool(document["named_columns"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ScoringError(
                "model signature is malformed", detail=f"It lacks or misuses {error}."
            ) from error
        signature.check()
        return signature

    def to_json(self):
        """Return the signature as a dict of plain values, fit for jsonb."""
        return {
            "features": [
                {"name": f.name, "kind": f.kind, "accepts_null": f.accepts_null}
                for f in self.features
            ],
            "classes": list(self.classes),
            "positive_class": self.positive_class,
            "named_columns": self.named_columns,
        }

    def numbers(self):
        """Return the number and boolean features, in their order."""
        return tuple(f for f in self.features if f.kind != "text")

    def texts(self):
        """Return the text features, in their order."""
        return tuple(f for f in self.features if f.kind == "text")

    def check(self):
        """Raise ScoringError unless the signature can describe a binary classifier."""
        names = [feature.name for feature in self.features]
        if not names or len(set(names)) != len(names):
            raise ScoringError("model signature needs features with distinct names")
        for feature in self.features:
            if feature.kind not in FEATURE_KINDS:
                raise ScoringError(
                    f'feature "{feature.name}" has unknown kind "{feature.kind}"',
                    hint=f"The kinds are {', '.join(FEATURE_KINDS)}.",
                )
        if len(self.classes) != 2 or self.positive_class not in (0, 1):
            raise ScoringError(
                "model is not a binary classifier",
                detail=f"Its classes are {list(self.classes)}.",
            )

# ---- features.py ----
"""From the values that SQL hands over to the columns that a model reads.

A column of numbers is a float64 array with NaN for NULL; booleans are 0.0 and 1.0. A
column of texts is an object array of str with NaN for NULL, which is what pandas and
scikit-learn take for a missing category.
"""

import difflib
from dataclasses import dataclass

import numpy as np


NAN = float("nan")
INFINITIES = (float("inf"), float("-inf"))
JSON_NUMBERS = {"NaN": NAN, "Infinity": float("inf"), "-Infinity": float("-inf")}


@dataclass(frozen=True)
class Layout:
    """Which profile column stands where in the arrays that SQL passes.

    Attributes
    ----------
    number_columns, text_columns : tuple of str
        Names in the order of the array of numbers and of the array of texts.
    """

    number_columns: tuple
    text_columns: tuple

    @classmethod
    def of(cls, signature):
        """Return the layout of rows that hold a signature's features and no others."""
        return cls(
            tuple(feature.name for feature in signature.numbers()),
            tuple(feature.name for feature in signature.texts()),
        )

    def positions(self, signature):
        """Return (feature, position) for every feature, in the signature's order.

        Raises
        ------
        ScoringError
            With SQLSTATE 42703 when the profile lacks a feature, 42804 when it holds
            it as another kind.
        """
        numbers = {name: i for i, name in enumerate(self.number_columns)}
        texts = {name: i for i, name in enumerate(self.text_columns)}
        found = []
        for feature in signature.features:
            wanted, other = (texts, numbers)
            if feature.kind != "text":
                wanted, other = (numbers, texts)
            if feature.name in wanted:
                found.append((feature, wanted[feature.name]))
            elif feature.name in other:
                raise ScoringError(
                    f'feature "{feature.name}" is a {feature.kind} in the model, but '
                    "not in the profile",
                    hint="Change the column's type back, or train a model on the new "
                    "one.",
                    sqlstate="42804",
                )
            else:
                raise missing_feature(feature.name, [*numbers, *texts], "profile")
        return found


def missing_feature(name, candidates, place):
    """Return the error for a feature that is not there, guessing what was meant."""
    alike = difflib.get_close_matches(name, candidates, n=1)
    guess = f'Perhaps "{alike[0]}" was meant. ' if alike else ""
    return ScoringError(
        f'feature "{name}" is missing from the {place}',
        hint=f"{guess}The model needs it under exactly this name.",
        sqlstate="42703",
    )


def columns_from_arrays(positions, numbers, texts):
    """Build a model's columns from the arrays of many rows.

    Parameters
    ----------
    positions : list of (Feature, int)
        From ``Layout.positions``.
    numbers : ndarray of shape (n_rows, n_number_columns), float64
    texts : sequence of n_rows sequences of str or None

    Returns
    -------
    dict of str to ndarray of shape (n_rows,)
        In the signature's order.
    """
    columns = {}
    for feature, position in positions:
        if feature.kind == "text":
            values = [row[position] for row in texts]
            columns[feature.name] = text_column(values)
        else:
            columns[feature.name] = numbers[:, position]
    return columns


def text_column(values):
    """Return an object array of str with NaN in place of None."""
    column = np.empty(len(values), dtype=object)
    column[:] = [NAN if value is None else value for value in values]
    return column


def columns_from_json(signature, values):
    """Build the columns of one row from a decoded JSON object.

    Keys that are no features are ignored, so that a whole row can be passed.

    Parameters
    ----------
    signature : Signature
    values : dict
        Feature name to number, boolean, string or None.

    Returns
    -------
    dict of str to ndarray of shape (1,)
    """
    if not isinstance(values, dict):
        raise ScoringError(
            "features must be a JSON object",
            hint='Pass {"feature": value, ...} with every feature of the model.',
        )
    columns = {}
    for feature in signature.features:
        if feature.name not in values:
            raise missing_feature(feature.name, values, "given values")
        value = values[feature.name]
        if feature.kind == "text":
            if not isinstance(value, (str, type(None))):
                raise wrong_kind(feature, value)
            columns[feature.name] = text_column([value])
        else:
            columns[feature.name] = np.array([json_number(feature, value)])
    return columns


def json_number(feature, value):
    """Return a JSON value of a number or boolean feature as a float."""
    if value is None:
        return NAN
    if isinstance(value, str) and value in JSON_NUMBERS:
        return JSON_NUMBERS[value]
    if isinstance(value, (bool, int, float)):
        try:
            number = float(value)
        except OverflowError:
            number = None
        if number is not None and (feature.kind == "number" or number in (0.0, 1.0)):
            return number
    raise wrong_kind(feature, value)


def wrong_kind(feature, value):
    """Return the error for a value that its feature cannot take."""
    return ScoringError(
        f'feature "{feature.name}" is a {feature.kind}, not {value!r}',
        hint="Pass null for a value that is not known.",
    )


def check_values(signature, columns):
    """Refuse infinities, and NULLs where the signature does not accept them.

    Raises
    ------
    ScoringError
        With SQLSTATE 22023 for an infinity and 22004 for a NULL, naming the feature.
    """
    for feature in signature.features:
        column = columns[feature.name]
        if feature.kind != "text" and np.isinf(column).any():
            raise infinite_feature(feature)
        if not feature.accepts_null and any(value != value for value in column):
            raise null_feature(feature)


def acceptable_rows(signature, columns):
    """Return the columns without the rows that ``check_values`` would refuse."""
    rows = len(next(iter(columns.values())))
    kept = np.ones(rows, dtype=bool)
    for feature in signature.features:
        column = columns[feature.name]
        if feature.kind != "text":
            kept &= ~np.isinf(column)
        if not feature.accepts_null:
            # What is not equal to itself is NaN.
            kept &= np.array([value == value for value in column], dtype=bool)
    return {name: column[kept] for name, column in columns.items()}


def checked_row(features, row):
    """Refuse the same as ``check_values`` in one row; return it with NaN for None.

    Parameters
    ----------
    features : sequence of Feature
    row : list of float or None
        One value for each feature: numbers as they are, texts as codes.
    """
    if None in row:
        row = [NAN if value is None else value for value in row]
    total = sum(row)
    if total - total == 0.0:
        # Neither an infinity nor a NaN, which is the usual case.
        return row
    for feature, value in zip(features, row):
        if value in INFINITIES:
            raise infinite_feature(feature)
        if value != value and not feature.accepts_null:
            raise null_feature(feature)
    return row


def infinite_feature(feature):
    """Return the error for an infinite number."""
    return ScoringError(
        f'feature "{feature.name}" is infinite',
        hint="Store a finite number, or NULL when it is not known.",
    )


def null_feature(feature):
    """Return the error for a NULL that the model was not made for."""
    return ScoringError(
        f'feature "{feature.name}" is null, and the model does not accept that',
        hint="Give it a value, or train a pipeline that imputes it.",
        sqlstate="22004",
    )

# ---- environment.py ----
"""The interpreter and packages that a model depends on."""

import importlib.metadata
import platform


MODEL_PACKAGES = ("scikit-learn", "numpy")
REPORTED_PACKAGES = MODEL_PACKAGES + ("pandas", "onnxruntime")


def installed_version(package):
    """Return the installed version of a distribution, or None."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def current_environment():
    """Return the versions that decide whether a pickle means the same thing here."""
    versions = {package: installed_version(package) for package in REPORTED_PACKAGES}
    return {"python": platform.python_version(), **versions}


def check_environment(recorded):
    """Refuse a model that was pickled under other library versions.

    scikit-learn promises nothing about pickles across versions: one may load and
    predict something else. See "Model persistence" in scikit-learn's user guide.

    Parameters
    ----------
    recorded : dict
        Package name to version, as registered with the model.

    Raises
    ------
    ScoringError
        With SQLSTATE 55000, naming both versions.
    """
    if not isinstance(recorded, dict):
        raise ScoringError(
            "model environment is malformed",
            hint='Pass {"scikit-learn": version, "numpy": version, ...}.',
        )
    for package in MODEL_PACKAGES:
        here = installed_version(package)
        if recorded.get(package) != here:
            raise ScoringError(
                f"model needs {package} {recorded.get(package)}, "
                f"but this Python has {here}",
                hint=f"Install {package} {recorded.get(package)} for the Python that "
                "PL/Python embeds, or train and register the model again.",
                sqlstate="55000",
            )

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
        require(dtype == object and type(data) is list, "numpy.ndarray")
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
GENERATORS = frozenset(
    ("Generator", "MT19937", "PCG64", "RandomState", "SeedSequence")
)
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

# ---- pickled.py ----
"""A pickled scikit-learn classifier, ready to give probabilities."""

import warnings

import numpy as np



class PickledModel:
    """A classifier as the strict loader has let it out of its pickle.

    Parameters
    ----------
    artifact : bytes
        The pickle.
    signature : Signature
    """

    def __init__(self, artifact, signature):
        self.signature = signature
        self.estimator = load_estimator(artifact)

    def probabilities(self, columns):
        """Return the positive class's probability of every row.

        Parameters
        ----------
        columns : dict of str to ndarray of shape (n_rows,)
            In the signature's order, see ``plpython.runtime.features``.

        Returns
        -------
        ndarray of shape (n_rows,), float64
        """
        with warnings.catch_warnings():
            # One line in the server's log for every unknown category helps nobody.
            warnings.simplefilter("ignore")
            try:
                predicted = self.estimator.predict_proba(self.model_input(columns))
                predicted = np.asarray(predicted, dtype=float)
            except MemoryError:
                raise
            except Exception as error:
                raise ScoringError(
                    "model cannot score these values",
                    detail=f"{type(error).__name__}: {error}.",
                ) from error
        rows = len(next(iter(columns.values())))
        if predicted.shape != (rows, 2):
            raise ScoringError(
                f"model returned an array of shape {predicted.shape} for {rows} rows",
                detail="predict_proba gives one column for each of the two classes.",
                sqlstate="55000",
            )
        return predicted[:, self.signature.positive_class]

    def row_scorer(self, positions, repeated=False):
        """Return a function that gives the probability of one row.

        Parameters
        ----------
        positions : list of (Feature, int)
            From ``Layout.positions``.
        repeated : bool
            Of no consequence here.

        Returns
        -------
        callable
            Taking a sequence of float or None and one of str or None.
        """

        def score(numbers, texts):
            matrix = np.array([numbers], dtype=float)
            columns = columns_from_arrays(positions, matrix, [texts])
            check_values(self.signature, columns)
            return float(self.probabilities(columns)[0])

        return score

    def model_input(self, columns):
        """Return the columns as what the model was fitted on: a frame or a matrix."""
        if self.signature.named_columns:
            return frame_from_columns(columns)
        return np.column_stack(list(columns.values()))


def frame_from_columns(columns):
    """Return a pandas data frame of float64 and object columns.

    pandas is imported here and not above, so that only models that need it pay for it.
    """
    import pandas

    return pandas.DataFrame(
        {
            name: pandas.Series(values, dtype=values.dtype)
            for name, values in columns.items()
        }
    )

# ---- row_program.py ----
"""A model as a Python function of one row.

ONNX Runtime scores thousands of rows in no time, but one row in the middle of an INSERT
costs it more than its 3 microseconds in a loop: measured there, 40 to 60. The same sums
and trees, written out as Python conditionals, took 2 to 5 microseconds in a loop and
hardly more in the INSERT.
"""

import math

SIGMOID = "sigmoid"
EQUAL = 4


def row_function(program):
    """Return the function that a row program describes.

    Parameters
    ----------
    program : dict
        ``width``, how many inputs there are; ``nodes``, how many comparisons its trees
        make up; ``constant``; ``weights``, a list of
        [position, weight, what stands for NaN or null]; ``trees``, each a number or
        [position, mode, constant, whether NaN is true, tree if true, tree if false];
        ``link``, "sigmoid" or "share"; ``complement``, whether the probability of the
        other class is asked for.

    Returns
    -------
    callable
        Taking one float for each input.
    """
    inputs = ", ".join(f"x{position}" for position in range(int(program["width"])))
    lines = [f"def score({inputs}):", f" s = {number(program['constant'])}"]
    lines += [f" s += {weighted(*term)}" for term in program["weights"]]
    lines += [f" s += {conditional(tree)}" for tree in program["trees"]]
    if program["link"] == SIGMOID:
        # Beyond that the exponential is too large for a double.
        lines.append(" s = 0.0 if s <= -700.0 else 1.0 / (1.0 + exp(-s))")
    else:
        lines.append(" s = 0.0 if s < 0.0 else 1.0 if s > 1.0 else s")
    lines.append(" return 1.0 - s" if program["complement"] else " return s")
    namespace = {"exp": math.exp, "inf": math.inf, "nan": math.nan}
    exec("\n".join(lines), namespace)
    return namespace["score"]


def number(value):
    """Return a float as Python reads it back; nothing else can come out of here."""
    return repr(float(value))


def weighted(position, weight, fill):
    """Return the source of one term of a linear model."""
    value = f"x{int(position)}"
    if fill is not None:
        value = f"({value} if {value} == {value} else {number(fill)})"
    return f"{number(weight)} * {value}"


def conditional(tree):
    """Return the source of a tree."""
    if not isinstance(tree, list):
        return number(tree)
    position, mode, constant, missing, true, false = tree
    value = f"x{int(position)}"
    if mode == EQUAL:
        test = f"{value} == {number(constant)}"
        if missing:
            test = f"{test} or {value} != {value}"
    elif missing:
        # Turned around: every comparison with NaN is false.
        test = f"{value} > {number(constant)}"
        true, false = false, true
    else:
        test = f"{value} <= {number(constant)}"
    return f"({conditional(true)} if {test} else {conditional(false)})"

# ---- compiled.py ----
"""The compiled form of a model: an ONNX graph in double precision."""

import json

import numpy as np


UNKNOWN = -1
REFUSED = -2
# In a loop a forest of 19,000 comparisons took 19 microseconds as a program and 4 as a
# graph; gradient boosting of 700 took 2 and 3.
LOOPED_NODES = 2_000
METADATA_KEY = "pgchurn"


class CompiledModel:
    """A classifier compiled to ONNX, run by ONNX Runtime on one thread.

    It needs neither scikit-learn nor pandas.

    Parameters
    ----------
    compiled : bytes
        A model with one input of shape (n_rows, n_features), numbers before texts, and
        one output of shape (n_rows, 1), the probability of the positive class, both of
        doubles. Its metadata maps each text feature's categories to codes, and may
        hold the model once more as a row program.
    signature : Signature
    """

    def __init__(self, compiled, signature):
        import onnxruntime

        self.signature = signature
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(
            compiled, options, providers=["CPUExecutionProvider"]
        )
        (self.input,) = (tensor.name for tensor in self.session.get_inputs())
        (self.output,) = (tensor.name for tensor in self.session.get_outputs())
        properties = self.session.get_modelmeta().custom_metadata_map
        metadata = json.loads(properties[METADATA_KEY])
        self.row_program = metadata["row_program"]
        self.codes = {}
        self.refusing = set()
        for name, vocabulary in metadata["texts"].items():
            self.codes[name] = {**vocabulary["codes"], None: vocabulary["missing"]}
            if vocabulary["refuses_unknown"]:
                self.refusing.add(name)

    def probabilities(self, columns):
        """Return the positive class's probability of every row.

        Parameters
        ----------
        columns : dict of str to ndarray of shape (n_rows,)
            See ``plpython.runtime.features``.

        Returns
        -------
        ndarray of shape (n_rows,), float64
        """
        matrix = self.input_matrix(columns)
        return self.session.run([self.output], {self.input: matrix})[0][:, 0]

    def row_probabilities(self, columns):
        """Return the same, computed row by row as single rows are."""
        score = self.row_function()
        return np.array([score(*row) for row in self.input_matrix(columns).tolist()])

    def input_matrix(self, columns):
        """Return the matrix of doubles that the graph reads, texts as codes."""
        numbers = [columns[feature.name] for feature in self.signature.numbers()]
        texts = [
            self.coded(feature.name, columns[feature.name])
            for feature in self.signature.texts()
        ]
        return np.column_stack([*numbers, *texts]).astype(float, order="C")

    def coded(self, name, values):
        """Return the codes of a column of texts."""
        codes = self.codes[name]
        found = [codes.get(None if v != v else v, UNKNOWN) for v in values]
        if name in self.refusing and UNKNOWN in found:
            raise unknown_category(name, values[found.index(UNKNOWN)])
        return found

    def row_scorer(self, positions, repeated=False):
        """Return a function that gives the probability of one row.

        Parameters
        ----------
        positions : list of (Feature, int)
            From ``Layout.positions``.
        repeated : bool
            Whether row follows upon row, as in a SELECT.

        Returns
        -------
        callable
            Taking a sequence of float or None and one of str or None.
        """
        by_name = {feature.name: position for feature, position in positions}
        number_slots = [by_name[f.name] for f in self.signature.numbers()]
        text_slots = [
            (by_name[f.name], self.row_codes(f), f) for f in self.signature.texts()
        ]
        probability = self.row_function(repeated)
        refusing = self.refusing
        features = (*self.signature.numbers(), *self.signature.texts())

        def score(numbers, texts):
            row = [numbers[slot] for slot in number_slots]
            for slot, codes, feature in text_slots:
                code = codes.get(texts[slot], UNKNOWN)
                if code == REFUSED or (code == UNKNOWN and feature.name in refusing):
                    # Checking the numbers as well names the first of several faults.
                    self.refuse(positions, numbers, texts)
                row.append(code)
            return probability(*checked_row(features, row))

        return score

    def row_function(self, repeated=False):
        """Return a function of one float for each input: see ``row_program``.

        A model that is neither a sum nor trees, or too large, runs as a graph, which
        reads and writes two arrays that it holds on to; so does a large one on row
        after row, when the graph stays in the processor's caches.
        """
        program = self.row_program
        if program is not None and not (repeated and program["nodes"] > LOOPED_NODES):
            return row_function(program)
        import onnxruntime

        row_input = np.zeros((1, len(self.signature.features)))
        row_output = np.zeros((1, 1))
        binding = self.session.io_binding()
        hold = onnxruntime.OrtValue.ortvalue_from_numpy
        binding.bind_ortvalue_input(self.input, hold(row_input))
        binding.bind_ortvalue_output(self.output, hold(row_output))

        def run(*row):
            row_input[0] = row
            self.session.run_with_iobinding(binding)
            return float(row_output[0, 0])

        return run

    def refuse(self, positions, numbers, texts):
        """Raise what scoring the row in bulk raises."""
        matrix = np.array([numbers], dtype=float)
        columns = columns_from_arrays(positions, matrix, [texts])
        check_values(self.signature, columns)
        self.probabilities(columns)

    def row_codes(self, feature):
        """Return the codes of a feature, with one that refuses NULL where need be."""
        codes = self.codes[feature.name]
        return codes if feature.accepts_null else {**codes, None: REFUSED}


def unknown_category(name, value):
    """Return the error for a category that the model was not fitted on."""
    return ScoringError(
        f'feature "{name}" has a category that the model does not know',
        detail=f"The value is {value!r}.",
        hint="Correct it, or train a pipeline whose encoder ignores the unknown.",
    )

# ---- parity.py ----
"""Proving that a compiled form gives what its pickle gives."""

import numpy as np


TOLERANCE = 1e-6


def compare_forms(pickled, compiled, batches):
    """Compare two forms of a model, row by row.

    Parameters
    ----------
    pickled : PickledModel
    compiled : CompiledModel
        Compared both in bulk and row by row.
    batches : iterable of dict of str to ndarray
        Columns of some rows each.

    Returns
    -------
    float
        The largest difference of two probabilities.
    int
        How many rows were compared: those that the pickle scores.

    Raises
    ------
    ScoringError
        When the compiled form fails on a row that the pickle scores.
    """
    largest, compared = 0.0, 0
    for columns in batches:
        for part in scoreable(pickled, columns):
            wanted = pickled.probabilities(part)
            in_bulk = compiled.probabilities(part)
            if len(in_bulk) != len(wanted):
                raise ScoringError(
                    f"{len(in_bulk)} probabilities for {len(wanted)} rows"
                )
            difference = np.maximum(
                np.abs(wanted - in_bulk),
                np.abs(wanted - compiled.row_probabilities(part)),
            )
            # NaN is as different as can be.
            worst = np.where(np.isnan(difference), np.inf, difference).max(initial=0.0)
            largest = max(largest, float(worst))
            compared += len(difference)
    return largest, compared


def scoreable(model, columns):
    """Split rows into parts that the model scores, leaving out rows that it refuses."""
    rows = len(next(iter(columns.values())))
    if rows == 0:
        return
    try:
        model.probabilities(columns)
        yield columns
    except ScoringError:
        if rows > 1:
            for half in (slice(None, rows // 2), slice(rows // 2, None)):
                part = {name: values[half] for name, values in columns.items()}
                yield from scoreable(model, part)

# ---- bounded_cache.py ----
"""A bounded memory of things that never change."""

from collections import OrderedDict


class BoundedCache:
    """Keep the most recently used values of a session.

    A session's memory outlives its transactions and is not undone by a rollback, so a
    key must hold all that its value depends on: for a model its version together with
    the digest of its bytes, since a version number alone can come to mean other bytes
    after a restore or a migration down and up again.

    Parameters
    ----------
    capacity : int
        How many values are kept before the least recently used one is dropped.
    """

    def __init__(self, capacity):
        self.capacity = capacity
        self.values = OrderedDict()

    def get(self, key, load):
        """Return the value of a key, calling ``load()`` when it is not held."""
        if key in self.values:
            self.values.move_to_end(key)
            return self.values[key]
        value = self.values[key] = load()
        if len(self.values) > self.capacity:
            self.values.popitem(last=False)
        return value

# ---- registry.py ----
"""Reading models and layouts out of the database, into a session's memory."""

import hashlib
import json
from functools import cached_property


MODELS_HELD = 8
SCORERS_HELD = 8


class Scorer:
    """A model, and where its features stand in an attachment's arrays.

    Attributes
    ----------
    model : PickledModel or CompiledModel
    positions : list of (Feature, int)
    """

    def __init__(self, model, positions):
        self.model = model
        self.positions = positions

    @cached_property
    def score_row(self):
        """A function of the numbers and the texts of one row; made when first used."""
        return self.model.row_scorer(self.positions)

    @cached_property
    def score_next(self):
        """The same, made to be called for row after row."""
        return self.model.row_scorer(self.positions, repeated=True)


class Registry:
    """What a session knows of ``churn.models`` and ``churn.attachments``.

    Parameters
    ----------
    plpy : module
        The PL/Python database interface.
    """

    def __init__(self, plpy):
        self.plpy = plpy
        self.models = BoundedCache(MODELS_HELD)
        self.scorers = BoundedCache(SCORERS_HELD)
        self.plans = {}

    def fetch(self, statement, types, *arguments):
        """Run a statement under a plan that is prepared once a session."""
        plan = self.plans.get(statement)
        if plan is None:
            plan = self.plans[statement] = self.plpy.prepare(statement, types)
        return self.plpy.execute(plan, arguments)

    def active_model(self, attachment_id):
        """Return (version, digest) of the deployment in force.

        It is asked anew every time: what is active belongs to a transaction, and a
        session's memory does not.
        """
        rows = self.fetch(
            "SELECT * FROM churn.active_deployment($1)", ["integer"], attachment_id
        )
        if not rows:
            raise ScoringError(
                "no active model for this profile",
                hint="Call churn.activate_model(version) with a registered version.",
                sqlstate="55000",
            )
        return rows[0]["version"], rows[0]["artifact_sha256"]

    def digest(self, version):
        """Return the digest of a registered version."""
        rows = self.fetch(
            "SELECT artifact_sha256 FROM churn.models WHERE version = $1",
            ["bigint"],
            version,
        )
        if not rows:
            named = "null" if version is None else version
            raise ScoringError(
                f"model version {named} does not exist",
                hint="SELECT version FROM churn.models lists the registered versions.",
            )
        return rows[0]["artifact_sha256"]

    def model(self, version, digest):
        """Return the loaded model of a version, from memory or from its row."""
        return self.models.get((version, digest), lambda: self.load(version, digest))

    def load(self, version, digest):
        """Read and verify the compiled form of a version, else its pickle."""
        rows = self.fetch(
            "SELECT artifact_sha256, compiled, compiled_sha256, signature, environment,"
            " CASE WHEN compiled IS NULL THEN artifact END AS artifact"
            " FROM churn.models WHERE version = $1",
            ["bigint"],
            version,
        )
        if not rows or rows[0]["artifact_sha256"] != digest:
            raise wrong_digest(version)
        row = rows[0]
        signature = Signature.from_json(row["signature"])
        if row["compiled"] is not None:
            if hashlib.sha256(row["compiled"]).digest() != row["compiled_sha256"]:
                raise wrong_digest(version)
            return CompiledModel(row["compiled"], signature)
        if hashlib.sha256(row["artifact"]).digest() != digest:
            raise wrong_digest(version)
        check_environment(json.loads(row["environment"]))
        return PickledModel(row["artifact"], signature)

    def scorer(self, attachment_id, version, digest, layout):
        """Return a model fitted to the arrays of an attachment.

        Parameters
        ----------
        layout : str
            Digest of the attachment's list of columns, which may change while the
            session lives, and may change back.

        Returns
        -------
        Scorer
        """
        key = (version, digest, attachment_id, layout)
        return self.scorers.get(key, lambda: self.fit(*key))

    def fit(self, version, digest, attachment_id, layout):
        """Load a model and find its features in an attachment's arrays."""
        model = self.model(version, digest)
        positions = self.layout(attachment_id).positions(model.signature)
        return Scorer(model, positions)

    def on_error(self, attachment_id):
        """Return an attachment's failure policy, "keep" or "raise"."""
        rows = self.fetch(
            "SELECT on_error FROM churn.attachments WHERE attachment_id = $1",
            ["integer"],
            attachment_id,
        )
        return rows[0]["on_error"]

    def let_interrupts_in(self):
        """Let a cancel or a timeout take effect, which Python alone does not notice."""
        self.fetch("SELECT 1", [])

    def layout(self, attachment_id):
        """Read which columns an attachment passes, and in which order."""
        return self.read_layout(
            "SELECT number_columns::text[], text_columns::text[]"
            " FROM churn.attachments WHERE attachment_id = $1",
            "integer",
            attachment_id,
        )

    def layout_of_version(self, version):
        """Read the same of the attachment that a version was registered for."""
        return self.read_layout(
            "SELECT a.number_columns::text[], a.text_columns::text[]"
            " FROM churn.models m JOIN churn.attachments a USING (attachment_id)"
            " WHERE m.version = $1",
            "bigint",
            version,
        )

    def read_layout(self, statement, key_type, key):
        """Return the layout in the one row of a statement."""
        row = self.fetch(statement, [key_type], key)[0]
        return Layout(tuple(row["number_columns"]), tuple(row["text_columns"]))


def wrong_digest(version):
    """Return the error for stored bytes that are not those that were registered."""
    return ScoringError(
        f"model version {version} does not match its digest",
        detail="The stored bytes are not those that were registered.",
        hint="Activate another version, and restore this one from a backup.",
        sqlstate="XX001",
    )

# ---- session.py ----
"""What the SQL functions call: one object for each session."""

import importlib
import json

import numpy as np


# Errors that belong to the server, never to a model: cancel and shutdown, deadlock
# and serialisation failure, exhausted resources.
SERVER_SQLSTATES = ("57", "40", "53")

# What no choice of rows can mend.
MODEL_SQLSTATE = "55000"

MOST_FAILURES = 100

# Any longer number is too large for a double.
LONGEST_INTEGER = 400

# Bounds what a model allocates in one call, and how long it keeps a cancel waiting.
MODEL_CALL_ROWS = 10_000

# One element of a binary array of float8: its length, then its value. See array_send
# in PostgreSQL's src/backend/utils/adt/arrayfuncs.c.
BINARY_ELEMENT = np.dtype([("length", ">i4"), ("value", ">f8")])
BINARY_HEADER = 12 + 2 * 8


class Session:
    """Scores rows for the lifetime of a session.

    Parameters
    ----------
    plpy : module
        The PL/Python database interface.
    """

    def __init__(self, plpy):
        self.plpy = plpy
        self.registry = Registry(plpy)
        # Never taken back: the mark itself belongs to transactions, and a rollback to a
        # savepoint can bring back one that was wiped away.
        self.has_failed = False

    def score_features(self, attachment_id, layout, numbers, texts):
        """Return the probability of one row under its attachment's active model."""
        with self.refusals():
            version, digest = self.registry.active_model(attachment_id)
            scorer = self.registry.scorer(attachment_id, version, digest, layout)
            return checked_probability(scorer.score_next(numbers, texts))

    def score_features_many(self, attachment_id, layout, numbers, texts):
        """Return the probabilities of many rows under the active model."""
        if numbers is None:
            return []
        with self.refusals():
            version, digest = self.registry.active_model(attachment_id)
        return self.score_batch(
            attachment_id, version, digest, layout, numbers, texts, on_error="raise"
        )

    def score_changed(self, attachment_id, version, digest, layout, numbers, texts):
        """Return the probability of one changed row, or None by the failure policy."""
        try:
            scorer = self.registry.scorer(attachment_id, version, digest, layout)
            probability = checked_probability(scorer.score_row(numbers, texts))
        except Exception as error:
            self.apply_failure_policy(attachment_id, version, error, 1)
            self.has_failed = True
            self.mark_failure("yes")
            return None
        if self.has_failed:
            self.mark_failure("")
        return probability

    def mark_failure(self, mark):
        """Tell the UPDATE that asked for a score whether there was one."""
        self.registry.fetch(
            "SELECT set_config('churn.score_failed', $1, true)", ["text"], mark
        )

    def score_batch(
        self, attachment_id, version, digest, layout, numbers, texts, on_error
    ):
        """Score many rows in one call of the model.

        Parameters
        ----------
        numbers : bytes
            ``array_send`` of a two-dimensional array of float8, NaN for NULL.
        texts : list of lists of str or None; None when there are no text columns
        on_error : {"keep", "raise"} or None
            What to do about rows that cannot be scored: with "keep" they come back as
            None and the rest is scored. None is for what the attachment says.

        Returns
        -------
        list of float or None
        """
        matrix = matrix_from_binary(numbers)
        texts = rows_of_texts(texts, matrix)

        def score(first, last):
            scores = []
            for start in range(first, last, MODEL_CALL_ROWS):
                end = min(start + MODEL_CALL_ROWS, last)
                self.registry.let_interrupts_in()
                columns = columns_from_arrays(
                    scorer.positions, matrix[start:end], texts[start:end]
                )
                scores += checked_probabilities(scorer.model, columns).tolist()
            return scores

        with self.refusals():
            try:
                scorer = self.registry.scorer(attachment_id, version, digest, layout)
                if on_error == "raise":
                    return score(0, len(matrix))
            except Exception as error:
                if on_error == "raise":
                    raise
                self.apply_failure_policy(
                    attachment_id, version, error, len(matrix), on_error
                )
                return [None] * len(matrix)
        failures = []
        scores = score_what_scores(score, 0, len(matrix), failures)
        if failures:
            self.apply_failure_policy(
                attachment_id, version, failures[0], scores.count(None), on_error
            )
        return scores

    def predict(self, version, features):
        """Return the probability under any version for values given as JSON text."""
        with self.refusals():
            model = self.registry.model(version, self.registry.digest(version))
            values = json.loads(features or "null", parse_int=json_integer)
            columns = columns_from_json(model.signature, values)
            return float(checked_probabilities(model, columns)[0])

    def warm(self):
        """Load every active model; return how many there are."""
        with self.refusals():
            rows = self.registry.fetch(
                "SELECT version, artifact_sha256 FROM churn.active_deployments", []
            )
            for row in rows:
                self.registry.model(row["version"], row["artifact_sha256"])
            return len(rows)

    def check_model(self, version):
        """Refuse a version that does not load, or whose profile lacks a feature."""
        with self.refusals():
            model = self.registry.model(version, self.registry.digest(version))
            self.registry.layout_of_version(version).positions(model.signature)

    def examine_model(
        self,
        attachment_id,
        artifact,
        compiled,
        signature,
        environment,
        replay,
        sample,
        edges,
    ):
        """Judge a candidate before it is registered.

        Parameters
        ----------
        artifact, compiled : bytes
            The pickle, and its compiled form or None.
        signature, environment : str
            JSON.
        replay, sample : (bytes, list)
            Numbers and texts of profile rows, as ``score_batch`` takes them: those
            that the client has scored, and those to compare the two forms on.
        edges : (list of lists of float, list of lists of str)
            Rows that are hard to get right, in the order of the signature.

        Returns
        -------
        dict
            ``replayed``, the pickle's probabilities of the client's rows; ``parity``,
            the largest difference of the two forms; ``rows_compared``; ``problem``,
            why the compiled form is not accepted, or None.
        """
        with self.refusals():
            check_environment(json.loads(environment))
            signature = Signature.from_json(signature)
            pickled = PickledModel(artifact, signature)
            positions = self.registry.layout(attachment_id).positions(signature)

            def stored(numbers, texts):
                if numbers is None:
                    return None
                matrix = matrix_from_binary(numbers)
                return columns_from_arrays(
                    positions, matrix, rows_of_texts(texts, matrix)
                )

            def given(numbers, texts):
                if not numbers:
                    return None
                matrix = np.array(numbers, dtype=float)
                return columns_from_arrays(
                    Layout.of(signature).positions(signature),
                    matrix,
                    rows_of_texts(texts, matrix),
                )

            replayed = stored(*replay)
            found = {
                "replayed": None,
                "parity": None,
                "rows_compared": 0,
                "problem": None,
            }
            if replayed is not None:
                found["replayed"] = checked_probabilities(pickled, replayed).tolist()
            if compiled is not None:
                batches = [
                    acceptable_rows(signature, rows)
                    for rows in (stored(*sample), given(*edges))
                    if rows is not None
                ]
                found |= self.examine_compiled(compiled, pickled, signature, batches)
            return found

    def examine_compiled(self, compiled, pickled, signature, batches):
        """Compare a compiled form with its pickle; say why it is not accepted."""
        try:
            parity, rows = compare_forms(
                pickled, CompiledModel(compiled, signature), batches
            )
        except MemoryError:
            raise
        except Exception as error:
            return {"problem": f"it fails where the pickle scores: {error}"}
        found = {"parity": parity, "rows_compared": rows}
        if rows == 0:
            found["problem"] = "there was no row to compare it on"
        elif parity > TOLERANCE:
            found["problem"] = (
                f"it differs from the pickle by {parity:.1e}, and {TOLERANCE:.0e} is "
                "allowed"
            )
        return found

    def environment(self):
        """Return the interpreter, package versions and memory of this session."""
        for package in ("numpy", "sklearn", "pandas", "onnxruntime"):
            importlib.import_module(package)
        with open("/proc/self/status", encoding="ascii") as status:
            fields = dict(line.split(":", 1) for line in status)
        memory = int(fields["RssAnon"].split()[0]) // 1024
        return json.dumps({**current_environment(), "memory_megabytes": memory})

    def apply_failure_policy(self, attachment_id, version, error, rows, on_error=None):
        """Warn and go on, or raise, as the attachment wants it.

        A complaint is worth more than a score: by default it is kept and the score
        stays as it was. What is the server's own is never held back.
        """
        sqlstate = getattr(error, "sqlstate", None) or ""
        if sqlstate[:2] in SERVER_SQLSTATES or isinstance(error, MemoryError):
            raise error
        with self.refusals():
            on_error = on_error or self.registry.on_error(attachment_id)
            if on_error == "raise":
                raise error
        detail = getattr(error, "detail", None)
        self.plpy.warning(
            f"model version {version} could not score {rows} "
            f"{'row' if rows == 1 else 'rows'}: {getattr(error, 'message', error)}",
            detail=detail or "The rows keep the score they had.",
            hint=getattr(error, "hint", None)
            or "SELECT * FROM churn.verify(...) lists rows whose score is not current.",
        )

    def refusals(self):
        """Return a context in which a ScoringError becomes an SQL error."""
        return Refusals(self.plpy)


class Refusals:
    """Turn a ScoringError into an SQL error with its SQLSTATE, detail and hint."""

    def __init__(self, plpy):
        self.plpy = plpy

    def __enter__(self):
        """Enter the block."""

    def __exit__(self, kind, error, traceback):
        """Leave the block; everything but a ScoringError passes as it is."""
        if isinstance(error, ScoringError):
            parts = {"detail": error.detail, "hint": error.hint}
            self.plpy.error(
                error.message,
                sqlstate=error.sqlstate,
                **{name: text for name, text in parts.items() if text},
            )


def checked_probability(probability):
    """Return a probability, which is a number from 0 to 1."""
    # Written so that NaN fails it.
    if not 0.0 <= probability <= 1.0:
        raise no_probability()
    return probability


def checked_probabilities(model, columns):
    """Return the model's probabilities, each of them a number from 0 to 1."""
    check_values(model.signature, columns)
    probabilities = model.probabilities(columns)
    # Written so that NaN fails it.
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise no_probability()
    return probabilities


def json_integer(digits):
    """Return a whole number, which in JSON may be of any length."""
    return float(digits) if len(digits) > LONGEST_INTEGER else int(digits)


def no_probability():
    """Return the error for what a broken model gives."""
    return ScoringError(
        "model returned something that is no probability",
        detail="A churn score is a number from 0 to 1.",
        hint="Roll back with churn.rollback_model, and mend the model.",
    )


def rows_of_texts(texts, matrix):
    """Return one row of texts for each row of numbers, empty ones for no texts."""
    return [()] * len(matrix) if texts is None else texts


def matrix_from_binary(numbers):
    """Decode ``array_send`` of a two-dimensional array of float8.

    Decoding the binary form is several times faster than PL/Python's own conversion
    to nested lists. NULL has no place in it: the caller passes NaN.

    Returns
    -------
    ndarray of shape (n_rows, n_columns), float64
    """
    rows, columns = np.frombuffer(numbers, ">i4", 4, offset=12)[[0, 2]]
    elements = np.frombuffer(numbers, BINARY_ELEMENT, offset=BINARY_HEADER)
    return elements["value"].reshape(rows, columns).astype(float)


def score_what_scores(score, first, last, failures):
    """Score rows first to last, halving where it fails, None where a row fails.

    One row with an impossible value must not cost the other rows their score. After
    ``MOST_FAILURES`` rows it is the model that fails, and the search is given up.
    """
    if len(failures) >= MOST_FAILURES:
        return [None] * (last - first)
    try:
        return score(first, last)
    except ScoringError as error:
        if last - first == 1 or error.sqlstate == MODEL_SQLSTATE:
            failures.append(error)
            return [None] * (last - first)
    middle = (first + last) // 2
    return score_what_scores(score, first, middle, failures) + score_what_scores(
        score, middle, last, failures
    )

# GD outlives an upgrade: the runtime before this one is let go.
for key in [key for key in GD if key.startswith("pgchurn runtime ")]:
    del GD[key]
GD["pgchurn runtime f90a3753325fa4ab"] = Session(plpy)
$python$;
COMMENT ON FUNCTION churn.load_runtime() IS
    'Loads the scoring runtime into this session, under a key that names its content.';
ALTER FUNCTION churn.load_runtime() OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.load_runtime() FROM PUBLIC;
