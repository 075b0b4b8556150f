"""Bringing a classifier into the registry, proven on the server before it counts."""

import json
import os
from pathlib import Path

import numpy as np
from pgchurn.loader.compiling import NotCompilable, compile_model
from pgchurn.loader.database import fetch_all, fetch_value
from pgchurn.loader.boundary_rows import boundary_rows
from pgchurn.loader.errors import LoaderError
from pgchurn.plpython.runtime.environment import MODEL_PACKAGES, current_environment
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.estimator_checks import load_estimator
from pgchurn.plpython.runtime.features import NAN
from pgchurn.plpython.runtime.pickled import PickledModel
from pgchurn.plpython.runtime.signature import Feature, Signature

REPLAYED_ROWS = 1_000


def check_server_environment(connection):
    """Refuse early when the server would refuse what is pickled here.

    Raises
    ------
    LoaderError
        When client and server have different versions of scikit-learn or numpy.
    """
    server = fetch_value(connection, "server_environment")
    here = current_environment()
    for package in MODEL_PACKAGES:
        if server[package] != here[package]:
            raise LoaderError(
                f"this Python has {package} {here[package]}, the server's has "
                f"{server[package]}; a pickle means the same only under the same "
                "version, so install the server's here"
            )


def load_pickle(path):
    """Read a pickled classifier from a file, as strictly as the server does.

    Returns
    -------
    bytes
        The file's content, which is what gets registered.
    estimator
    """
    try:
        artifact = Path(path).read_bytes()
    except OSError as error:
        raise LoaderError(f"cannot read {path}: {error.strerror}") from error
    try:
        estimator = load_estimator(artifact)
    except ScoringError as error:
        raise LoaderError(
            f"{path}: {error.message}. {error.detail} {error.hint}"
        ) from error
    return artifact, estimator


def feature_names(estimator, given):
    """Return the names of an estimator's features, in order.

    Parameters
    ----------
    given : list of str
        Names for an estimator that was fitted without; empty when it has its own.
    """
    own = getattr(estimator, "feature_names_in_", None)
    if own is not None:
        if given and list(given) != list(own):
            raise LoaderError(
                f"the model was fitted on {', '.join(own)}; leave --features out"
            )
        return [str(name) for name in own]
    count = getattr(estimator, "n_features_in_", None)
    if not given:
        raise LoaderError(
            f"the model was fitted on a matrix of {count} columns without names; "
            "name them in order with --features"
        )
    if count is not None and len(given) != count:
        raise LoaderError(
            f"the model takes {count} features, --features names {len(given)}"
        )
    return list(given)


def positive_index(classes, wanted):
    """Return which class's probability is the score.

    Parameters
    ----------
    classes : sequence of two bool, int or str
    wanted : str or None
        The class as text; by default the second, as in scikit-learn.
    """
    if wanted is None:
        return 1
    matching = [
        i for i, one in enumerate(classes) if str(one).lower() == wanted.lower()
    ]
    if len(matching) != 1:
        raise LoaderError(
            f"the classes are {' and '.join(map(repr, classes))}, not {wanted!r}"
        )
    return matching[0]


def build_signature(artifact, estimator, kinds, positive_class, frame):
    """Return the signature of a classifier.

    Whether a feature may be null is found out by asking the model.

    Parameters
    ----------
    artifact : bytes
        The estimator's pickle.
    kinds : dict of str to {"number", "boolean", "text"}
        Kind of each feature, in the order in which the model was fitted.
    positive_class : str or None
    frame : pandas.DataFrame of shape (n_rows, n_features)
        Rows to ask with; may be empty.
    """
    classes = np.asarray(estimator.classes_).tolist()
    if len(classes) != 2:
        raise LoaderError(
            f"the model has {len(classes)} classes; a churn score needs two"
        )
    named = getattr(estimator, "feature_names_in_", None) is not None
    if not named and "text" in kinds.values():
        raise LoaderError("a model fitted on a matrix takes no text features")
    index = positive_index(classes, positive_class)

    def signature(accepts_null):
        features = (Feature(n, kinds[n], accepts_null[n]) for n in kinds)
        return Signature(tuple(features), tuple(classes), index, named)

    model = PickledModel(artifact, signature(dict.fromkeys(kinds, True)))
    row = example_row(model, kinds, frame)
    return signature({name: scores_without(model, row, name) for name in kinds})


