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

# ---- signing.py ----
"""What a signer states about a model, and whether a trusted key says so.

A statement is a JSON text. It is signed as it stands, byte for byte, with Ed25519, and
the text that was verified is the text that is read: nothing is ever serialised again to
be compared.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date, datetime, timezone


# Signed together with the statement, so that a signature of something else, made with
# the same key for another purpose, is none of a model.
STATEMENT_PREFIX = b"pgchurn statement about a model, format 1\n"
SIGNED_PACKAGES = ("python", *MODEL_PACKAGES)
LONGEST_STATEMENT = 1_000_000
GREATEST_VERSION = 2**63 - 1

NOT_AUTHORISED = "42501"
SIGN_HINT = (
    "Sign the pickle with pgchurn sign, and pass what it writes with pgchurn register "
    "FILE --signature FILE.sig."
)


@dataclass(frozen=True)
class Statement:
    """What is signed about a model.

    Attributes
    ----------
    name : str
    version : int
        Ascends: an older one does not replace a newer one unless asked by name.
    artifact_sha256 : str
        Digest of the pickle, in hexadecimal digits.
    compiled_sha256 : str or None
        Digest of the compiled form; without one the pickle scores.
    features : list of str
        Names, in the order in which the model was fitted.
    classes : list
        As in ``Signature``.
    positive_class : int
        Index into ``classes``.
    named_columns : bool
        Whether the model was fitted on a data frame.
    environment : dict of str to str
        Versions of Python, scikit-learn and numpy it was pickled under.
    expires : str or None
        The last day, in UTC, on which it may be registered and activated: YYYY-MM-DD.
    """

    name: str
    version: int
    artifact_sha256: str
    compiled_sha256: str | None
    features: list
    classes: list
    positive_class: int
    named_columns: bool
    environment: dict
    expires: str | None

    @classmethod
    def from_text(cls, text):
        """Read a statement; refuse what is not exactly one.

        Raises
        ------
        ScoringError
        """
        try:
            if len(text) > LONGEST_STATEMENT:
                raise ValueError(f"it has {len(text):,} characters")
            statement = cls(**json.loads(text, object_pairs_hook=distinct_pairs))
            statement.check()
        except (TypeError, ValueError, RecursionError) as error:
            raise ScoringError(
                "signed statement is malformed",
                detail=f"{type(error).__name__}: {error}.",
                hint=SIGN_HINT,
            ) from error
        return statement

    def to_text(self):
        """Return the text that is to be signed."""
        return json.dumps(asdict(self))

    def check(self):
        """Raise ValueError or TypeError unless every part is what it should be."""
        if not (isinstance(self.name, str) and self.name and self.name.isprintable()):
            raise ValueError("the name must be of printable characters")
        if type(self.version) is not int or not 0 < self.version <= GREATEST_VERSION:
            raise ValueError("the version must be a whole number above 0")
        for digest in (self.artifact_sha256, self.compiled_sha256 or "0" * 64):
            if len(bytes.fromhex(digest)) != hashlib.sha256().digest_size:
                raise ValueError(f"{digest!r} is no SHA-256 digest")
        if self.expires is not None:
            date.fromisoformat(self.expires)
        if not all(isinstance(name, str) for name in self.features):
            raise ValueError("features are named by texts")
        if len(self.classes) != 2 or self.positive_class not in (0, 1):
            raise ValueError("a score needs two classes, and which is the positive one")
        if not isinstance(self.environment, dict) or (
            set(self.environment) != set(SIGNED_PACKAGES)
        ):
            raise ValueError(f"the environment is that of {', '.join(SIGNED_PACKAGES)}")

    def check_artifact(self, digest):
        """Refuse a pickle other than the one that was signed.

        Parameters
        ----------
        digest : bytes
            SHA-256 of the pickle.
        """
        if bytes.fromhex(self.artifact_sha256) != digest:
            raise ScoringError(
                "model is not the one that was signed",
                detail=f"SHA-256 of what was signed is {self.artifact_sha256}, of "
                f"this pickle {digest.hex()}.",
                hint="Pass the pickle that was signed, or sign this one.",
                sqlstate=NOT_AUTHORISED,
            )

    def positive_label(self):
        """Return the class whose probability is the score, as text."""
        return str(self.classes[self.positive_class])

    def covers(self, digest):
        """Return whether a compiled form is the one that was signed."""
        signed = self.compiled_sha256
        return signed is not None and bytes.fromhex(signed) == digest

    def check_description(self, signature, environment):
        """Refuse a description of the model other than the signed one.

        The kinds of the features, and which may be null, are found out when the model
        is registered, from the table and from the model itself; they are not signed.

        Parameters
        ----------
        signature : Signature
        environment : dict
            As it is registered.
        """
        if not isinstance(environment, dict):
            environment = {}
        said = {
            "features": [feature.name for feature in signature.features],
            "classes": list(signature.classes),
            "positive class": signature.positive_class,
            "named columns": signature.named_columns,
            **{package: environment.get(package) for package in SIGNED_PACKAGES},
        }
        signed = {
            "features": self.features,
            "classes": self.classes,
            "positive class": self.positive_class,
            "named columns": self.named_columns,
            **self.environment,
        }
        for part in said:
            # As JSON, because in Python 1 equals True.
            given, wanted = json.dumps(said[part]), json.dumps(signed[part])
            if given != wanted:
                raise ScoringError(
                    "model is described otherwise than it was signed",
                    detail=f"Signed {part}: {wanted}; given: {given}.",
                    hint="Register the model as it was signed, or sign it as it is.",
                    sqlstate=NOT_AUTHORISED,
                )

    def check_expiry(self, today):
        """Refuse a statement whose last day is over."""
        if self.expires is not None and date.fromisoformat(self.expires) < today:
            raise ScoringError(
                f'signature of "{self.name}" {self.version} has expired',
                detail=f"Its last day was {self.expires}.",
                hint="Sign the model again. Where it is registered already, "
                "churn.activate_model(version, allow_expired => true) activates it all "
                "the same.",
                sqlstate="55000",
            )

    def check_age(self, active):
        """Refuse a statement about an older version than the active one.

        Parameters
        ----------
        active : Statement or None
            What was signed about the active version.
        """
        if active is not None and self.version < active.version:
            raise ScoringError(
                f'"{self.name}" {self.version} is older than what is active',
                detail=f'Active is "{active.name}" {active.version}.',
                hint="Pass allow_older => true (pgchurn: --allow-older) where you want "
                "just that; churn.rollback_model goes back to what was active before.",
                sqlstate="55000",
            )


def distinct_pairs(pairs):
    """Return the members of a JSON object, refusing a name that comes twice."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name comes twice")
    return members


