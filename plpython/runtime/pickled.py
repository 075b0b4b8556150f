"""A pickled scikit-learn classifier, ready to give probabilities."""

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import ScoringError
from .estimator_checks import not_fit
from .estimators import load_estimator
from .features import (
    NAN,
    Columns,
    Positions,
    check_values,
    columns_from_arrays,
    row_count,
)
from .pacing import FIRST_CALL_ROWS, MODEL_CALL_ROWS, Pausing, no_pause
from .raw_readers import fitted_columns, object_columns
from .signature import Signature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .registry import ScoreRow


class PickledModel:
    """A classifier as the strict loader has let it out of its pickle."""

    is_pickle = True
    walks_first = False
    scores_few_rows = False
    first_rows = FIRST_CALL_ROWS
    most_rows = MODEL_CALL_ROWS

    def __init__(
        self,
        artifact: bytes,
        signature: Signature,
        estimator: Any = None,
        pause: Pausing = no_pause,
    ) -> None:
        self.signature = signature
        if estimator is None:
            estimator = load_estimator(artifact, pause)
        self.estimator = estimator
        self.objects = self.object_features()

    def object_features(self) -> dict[str, float | None]:
        """Return the missing value of each feature that is given as objects."""
        features = [feature.name for feature in self.signature.features]
        nulls: dict[str, float | None] = {f.name: NAN for f in self.signature.texts()}
        try:
            names = fitted_columns(self.estimator, self.signature)
            found = object_columns(self.estimator, len(names))
        except Exception as error:
            raise not_fit(f"{type(error).__name__}: {error}.") from error
        by_name = {names[position]: null for position, null in found.items()}
        return nulls | {name: by_name[name] for name in features if name in by_name}

    def probabilities(self, columns: Columns) -> np.ndarray:
        """Return the positive class's probability of every row."""
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
                    detail=f"It raised {type(error).__name__}.",
                    values=f"{type(error).__name__}: {error}.",
                ) from error
        rows = row_count(columns)
        if predicted.shape != (rows, 2):
            raise ScoringError(
                f"model returned an array of shape {predicted.shape} for {rows} rows",
                detail="predict_proba gives one column for each of the two classes.",
                sqlstate="55000",
            )
        return predicted[:, self.signature.positive_class]

    def row_scorer(
        self,
        positions: Positions,
        repeated: bool = False,
        pause: Pausing = no_pause,
        walks: bool = False,
    ) -> "ScoreRow":
        """Return a function that gives the probability of one row."""

        def score(
            numbers: "Sequence[float | None]", texts: "Sequence[str | None]"
        ) -> float:
            matrix = np.array([numbers], dtype=float)
            columns = columns_from_arrays(positions, matrix, [texts])
            check_values(self.signature, columns)
            return float(self.probabilities(columns)[0])

        return score

    def model_input(self, columns: Columns) -> Any:
        """Return the columns as what the model was fitted on: a frame or a matrix."""
        for name, null in self.objects.items():
            columns = {**columns, name: with_missing(columns[name], null)}
        if self.signature.named_columns:
            return frame_from_columns(columns)
        return np.column_stack(list(columns.values()))


def with_missing(column: np.ndarray, null: float | None) -> np.ndarray:
    """Return a column as objects, with a value of its own for what is missing."""
    objects = np.empty(len(column), dtype=object)
    objects[:] = [null if value != value else value for value in column.tolist()]
    return objects


def frame_from_columns(columns: Columns) -> Any:
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
