"""Explaining scores: what each feature contributes to the log odds of a row.

Nothing of a trigger or of a first score imports this.
"""

import json
from typing import Any, NamedTuple

import numpy as np

from .compiled import (
    CALL_BYTES,
    CALL_OPERATIONS,
    DOUBLE_BYTES,
    CodedInputs,
)
from .errors import ScoringError
from .features import NAN, Columns, check_values, row_count
from .form import finite_number, malformed_form, read_form, require
from .form_explained import (
    EXPLANATION_MAGIC,
    NEAREST,
    Attributed,
    Complement,
    ExplanationReader,
    log_odds,
    no_means,
    sigmoid_chord,
)
from .pacing import MODEL_CALL_ROWS, Pausing, no_pause
from .signature import Signature

# Of a row, 0.4 s: nobody explains within a trigger.
MOST_OPERATIONS = 200_000_000
# How far base and contributions may be from the log odds of a score.
TOLERANCE = 1e-9
# So many roundings a score and its explanation may have gone through.
ROUNDINGS = 8
# Log odds from which on the logistic function is 1, or nearly.
END = 35.0


class Explained(NamedTuple):
    """What is explained of some rows.

    Contributions are in the signature's order of features. With the base they add up
    to the log odds of the score; points of probability add up to the score less the
    base's probability.
    """

    # Of shape (n_rows,).
    scores: np.ndarray
    # Of shape (n_rows, n_features).
    contributions: np.ndarray
    # Of shape (n_rows, n_features).
    points: np.ndarray


