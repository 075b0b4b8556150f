CREATE OR REPLACE FUNCTION churn_internal.load_runtime() RETURNS void
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
    # Imported here, since a session that scores never needs it.
    import difflib

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

import platform


MODEL_PACKAGES = ("scikit-learn", "numpy")
REPORTED_PACKAGES = MODEL_PACKAGES + ("pandas", "onnxruntime")


def installed_version(package):
    """Return the installed version of a distribution, or None."""
    # Imported here, since a session that scores compiled models never needs it: it
    # takes a tenth of the time until the first score.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
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

# ---- attestation.py ----
"""What a signer states about a model, and whether a trusted key says so.

A statement is a JSON text. It is signed as it stands, byte for byte, with Ed25519, and
the text that was verified is the text that is read: nothing is ever serialised again to
be compared.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime


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
    return datetime.now(UTC).date()

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
LINKS = (SIGMOID, "share")
EQUAL = 4
MODES = (0, EQUAL)
PROGRAM_KEYS = {
    *("width", "nodes", "constant", "weights", "trees", "link", "complement"),
}
# Written out as Python, a model of this size takes a session 0.2 s to read.
MOST_NODES = 25_000
# Python reads no more than 200 parentheses within each other.
DEEPEST = 60


def row_function(program):
    """Return the function that a row program describes.

    A program comes from whoever brought the compiled form. Everything in it is written
    out by ``RowSource``, which lets through numbers and nothing else.

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

    Raises
    ------
    ScoringError
        When the program is anything else.
    """
    lines = row_lines(program)
    inputs = ", ".join(f"x{position}" for position in range(program["width"]))
    return defined(f"def score({inputs}):", lines, {})


def profile_function(program, numbers, texts, lowest, check):
    """Return the same function, of the two arrays that carry a profile row.

    Parameters
    ----------
    program : dict
        See ``row_function``.
    numbers : list of int
        Where in the first array each number stands, in the order of the inputs.
    texts : list of (int, dict of str to int, int)
        Where in the second array each text stands, its codes, and the code of what is
        not among them.
    lowest : int
        The lowest code that a text may have.
    check : callable
        Called with both arrays when a number is not finite or a text has a lower code,
        to raise what there is to raise.

    Returns
    -------
    callable
        Taking a sequence of float or None and one of str or None.

    Notes
    -----
    In the middle of an INSERT a call of Python runs on cold caches: building a row and
    handing it from function to function took longer than the sum itself.
    """
    lines = row_lines(program)
    names = {"check": check}
    reads = []
    for position, place in enumerate(numbers):
        reads.append(f" x{position} = numbers[{int(place)}]")
        reads.append(f" if x{position} is None: x{position} = nan")
    # NaN or infinite is seldom, and mostly what the model imputes.
    total = " + ".join(f"x{position}" for position in range(len(numbers)))
    reads.append(f" s = {total or '0.0'}")
    unusual = ["s - s != 0.0"]
    for position, (place, codes, other) in enumerate(texts, len(numbers)):
        names[f"code{position}"] = codes.get
        code = f"code{position}(texts[{int(place)}], {int(other)})"
        reads.append(f" x{position} = {code}")
        unusual.append(f"x{position} < {int(lowest)}")
    reads.append(f" if {' or '.join(unusual)}:")
    reads.append("  check(numbers, texts)")
    return defined("def score(numbers, texts):", reads + lines, names)


def row_lines(program):
    """Return the lines that compute the probability from the inputs."""
    check_row_program(program)
    source = RowSource(program["width"])
    lines = [f" s = {number(program['constant'])}"]
    lines += [f" s += {source.weighted(term)}" for term in program["weights"]]
    lines += [f" s += {source.conditional(tree, 0)}" for tree in program["trees"]]
    if source.nodes != program["nodes"]:
        raise malformed_program("It has another number of comparisons than it says.")
    if program["link"] == SIGMOID:
        # Beyond that the exponential is too large for a double.
        lines.append(" s = 0.0 if s <= -700.0 else 1.0 / (1.0 + exp(-s))")
    else:
        lines.append(" s = 0.0 if s < 0.0 else 1.0 if s > 1.0 else s")
    lines.append(" return 1.0 - s" if program["complement"] else " return s")
    return lines


def defined(heading, lines, names):
    """Return the function of some source lines."""
    namespace = {"exp": math.exp, "inf": math.inf, "nan": math.nan, **names}
    exec("\n".join([heading, *lines]), namespace)
    return namespace["score"]


def check_row_program(program):
    """Refuse a program whose outermost parts are not what they should be.

    Cheap: trees and weights are looked at where they are written out.
    """
    if type(program) is not dict or program.keys() != PROGRAM_KEYS:
        raise malformed_program("It does not have the parts of one.")
    whole_number(program["width"], 1, MOST_NODES)
    whole_number(program["nodes"], 0, MOST_NODES)
    # A tree has a comparison, or is part of the constant.
    listed(program["trees"], program["nodes"])
    # A position has one weight.
    listed(program["weights"], program["width"])
    if program["link"] not in LINKS or type(program["complement"]) is not bool:
        raise malformed_program("Its link or complement is none of the known ones.")


class RowSource:
    """Writes terms and trees as Python expressions.

    Parameters
    ----------
    width : int
        How many inputs there are.

    Attributes
    ----------
    nodes : int
        How many comparisons were written.
    """

    def __init__(self, width):
        self.width = width
        self.nodes = 0

    def input(self, position):
        """Return the name of an input."""
        return f"x{whole_number(position, 0, self.width - 1)}"

    def weighted(self, term):
        """Return the source of one term of a linear model."""
        position, weight, fill = listed(term, 3, 3)
        value = self.input(position)
        if fill is not None:
            value = f"({value} if {value} == {value} else {number(fill)})"
        return f"{number(weight)} * {value}"

    def conditional(self, tree, depth):
        """Return the source of a tree, so many comparisons below its root."""
        if type(tree) is not list:
            return number(tree)
        self.nodes += 1
        if depth >= DEEPEST or self.nodes > MOST_NODES:
            raise malformed_program("Its trees are too deep or too many.")
        position, mode, constant, missing, true, false = listed(tree, 6, 6)
        value = self.input(position)
        if mode not in MODES or type(mode) is not int or type(missing) is not bool:
            raise malformed_program("A comparison is none of the known ones.")
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
        true = self.conditional(true, depth + 1)
        return f"({true} if {test} else {self.conditional(false, depth + 1)})"


def number(value):
    """Return a float as Python reads it back; nothing else can come out of here."""
    if type(value) is float:
        return repr(value)
    return repr(float(whole_number(value, -(2**53), 2**53)))


def whole_number(value, lowest, highest):
    """Return an int within bounds; True and False are none."""
    if type(value) is not int or not lowest <= value <= highest:
        raise malformed_program("A number is not one, or out of bounds.")
    return value


def listed(value, most, least=0):
    """Return a list of a length within bounds."""
    if type(value) is not list or not least <= len(value) <= most:
        raise malformed_program("A list is not one, or too long or too short.")
    return value


def malformed_program(detail):
    """Return the error for a row program that no compiler of ours wrote."""
    return ScoringError(
        "compiled form has a malformed row program",
        detail=detail,
        hint="Register the model again, so that it is compiled anew.",
        sqlstate="55000",
    )

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
VOCABULARY_KEYS = {"codes", "missing", "refuses_unknown"}
# Below this every code is a double of its own.
MOST_CODES = 1 << 53


class CompiledModel:
    """A classifier compiled to ONNX, run by ONNX Runtime on one thread.

    It needs neither scikit-learn nor pandas. The graph itself is not looked into here:
    ``onnx_scan`` did that when the version was registered, in a process of its own, and
    what a session loads has the digest that was recorded then.

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
        metadata = read_metadata(properties.get(METADATA_KEY, ""), signature)
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
        number_features = self.signature.numbers()
        number_slots = [by_name[f.name] for f in number_features]
        text_slots = [
            (by_name[f.name], self.row_codes(f), self.other_code(f))
            for f in self.signature.texts()
        ]

        def check(numbers, texts):
            codes = [codes.get(texts[slot], other) for slot, codes, other in text_slots]
            if REFUSED in codes:
                # Checking the numbers as well names the first of several faults.
                self.refuse(positions, numbers, texts)
            row = checked_row(number_features, [numbers[slot] for slot in number_slots])
            return [*row, *codes]

        if self.has_row_program(repeated):
            return profile_function(
                self.row_program, number_slots, text_slots, UNKNOWN, check
            )
        probability = self.row_function(repeated)
        return lambda numbers, texts: probability(*check(numbers, texts))

    def has_row_program(self, repeated):
        """Return whether rows are scored by a program, and not by the graph.

        A large program loses against the graph on row after row, when the graph stays
        in the processor's caches.
        """
        program = self.row_program
        return program is not None and not (
            repeated and program["nodes"] > LOOPED_NODES
        )

    def row_function(self, repeated=False):
        """Return a function of one float for each input: see ``row_program``.

        A model that is neither a sum nor trees, or too large, runs as a graph, which
        reads and writes two arrays that it holds on to.
        """
        if self.has_row_program(repeated):
            return row_function(self.row_program)
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
        """Return the codes of a feature, ``REFUSED`` for what the model refuses."""
        codes = self.codes[feature.name]
        if feature.name in self.refusing:
            codes = {text: REFUSED if c == UNKNOWN else c for text, c in codes.items()}
        return codes if feature.accepts_null else {**codes, None: REFUSED}

    def other_code(self, feature):
        """Return the code of a category that the model was not fitted on."""
        return REFUSED if feature.name in self.refusing else UNKNOWN


