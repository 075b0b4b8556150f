CREATE OR REPLACE FUNCTION churn_runtime.batches() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Scoring many rows: decoding them, pacing the calls, finding the rows that fail."""

import struct
import sys
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .errors import ScoringError, failure_of
from .features import (
    NAN,
    Columns,
    Positions,
    RowOfTexts,
    check_values,
    columns_from_arrays,
)
from .numpy_later import Array, np

if TYPE_CHECKING:
    from .pacing import Pace
    from .registry import Model, Scorer

    # Of the first row and the one after the last: scores, or what holds them.
    Score = Callable[[int, int], list[Any]]
    FailedRows = list[tuple[int, Exception]]

# What no choice of rows can mend.
MODEL_SQLSTATE = "55000"

MOST_FAILURES = 100

# What PostgreSQL keeps before the numbers of an array, its length left out: see
# ArrayType in its src/include/utils/array.h.
MATRIX_HEADER = struct.Struct("=iiiiiii")
VECTOR_HEADER = struct.Struct("=iiiii")
# The type's number in pg_type.h.
FLOAT8 = 701
FLOAT8_BYTES = 8
# A table has 1,600 columns at most.
MOST_COLUMNS = 1_600

# So many are sooner scored one by one, by sums and trees, than by NumPy: by it a
# statement of two complaints took five times the instructions of one of one.
FEW_ROWS = 16


class Batch:
    """Rows as SQL passes them.

    Parameters
    ----------
    numbers : ndarray of shape (n_rows, n_number_columns), float64; or the image of one
        An image is read as an array when something needs it.
    texts : sequence of n_rows sequences of str or None; None when there are no texts
    """

    def __init__(
        self, numbers: Array | bytes, texts: Sequence[RowOfTexts] | None
    ) -> None:
        self.given = numbers
        if isinstance(numbers, bytes):
            count, _ = shape_of_image(numbers)
        else:
            count = len(numbers)
        if texts is not None and len(texts) != count:
            raise ScoringError(
                f"there are texts of {len(texts)} rows, and numbers of {count}",
                hint="Pass both for each profile.",
            )
        self.texts = [()] * count if texts is None else texts

    @cached_property
    def numbers(self) -> Array:
        """The numbers, of shape (n_rows, n_number_columns)."""
        given = self.given
        return matrix_from_image(given) if isinstance(given, bytes) else given

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.texts)

    def rows(
        self, first: int, last: int
    ) -> Iterator[tuple[list[float | None], RowOfTexts]]:
        """Return the numbers, None for NaN, and the texts of some rows."""
        if isinstance(self.given, bytes):
            row = struct.Struct(f"={shape_of_image(self.given)[1]}d")
            start = MATRIX_HEADER.size
            part = slice(start + first * row.size, start + last * row.size)
            rows = row.iter_unpack(self.given[part])
        else:
            rows = self.numbers[first:last].tolist()
        numbers = ([None if value != value else value for value in one] for one in rows)
        return zip(numbers, self.texts[first:last])

    def of(self, rows: Array | None) -> "Batch":
        """Return these rows as a batch of their own; None: all of them."""
        if rows is None:
            return self
        return Batch(self.numbers[rows], [self.texts[row] for row in rows.tolist()])

    def columns(
        self, positions: Positions, first: int = 0, last: int | None = None
    ) -> Columns:
        """Return some of the rows as a model takes them."""
        return columns_from_arrays(
            positions, self.numbers[first:last], self.texts[first:last]
        )


def matrix_from_image(numbers: bytes) -> Array:
    """Read ``churn_internal.array_image`` of a two-dimensional array of float8.

    That is many times faster than PL/Python's own conversion to nested lists, and than
    ``array_send``. NULL has no place in it: the caller passes NaN.
    """
    shape = shape_of_image(numbers)
    values = np.frombuffer(numbers, float, offset=MATRIX_HEADER.size)
    # A copy, which begins where numbers may and can be written to.
    return values.reshape(shape).copy()


def shape_of_image(numbers: bytes) -> tuple[int, int]:
    """Return how many rows and columns the image of a two-dimensional array has.

    Some functions take such bytes from whoever calls them, so what they say of their
    own size is compared with what they are.
    """
    if len(numbers) < MATRIX_HEADER.size:
        raise no_matrix()
    # An offset of the numbers is given where some of them are NULL.
    dimensions, offset, element_type, rows, columns, *_ = MATRIX_HEADER.unpack_from(
        numbers
    )
    if (dimensions, offset, element_type) != (2, 0, FLOAT8) or not (
        rows > 0
        and 0 < columns <= MOST_COLUMNS
        and rows * columns * FLOAT8_BYTES == len(numbers) - MATRIX_HEADER.size
    ):
        raise no_matrix()
    return rows, columns


def no_matrix() -> ScoringError:
    """Return the error for bytes that SQL has not made of a matrix of numbers."""
    return ScoringError(
        "numbers are not those of a two-dimensional array of double precision",
        hint="Pass churn_internal.array_image of an array without nulls, one row for "
        "each profile.",
    )


def rows_in(numbers: bytes | None) -> int:
    """Return how many rows the image of a two-dimensional array holds."""
    return 0 if numbers is None else int.from_bytes(numbers[12:16], sys.byteorder)


def vector_image(values: Sequence[float | None]) -> bytes:
    """Return what ``churn_trust.image_array`` makes an array of, NaN for None."""
    header = VECTOR_HEADER.pack(1, 0, FLOAT8, len(values), 1)
    return header + array("d", [NAN if v is None else v for v in values]).tobytes()


def paced_scores(
    scorer: "Scorer",
    batch: Batch,
    first: int,
    last: int,
    check_for_interrupts: Callable[[], object],
    check_call: Callable[[float], object] | None = None,
    most_alone: int = 0,
) -> list[float]:
    """Score rows in calls that last no longer than a cancel may wait.

    Before each call ``check_for_interrupts`` is called, and after it ``check_call``
    with the seconds that it took: to raise where that is too long. Up to
    ``most_alone`` rows are scored one by one, as single rows are.
    """

    def score(start: int, end: int) -> list[float]:
        if end - start <= most_alone and scorer.model.scores_few_rows:
            try:
                return scores_of_rows(scorer, batch, start, end)
            except Exception as error:
                # Of SQL, a cancel among them. Any other is told by all rows together.
                if not isinstance(failure_of(error), ScoringError):
                    raise
        columns = batch.columns(scorer.positions, start, end)
        return checked_probabilities(scorer.model, columns).tolist()

    return paced(scorer.pace, first, last, check_for_interrupts, score, check_call)


def scores_of_rows(
    scorer: "Scorer", batch: Batch, first: int, last: int
) -> list[float]:
    """Return the probabilities of some rows, scored one by one."""
    return [
        checked_probability(scorer.score_row(numbers, texts))
        for numbers, texts in batch.rows(first, last)
    ]


def paced(
    pace: "Pace",
    first: int,
    last: int,
    check_for_interrupts: Callable[[], object],
    call: Callable[[int, int], list[Any]],
    check_call: Callable[[float], object] | None = None,
) -> list[Any]:
    """Return what ``call`` returns of rows, in calls like those of ``paced_scores``.

    Parameters
    ----------
    call : callable
        Of the first row and the one after the last; it returns a list of them.
    """
    results: list[Any] = []
    while first < last:
        end = min(first + pace.rows, last)
        check_for_interrupts()
        started = time.monotonic()
        results += call(first, end)
        seconds = time.monotonic() - started
        pace.record(end - first, seconds)
        if check_call is not None:
            check_call(seconds)
        first = end
    return results


def checked_probabilities(model: "Model", columns: Columns) -> Array:
    """Return the model's probabilities, each of them a number from 0 to 1."""
    check_values(model.signature, columns)
    probabilities = model.probabilities(columns)
    # Written so that NaN fails it.
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise no_probability()
    return probabilities