def example_row(model, kinds, frame):
    """Return the columns of one row that the model scores."""
    rows = [
        {name: frame[name].to_numpy()[i : i + 1] for name in kinds}
        for i in range(min(len(frame), 100))
    ]
    rows.append(
        {
            name: np.array([""], object) if kind == "text" else np.zeros(1)
            for name, kind in kinds.items()
        }
    )
    for row in rows:
        try:
            model.probabilities(row)
            return row
        except ScoringError as error:
            failure = error
    raise LoaderError(f"the model scores no row of the table: {failure}")


def scores_without(model, row, name):
    """Return whether the model scores a row in which one feature is missing."""
    missing = np.array([NAN], dtype=row[name].dtype)
    try:
        return bool(np.isfinite(model.probabilities({**row, name: missing})).all())
    except ScoringError:
        return False


def register(connection, profile, artifact, estimator, kinds, **described):
    """Register a classifier; the server replays rows before it accepts it.

    Parameters
    ----------
    connection : psycopg2 connection
        With no transaction open. Committed here.
    profile : Profile
    artifact : bytes
        The pickle of ``estimator``.
    kinds : dict of str to {"number", "boolean", "text"}
        Kind of each feature, in the order in which the model was fitted.
    **described
        ``positive_class`` (str or None), ``metrics`` and ``provenance`` (dicts), and
        ``compile_form`` (bool), whether to bring a compiled form along. Of a signed
        model also ``signed`` (SignedStatement), ``environment`` (dict), which is the
        signer's, and ``allow_older`` (bool).

    Returns
    -------
    dict
        The version, its positive class, how many rows were replayed, and what became
        of the compiled form.
    """
    # Client and server must look at the same rows.
    connection.set_session(isolation_level="REPEATABLE READ")
    keys, frame = profile.sample(connection, kinds, REPLAYED_ROWS)
    signature = build_signature(
        artifact, estimator, kinds, described["positive_class"], frame
    )
    keys, probabilities = expected_probabilities(artifact, signature, keys, frame)
    compiled = compiled_form(estimator, signature, frame, described["compile_form"])
    version = fetch_value(
        connection,
        "register_model",
        profile=profile.name,
        artifact=artifact,
        signature=json.dumps(signature.to_json()),
        metrics=json.dumps(described["metrics"]),
        environment=json.dumps(
            {**current_environment(), **described.get("environment", {})}
        ),
        provenance=json.dumps(
            {
                "estimator": type(estimator).__name__,
                "registered_from": os.uname().nodename,
                **described["provenance"],
            }
        ),
        replay_keys=keys,
        replay_probabilities=probabilities,
        **compiled,
        **signed_parameters(described.get("signed")),
        allow_older=described.get("allow_older", False),
    )
    kept = fetch_all(connection, "compilation", version=version)[0]
    connection.commit()
    connection.set_session(isolation_level="DEFAULT")
    return {
        "version": version,
        "positive_class": signature.classes[signature.positive_class],
        "rows_replayed": len(keys),
        **kept,
    }


def signed_parameters(signed):
    """Return what the server is told of a model's signature, if it has one."""
    return {
        "attestation": signed and signed.statement,
        "attestation_signature": signed and signed.signature,
        "attestation_key": signed and signed.key,
    }


def compiled_form(estimator, signature, frame, wanted):
    """Return what the server is told of the compiled form.

    Returns
    -------
    dict
        ``compiled`` (bytes or None), ``compilation`` (why there is none), and the rows
        on which to compare, ``boundary_numbers`` and ``boundary_texts``.
    """
    nothing = {"compiled": None, "boundary_numbers": None, "boundary_texts": None}
    if not wanted:
        return {**nothing, "compilation": "it was not wanted"}
    try:
        compiled = compile_model(estimator, signature)
    except NotCompilable as error:
        return {**nothing, "compilation": f"not covered: {error}"}
    numbers, texts = boundary_rows(signature, frame, compiled)
    has_numbers, has_texts = numbers[0] != [], texts[0] != []
    return {
        "compiled": compiled,
        "compilation": "",
        "boundary_numbers": numbers if has_numbers else None,
        "boundary_texts": texts if has_texts else None,
    }


def expected_probabilities(artifact, signature, keys, frame):
    """Return the keys of the rows that can be scored, and their probabilities."""
    scoreable = ~frame.isin([np.inf, -np.inf]).any(axis=1)
    for feature in signature.features:
        if not feature.accepts_null:
            scoreable &= frame[feature.name].notna()
    keys = [key for key, kept in zip(keys, scoreable) if kept]
    if not keys:
        return [], []
    columns = {name: frame.loc[scoreable, name].to_numpy() for name in frame}
    return keys, PickledModel(artifact, signature).probabilities(columns).tolist()