def read_metadata(text, signature):
    """Return the metadata of a compiled form, of which nothing is taken on trust.

    Raises
    ------
    ScoringError
        Unless every text feature of the signature has its codes, nothing else has, and
        the row program is of as many inputs as there are features.
    """
    try:
        metadata = json.loads(text)
    except (ValueError, RecursionError):
        raise malformed_metadata() from None
    if type(metadata) is not dict or metadata.keys() != {"texts", "row_program"}:
        raise malformed_metadata()
    texts, program = metadata["texts"], metadata["row_program"]
    names = {feature.name for feature in signature.texts()}
    if type(texts) is not dict or texts.keys() != names:
        raise malformed_metadata()
    if not all(is_vocabulary(vocabulary) for vocabulary in texts.values()):
        raise malformed_metadata()
    if program is not None:
        check_row_program(program)
        if program["width"] != len(signature.features):
            raise malformed_metadata()
    return metadata


def is_vocabulary(vocabulary):
    """Return whether this is what ``text_codes`` of the compiler writes."""
    if type(vocabulary) is not dict or vocabulary.keys() != VOCABULARY_KEYS:
        return False
    if type(vocabulary["codes"]) is not dict:
        return False
    if type(vocabulary["refuses_unknown"]) is not bool:
        return False
    codes = (vocabulary["missing"], *vocabulary["codes"].values())
    return all(type(code) is int and UNKNOWN <= code < MOST_CODES for code in codes)


def malformed_metadata():
    """Return the error for metadata that does not belong to the signature."""
    return ScoringError(
        "compiled form has malformed metadata",
        detail="Its codes of texts or its row program do not fit the model's features.",
        hint="Register the model again, so that it is compiled anew.",
        sqlstate="55000",
    )


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

# ---- pacing.py ----
"""How many rows go through a model in one call, and when it is too slow to be asked."""

import time


# Bounds what a model allocates in one call.
MODEL_CALL_ROWS = 10_000