def checked_probability(probability: float) -> float:
    """Return a probability, which is a number from 0 to 1."""
    # Written so that NaN fails it.
    if not 0.0 <= probability <= 1.0:
        raise no_probability()
    return probability


def no_probability() -> ScoringError:
    """Return the error for what a broken model gives."""
    return ScoringError(
        "model returned something that is no probability",
        detail="A churn score is a number from 0 to 1.",
        hint="Roll back with churn.rollback_model, and mend the model.",
    )


def score_what_scores(
    score: "Score",
    first: int,
    last: int,
    failures: "FailedRows",
    most_failures: int = MOST_FAILURES,
) -> Sequence[Any]:
    """Score rows, halving where it fails, None where a row fails.

    One row with an impossible value must not cost the other rows their score. After
    ``most_failures`` rows it is the model that fails, and the search is given up. Rows
    that fail are appended to ``failures``.
    """
    if len(failures) >= most_failures:
        return [None] * (last - first)
    try:
        return score(first, last)
    except Exception as error:
        failure = failure_of(error)
        # Of SQL, a cancel among them.
        if not isinstance(failure, ScoringError):
            raise
        if last - first == 1 or failure.sqlstate == MODEL_SQLSTATE:
            failures.append((first, failure))
            return [None] * (last - first)
    middle = (first + last) // 2
    return [
        *score_what_scores(score, first, middle, failures, most_failures),
        *score_what_scores(score, middle, last, failures, most_failures),
    ]
$python$;
COMMENT ON FUNCTION churn_runtime.batches IS 'Scoring many rows: decoding them, pacing the calls, finding the rows that fail.';
