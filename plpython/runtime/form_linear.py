"""The probability of a single row under a logistic model, computed by loops in C.

Written out as Python, as in ``form_source``, the same sum took three times as many
instructions: each of its numbers is made, tested and freed on the way.
"""

import math
from collections.abc import Callable, Sequence
from operator import mul
from typing import TYPE_CHECKING

from .form_parts import LOWEST_EXPONENT, Sigmoid, Sum

if TYPE_CHECKING:
    from .form_parts import Part
    from .registry import ScoreRow

    # Where a text stands in its array, what it adds, and what any other one adds.
    TextTerm = tuple[int, Callable[[str | None, float], float], float]


def linear_function(
    probability: "Part",
    numbers: list[int],
    texts: list[tuple[int, dict[str | None, int], int]],
    lowest: int,
    careful: "ScoreRow",
) -> "ScoreRow":
    """Return a function of the two arrays that carry a profile row.

    Parameters
    ----------
    probability : Part
    numbers, texts, lowest
        As ``form_source.profile_function`` takes them.
    careful : callable
        The same function. It is called for rows with anything unusual, a null among
        their numbers for one, and returned where the model is none of this kind.
    """
    if not (isinstance(probability, Sigmoid) and isinstance(probability.of, Sum)):
        return careful
    total = probability.of
    if len(total.forest.roots):
        return careful
    constant = total.constant
    weights = [0.0] * (1 + max(numbers, default=-1))
    for position, weight in zip(total.positions.tolist(), total.weights.tolist()):
        if position >= len(numbers):
            return careful
        weights[numbers[position]] += weight
    # Of every text, since one that adds nothing may still be refused.
    added: list[tuple[dict[float, float], float]] = [({}, 0.0) for _ in texts]
    if len(set(total.tables.tolist())) < len(total.tables):
        return careful
    for position, keys, entries, default, _ in total.each_table():
        if position >= len(numbers):
            added[position - len(numbers)] = (
                dict(zip(keys.tolist(), entries.tolist())),
                default,
            )
        elif len(keys):
            return careful
        else:
            constant += default
    terms = [text_term(text, *one, lowest) for text, one in zip(texts, added)]

    def score(numbers: Sequence[float | None], texts: Sequence[str | None]) -> float:
        try:
            s = sum(map(mul, weights, numbers), constant)
        except TypeError:
            return careful(numbers, texts)
        for place, added_by, other in terms:
            s += added_by(texts[place], other)
        # NaN or infinite.
        if s - s != 0.0:
            return careful(numbers, texts)
        return 1.0 / (1.0 + math.exp(-s)) if s > LOWEST_EXPONENT else 0.0

    return score


def text_term(
    text: tuple[int, dict[str | None, int], int],
    added: dict[float, float],
    default: float,
    lowest: int,
) -> "TextTerm":
    """Return what a text adds to the sum; NaN where it is refused."""
    place, codes, other = text

    def of(code: int) -> float:
        return added.get(code, default) if code >= lowest else math.nan

    by_text = {one: of(code) for one, code in codes.items()}
    return place, by_text.get, of(other)