# Few, for a model of unknown speed.
FIRST_CALL_ROWS = 1_000

# A cancel waits for the call it meets to end, and 0.5 s is promised.
CALL_SECONDS = 0.2

# How long a model that was too slow is left alone.
RECOVERY_SECONDS = 60.0


class Pace:
    """The speed of one model in one session.

    Attributes
    ----------
    rows : int
        How many rows the next call may take, so that it lasts about ``CALL_SECONDS``.
    """

    def __init__(self):
        self.rows = FIRST_CALL_ROWS
        self.resting_until = 0.0
        self.slowest = 0.0

    def record(self, rows, seconds):
        """Learn from a call how many rows the next one may take."""
        fitting = int(rows * CALL_SECONDS / max(seconds, 1e-9))
        if rows == self.rows or fitting < self.rows:
            self.rows = max(1, min(fitting, MODEL_CALL_ROWS))

    def rest(self, seconds):
        """Ask the model no more for a while, after a call that took too long."""
        self.slowest = seconds
        self.resting_until = time.monotonic() + RECOVERY_SECONDS

    def is_resting(self):
        """Return whether the model was too slow a short while ago."""
        return time.monotonic() < self.resting_until

    def check_rested(self, allowed):
        """Refuse to call a resting model, unless so many seconds are allowed by now."""
        if self.slowest > allowed:
            raise call_too_slow(self.slowest)


def call_too_slow(seconds):
    """Return the error for a call that took longer than the attachment allows."""
    return ScoringError(
        f"model is too slow: one call took {seconds:.1f} seconds",
        detail="It is asked again in a minute.",
        hint="churn.set_score_timeout(profile, interval) allows for more; else roll "
        "back with churn.rollback_model.",
        sqlstate="55000",
    )

# ---- registry.py ----
"""Reading models and layouts out of the database, into a session's memory."""

import hashlib
import importlib
import json
from functools import cached_property
from time import monotonic


# What a pickle needs takes a second to import, and a cancel waits for the step it meets
# to end.
IMPORTED_IN_STEPS = ("scipy.sparse", "scipy.stats", "sklearn.base", "sklearn.ensemble")

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
    pace : Pace
    """

    def __init__(self, model, positions):
        self.model = model
        self.positions = positions
        self.pace = Pace()

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
            "SELECT * FROM churn_internal.active_deployment($1)",
            ["integer"],
            attachment_id,
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
            "SELECT artifact_sha256, deleted_by,"
            " to_char(deleted_at, 'YYYY-MM-DD') AS deleted_on"
            " FROM churn.models WHERE version = $1",
            ["bigint"],
            version,
        )
        if not rows:
            named = "null" if version is None else version
            raise ScoringError(
                f"model version {named} does not exist",
                hint="SELECT version FROM churn.models lists the registered versions.",
            )
        check_not_deleted(version, rows[0])
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
            " attestation, attestation_signature, attestation_key, deleted_by,"
            " to_char(deleted_at, 'YYYY-MM-DD') AS deleted_on"
            " FROM churn.models WHERE version = $1",
            ["bigint"],
            version,
        )
        if not rows:
            raise missing(version)
        row = rows[0]
        check_not_deleted(version, row)
        if row["artifact_sha256"] != digest:
            raise wrong_digest(version)
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
        for module in IMPORTED_IN_STEPS:
            importlib.import_module(module)
            self.let_interrupts_in()
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

    def query_scorer(self, version):
        """Return a model fitted to arrays of its features and no others.

        Returns
        -------
        Scorer
        """
        key = (version, self.digest(version), self.trusted_keys())
        return self.scorers.get(key, lambda: self.fit_query(*key))

    def fit_query(self, version, digest, keys):
        """Load a model, whose features stand in the order of its signature."""
        model = self.model(version, digest, keys)
        return Scorer(model, Layout.of(model.signature).positions(model.signature))

    def on_error(self, attachment_id):
        """Return an attachment's failure policy, "keep" or "raise"."""
        rows = self.fetch(
            "SELECT on_error FROM churn.attachments WHERE attachment_id = $1",
            ["integer"],
            attachment_id,
        )
        return rows[0]["on_error"]

    def score_timeout(self, attachment_id):
        """Return how many seconds one call of a model may take."""
        rows = self.fetch(
            "SELECT extract(epoch FROM score_timeout)::float8 AS seconds"
            " FROM churn.attachments WHERE attachment_id = $1",
            ["integer"],
            attachment_id,
        )
        return rows[0]["seconds"]

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
            row["attestation"],
            row["attestation_signature"],
            row["attestation_key"],
            trusted,
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


def check_not_deleted(version, row):
    """Refuse a version whose bytes were deleted.

    Parameters
    ----------
    row : mapping
        With ``deleted_on`` (str or None) and ``deleted_by``.
    """
    if row["deleted_on"] is not None:
        raise ScoringError(
            f"model version {version} was deleted on {row['deleted_on']}",
            detail=f"{row['deleted_by']} called churn.delete_model.",
            hint="Name another version: SELECT version FROM churn.models WHERE "
            "deleted_at IS NULL lists them. Or register the model anew.",
            sqlstate="55000",
        )


def missing(version):
    """Return the error for a version that is deployed and not there."""
    return ScoringError(
        f"model version {version} is missing",
        detail="It was deployed, and its row in churn.models is gone.",
        hint="Activate another version, and restore this one from a backup.",
        sqlstate="XX001",
    )


def wrong_digest(version):
    """Return the error for stored bytes that are not those that were registered."""
    return ScoringError(
        f"model version {version} does not match its digest",
        detail="The stored bytes are not those that were registered.",
        hint="Activate another version, and restore this one from a backup.",
        sqlstate="XX001",
    )

