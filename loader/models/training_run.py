"""From a profile table to a registered model."""

import pickle
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from pgchurn.loader import output
from pgchurn.loader.database import Connection, fetch_value
from pgchurn.loader.models.attestation import Signer
from pgchurn.loader.models.candidate import Candidate
from pgchurn.loader.models.changed_features import changed_columns
from pgchurn.loader.models.labels import churned
from pgchurn.loader.models.profile import Profile
from pgchurn.loader.models.registration import check_server_environment, register
from pgchurn.loader.models.training import TrainingResult, train


def train_and_register(
    connection: Connection,
    table: str,
    label: str,
    *,
    algorithm: str = "auto",
    exclude: Sequence[str] = (),
    positive_class: str | None = None,
    seed: int = 0,
    time_budget: float | None = None,
    threads: int = 1,
    compile_form: bool = True,
    signer: Signer | None = None,
    trained_until: datetime | None = None,
) -> dict[str, Any]:
    """Train on an attached profile table and register the model.

    Parameters
    ----------
    connection : psycopg2 connection
        With no transaction open. Committed here.
    table : str
        The attached table's name as SQL spells it.
    label : str
        Column that says who churned.
    algorithm : str, default="auto"
        As `train` takes it.
    exclude : sequence of str
        Columns that are not to be features.
    positive_class : str, optional
        The label of those who churned, as text.
    seed : int, default=0
        Of the split and the models.
    time_budget, threads
        As `train` takes them.
    compile_form : bool, default=True
        Whether the server is to compile it.
    signer : Signer, optional
        Attests the model before it is registered.
    trained_until : datetime.datetime, optional
        With its time zone: until when what the table holds was known; by default when
        it has been read.

    Returns
    -------
    dict
        The report on the training together with what the registry says.
    """
    profile = Profile.find(connection, table)
    check_server_environment(connection)
    kinds, left_out = profile.usable_features(
        label, exclude, changed_columns(connection, profile.name)
    )
    with output.progress_bar(None, "row", f"reading {profile.name}") as bar:
        frame, labels = profile.read(connection, kinds, label, bar.update)
    # By the server's clock, as all that it is compared with; and at the end, since what
    # is read may have been committed after the transaction began.
    read_at = fetch_value(connection, "clock").astimezone(UTC)
    connection.rollback()
    output.message(f"read {len(frame):,} labelled rows of {profile.name}")

    trained = train(
        frame,
        churned(labels, positive_class),
        kinds,
        algorithm,
        seed,
        time_budget=time_budget,
        threads=threads,
        progress=output.message,
    )
    report = trained.as_dict()
    left_out |= report["left_out"]
    registered = register_trained(
        connection,
        profile,
        trained,
        frame,
        provenance={
            "source": "pgchurn train",
            "table": profile.name,
            "label": label,
            "positive_class": positive_class,
            "seed": seed,
            "left_out": left_out,
        },
        compile_form=compile_form,
        signer=signer,
        trained_until=trained_until or read_at,
    )
    return {**report, **registered, "left_out": left_out}


def register_trained(
    connection: Connection,
    profile: Profile,
    trained: TrainingResult,
    frame: pd.DataFrame,
    *,
    provenance: dict[str, Any],
    compile_form: bool = True,
    signer: Signer | None = None,
    trained_until: datetime,
    before_commit: Callable[[int], object] | None = None,
) -> dict[str, Any]:
    """Register what was trained on some rows, with what the training says of itself.

    Parameters
    ----------
    connection : psycopg2 connection
        With no transaction open. Committed here.
    profile : Profile
        The table that it is to score.
    trained : TrainingResult
    frame : pandas.DataFrame of shape (n_rows, n_columns)
        The rows that it was trained on.
    provenance : dict
        Where these are from.
    compile_form, signer, trained_until
        As `train_and_register` takes them.
    before_commit
        As `register` takes it.

    Returns
    -------
    dict
        What `register` returns.
    """
    report = trained.as_dict()
    candidate = Candidate.from_pickle(
        pickle.dumps(trained.pipeline, protocol=pickle.HIGHEST_PROTOCOL)
    )
    attestation = None
    if signer is not None:
        statement, _ = signer.describe(candidate)
        attestation = signer.sign(statement)
    return register(
        connection,
        profile,
        candidate,
        trained.features,
        metrics=report["evaluation"],
        provenance={
            "algorithm": trained.algorithm,
            "rows": len(frame),
            "train_rows": trained.train_rows,
            "fitted_rows": trained.fitted_rows,
            "comparison": report["comparison"],
            "average": report["average"],
            "calibration": report["calibration"],
            "held_out": trained.held_out.grouped().as_dict(),
            **provenance,
        },
        compile_form=compile_form,
        attestation=attestation,
        # It was fitted on this table's own values.
        allow_unknown=True,
        training_rows=frame[list(trained.features)],
        trained_until=trained_until,
        before_commit=before_commit,
    )
