"""A stream of made-up customers whose base rate changes, and labels 90 days late."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
from pgchurn.loader.demonstration.changing_customers import COLUMNS, LOWER_LOG_ODDS
from pgchurn.loader.demonstration.simulation import churn_log_odds, simulate
from pgchurn.loader.models.candidate import Candidate
from pgchurn.loader.models.learning_rules import Learner
from pgchurn.loader.models.outcome_batches import (
    LoggedOutcome,
    batch_of,
    cut_into_batches,
    learnable,
)
from pgchurn.loader.models.pipelines import as_features, build_pipeline
from pgchurn.plpython.runtime.reference import describe_rows
from pgchurn.plpython.runtime.reference_scores import describe_scores
from pgchurn.plpython.runtime.signature import Feature, Signature
from scipy.special import expit

from tests.models import Model
from tests.monitoring import plain

HORIZON_DAYS = 90
# Labels of a month are known then.
TOLD_FROM_DAY = 120
LIMIT = 0.02
BASE_ROWS = 4_000
START = datetime(2025, 1, 1, tzinfo=UTC)
KINDS = {
    **dict.fromkeys(("contract", "payment_method", "internet_service"), "text"),
    "has_dependents": "boolean",
    **dict.fromkeys(COLUMNS[5:], "number"),
    "complaint_count": "number",
}


@dataclass(frozen=True, eq=False)
class Customers:
    """Made-up customers, each of whom is scored once.

    Attributes
    ----------
    frame : pandas.DataFrame of shape (n_customers, 10)
    days : numpy.ndarray of shape (n_customers,)
        On which day each is scored.
    chances : numpy.ndarray of shape (n_customers,)
        Of leaving within the horizon.
    left : numpy.ndarray of bool, shape (n_customers,)
    """

    frame: pd.DataFrame
    days: np.ndarray
    chances: np.ndarray
    left: np.ndarray

    def taken(self, kept):
        """Return some of them."""
        return Customers(
            self.frame[kept].reset_index(drop=True),
            *(self.days[kept], self.chances[kept], self.left[kept]),
        )


def offset(days):
    """Return what is added to the log odds of leaving on a day.

    Before the first day the base version was trained; on that day the rate falls by
    two fifths, and from then on it rises slowly for most of a year.
    """
    return np.where(days < 0, 0.0, -0.6 + 0.2 * np.clip(days, 0, 240) / 240)


def made_up(days, daily, seed):
    """Make up the customers of the base version, and of so many days."""
    rng = np.random.default_rng(seed)
    simulation = simulate(BASE_ROWS + days * daily, seed=seed)
    everybody, complaints = simulation.profiles, simulation.complaints
    when = np.concatenate(
        [np.full(BASE_ROWS, -1.0), np.sort(rng.uniform(0, days, days * daily))]
    )
    counts = complaints.groupby("customer_id").size()
    counts = counts.reindex(everybody["customer_id"], fill_value=0).to_numpy()
    known = everybody.assign(has_dependents=everybody["has_dependents"].fillna(False))
    odds = churn_log_odds(known, counts) - LOWER_LOG_ODDS + offset(when)
    chances = expit(odds)
    frame = as_features(everybody.assign(complaint_count=counts), KINDS)
    return Customers(frame, when, chances, rng.random(len(odds)) < chances)


def base_of(customers):
    """Return a model that was fitted before the first day, and its rows."""
    before = customers.taken(customers.days < 0)
    pipeline = build_pipeline("logistic_regression", KINDS)
    return Model(pipeline.fit(before.frame, before.left), KINDS), before


def learner_of(model, before, half_life_days):
    """Return what learns a base version, without a database."""
    signature = Signature(
        tuple(Feature(name, kind, True) for name, kind in KINDS.items()),
        *((False, True), 1, True),
    )
    columns = {name: before.frame[name].to_numpy() for name in KINDS}
    reference = describe_rows(signature, columns, "training sample")
    reference |= describe_scores(
        model.probabilities(before.frame), "training sample", None
    )
    return Learner(
        1,
        Candidate.from_pickle(model.artifact),
        signature,
        json.loads(json.dumps(reference)),
        half_life_days * 86_400.0,
    )


def documents(frame):
    """Return features as the log has them."""
    return [
        json.dumps({name: plain(value) for name, value in row.items()})
        for row in frame.to_dict("records")
    ]


def logged(customers):
    """Yield customers as the log has them, in order."""
    for day, text, left in zip(
        customers.days.tolist(), documents(customers.frame), customers.left.tolist()
    ):
        yield LoggedOutcome(START + timedelta(days=day), "", text, left, False)


def batches_of(learner, customers, size):
    """Yield batches of so many customers."""
    return cut_into_batches(logged(customers), learner.signature, size)


def poisoned(learner, customers):
    """Return one batch of customers."""
    rows = list(logged(customers))
    kept, _ = learnable(learner.signature, rows)
    return batch_of(learner.signature, kept, rows[-1].place, len(rows) - len(kept))


def distances(customers, states, score, width=10):
    """Return how far the mean score is from the true rate, window by window of days.

    Parameters
    ----------
    states : list of (float, object)
        From which day on what was known, in order.
    score : callable
        Gives the scores of a frame by what was known.
    width : int
        Days in a window.
    """
    found = {}
    days = np.floor(customers.days)
    for first in range(TOLD_FROM_DAY, int(days.max()) + 1 - width + 1, width):
        scores, chances = [], []
        for day in range(first, first + width):
            ours = customers.taken(days == day)
            known = [state for since, state in states if since <= day][-1]
            scores.append(score(known, ours.frame))
            chances.append(ours.chances)
        found[first] = float(
            np.concatenate(scores).mean() - np.concatenate(chances).mean()
        )
    return found