# ---- sandbox.py ----
"""Judging a candidate in a process of its own, before anything that serves reads it.

What a client sends may crash, hang or fill the memory of whatever reads it, and the
crash of one backend restarts every session of the server. So the backend starts the
distribution's Python with nothing but pipes to it, lays limits on it, and hands it the
runtime, the candidate and the rows; the child examines (``examination``) and answers
with one line of JSON. The child is the same user as the server: this guards against
what a candidate does to the process that reads it. Against code in a pickle the strict
loader guards, in the child as in every session.
"""

import json
import os
import re
import sys
import textwrap
import time


# Importing scikit-learn, pandas and ONNX Runtime takes 1 s, judging 11,000 rows of the
# usual models another; a cold or busy machine is given its time.
JUDGING_SECONDS = 60
# A row of the slowest forests takes 3 ms, and a row that the pickle refuses is found by
# halving.
JUDGING_SECONDS_PER_ROW = 0.02
# Address space, of which the libraries reserve 400 MB; the rest is for the arrays of a
# call of the model.
JUDGING_MEMORY = 1_536 << 20
# A pickle becomes objects of a few times its size, and is in memory beside them.
JUDGING_MEMORY_PER_BYTE = 16
# How long a cancel waits at most, in seconds.
JUDGING_SLICE = 0.05
PIPE_CHUNK = 1 << 16
# An answer is a number for each replayed row, and few words.
ANSWER_BYTES = 1 << 16
ANSWER_BYTES_PER_ROW = 32
LONGEST_TEXT = 4_000
OTHER_PYTHON = 3
# Classes that tell of the server or of nothing: never a candidate's.
IMPOSSIBLE_SQLSTATES = ("00", "01", "02", "40", "53", "57")

# What the child runs. The limits come before anything is read. A parent that ended
# before prctl was called sent no signal, but the child has another parent then.
CHILD = """
import ctypes, json, os, resource, signal, sys
parent, limits = json.loads(sys.argv[1])
for name, (soft, hard) in limits.items():
    most = resource.getrlimit(getattr(resource, name))[1]
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    resource.setrlimit(getattr(resource, name), (soft, hard))
PR_SET_PDEATHSIG = 1
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
if os.getppid() != parent:
    os._exit(1)
signal.pthread_sigmask(signal.SIG_SETMASK, [])
header = json.loads(sys.stdin.buffer.readline())
if list(sys.version_info) != header["python"]:
    os._exit(header["other_python"])
sys.path[:] = header["path"]
program, *parts = [
    None if size is None else sys.stdin.buffer.read(size) for size in header["sizes"]
]
scope = {"GD": {}, "plpy": None, "__name__": "pgchurn"}
try:
    exec(program, scope)
except Exception as error:
    print(json.dumps({"failed": [type(error).__name__, str(error)]}), flush=True)
    os._exit(0)
scope["answer"](header["question"], *parts)
"""

# One thread, no reports to ONNX Runtime's maker, and no semaphores of joblib's.
CHILD_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "ORT_DISABLE_TELEMETRY": "1",
    "JOBLIB_MULTIPROCESSING": "0",
}


def judge(program, question, parts, rows, let_interrupts_in):
    """Have a candidate examined by a child process.

    Parameters
    ----------
    program : str
        The text of the runtime.
    question : dict
        What ``examination.answer`` takes first, fit for JSON.
    parts : list of bytes or None
        What it takes besides.
    rows : int
        How many rows there are to score, and at most to answer with.
    let_interrupts_in : callable
        Called some twenty times a second; whatever it raises ends the child.

    Returns
    -------
    dict
        What ``examination.examine_candidate`` found.

    Raises
    ------
    ScoringError
        What the child refused with; with SQLSTATE 54000, of limits that a program sets
        itself, when the candidate exceeds one; else 22023 when the child ended or
        answered as no judge does.
    """
    parts = [program.encode(), *parts]
    size = sum(len(part) for part in parts if part is not None)
    seconds = int(JUDGING_SECONDS + rows * JUDGING_SECONDS_PER_ROW)
    memory = JUDGING_MEMORY + JUDGING_MEMORY_PER_BYTE * size
    limits = {
        "RLIMIT_AS": (memory, memory),
        # Not the same, or the signal that tells of time would be any kill.
        "RLIMIT_CPU": (seconds, seconds + 1),
        "RLIMIT_CORE": (0, 0),
        "RLIMIT_FSIZE": (0, 0),
        "RLIMIT_NOFILE": (64, 64),
        # Of all of the user's processes, which are more than none: no other one starts.
        "RLIMIT_NPROC": (0, 0),
    }
    header = {
        "python": list(sys.version_info),
        "other_python": OTHER_PYTHON,
        "path": sys.path,
        "sizes": [None if part is None else len(part) for part in parts],
        "question": question,
    }
    content = [json.dumps(header).encode() + b"\n", *filter(None, parts)]
    most = ANSWER_BYTES + ANSWER_BYTES_PER_ROW * rows
    child = start_child(limits)
    try:
        said = converse(child, content, seconds, most, let_interrupts_in)
    finally:
        # Whatever happened, no process is left behind, and no zombie.
        child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()
    return verdict(child.returncode, said, seconds)


def start_child(limits):
    """Start the child, which holds no descriptor but its pipes.

    It is in a session of its own, because pg_cancel_backend signals a backend's whole
    process group.
    """
    # Imported here, since a session that only scores never needs it.
    import subprocess

    return subprocess.Popen(
        # PL/Python indents what it runs, and with it the lines of a text.
        [python_program(), "-I", "-S", "-B", "-c", textwrap.dedent(CHILD)]
        + [json.dumps([os.getpid(), limits])],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=CHILD_ENVIRONMENT,
        start_new_session=True,
    )


