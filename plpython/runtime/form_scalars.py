"""Parts of one number a row that neither sums nor trees need.

They calibrate a score, or make one of several.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .form import require
from .form_arrays import ArrayField, are_finite, numbers_in, rise, view_of
from .form_parts import Part, Scalar
from .form_source import NoSource
from .numpy_later import Array, np

if TYPE_CHECKING:
    from .form_source import Source


class Share(Scalar):
    """Another part cut to 0 and 1, as a sum of rounded shares needs it."""

    FIELDS = {"of": "scalar"}
    of: Scalar

    def values(self, matrix: Array) -> Array:
        """Return the share of every row."""
        return np.clip(self.of.values(matrix), 0.0, 1.0)

    def write(self, source: "Source") -> str:
        """Add the share of one row to a source; return the variable."""
        return cut(source, self.of.write(source))


class Affine(Scalar):
    """A slope times another part, plus a constant."""

    FIELDS = {"of": "scalar", "slope": "number", "constant": "number"}
    of: Scalar
    slope: float
    constant: float

    def values(self, matrix: Array) -> Array:
        """Return the line's value for every row."""
        return self.of.values(matrix) * self.slope + self.constant

    def write(self, source: "Source") -> str:
        """Add the line's value for one row to a source; return the variable."""
        slope, constant = source.number(self.slope), source.number(self.constant)
        return source.variable(f"{self.of.write(source)} * {slope} + {constant}")


class Sign(Scalar):
    """1 where another part is above a threshold, -1 where it is not."""

    FIELDS = {"of": "scalar", "threshold": "number"}
    of: Scalar
    threshold: float

    def values(self, matrix: Array) -> Array:
        """Return the sign for every row."""
        return np.where(self.of.values(matrix) > self.threshold, 1.0, -1.0)

    def write(self, source: "Source") -> str:
        """Add the sign for one row to a source; return the variable."""
        s = self.of.write(source)
        return source.variable(
            f"1.0 if {s} > {source.number(self.threshold)} else -1.0"
        )


class LogOdds(Scalar):
    """The logarithm of a share plus epsilon, less that of its complement's."""

    FIELDS = {"of": "scalar", "epsilon": "number"}
    of: Scalar
    epsilon: float

    def check(self) -> None:
        """Refuse what a logarithm fails on."""
        require(0 < self.epsilon < 1, "An epsilon is none.")

    def values(self, matrix: Array) -> Array:
        """Return the log odds of every row."""
        share = np.clip(self.of.values(matrix), 0.0, 1.0)
        return np.log(share + self.epsilon) - np.log((1.0 - share) + self.epsilon)

    def write(self, source: "Source") -> str:
        """Add the log odds of one row to a source; return the variable."""
        s, epsilon = cut(source, self.of.write(source)), source.number(self.epsilon)
        return source.variable(f"log({s} + {epsilon}) - log((1.0 - {s}) + {epsilon})")


class Interpolated(Scalar):
    """The piecewise linear function of another part; beyond its ends those hold.

    Attributes
    ----------
    of : Scalar
    x, y : ndarray of float64, shape (n_points,)
        The points; x rises.
    """

    FIELDS = {"of": "scalar", "x": "f", "y": "f"}
    reads_later = True
    of: Scalar
    x = ArrayField()
    y = ArrayField()

    def check(self) -> None:
        """Refuse points that are no function."""
        x, y = numbers_in(self, "x"), numbers_in(self, "y")
        require(
            len(x) == len(y) > 0 and are_finite(x) and are_finite(y) and rise(x),
            "The points of a function do not rise.",
        )

    def values(self, matrix: Array) -> Array:
        """Return the function's value for every row."""
        return np.interp(self.of.values(matrix), self.x, self.y)

    def write(self, source: "Source") -> str:
        """Add the function's value for one row to a source; return the variable."""
        x, y = view_of(self, "x"), view_of(self, "y")
        if not source.holds(len(x)):
            raise NoSource
        name = source.constant(interpolation(x.tolist(), y.tolist()))
        return source.variable(f"{name}({self.of.write(source)})")


class Mean(Scalar):
    """The weighted sum of other parts.

    Attributes
    ----------
    of : list of Scalar
    weights : ndarray of float64, shape (n_parts,)
    """

    FIELDS = {"of": "scalars", "weights": "f"}
    reads_later = True
    of: list[Scalar]
    weights = ArrayField()

    def check(self) -> None:
        """Refuse weights that are not those of the parts."""
        weights = numbers_in(self, "weights")
        require(
            len(weights) == len(self.of) > 0 and are_finite(weights),
            "The weights of a mean are not those of its parts.",
        )

    def values(self, matrix: Array) -> Array:
        """Return the mean of every row."""
        total = np.zeros(len(matrix))
        for part, weight in zip(self.of, self.weights.tolist()):
            total += weight * part.values(matrix)
        return total

    def write(self, source: "Source") -> str:
        """Add the mean of one row to a source; return the variable."""
        said = write_each(source, self.of)
        target = source.variable("0.0")
        for one, weight in zip(said, view_of(self, "weights")):
            source.line(f"{target} += {source.number(weight)} * {one}")
        return target


def write_each(source: "Source", parts: Sequence[Scalar]) -> list[str]:
    """Add the number that each part gives of one row to a source; return the variables.

    Parts that are not written out are called, unless that is all of them.
    """
    written = [source.written(part) for part in parts]
    if not any(written):
        raise NoSource
    return [
        one or source.variable(f"{source.constant(part.value)}({source.inputs()})")
        for part, one in zip(parts, written)
    ]


def cut(source: "Source", s: str) -> str:
    """Add a variable that is another one cut to 0 and 1 to a source; return it."""
    return source.variable(f"0.0 if {s} < 0.0 else 1.0 if {s} > 1.0 else {s}")


def interpolation(x: Sequence[float], y: Sequence[float]) -> Any:
    """Return ``numpy.interp`` of these points as a function of one number."""
    from bisect import bisect_right

    last = len(x) - 1
    slopes = [(y[i + 1] - y[i]) / (x[i + 1] - x[i]) for i in range(last)]

    def value(at: float) -> float:
        if at != at or at <= x[0]:
            return y[0] if at == at else at
        if at >= x[last]:
            return y[last]
        i = bisect_right(x, at) - 1
        return slopes[i] * (at - x[i]) + y[i]

    return value


SCALAR_KINDS: dict[str, type[Part]] = {
    kind.__name__: kind for kind in (Share, Affine, Sign, LogOdds, Interpolated, Mean)
}