def verified_statement(text, signature, key, trusted):
    """Return what a trusted key states about a model.

    Parameters
    ----------
    text : str or None
        The statement as it was signed.
    signature : bytes or None
        Its Ed25519 signature, 64 bytes.
    key : str or None
        Fingerprint of the key that is said to have signed it.
    trusted : dict of str to bytes
        The keys in force, 32 bytes each, by fingerprint.

    Returns
    -------
    Statement

    Raises
    ------
    ScoringError
        With SQLSTATE 42501 when it is unsigned, or not by a trusted key.
    """
    if text is None or signature is None or key is None:
        raise ScoringError(
            "model is not signed",
            detail="This database has a trusted key, and takes signed models only.",
            hint=SIGN_HINT,
            sqlstate=NOT_AUTHORISED,
        )
    if key not in trusted:
        raise ScoringError(
            "model is signed with a key that is not trusted",
            detail=f"The key's fingerprint is {key}.",
            hint="A superuser trusts a key with churn_trust.trust_key(public_key, "
            "comment).",
            sqlstate=NOT_AUTHORISED,
        )
    if not is_signature(trusted[key], signature, STATEMENT_PREFIX + text.encode()):
        raise ScoringError(
            "signature of the model is wrong",
            detail=f"The key {key} has not signed this statement.",
            hint=SIGN_HINT,
            sqlstate=NOT_AUTHORISED,
        )
    return Statement.from_text(text)