def python_program():
    """Return the path of the Python program that PL/Python embeds the library of.

    ``sys.executable`` is no help: an embedded Python takes it from the PATH.
    """
    import sysconfig

    name = "python{}.{}".format(*sys.version_info)
    folders = (
        os.path.join(sys.base_exec_prefix, "bin"),
        sysconfig.get_config_var("BINDIR"),
    )
    paths = [os.path.join(folder, name) for folder in folders if folder]
    for path in paths:
        if os.access(path, os.X_OK):
            return path
    raise ScoringError(
        f"there is no {name} to judge the model with",
        detail=f"It was looked for at {' and '.join(dict.fromkeys(paths))}.",
        hint=f"Install the distribution's {name}, whose library PL/Python embeds.",
        sqlstate="55000",
    )


def converse(child, content, seconds, most, let_interrupts_in):
    """Send all that there is to send, and return what comes back until the child ends.

    Both at once, so that neither side waits for the other to read.
    """
    import selectors
    import subprocess

    deadline = time.monotonic() + seconds

    def pause():
        let_interrupts_in()
        if time.monotonic() > deadline:
            raise too_slow(seconds)

    waiting = [memoryview(part) for part in reversed(content)]
    said = bytearray()
    with selectors.DefaultSelector() as selector:
        os.set_blocking(child.stdin.fileno(), False)
        selector.register(child.stdin, selectors.EVENT_WRITE)
        selector.register(child.stdout, selectors.EVENT_READ)
        while True:
            pause()
            ready = [key.fileobj for key, _ in selector.select(JUDGING_SLICE)]
            if child.stdin in ready:
                try:
                    sent = os.write(child.stdin.fileno(), waiting[-1][:PIPE_CHUNK])
                except BrokenPipeError:
                    # It ended before it had read all: its status says how.
                    waiting.clear()
                else:
                    waiting[-1] = waiting[-1][sent:]
                    if not waiting[-1]:
                        waiting.pop()
                if not waiting:
                    selector.unregister(child.stdin)
                    child.stdin.close()
            if child.stdout in ready:
                part = os.read(child.stdout.fileno(), PIPE_CHUNK)
                if not part:
                    break
                said += part
                if len(said) > most:
                    raise no_verdict("It answered more than a judge has to say.")
    while True:
        pause()
        try:
            child.wait(JUDGING_SLICE)
            return bytes(said)
        except subprocess.TimeoutExpired:
            # It hung up and goes on: to the deadline.
            continue


def verdict(status, said, seconds):
    """Return what the child found, or raise what it says or how it ended."""
    import signal

    if status == -signal.SIGXCPU:
        raise too_slow(seconds)
    if status < 0:
        name = signal.strsignal(-status) or "unknown"
        raise no_verdict(f"It was ended by signal {-status} ({name}).")
    if status == OTHER_PYTHON:
        raise no_verdict(
            f"{python_program()} is not the Python {sys.version.split()[0]} that "
            "PL/Python embeds.",
            hint="Install both from the distribution, and restart the server.",
        )
    if status:
        raise no_verdict(f"It ended with exit status {status}.")
    try:
        # With more than one key there is more than one verdict.
        ((kind, content),) = json.loads(said).items()
        readers = {"found": finding, "refused": refusal, "failed": failure}
        result = readers[kind](content)
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        raise no_verdict("Its answer is no verdict.") from None
    if isinstance(result, ScoringError):
        raise result
    return result


def finding(content):
    """Return what was found of a candidate that scores."""
    keys = ("replayed", "parity", "rows_compared", "problem")
    replayed, parity, compared, problem = (content[key] for key in keys)
    return {
        "replayed": replayed and [float(value) for value in replayed],
        "parity": None if parity is None else float(parity),
        "rows_compared": int(compared),
        "problem": plain_text(problem),
    }


def refusal(content):
    """Return the child's ScoringError."""
    message, detail, hint, sqlstate = map(plain_text, content)
    if not (message and re.fullmatch("[0-9A-Z]{5}", sqlstate)):
        raise ValueError(content)
    if sqlstate.startswith(IMPOSSIBLE_SQLSTATES):
        raise ValueError(content)
    return ScoringError(message, detail, hint, sqlstate)


def failure(content):
    """Return the error for what the child did not expect: memory above all."""
    kind, text = map(plain_text, content)
    if kind == MemoryError.__name__:
        return ScoringError(
            "model needs more memory than a candidate is given",
            detail=f"It is given {JUDGING_MEMORY >> 20} MB, and "
            f"{JUDGING_MEMORY_PER_BYTE} bytes for each byte of its own.",
            hint="Register a smaller model: fewer or shallower trees, or categories.",
            sqlstate="54000",
        )
    return no_verdict(f"{kind}: {text}.")


def plain_text(text):
    """Return a text as PostgreSQL takes it, or None: no zeros, no half characters."""
    if text is None:
        return None
    text = text.replace("\0", "?").encode("utf-8", "replace").decode()
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}..."


def too_slow(seconds):
    """Return the error for a candidate that takes too long."""
    return ScoringError(
        "model takes too long to judge",
        detail=f"It was given {seconds} s.",
        hint="Register a model that scores faster, or replay fewer rows.",
        sqlstate="54000",
    )


def no_verdict(detail, hint=None):
    """Return the error for a child that ended without a verdict."""
    return ScoringError(
        "model could not be judged",
        detail=f"The process that judged it gave no verdict. {detail}",
        hint=hint
        or "Train and register the model again, with the server's package versions.",
    )

# ---- queries.py ----
"""From the columns of any query to the arrays that a model reads."""

from dataclasses import dataclass


# Bounds what a batch holds of a model of many features.
BATCH_VALUES = 250_000

# Which kinds of columns a kind of feature can be read from.
READABLE_KINDS = {
    "number": ("number", "boolean"),
    "boolean": ("boolean",),
    "text": ("text",),
}
CASTABLE_TYPES = {"number": "double precision", "boolean": "boolean", "text": "text"}

# A cast to a double cannot fail; other numbers may be too large.
DOUBLES_AT_MOST = ("smallint", "integer", "bigint", "real", "double precision")


