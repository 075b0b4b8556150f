CREATE OR REPLACE FUNCTION churn_runtime.experimenting() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Experiments: which of two versions loses fewer customers, and how long that takes.

Sessions that judge none import neither this nor what it needs.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .arms import arm_hashes
from .batches import matrix_from_image
from .errors import Refusals
from .experiment_arms import (
    MISMATCH,
    UNDECIDED,
    Arm,
    are_few,
    customers_needed,
    found_of_few,
    found_of_many,
    sequence_for,
)
from .experiment_streams import Stream, first_call, is_found, with_effect
from .sample_ratio import is_mismatch

if TYPE_CHECKING:
    from .registry import Registry

    # Verdict, difference, lower, upper, whether the arms are of other sizes.
    Judged = tuple[str | None, float | None, float | None, float | None, bool | None]


class Experimenting:
    """Judges experiments.

    A function that fails returns what its result type does not allow: see ``Refusals``.
    """

    def __init__(self, registry: "Registry", refusals: Refusals) -> None:
        self.registry = registry
        self.refusals = refusals

    def customers_needed(
        self, share: float, effect: float, explained: float, power: float
    ) -> float:
        """Return how many customers it takes: see ``experiment_arms``."""
        return customers_needed(share, effect, min(explained, 0.99), power)

    def judge(
        self,
        sums: bytes,
        leavers: tuple[bytes | None, bytes | None],
        expected: int,
        exposed: tuple[int, int],
    ) -> "list[Judged]":
        """Return what an experiment shows.

        Parameters
        ----------
        sums : bytes
            Image of an array of the sums over the challenger's arm and over the
            champion's, as ``Arm`` has them.
        leavers : tuple of bytes
            Who left of the challenger's arm and of the champion's: images of arrays of
            one column, places in the order of exposure, from 0. None: nobody.
        expected : int
            How many customers of both arms the bounds are tuned to.
        exposed : tuple of int
            How many customers of either arm have been scored.
        """
        with self.refusals:
            mismatch = bool(is_mismatch(*exposed))
            ours, theirs = (Arm.of(arm) for arm in matrix_from_image(sums))
            if not min(ours.n, theirs.n):
                words = MISMATCH if mismatch else UNDECIDED
                return [(words, None, None, None, mismatch)]
            if are_few(ours, theirs):
                places = places_in(leavers[0]), places_in(leavers[1])
                found = found_of_few(ours, theirs, places, expected)
            else:
                found = found_of_many(ours, theirs, sequence_for(expected))
            words = MISMATCH if mismatch else found.words
            return [(words, found.difference, found.lower, found.upper, mismatch)]
        return [(None,) * 5]

    def simulate(
        self,
        history: bytes,
        keys: Sequence[bytes],
        salt: int,
        share: int,
        expected: int,
        effect: float,
    ) -> list[tuple[bool | None, bool | None, bool | None, int | None]]:
        """Return what would have been said of an experiment on customers of the past.

        Parameters
        ----------
        history : bytes
            Image of an array of the day of exposure, the day on which the horizon ends,
            the covariate and whether the customer left, for each in the order of
            exposure.
        keys : sequence of bytes
            The key of each.
        salt : int
            What is hashed with a key to tell the customer's arm.
        share : int
            Of either arm, in 65,536ths.
        expected : int
            How many customers of both arms the bounds are tuned to.
        effect : float
            The part of the challenger's leavers that it keeps in the second trial.

        Returns
        -------
        list of tuple
            Whether either was called better with no difference between the arms, and
            whether these were said to be of other sizes; whether the challenger was
            called better with one, and on which day.
        """
        with self.refusals:
            days, matured, covariate, left = matrix_from_image(history).T
            places = np.array(arm_hashes(keys, salt))
            counted = (places < share) | (places >= 65536 - share)
            stream = Stream(
                places[counted] < share,
                covariate[counted],
                left[counted].astype(bool),
                *(one[counted].astype(int) for one in (days, matured, matured)),
            )
            called, _ = first_call(stream, expected)
            rng = np.random.default_rng(salt)
            found, day = is_found(with_effect(stream, effect, rng), expected)
            return [(called is not None, stream.is_mismatched(), found, day)]
        return [(None,) * 4]


def places_in(image: bytes | None) -> np.ndarray:
    """Return the places of those who left."""
    if image is None:
        return np.array([], int)
    return matrix_from_image(image)[:, 0].astype(int)
$python$;
COMMENT ON FUNCTION churn_runtime.experimenting IS 'Experiments: which of two versions loses fewer customers, and how long that takes.';