def is_signature(public_key, signature, message):
    """Return whether a signature is that of a message.

    Parameters
    ----------
    public_key : bytes of length 32
    signature, message : bytes
    """
    # Here and not above: where no key is trusted, nothing needs it.
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError as error:
        raise ScoringError(
            "signatures cannot be verified without the package cryptography",
            detail=f"{error}.",
            hint="Install cryptography for the Python that PL/Python embeds.",
            sqlstate="55000",
        ) from error
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def today_in_utc():
    """Return the day that decides whether a statement has expired."""
    return datetime.now(timezone.utc).date()

# ---- pickled.py ----
"""A pickled scikit-learn classifier, ready to give probabilities."""

import pickle
import warnings

import numpy as np



class PickledModel:
    """A classifier as it came out of its pickle.

    Parameters
    ----------
    artifact : bytes
        The pickle.
    signature : Signature
    """

    def __init__(self, artifact, signature):
        self.signature = signature
        try:
            self.estimator = pickle.loads(artifact)
            use_one_thread(self.estimator)
        except MemoryError:
            raise
        except Exception as error:
            raise ScoringError(
                "model cannot be unpickled",
                detail=f"{type(error).__name__}: {error}.",
                sqlstate="55000",
            ) from error
        if not hasattr(self.estimator, "predict_proba"):
            raise ScoringError(
                "model has no predict_proba",
                detail=f"The pickle holds a {type(self.estimator).__name__}.",
                hint="Register a fitted classifier that gives probabilities.",
                sqlstate="55000",
            )

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


def use_one_thread(part):
    """Set ``n_jobs`` to 1 in an estimator and in all that it holds.

    A backend is one process with one thread; a parallel estimator would start worker
    processes that outlive the session.
    """
    seen = set()
    waiting = [part]
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, dict):
            waiting += part.values()
        elif isinstance(part, (list, tuple)):
            waiting += part
        elif isinstance(part, np.ndarray):
            waiting += part.ravel().tolist() if part.dtype == object else []
        elif hasattr(part, "get_params"):
            if getattr(part, "n_jobs", 1) != 1:
                part.n_jobs = 1
            waiting += vars(part).values()

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
from time import monotonic


MODELS_HELD = 8
SCORERS_HELD = 8
# So many seconds a session goes by the trusted keys it has read.
KEYS_HELD_SECONDS = 1.0


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
        self.keys = ()
        self.keys_expire = float("-inf")

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

    def read_trusted_keys(self):
        """Return the keys in force, 32 bytes each, by fingerprint."""
        rows = self.fetch("SELECT * FROM churn_trust.keys_in_force()", [])
        keys = {row["fingerprint"]: row["public_key"] for row in rows}
        self.keys = tuple(keys.items())
        self.keys_expire = monotonic() + KEYS_HELD_SECONDS
        return keys

    def trusted_keys(self):
        """Return the keys in force as part of a key of what this session holds.

        What was loaded under other keys is not used again: a session that holds a model
        notices a revoked key ``KEYS_HELD_SECONDS`` after the commit at the latest, at
        the cost of a look at the clock for each call.
        """
        if monotonic() >= self.keys_expire:
            self.read_trusted_keys()
        return self.keys

    def model(self, version, digest, keys=None):
        """Return the loaded model of a version, from memory or from its row.

        Parameters
        ----------
        keys : tuple, optional
            The keys that it is verified with, by default those in force.
        """
        key = (version, digest, self.trusted_keys() if keys is None else keys)
        return self.models.get(key, lambda: self.load(*key))

    def load(self, version, digest, keys):
        """Read and verify the compiled form of a version, else its pickle.

        Where a key is trusted, what was signed is verified first. When it expires
        is of no consequence: scores shall not end at midnight.
        """
        rows = self.fetch(
            "SELECT artifact_sha256, compiled, compiled_sha256, signature, environment,"
            " CASE WHEN compiled IS NULL THEN artifact END AS artifact,"
            " statement, statement_signature, statement_key"
            " FROM churn.models WHERE version = $1",
            ["bigint"],
            version,
        )
        if not rows or rows[0]["artifact_sha256"] != digest:
            raise wrong_digest(version)
        row = rows[0]
        signature = Signature.from_json(row["signature"])
        if keys:
            check_signed(version, row, signature, dict(keys))
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
        key = (version, digest, attachment_id, layout, self.trusted_keys())
        return self.scorers.get(key, lambda: self.fit(*key))

    def fit(self, version, digest, attachment_id, layout, keys):
        """Load a model and find its features in an attachment's arrays."""
        model = self.model(version, digest, keys)
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