@dataclass(frozen=True)
class QueryColumn:
    """A column of a query.

    Attributes
    ----------
    name : str
        As the query has it.
    alias : str
        What it is called in the statement around the query.
    type : str
        As PostgreSQL writes it.
    kind : {"number", "boolean", "text"} or None
        How it can be a feature.
    """

    name: str
    alias: str
    type: str
    kind: str | None

    def as_number(self):
        """Return the SQL of its value as a double, NaN for NULL."""
        if self.kind == "boolean":
            double = f"q.{self.alias}::pg_catalog.int4::pg_catalog.float8"
        elif self.type in DOUBLES_AT_MOST:
            double = f"q.{self.alias}::pg_catalog.float8"
        else:
            double = f"churn_internal.to_double(q.{self.alias}::pg_catalog.numeric)"
        return f"coalesce({double}, 'NaN'::pg_catalog.float8)"

    def as_text(self):
        """Return the SQL of its value as a text."""
        return f"q.{self.alias}::pg_catalog.text"


def statement_around(query, columns, signature, pass_features):
    """Return the statement that reads a query's rows as a model takes them.

    Its columns are the array of numbers and the array of texts, in the order of
    ``Layout.of(signature)``, and a jsonb of what passes through.

    Parameters
    ----------
    query : str
        A single SELECT, without a semicolon.
    columns : list of QueryColumn
    signature : Signature
    pass_features : bool
        Whether columns that are features pass through as well.
    """
    by_name = columns_by_name(columns)
    read = {f.name: feature_column(f, by_name) for f in signature.features}
    numbers = [read[f.name].as_number() for f in signature.numbers()]
    texts = [read[f.name].as_text() for f in signature.texts()]
    passed = [c for c in columns if pass_features or c.name not in read]
    aliases = ", ".join(column.alias for column in columns)
    pairs = ", ".join(f"q.{c.alias} AS {quoted_name(c.name)}" for c in passed)
    return (
        # The rows of a model of texts alone are counted by numbers all the same.
        f"SELECT ARRAY[{', '.join(numbers) or '0'}]::pg_catalog.float8[] AS numbers, "
        + (f"ARRAY[{', '.join(texts)}]" if texts else "NULL::pg_catalog.text[]")
        + " AS texts, "
        + ("pg_catalog.to_jsonb(p)" if passed else "'{}'::pg_catalog.jsonb")
        + f" AS passed FROM ({query}\n) q ({aliases})"
        + f" CROSS JOIN LATERAL (SELECT {pairs}) p"
    )


def columns_by_name(columns):
    """Return the columns by name, of which each has its own.

    Raises
    ------
    ScoringError
        With SQLSTATE 42701, as CREATE TABLE AS has it.
    """
    by_name = {}
    for column in columns:
        if column.name in by_name:
            raise ScoringError(
                f'column "{column.name}" appears more than once in the query',
                hint="Give each column a name of its own with AS.",
                sqlstate="42701",
            )
        by_name[column.name] = column
    return by_name


def feature_column(feature, by_name):
    """Return the column that a feature is read from.

    Raises
    ------
    ScoringError
        With SQLSTATE 42703 when there is none of its name, 42804 when it is of a type
        that the feature cannot be read from.
    """
    column = by_name.get(feature.name)
    if column is None:
        raise missing_feature(feature.name, list(by_name), "query")
    if column.kind not in READABLE_KINDS[feature.kind]:
        raise ScoringError(
            f'feature "{feature.name}" is a {feature.kind} in the model, but '
            f"{column.type} in the query",
            hint=f"Cast it in the query to {CASTABLE_TYPES[feature.kind]}.",
            sqlstate="42804",
        )
    return column


