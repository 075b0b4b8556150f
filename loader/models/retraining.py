"""Training anew on what was logged, and whether that does better than the champion."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from math import sqrt
from typing import Any

import numpy as np
import psycopg2.errors
from pgchurn.loader import output
from pgchurn.loader.database import Connection, fetch_all, fetch_value, queries
from pgchurn.loader.errors import TrainingError, primary_message
from pgchurn.loader.models.attestation import Signer
from pgchurn.loader.models.changed_features import changed_columns
from pgchurn.loader.models.profile import Profile
from pgchurn.loader.models.registration import as_json, check_server_environment
from pgchurn.loader.models.training import train
from pgchurn.loader.models.training_run import register_trained
from pgchurn.plpython.runtime.comparing_scores import CHALLENGER, LEAST_OF_A_CLASS
from pgchurn.plpython.runtime.confidence_sequences import ConfidenceSequence
from pgchurn.plpython.runtime.logged_rows import LackingFeature, LoggedRows
from pgchurn.plpython.runtime.pickled import frame_from_columns
from pgchurn.plpython.runtime.signature import Feature

FETCH_ROWS = 5_000
# How likely a bound does not hold, as in churn.compare.
ALPHA = 0.05
# A mean score may be so far from the share who leave: a cohort is never quite like the
# next one, and of many customers the least difference is sure.
MOST_MISCALIBRATED = 0.02


class Kept(Exception):
    """The champion stays; the message says why.

    Parameters
    ----------
    reason : str
    evidence : dict, optional
        What that rests on.
    """

    def __init__(self, reason: str, evidence: dict[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.evidence = evidence or {}


@dataclass(frozen=True)
class Recipe:
    """How it is trained and released.

    Attributes
    ----------
    algorithm, seed, time_budget, threads, compile_form
        As `train_and_register` takes them.
    signer : Signer or None
        Attests the model before it is registered.
    steps : str
        Percentages, separated by commas.
    hold : str
        An interval, as SQL spells it.
    min_customers : int
    """

    algorithm: str = "auto"
    seed: int = 0
    time_budget: float | None = None
    threads: int = 1
    compile_form: bool = True
    signer: Signer | None = None
    steps: str = "1,5,25,50,100"
    hold: str = "1 day"
    min_customers: int = 500


@dataclass(frozen=True)
class Task:
    """A request to retrain a profile, as it was taken.

    Attributes
    ----------
    request_id, attempt : int
        Which request, and how often it was taken by then.
    profile : str
        Schema-qualified and quoted.
    label : str or None
        Column of the profile that says who left, if one does.
    training_window : str or None
        Over how long a time those were scored who are trained on, as SQL spells
        intervals; None: any.
    known_until : datetime.datetime
    version : int or None
        What an attempt that was interrupted has registered for it.
    """

    request_id: int
    attempt: int
    profile: str
    label: str | None
    training_window: str | None
    known_until: datetime
    version: int | None


@dataclass(frozen=True, eq=False)
class Cohort:
    """Customers who were scored in a span of time, and what became of them.

    Attributes
    ----------
    columns : dict of str to numpy.ndarray of shape (n_rows,)
        Features that are logged of all of them.
    lacking : set of str
        Features that are not.
    left, acted_upon : numpy.ndarray of bool, shape (n_rows,)
    """

    columns: dict[str, np.ndarray]
    lacking: set[str]
    left: np.ndarray
    acted_upon: np.ndarray

    def __len__(self) -> int:
        """Return the number of customers."""
        return len(self.left)

    @property
    def leavers(self) -> int:
        """Number of customers who left."""
        return int(self.left.sum())

    def as_dict(self) -> dict[str, Any]:
        """Return how many there are, JSON-serialisable."""
        return {
            "customers": len(self),
            "left": self.leavers,
            "acted_upon": int(self.acted_upon.sum()),
        }


class Retraining:
    """Does what a request asks for, up to the decision.

    Parameters
    ----------
    connection : Connection
        With no transaction open. Committed here.
    task : Task
    recipe : Recipe
    """

    def __init__(self, connection: Connection, task: Task, recipe: Recipe) -> None:
        self.connection = connection
        self.task = task
        self.recipe = recipe

    def run(self) -> dict[str, Any]:
        """Train, compare and decide; return the decision and what it rests on."""
        champion = version = None
        try:
            check_server_environment(self.connection)
            version = self.task.version or self.train()
            spans = self.spans(version)
            champion = spans["champion"]
            decision, reason, evidence = "released", *self.judged(version, spans)
        except Kept as kept:
            decision, reason, evidence = "kept", str(kept), kept.evidence
        self.connection.rollback()
        release = fetch_value(
            self.connection,
            "finish_retraining",
            request_id=self.task.request_id,
            attempt=self.task.attempt,
            decision=decision,
            reason=reason,
            evidence=as_json(evidence),
            champion=champion,
            steps=self.recipe.steps,
            hold=self.recipe.hold,
            min_customers=self.recipe.min_customers,
        )
        self.connection.commit()
        output.notices(self.connection)
        return {
            "decision": decision,
            "decision_reason": reason,
            "version": version,
            "release_id": release,
            "evidence": evidence,
        }

    def train(self) -> int:
        """Train on the older customers, and register that; return the version."""
        spans = self.spans()
        check_possible(spans)
        profile = Profile.find(self.connection, self.task.profile)
        kinds, left_out = profile.usable_features(
            self.task.label, [], changed_columns(self.connection, profile.name)
        )
        evidence = {"champion": spans["champion"], "spans": as_texts(spans)}
        trained_on = self.cohort(
            kinds, "retraining_rows", spans["trained_since"], spans["trained_before"]
        )
        evidence["trained_on"] = trained_on.as_dict()
        compared_on = self.cohort(
            kinds, "compared_rows", spans["compared_since"], spans["compared_before"]
        )
        evidence["compared_on"] = compared_on.as_dict()
        self.connection.rollback()
        check_enough(trained_on, compared_on, spans, evidence)
        lacking = trained_on.lacking | compared_on.lacking
        left_out |= dict.fromkeys(lacking, "not logged of all customers")
        kinds = {name: kind for name, kind in kinds.items() if name not in lacking}
        frame = frame_from_columns({name: trained_on.columns[name] for name in kinds})
        output.message(
            f"{profile.name}: training on {len(frame):,} customers, to compare on "
            f"{len(compared_on):,} who were scored after it was known that "
            f"{trained_on.leavers:,} of these left"
        )
        try:
            trained = train(
                frame,
                trained_on.left,
                kinds,
                self.recipe.algorithm,
                self.recipe.seed,
                time_budget=self.recipe.time_budget,
                threads=self.recipe.threads,
                progress=output.message,
            )
        except TrainingError as error:
            raise Kept(f"nothing can be trained: {error}", evidence) from error
        registered = register_trained(
            self.connection,
            profile,
            trained,
            frame,
            provenance={
                "source": "pgchurn retrain",
                "table": profile.name,
                "label": self.task.label,
                "seed": self.recipe.seed,
                "left_out": left_out | trained.left_out,
                "request_id": self.task.request_id,
                **evidence,
            },
            compile_form=self.recipe.compile_form,
            signer=self.recipe.signer,
            trained_until=spans["trained_until"],
            before_commit=self.note_version,
        )
        return registered["version"]

    def note_version(self, version: int) -> None:
        """Have the request name the version that is registered for it."""
        fetch_value(
            self.connection,
            "note_retrained",
            request_id=self.task.request_id,
            attempt=self.task.attempt,
            version=version,
        )

    def spans(self, challenger: int | None = None) -> dict[str, Any]:
        """Return the champion, and when those were scored who count."""
        (spans,) = fetch_all(
            self.connection,
            "retraining_spans",
            profile=self.task.profile,
            known_until=self.task.known_until,
            training_window=self.task.training_window,
            challenger=challenger,
        )
        if spans["champion"] is None:
            raise Kept("no version is in force: activate one")
        return spans

    def cohort(
        self, kinds: dict[str, str], name: str, since: Any, before: Any
    ) -> Cohort:
        """Read customers who were scored in a span of time.

        Parameters
        ----------
        kinds : dict of str to {"number", "boolean", "text"}
            Kind of each feature that is wanted.
        name : str
            Of the statement.
        since, before : datetime.datetime or str
        """
        columns: dict[str, list[np.ndarray]] = {one: [] for one in kinds}
        left: list[bool] = []
        acted_upon: list[bool] = []
        for batch in self.batches(name, since, before):
            rows = LoggedRows.from_texts([features for features, *_ in batch])
            left += [one for _, one, _ in batch]
            acted_upon += [one for _, _, one in batch]
            for feature in list(columns):
                try:
                    values = rows.column(Feature(feature, kinds[feature], True))
                except LackingFeature:
                    del columns[feature]
                else:
                    columns[feature].append(values)
        return Cohort(
            {one: np.concatenate(parts) for one, parts in columns.items() if parts},
            set(kinds) - set(columns),
            np.array(left, bool),
            np.array(acted_upon, bool),
        )

    def batches(self, name: str, since: Any, before: Any) -> Iterator[list[tuple]]:
        """Yield rows of a statement on matured predictions."""
        with self.connection.cursor(name="pgchurn_retraining") as cursor:
            cursor.execute(
                queries()[name],
                {"profile": self.task.profile, "since": since, "before": before},
            )
            while batch := cursor.fetchmany(FETCH_ROWS):
                yield batch

    def judged(self, version: int, spans: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return why a version is to be released, and what that rests on."""
        champion = spans["champion"]
        evidence = {
            "champion": champion,
            "challenger": version,
            "spans": as_texts(spans),
        }
        if champion == version:
            raise Kept(f"version {version} is in force already", evidence)
        customers = fetch_value(
            self.connection,
            "count_compared",
            profile=self.task.profile,
            since=spans["compared_since"],
            before=spans["compared_before"],
        )
        # Chosen without a look at what became of them.
        expected = max(1, customers)
        try:
            rows = fetch_all(
                self.connection,
                "compare_retrained",
                profile=self.task.profile,
                champion=champion,
                challenger=version,
                since=spans["compared_since"],
                before=spans["compared_before"],
                expected=expected,
            )
        except psycopg2.errors.ObjectNotInPrerequisiteState as error:
            detail = error.diag.message_detail
            raise Kept(
                f"version {version} cannot be compared with version {champion}: "
                f"{primary_message(error)}" + (f". {detail}" if detail else ""),
                evidence,
            ) from error
        evidence |= {"expected": expected, "comparison": rows}
        verdict = rows[0]["verdict"]
        if verdict != CHALLENGER:
            raise Kept(
                f"{verdict}: {of_log_loss(rows[0])}; {rows[0]['detail']}", evidence
            )
        calibration = calibration_of(rows, expected)
        evidence["calibration"] = calibration
        if not calibration["ok"]:
            raise Kept(
                f"version {version} does better, but its scores do not come true: "
                f"{calibration['detail']}; pgchurn recalibrate {version} mends that",
                evidence,
            )
        return (
            f"{verdict}: {of_log_loss(rows[0])}; {calibration['detail']}",
            evidence,
        )


