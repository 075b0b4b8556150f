"""Customers whose horizon has passed, with their logged scores and features."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from pgchurn.loader.database import Connection, fetch_all, queries
from pgchurn.loader.models.profile import features_frame
from pgchurn.plpython.runtime.reference import MOST_TRAINING_ROWS
from pgchurn.plpython.runtime.signature import Signature

FETCH_ROWS = 20_000


@dataclass(frozen=True, eq=False)
class MatureCohort:
    """Customers who were scored in a window, and what became of them.

    Attributes
    ----------
    since, until, known_until : datetime.datetime
        When they were scored, and until when what became of them was known.
    scores : numpy.ndarray of float, shape (n_rows,)
        As they were logged.
    left, acted_upon : numpy.ndarray of bool, shape (n_rows,)
    frame : pandas.DataFrame of shape (n_sampled, n_features)
        Of some of them the features as they were logged.
    sampled : numpy.ndarray of int, shape (n_sampled,)
        Which of them these are.
    """

    since: datetime
    until: datetime
    known_until: datetime
    scores: np.ndarray
    left: np.ndarray
    acted_upon: np.ndarray
    frame: pd.DataFrame
    sampled: np.ndarray

    @classmethod
    def read(
        cls,
        connection: Connection,
        profile: str,
        version: int,
        signature: Signature,
        since: str | None,
        until: str | None,
    ) -> "MatureCohort":
        """Read the predictions of a version that are mature.

        Parameters
        ----------
        connection : Connection
            In a transaction.
        profile : str
        version : int
        signature : Signature
            Of the version.
        since, until : str or None
            The window, as SQL spells times; by default the horizon's length before what
            is not mature.
        """
        (window,) = fetch_all(
            connection, "mature_window", profile=profile, since=since, until=until
        )
        with connection.cursor(name="pgchurn_cohort") as cursor:
            cursor.itersize = FETCH_ROWS
            cursor.execute(
                queries()["mature_cohort"],
                {
                    "profile": profile,
                    "version": version,
                    "since": window["since"],
                    "until": window["until"],
                    "sampled": MOST_TRAINING_ROWS,
                },
            )
            rows = cursor.fetchall()
        names = [feature.name for feature in signature.features]
        sampled = [
            place
            for place, (*_, features) in enumerate(rows)
            if features is not None and all(name in features for name in names)
        ]
        kinds = {feature.name: feature.kind for feature in signature.features}
        return cls(
            window["since"],
            window["until"],
            window["known_until"],
            np.array([score for score, *_ in rows], float),
            np.array([left for _, left, *_ in rows], bool),
            np.array([acted for _, _, acted, _ in rows], bool),
            features_frame(
                kinds, [[rows[place][3][name] for place in sampled] for name in names]
            ),
            np.array(sampled, int),
        )
