"""Bringing a classifier into the registry, proven on the server before it counts."""

import json
import os
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from pgchurn.loader import output
from pgchurn.loader.database import Connection, fetch_all, fetch_value
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.models.attestation import Attestation
from pgchurn.loader.models.candidate import Candidate
from pgchurn.loader.models.changed_features import changed_features
from pgchurn.loader.models.expectations import check_expectations, read_expectations
from pgchurn.loader.models.profile import Profile
from pgchurn.loader.models.signature import dropped_columns, signature_for_table
from pgchurn.loader.models.unknown_values import unknown_features
from pgchurn.plpython.runtime.environment import MODEL_PACKAGES, current_environment
from pgchurn.plpython.runtime.reference import MOST_TRAINING_ROWS

REPLAYED_ROWS = 1_000


def check_server_environment(connection: Connection) -> None:
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


def register(
    connection: Connection,
    profile: Profile,
    candidate: Candidate,
    kinds: dict[str, str],
    *,
    positive_class: str | None = None,
    metrics: dict[str, Any],
    provenance: dict[str, Any],
    compile_form: bool = True,
    allow_pickle: bool = False,
    attestation: Attestation | None = None,
    allow_older: bool = False,
    expected: str | None = None,
    allow_unknown: bool = False,
    training_rows: pd.DataFrame | None = None,
    trained_until: datetime | None = None,
    before_commit: Callable[[int], object] | None = None,
) -> dict[str, Any]:
    """Register a classifier; the server replays rows before it accepts it.

    Parameters
    ----------
    connection : psycopg2 connection
        With no transaction open. Committed here.
    profile : Profile
        The table that it is to score.
    candidate : Candidate
    kinds : dict of str to {"number", "boolean", "text"}
        Kind of each feature, in the order in which the model was fitted.
    positive_class : str, optional
        The class whose probability is the score, as text; by default that for yes.
    metrics : dict
        How well it did, to be kept with it.
    provenance : dict
        Where it is from, to be kept with it.
    compile_form : bool, default=True
        Whether the server is to compile it.
    allow_pickle : bool, default=False
        Whether the pickle may score where there is no compiled form; for superusers.
        A model that is not to be compiled and not attested needs it.
    attestation : Attestation, optional
        What its signer states about it.
    allow_older : bool, default=False
        Whether it may be older, by its attestation, than the active version.
    expected : str, optional
        Where the probabilities are that it has to give, as `read_expectations` takes
        it.
    allow_unknown : bool, default=False
        Whether most values of a feature may be unknown to its encoder.
    training_rows : pandas.DataFrame, optional
        What it was fitted on: some of these rows tell what is typical, in place of some
        of the profile.
    trained_until : datetime.datetime, optional
        With its time zone: until when what it was trained on was known, labels
        included. Kept with its provenance.
    before_commit : callable taking an int, optional
        Called with the version, for what is to be committed with it or not at all.

    Returns
    -------
    dict
        The version, its positive class, how many rows were replayed and compared with
        expectations, of which searches the best estimators were taken, which columns
        the model was fitted on and drops, which features change when pgchurn writes a
        score, and what became of the compiled form.
    """
    # Client and server must look at the same rows.
    connection.set_session(isolation_level="REPEATABLE READ")
    keys, frame = profile.sample(connection, kinds, REPLAYED_ROWS)
    check_known_values(candidate, frame, allow_unknown)
    signature = signature_for_table(candidate, kinds, positive_class, frame)
    compared = {}
    if expected is not None:
        compared = read_expectations(connection, profile, expected)
        check_expectations(connection, profile, candidate, signature, compared)
    probabilities = candidate.score(signature, keys, frame)
    fetch_value(
        connection,
        "hand_over",
        artifact=b64encode(candidate.artifact).decode(),
        replay_keys=list(probabilities),
        training_sample=None if training_rows is None else sampled(training_rows),
    )
    version = fetch_value(
        connection,
        "register_model",
        profile=profile.name,
        signature=as_json(signature.to_json()),
        metrics=as_json(metrics),
        environment=as_json(environment_of(attestation)),
        provenance=as_json(
            {
                "estimator": type(candidate.estimator).__name__,
                "registered_from": os.uname().nodename,
                "trained_until": trained_until and trained_until.isoformat(),
                **provenance,
            }
        ),
        replay_probabilities=list(probabilities.values()),
        compile=compile_form,
        allow_pickle=allow_pickle or not compile_form and attestation is None,
        **attestation_parameters(attestation),
        allow_older=allow_older,
    )
    kept = fetch_all(connection, "compilation", version=version)[0]
    if before_commit is not None:
        before_commit(version)
    connection.commit()
    connection.set_session(isolation_level="DEFAULT")
    return {
        "version": version,
        "positive_class": signature.classes[signature.positive_class],
        "rows_replayed": len(probabilities),
        "rows_expected": len(compared),
        "best_of": candidate.searches(),
        "dropped_columns": dropped_columns(candidate.estimator),
        "changed_by_writing": changed_features(connection, version),
        **kept,
    }


def check_known_values(
    candidate: Candidate, frame: pd.DataFrame, allow_unknown: bool
) -> None:
    """Refuse features most of whose values are unknown, or only name them."""
    unknown = unknown_features(candidate.estimator, frame)
    if not unknown:
        return
    named = "\n".join(f"feature {clause}" for clause in unknown)
    if not allow_unknown:
        raise LoaderError(
            f"{named}\nFit the model on the values as the database gives them, or "
            "register it with --allow-unknown."
        )
    output.message(named)


def sampled(rows: pd.DataFrame) -> str:
    """Return some rows as JSON, as ``churn.register_model`` takes a training sample."""
    finite = rows[~rows.isin([np.inf, -np.inf]).any(axis=1)]
    some = finite.sample(min(len(finite), MOST_TRAINING_ROWS), random_state=0)
    return as_json(
        {
            name: [None if value != value else value for value in some[name].tolist()]
            for name in some
        }
    )


def environment_of(attestation: Attestation | None) -> dict[str, Any]:
    """Return the packages that a model depends on; of an attested one the signer's."""
    environment = current_environment()
    if attestation is not None:
        environment |= attestation.read_statement().environment
    return environment


def as_json(value: object) -> str:
    """Return a parameter of type jsonb.

    Without escapes beyond ASCII, which a database in SQL_ASCII refuses.
    """
    return json.dumps(value, ensure_ascii=False)


def attestation_parameters(attestation: Attestation | None) -> dict[str, Any]:
    """Return the parameters of ``churn.register_model`` that attest a model."""
    return {
        "attestation": attestation and attestation.statement,
        "attestation_signature": attestation and attestation.signature,
        "attestation_key": attestation and attestation.key,
    }