def check_possible(spans: dict[str, Any]) -> None:
    """Refuse to train where nothing could be said of the result."""
    champion = spans["champion"]
    evidence = {"champion": champion, "spans": as_texts(spans)}
    if spans["champion_trained_until"] is None:
        raise Kept(
            f"version {champion}, which is in force, does not say until when what it "
            "was trained on was known, so nobody knows on whom it may be compared: "
            "register it again with pgchurn register --trained-until",
            evidence,
        )
    if spans["first_scored"] is None:
        raise Kept("no prediction is logged: call churn.set_prediction_log", evidence)
    since, before = spans["compared_since"], spans["compared_before"]
    if since < before:
        return
    known, horizon = spans["champion_trained_until"], spans["horizon_text"]
    if known >= before:
        raise Kept(
            f"version {champion} was trained on what was known until {in_utc(known)}, "
            "and of customers who were scored since then nobody is mature: their "
            f"horizon is {horizon}",
            evidence,
        )
    raise Kept(
        f"predictions are logged since {in_utc(spans['first_scored'])}, and it takes "
        f"more than two horizons of {horizon}: some customers to train on, and others "
        "to compare on who were scored when it was known what became of those",
        evidence,
    )


def check_enough(
    trained_on: Cohort,
    compared_on: Cohort,
    spans: dict[str, Any],
    evidence: dict[str, Any],
) -> None:
    """Refuse to train where too few are there to train or to compare on."""
    if not len(trained_on):
        raise Kept(
            f"nobody was scored before {in_utc(spans['trained_before'])} of whom it "
            f"was known by {in_utc(spans['trained_until'])} whether they left",
            evidence,
        )
    stayed = len(compared_on) - compared_on.leavers
    if min(compared_on.leavers, stayed) < LEAST_OF_A_CLASS:
        raise Kept(
            f"of customers scored from {in_utc(spans['compared_since'])} to "
            f"{in_utc(spans['compared_before'])}, on whom it would be compared, "
            f"{compared_on.leavers:,} left and {stayed:,} stayed, and it takes "
            f"{LEAST_OF_A_CLASS} of either",
            evidence,
        )