class ExplanationForm(CodedInputs):
    """An explanation form as it was read, completely checked.

    Nothing of its bytes is believed: see ``form``.

    Parameters
    ----------
    content : bytes
        What ``explain_model`` has written.
    signature : Signature
    pause : callable, optional
        Lets a cancel take effect.

    Attributes
    ----------
    most_rows : int
        How many rows are explained at once, at most.

    Raises
    ------
    ScoringError
        If the bytes are no explanation form: SQLSTATE 55000.
    """

    def __init__(
        self, content: bytes, signature: Signature, pause: Pausing = no_pause
    ) -> None:
        self.pause = pause
        try:
            self.probability = self.read(content, signature)
        except ScoringError as error:
            raise malformed_explanation(error.detail) from None

    def read(self, content: bytes, signature: Signature) -> Attributed:
        """Return what gives the probability, completely checked."""
        form = read_form(content, EXPLANATION_MAGIC)
        self.pause()
        reader = ExplanationReader(form.arrays, self.pause)
        probability = reader.read(form.probability)
        if not isinstance(probability, Attributed) or not probability.is_share:
            raise malformed_form("It gives no probability.")
        features = len(signature.features)
        require(
            probability.largest_position() < features,
            "It reads more features than the model has.",
        )
        require(not reader.arrays.arrays, "It has arrays that it does not mention.")
        operations = probability.operations()
        require(operations <= MOST_OPERATIONS, "It takes too long for a single row.")
        held = DOUBLE_BYTES * (probability.numbers_held() + 4 * features)
        require(held <= CALL_BYTES, "It takes too much memory for a single row.")
        most = min(MODEL_CALL_ROWS, CALL_BYTES // held, CALL_OPERATIONS // operations)
        self.most_rows = max(1, most)
        self.read_inputs(form, signature)
        # The form puts numbers before texts.
        ordered = [*signature.numbers(), *signature.texts()]
        self.order = [ordered.index(feature) for feature in signature.features]
        return probability

    def tied(self, columns: Columns) -> np.ndarray:
        """Return which rows scikit-learn decides by the order of its training."""
        with np.errstate(all="ignore"):
            return self.probability.tied(self.input_matrix(columns))

    def from_rows(self, columns: Columns) -> list[list[float | None]]:
        """Return what its parts learn of typical rows, JSON-serialisable."""
        matrix = self.input_matrix(columns)
        return [
            [None if number != number else number for number in part.from_rows(matrix)]
            for part in self.probability.needing_rows()
        ]


def malformed_explanation(detail: str | None) -> ScoringError:
    """Return the error for bytes that explain nothing."""
    error = malformed_form(detail or "")
    error.message = "explanation form is malformed"
    return error


class Explainer(ExplanationForm):
    """Explains the scores of a version: Shapley values of its features, exactly.

    A member of a model is explained on its own scale: lines and boosting by their log
    odds, trees and forests by their probability. The players are the columns after
    preprocessing; those of one feature are added up. Lines tell what a value adds over
    the mean of typical rows; trees give Shapley values that are path-dependent, with
    the rows of training in each node [1]_. From one scale to another, contributions
    are scaled by a chord: see ``form_explained``.

    Parameters
    ----------
    content : bytes
        What ``explain_model`` has written.
    signature : Signature
    reference : dict or str, optional
        What ``churn.models.reference`` holds, as JSON or read. Lines need its means.
    pause : callable, optional
        Lets a cancel take effect.

    Attributes
    ----------
    base : float
        The log odds where nothing is known of a row.
    base_probability : float

    Raises
    ------
    ScoringError
        If the bytes are no explanation form (SQLSTATE 55000), or lines lack the means.

    References
    ----------
    .. [1] Lundberg et al., "From local explanations to global understanding with
       explainable AI for trees", Nature Machine Intelligence 2 (2020).
    """

    def __init__(
        self,
        content: bytes,
        signature: Signature,
        reference: dict[str, Any] | str | None = None,
        pause: Pausing = no_pause,
    ) -> None:
        super().__init__(content, signature, pause)
        self.set_means(reference)
        self.probability.set_pause(pause)
        try:
            self.probability.prepare()
        except ScoringError:
            # What a part refuses of the base it would refuse of every row.
            raise malformed_explanation("Its base cannot be computed.") from None
        self.base = self.probability.base_odds()
        self.base_probability = float(np.clip(self.probability.base, 0.0, 1.0))

    def set_means(self, reference: dict[str, Any] | str | None) -> None:
        """Hand what is typical over to the parts that need it.

        Raises
        ------
        ScoringError
            If there are such parts, and no typical rows are known.
        """
        parts = self.probability.needing_rows()
        if not parts:
            return
        said = json.loads(reference) if isinstance(reference, str) else reference
        numbers = said.get("means") if isinstance(said, dict) else None
        if not numbers:
            raise no_means()
        require(
            type(numbers) is list
            and [type(each) is list and len(each) for each in numbers]
            == [part.numbers_from_rows for part in parts],
            "The means are not those of its parts.",
        )
        for part, each in zip(parts, numbers):
            part.learn(np.array([NAN if n is None else finite_number(n) for n in each]))

    def probabilities(self, columns: Columns) -> np.ndarray:
        """Return the score of every row."""
        with np.errstate(all="ignore"):
            return self.probability.odds(self.input_matrix(columns)).scores

    def explain(self, columns: Columns) -> Explained:
        """Return the score of every row, and what each feature contributes to it.

        A score of exactly 0 or 1, which has no log odds, counts as the double next to 1
        or as what is as near to 0, so that its log odds are 36.7 or -36.7; but where a
        model is explained by its log odds, those count.

        Parameters
        ----------
        columns : dict of str to ndarray of shape (n_rows,)

        Returns
        -------
        Explained

        Raises
        ------
        ScoringError
            If a row is one that the model does not score, or an explanation does not
            add up to within 1e-9.
        """
        check_values(self.signature, columns)
        rows = row_count(columns)
        parts = [
            self.explain_some(
                {n: c[first : first + self.most_rows] for n, c in columns.items()}
            )
            for first in range(0, max(rows, 1), self.most_rows)
        ]
        if len(parts) == 1:
            return parts[0]
        return Explained(*(np.concatenate(each) for each in zip(*parts)))

    def explain_some(self, columns: Columns) -> Explained:
        """Return the same of so many rows that memory holds them."""
        self.pause()
        with np.errstate(all="ignore"):
            scores, found = self.probability.odds(self.input_matrix(columns))
            contributions = found[:, self.order]
            odds = self.base + contributions.sum(axis=1)
            self.check_sum(scores, odds, np.abs(contributions).sum(axis=1))
            change, before = scores - self.base_probability, odds - self.base
            chord = sigmoid_chord(self.base, odds)
            # Where they are far apart, shares of the change add up best.
            far = np.abs(before) > 1
            of_all = contributions / np.where(far, before, 1.0)[:, None]
            points = of_all * np.where(far, change, chord)[:, None]
        return Explained(scores, contributions, points)

    def check_sum(
        self, scores: np.ndarray, odds: np.ndarray, sizes: np.ndarray
    ) -> None:
        """Refuse explanations that do not add up to the log odds of the scores.

        What rounding leaves open is allowed for: of a score that was rounded next to 1,
        or made of one that was, and of contributions so large, by the sum of their
        sizes, that doubles cannot tell what is left of them.

        Raises
        ------
        ScoringError
        """
        if not np.isfinite(sizes).all():
            raise ScoringError(
                "row has a number that is too large for its score to be explained",
                detail="What it contributes is beyond what a double holds.",
                hint="Correct the row.",
            )
        apart = np.abs(odds - log_odds(scores))
        rest = 1.0 - scores
        if isinstance(self.probability, Complement):
            rest = np.minimum(scores, rest)
        rounded = ROUNDINGS * NEAREST * (1.0 / np.maximum(rest, NEAREST) + sizes)
        # Beyond these there is but one score.
        ended = ((scores >= 1.0) & (odds >= END)) | ((scores <= 0.0) & (odds <= -END))
        if (ended | (apart <= TOLERANCE + rounded)).all():
            return
        raise ScoringError(
            "explanation does not add up to the score",
            detail=f"They are {np.max(apart):.1e} apart, and {TOLERANCE:.0e} is "
            "allowed.",
            hint="Register the model again, so that its explanation is made anew.",
            sqlstate="55000",
        )