def batch_rows(signature):
    """Return how many rows of a model's features are a batch."""
    return max(1, min(MODEL_CALL_ROWS, BATCH_VALUES // len(signature.features)))


def quoted_name(name):
    """Return an SQL identifier."""
    return '"{}"'.format(name.replace('"', '""'))

# ---- session.py ----
"""What the SQL functions call: one object for each session."""

import importlib
import json
import time

import numpy as np


# Errors that belong to the server, never to a model: cancel and shutdown, deadlock
# and serialisation failure, exhausted resources.
SERVER_SQLSTATES = ("57", "40", "53")

# What no choice of rows can mend.
MODEL_SQLSTATE = "55000"
LIMIT_SQLSTATE = "54000"

# What a mark says of failures that bring no SQLSTATE of their own.
EXTERNAL_ROUTINE_EXCEPTION = "38000"

# What is said in place of a failure: see ``Session.was_recounted``.
RECOUNTED = "recounted"

MOST_FAILURES = 100

# Any longer number is too large for a double.
LONGEST_INTEGER = 400

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
        # What churn_internal.load_pickle_reader() takes, and what it brings.
        self.refusal = ScoringError
        self.load_estimator = None

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
            self.check_rested(attachment_id, scorer)
            started = time.monotonic()
            probability = scorer.score_row(numbers, texts)
            seconds = time.monotonic() - started
            if seconds > CALL_SECONDS:
                self.check_pace(attachment_id, scorer, seconds)
            return checked_probability(probability)
        except Exception as error:
            failure = failure_of(error)
            self.apply_failure_policy(attachment_id, version, failure, 1)
            self.tell_failures(failure, [])
            return None

    def check_rested(self, attachment_id, scorer):
        """Refuse a model that rests, until its attachment allows for its slowness."""
        if scorer.pace.is_resting():
            scorer.pace.check_rested(self.registry.score_timeout(attachment_id))

    def check_pace(self, attachment_id, scorer, seconds):
        """Let a model rest when a call took longer than its attachment allows."""
        if seconds > self.registry.score_timeout(attachment_id):
            scorer.pace.rest(seconds)
            raise call_too_slow(seconds)

    def tell_failures(self, error, rows):
        """Tell the statement that asked for scores why some of them are missing.

        Parameters
        ----------
        error : Exception
            What holds for every row that is not in ``rows``.
        rows : list of (int, Exception)
            Rows by their place in the batch.
        """
        told = {"all": reason(error), "rows": {row: reason(e) for row, e in rows}}
        self.say_failed(json.dumps(told))

    def say_failed(self, told):
        """Set what the trigger and ``churn_internal.record_failures`` read."""
        self.registry.fetch(
            "SELECT set_config('churn.score_failed', $1, true)", ["text"], told
        )

    def was_recounted(self, transaction_id):
        """Return whether complaints were counted anew in the transaction under way.

        Then the one that is being added may have been counted already, and the trigger
        is told.
        """
        (row,) = self.registry.fetch("SELECT txid_current() AS id", [])
        if row["id"] == transaction_id:
            self.say_failed(RECOUNTED)
            return True
        return False

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

        def check_call(seconds):
            if on_error != "raise" and seconds > CALL_SECONDS:
                self.check_pace(attachment_id, scorer, seconds)

        def score(first, last):
            return self.paced_scores(scorer, matrix, texts, first, last, check_call)

        with self.refusals():
            try:
                scorer = self.registry.scorer(attachment_id, version, digest, layout)
                if on_error == "raise":
                    return score(0, len(matrix))
                self.check_rested(attachment_id, scorer)
            except Exception as error:
                if on_error == "raise":
                    raise
                failure = failure_of(error)
                self.apply_failure_policy(
                    attachment_id, version, failure, len(matrix), on_error
                )
                self.tell_failures(failure, [])
                return [None] * len(matrix)
        failures = []
        scores = score_what_scores(score, 0, len(matrix), failures)
        if failures:
            self.apply_failure_policy(
                attachment_id, version, failures[0][1], scores.count(None), on_error
            )
            # Where the search was given up, the last failure stands for the rest.
            self.tell_failures(failures[-1][1], failures)
        return scores

    def paced_scores(self, scorer, matrix, texts, first, last, check_call=None):
        """Score rows first to last in calls that last no longer than a cancel may wait.

        Parameters
        ----------
        scorer : Scorer
        matrix : ndarray of shape (n_rows, n_columns)
        texts : sequence of n_rows sequences of str or None
        check_call : callable, optional
            Told how many seconds each call took, to raise what there is to raise.

        Returns
        -------
        list of float
        """
        scores = []
        while first < last:
            end = min(first + scorer.pace.rows, last)
            self.registry.let_interrupts_in()
            started = time.monotonic()
            columns = columns_from_arrays(
                scorer.positions, matrix[first:end], texts[first:end]
            )
            scores += checked_probabilities(scorer.model, columns).tolist()
            seconds = time.monotonic() - started
            scorer.pace.record(end - first, seconds)
            if check_call is not None:
                check_call(seconds)
            first = end
        return scores

    def predict(self, version, features):
        """Return the probability under any version for values given as JSON text."""
        with self.refusals():
            model = self.registry.model(version, self.registry.digest(version))
            values = json.loads(features or "null", parse_int=json_integer)
            columns = columns_from_json(model.signature, values)
            return float(checked_probabilities(model, columns)[0])

    def query_statement(self, version, query, names, types, pass_features):
        """Return the statement that reads a query's rows for ``predict_many``.

        Parameters
        ----------
        query : str
            A single SELECT, without a semicolon.
        names : list of str
        types : list of int
            Object identifiers of the types of its columns.
        pass_features : bool

        Returns
        -------
        tuple of (str, int)
            The statement, and how many of its rows are to be passed at once.
        """
        with self.refusals():
            signature = self.registry.query_scorer(version).model.signature
            rows = self.registry.fetch(
                "SELECT format_type(t.oid, NULL) AS type,"
                " churn_internal.column_kind(t.oid) AS kind"
                " FROM unnest($1) WITH ORDINALITY t (oid, place) ORDER BY t.place",
                ["oid[]"],
                types,
            )
            columns = [
                QueryColumn(name, f"c{place}", row["type"], row["kind"])
                for place, (name, row) in enumerate(zip(names, rows), 1)
            ]
            statement = statement_around(query, columns, signature, pass_features)
            return statement, batch_rows(signature)

    def predict_many(self, version, numbers, texts, rows_before, on_error):
        """Return the probabilities of a batch of rows under any version.

        Parameters
        ----------
        numbers : bytes or None
            ``array_send`` of a two-dimensional array of float8, as
            ``query_statement`` has it read; None for no rows.
        texts : list of lists of str or None; None when there are no text features
        rows_before : int
            How many rows of the query came before.
        on_error : {"keep", "raise"}
            With "keep", rows that cannot be scored come back as None.

        Returns
        -------
        list of float or None
        """
        if numbers is None:
            return []
        with self.refusals():
            scorer = self.registry.query_scorer(version)
            matrix = matrix_from_binary(numbers)
            texts = rows_of_texts(texts, matrix)

            def score(first, last):
                return self.paced_scores(scorer, matrix, texts, first, last)

            if on_error == "raise":
                return scores_or_row(score, len(matrix), rows_before)
            failures = []
            scores = score_what_scores(score, 0, len(matrix), failures, len(matrix))
        if failures:
            row, error = failures[0]
            self.plpy.warning(
                f"model version {version} could not score {scores.count(None)} of "
                f"{len(matrix)} rows: {error.message}",
                detail=f"The first is row {rows_before + row + 1} of the query.",
                hint="Their score is null.",
            )
        return scores

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

    def check_attestation(
        self,
        artifact_sha256,
        compiled_sha256,
        signature,
        environment,
        signed,
        active_attestation,
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
        active_attestation : str or None
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
            check_time_and_age(statement, active_attestation, allow_older)
            return compiled_sha256 is None or statement.covers(compiled_sha256)

    def check_activation(
        self, statement, active_attestation, allow_older, allow_expired
    ):
        """Refuse a signed version that has expired, or is older than the active one.

        Who signed it is found out when it is loaded.
        """
        with self.refusals():
            if self.registry.read_trusted_keys():
                check_time_and_age(
                    Statement.from_text(statement),
                    active_attestation,
                    allow_older,
                    allow_expired,
                )

    def evaluate_candidate(
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

        Another process reads it, so that one that crashes, hangs or fills the memory
        harms no session: see ``judge``.

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
            layout = self.registry.layout(attachment_id)
            replay_numbers, replay_texts = replay
            sample_numbers, sample_texts = sample
            question = {
                "signature": signature,
                "environment": environment,
                "layout": [layout.number_columns, layout.text_columns],
                "replay_texts": replay_texts,
                "sample_texts": sample_texts,
                "edges": edges,
            }
            texts = self.registry.fetch(
                "SELECT prosrc FROM pg_catalog.pg_proc"
                " JOIN (VALUES (1, 'churn_internal.load_runtime()'::pg_catalog.regprocedure),"
                " (2, 'churn_internal.load_pickle_reader()'), (3, 'churn_internal.load_examination()'))"
                " f (place, oid) USING (oid)"
                " ORDER BY place",
                [],
            )
            return judge(
                "\n\n".join(text["prosrc"] for text in texts),
                question,
                [artifact, compiled, replay_numbers, sample_numbers],
                rows_in(replay_numbers) + rows_in(sample_numbers) + len(edges[0] or ()),
                self.registry.let_interrupts_in,
            )

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
        if sqlstate[:2] in SERVER_SQLSTATES:
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
            or "SELECT * FROM churn.health shows what failed; CALL churn.repair(...) "
            "scores the rows again.",
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


def failure_of(error):
    """Return an error, as a refusal where it is a model's want of memory.

    When the server itself runs out of memory, that is another error: see
    ``SERVER_SQLSTATES``.
    """
    if not isinstance(error, MemoryError):
        return error
    return ScoringError(
        "model ran out of memory",
        detail=f"{error}." if str(error) else None,
        hint="Score fewer rows at once, give the server more memory, or roll back with "
        "churn.rollback_model.",
        sqlstate=LIMIT_SQLSTATE,
    )


def reason(error):
    """Return what a mark says of a failure: its SQLSTATE and its message."""
    sqlstate = getattr(error, "sqlstate", None) or EXTERNAL_ROUTINE_EXCEPTION
    return [sqlstate, plain_text(str(getattr(error, "message", error)))]


def check_time_and_age(statement, active_attestation, allow_older, allow_expired=False):
    """Refuse what has expired, and what is older than the active version."""
    if not allow_expired:
        statement.check_expiry(today_in_utc())
    if active_attestation is not None and not allow_older:
        statement.check_age(Statement.from_text(active_attestation))


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


def scores_or_row(score, rows, rows_before):
    """Return the scores of all rows, or raise an error that names the first that fails.

    Parameters
    ----------
    score : callable
        Taking the first row and the one after the last.
    rows : int
    rows_before : int
        How many rows of the query came before.
    """
    try:
        return score(0, rows)
    except (ScoringError, MemoryError) as error:
        failure = failure_of(error)
        if failure.sqlstate in (MODEL_SQLSTATE, LIMIT_SQLSTATE):
            raise failure from error
    row = first_failing(score, 0, rows)
    try:
        score(row, row + 1)
    except ScoringError as error:
        detail = f"It is row {rows_before + row + 1} of the query."
        error.detail = f"{error.detail} {detail}" if error.detail else detail
        raise
    raise failure


def first_failing(score, first, last):
    """Return the first row from first to last that cannot be scored, by halving."""
    while last - first > 1:
        middle = (first + last) // 2
        try:
            score(first, middle)
        except ScoringError:
            last = middle
        else:
            first = middle
    return first


def rows_of_texts(texts, matrix):
    """Return one row of texts for each row of numbers, empty ones for no texts."""
    return [()] * len(matrix) if texts is None else texts


def rows_in(numbers):
    """Return how many rows ``array_send`` of a two-dimensional array holds."""
    return 0 if numbers is None else int.from_bytes(numbers[12:16], "big")


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


def score_what_scores(score, first, last, failures, most_failures=MOST_FAILURES):
    """Score rows first to last, halving where it fails, None where a row fails.

    One row with an impossible value must not cost the other rows their score. After
    ``most_failures`` rows it is the model that fails, and the search is given up.
    """
    if len(failures) >= most_failures:
        return [None] * (last - first)
    try:
        return score(first, last)
    except (ScoringError, MemoryError) as error:
        of_model = getattr(error, "sqlstate", None) == MODEL_SQLSTATE
        if last - first == 1 or of_model:
            failures.append((first, failure_of(error)))
            return [None] * (last - first)
    middle = (first + last) // 2
    return [
        *score_what_scores(score, first, middle, failures, most_failures),
        *score_what_scores(score, middle, last, failures, most_failures),
    ]

def load_estimator(artifact):
    # The strict loader takes a twentieth of the time until a session's first score to
    # read. A process that judges reads it at once, and its name then means the loader.
    session = GD["pgchurn runtime 9535555f4396363a"]
    if session.load_estimator is None:
        plpy.execute("SELECT churn_internal.load_pickle_reader()")
    return session.load_estimator(artifact)

# GD outlives an upgrade: the runtime before this one is let go.
for key in [key for key in GD if key.startswith("pgchurn runtime ")]:
    del GD[key]
GD["pgchurn runtime 9535555f4396363a"] = Session(plpy)
$python$;
COMMENT ON FUNCTION churn_internal.load_runtime() IS
    'Loads the scoring runtime into this session, under a key that names its content.';
ALTER FUNCTION churn_internal.load_runtime() OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal.load_runtime() FROM PUBLIC;