def in_utc(time: datetime) -> str:
    """Return a time for people to read."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def of_log_loss(row: dict[str, Any]) -> str:
    """Return in words what a comparison found, with its bounds."""
    return (
        f"log loss {row['of_challenger']:.4f} instead of {row['of_champion']:.4f}, "
        f"a difference from {row['lower']:+.4f} to {row['upper']:+.4f}"
    )


def calibration_of(rows: list[dict[str, Any]], expected: int) -> dict[str, Any]:
    """Return how far the challenger's mean score is from the share who left.

    Parameters
    ----------
    rows : list of dict
        What ``churn.compare`` returned.
    expected : int
        What its bounds were tuned to.
    """
    by_name = {row["name"]: row for row in rows}
    missing = by_name["calibration_in_the_large"]
    value, customers = missing["of_challenger"], missing["n"]
    # The Brier score is the mean of the squares of the same differences.
    squares = by_name["brier_score"]["of_challenger"]
    radius = ConfidenceSequence(expected, ALPHA).radius(
        customers, sqrt(max(0.0, squares - value**2))
    )
    surely = max(value - radius, -value - radius)
    return {
        "missing": value,
        "lower": value - radius,
        "upper": value + radius,
        "limit": MOST_MISCALIBRATED,
        "ok": surely <= MOST_MISCALIBRATED,
        "detail": f"the share who left is {value:+.2%} from its mean score, with "
        f"bounds {value - radius:+.2%} to {value + radius:+.2%}",
    }


def as_texts(spans: dict[str, Any]) -> dict[str, Any]:
    """Return times as texts, JSON-serialisable."""
    return {
        name: value.astimezone(UTC).isoformat()
        if isinstance(value, datetime)
        else value
        for name, value in spans.items()
        if name not in ("champion", "horizon_text") and value is not None
    }