def check_signed(version, row, signature, trusted):
    """Refuse a stored version unless a trusted key has signed just what is stored.

    Parameters
    ----------
    row : mapping
        Of ``churn.models``, whose digests are held against the bytes elsewhere.
    signature : Signature
    trusted : dict of str to bytes
    """
    try:
        statement = verified_statement(
            row["statement"], row["statement_signature"], row["statement_key"], trusted
        )
        statement.check_artifact(row["artifact_sha256"])
        statement.check_description(signature, json.loads(row["environment"]))
    except ScoringError as error:
        error.message = f"model version {version} is not trusted: {error.message}"
        raise
    if row["compiled"] is not None and not statement.covers(row["compiled_sha256"]):
        raise ScoringError(
            f"model version {version} is not trusted: its compiled form is not signed",
            hint="Activate another version, and register this one anew.",
            sqlstate=NOT_AUTHORISED,
        )


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
            self.registry.read_trusted_keys()
            model = self.registry.model(version, self.registry.digest(version))
            self.registry.layout_of_version(version).positions(model.signature)

    def check_statement(
        self,
        artifact_sha256,
        compiled_sha256,
        signature,
        environment,
        signed,
        active_statement,
        allow_older,
    ):
        """Refuse a candidate that is not signed as it must be; it is not read for that.

        Parameters
        ----------
        artifact_sha256, compiled_sha256 : bytes
            Digests of the pickle, and of its compiled form or None.
        signature, environment : str
            JSON.
        signed : (str, bytes, str)
            The statement, its signature and the key's fingerprint; each may be None.
        active_statement : str or None
            What was signed about the version that is active.
        allow_older : bool

        Returns
        -------
        bool
            Whether the compiled form may be used.
        """
        with self.refusals():
            trusted = self.registry.read_trusted_keys()
            if not trusted and signed == (None, None, None):
                return True
            statement = verified_statement(*signed, trusted)
            statement.check_artifact(artifact_sha256)
            statement.check_description(
                Signature.from_json(signature), json.loads(environment)
            )
            check_time_and_age(statement, active_statement, allow_older)
            return compiled_sha256 is None or statement.covers(compiled_sha256)

    def check_activation(self, statement, active_statement, allow_older, allow_expired):
        """Refuse a signed version that has expired, or is older than the active one.

        Who signed it is found out when it is loaded.
        """
        with self.refusals():
            if self.registry.read_trusted_keys():
                check_time_and_age(
                    Statement.from_text(statement),
                    active_statement,
                    allow_older,
                    allow_expired,
                )

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
        return json.dumps(
            {
                **current_environment(),
                "cryptography": installed_version("cryptography"),
                "trusted_keys": len(self.registry.read_trusted_keys()),
                "memory_megabytes": memory,
            }
        )

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


def check_time_and_age(statement, active_statement, allow_older, allow_expired=False):
    """Refuse what has expired, and what is older than the active version."""
    if not allow_expired:
        statement.check_expiry(today_in_utc())
    if active_statement is not None and not allow_older:
        statement.check_age(Statement.from_text(active_statement))


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
GD["pgchurn runtime c6e78cba4806f19f"] = Session(plpy)
$python$;
COMMENT ON FUNCTION churn.load_runtime() IS
    'Loads the scoring runtime into this session, under a key that names its content.';
ALTER FUNCTION churn.load_runtime() OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn.load_runtime() FROM PUBLIC;
