"""What was read of a booster's file."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from pgchurn.plpython.runtime.boosters import BoostedTrees


class Unknown(Enum):
    """What a library does with a category that it was not trained on."""

    REFUSED = "refused"
    MISSING = "missing"
    OTHER = "other"


@dataclass(frozen=True)
class Categories:
    """The categories of a feature, in the order of their numbers.

    Attributes
    ----------
    values : sequence of str, or of float
    unknown : Unknown
    """

    values: Sequence[str] | Sequence[float]
    unknown: Unknown

    @property
    def are_texts(self) -> bool:
        """Whether the categories are texts."""
        return all(isinstance(value, str) for value in self.values)


@dataclass(frozen=True)
class Booster:
    """A binary classifier of another library.

    Attributes
    ----------
    library : str
        Its name, and its version where the file tells it.
    trees : BoostedTrees
    names : list of str or None
        Of the features, in order; None: it was trained on a matrix.
    categories : dict of int to Categories
        Of the features whose categories the file lists.
    remarks : list of str
        What its owner should know of how it was read.
    needs_pipeline : str or None
        Why it is not read without the preprocessing before it, if it is not.
    """

    library: str
    trees: BoostedTrees
    names: list[str] | None
    categories: dict[int, Categories]
    remarks: list[str] = field(default_factory=list)
    needs_pipeline: str | None = None
