CREATE OR REPLACE FUNCTION churn_runtime.compile_columns() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""What preprocessing makes of the raw features, kept as formulas.

A compiled model reads one matrix of doubles: numbers as they are, texts as codes. Each
column that a transformer puts out is described in terms of one column of that matrix.
"""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .form_matrices import STEPS
from .form_parts import Matrix

# What rises with the number that goes in; by a constant below zero, the first two fall.
SCALING = ("multiply", "divide")
# What makes NaN of some numbers amid the others.
GAPS = "missing within"


class NotCompilable(Exception):
    """A part of an estimator that the compiler does not cover, by name."""


class NullsReadApart(NotCompilable):
    """A NULL of a text is told from the text that an imputer fills in.

    It needs a code of its own then, which costs trees their simplest comparison.
    """


@dataclass(frozen=True)
class Number:
    """A number on which arithmetic was done, one operation after the other.

    Attributes
    ----------
    position : int
        Column of the input matrix.
    steps : tuple of (str, float)
        Names in ``STEPS`` with their constants, in order.
    """

    position: int
    steps: tuple[tuple[str, float], ...] = ()

    def step(self, name: str, constant: float) -> "Number":
        """Return the number after one more operation."""
        return replace(self, steps=(*self.steps, (name, float(constant))))

    def rises(self) -> bool:
        """Return whether a greater number never gives less."""
        return all(
            name != GAPS and (name not in SCALING or c > 0) for name, c in self.steps
        )

    def is_affine(self) -> bool:
        """Return whether it is a line, but for what stands in for NaN."""
        return all(
            name in ("fill", "add", "subtract", *SCALING) and (name != "divide" or c)
            for name, c in self.steps
        )

    def apply(self, values: npt.ArrayLike) -> Any:
        """Compute as scikit-learn does, in double precision and the same order."""
        for name, constant in self.steps:
            values = STEPS[name](values, constant)
        return values


@dataclass(frozen=True)
class Text:
    """A text that has not been encoded yet.

    Attributes
    ----------
    position : int
        Column of the input matrix.
    fill : str or None
        What stands in for a missing text.
    """

    position: int
    fill: str | None = None


@dataclass(frozen=True)
class Lookup:
    """A value for each of some inputs, and another for all the rest.

    Attributes
    ----------
    position : int
        Column of the input matrix.
    values : dict of float to float
        Value by input: a text's code, or a number itself.
    default : float
        Value of every other input.
    missing : float
        Value of NaN.
    whole : bool
        Whether an input is looked up by its whole part.
    codes : int
        How many codes a text has, from 0 on; 0: the inputs are numbers.
    """

    position: int
    values: dict[float, float]
    default: float
    missing: float
    whole: bool = False
    codes: int = 0

    def step(self, name: str, constant: float) -> "Lookup":
        """Return the lookup after an operation on its values."""
        return self.mapped(lambda v: float(STEPS[name](np.float64(v), constant)))

    def mapped(self, function: Callable[[float], float]) -> "Lookup":
        """Return the lookup of what a function makes of its values."""
        return replace(
            self,
            values={key: function(value) for key, value in self.values.items()},
            default=function(self.default),
            missing=function(self.missing),
        )


@dataclass(frozen=True)
class Computed:
    """A number that a part of the compiled form computes, and what is done with it.

    Attributes
    ----------
    part : Matrix
        Computes several numbers.
    column : Number or Lookup
        Of one of these numbers, as if they were the inputs.
    may_be_infinite : bool
        Whether a function has put it out that was not looked at since.
    may_be_missing : bool
        Whether that function may have made NaN of a number, which was not filled since.
    """

    part: Matrix
    column: Number | Lookup
    may_be_infinite: bool = False
    may_be_missing: bool = False

    def step(self, name: str, constant: float) -> "Computed":
        """Return the number after one more operation."""
        missing = self.may_be_missing and name != "fill"
        column = self.column.step(name, constant)
        return replace(self, column=column, may_be_missing=missing)


@dataclass(frozen=True)
class Dropped:
    """A column that is no feature, since the classifier drops it."""

    @property
    def position(self) -> int:
        """Column of the input matrix, where there is none."""
        raise NotCompilable("a column that is none of the features")


Column = Number | Text | Lookup | Computed | Dropped
Columns = Sequence[Column]


def numeric(column: Column) -> Number | Lookup | Computed:
    """Return a column that arithmetic can be done on."""
    if isinstance(column, Text):
        raise NotCompilable("a text that is not encoded")
    if isinstance(column, Dropped):
        raise NotCompilable("a column that is none of the features")
    return column


@dataclass
class Vocabulary:
    """The codes of one text feature.

    Attributes
    ----------
    codes : dict of category to int
        Code of every known category, as `key` returns it; any other text is -1.
    missing : int or None
        Code of NULL; None until an encoder has said.
    refuses_unknown : bool
        Whether an encoder raises on a category it does not know.
    known : set of int or None
        Codes that every encoder that raises knows; None when none does.
    null : float or None
        What stands for NULL: NaN or None, whichever the encoders know.
    null_apart : bool
        Whether NULL has a code of its own even where an imputer fills it.
    counted : int or None
        How many codes there were when they were first counted.
    """

    codes: dict[Any, int] = field(default_factory=dict)
    missing: int | None = None
    refuses_unknown: bool = False
    known: set[int] | None = None
    null: float | None = float("nan")
    null_apart: bool = False
    counted: int | None = None

    def is_null(self, category: object) -> bool:
        """Return whether a category is the one of NULL."""
        return category is None if self.null is None else category != category

    def key(self, category: object) -> object:
        """Return what a category is known by: a text, or None for that of NULL."""
        if self.is_null(category):
            return None
        if category is None or category != category:
            # The missing value that is never given, so that nothing is this category.
            return (category is None,)
        if not isinstance(category, str):
            raise NotCompilable("a text feature with a category that is no text")
        return str(category)

    def code(self, category: object) -> int:
        """Return the code of a category, giving it one when it is new."""
        return self.codes.setdefault(category, len(self.codes))

    def count(self) -> int:
        """Return how many codes there are, and remember it."""
        if self.counted is None:
            self.counted = len(self.codes)
        return len(self.codes)

    def checked(self, code: int | None) -> int:
        """Return a code, or that of the unknown where an encoder would raise."""
        if code is None or (self.known is not None and code not in self.known):
            return -1
        return code

    def refuse_others(self, codes: Set[float]) -> None:
        """Leave no category but these, of those that were left."""
        self.refuses_unknown = True
        left = {int(code) for code in codes}
        self.known = left if self.known is None else self.known & left

    def agree_on_missing(self, code: int) -> None:
        """Set the code of NULL, which must be the same for all encoders."""
        if self.missing not in (None, code):
            raise NullsReadApart("a text feature whose nulls two encoders read apart")
        self.missing = code


@dataclass
class Inputs:
    """What a compiled form reads: so many inputs, some of them codes of texts.

    Attributes
    ----------
    width : int
        Number of columns of the input matrix.
    vocabularies : dict of int to Vocabulary
        Of the text features, by position; extended while encoders are compiled.
    nulls : dict of int to (float or None)
        What a feature is given with for NULL, NaN unless it says None, by position.
    known_numbers : dict of int to frozenset of float
        What encoders that raise know of a number, by position; None in it for NULL.
    """

    width: int
    vocabularies: dict[int, Vocabulary]
    nulls: dict[int, float | None] = field(default_factory=dict)
    known_numbers: dict[int, frozenset[float | None]] = field(default_factory=dict)

    def refuse_others(self, position: int, known: frozenset[float | None]) -> None:
        """Leave no number but these to a feature, of those that it had left."""
        self.known_numbers[position] = known & self.known_numbers.get(position, known)

    def has_new_codes(self) -> bool:
        """Return whether a text was given codes after its codes were counted."""
        return any(
            one.counted not in (None, len(one.codes))
            for one in self.vocabularies.values()
        )

    def again(self, null_apart: bool = False) -> "Inputs":
        """Return the inputs for compiling once more, with all codes from the start."""
        vocabularies = {
            position: Vocabulary(
                codes=dict(one.codes),
                null=one.null,
                null_apart=null_apart or one.null_apart,
            )
            for position, one in self.vocabularies.items()
        }
        return Inputs(self.width, vocabularies, self.nulls)
$python$;
COMMENT ON FUNCTION churn_runtime.compile_columns IS 'What preprocessing makes of the raw features, kept as formulas.';
