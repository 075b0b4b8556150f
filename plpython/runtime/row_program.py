"""A model as a Python function of one row.

ONNX Runtime scores thousands of rows in no time, but one row in the middle of an INSERT
costs it more than its 3 microseconds in a loop: measured there, 40 to 60. The same sums
and trees, written out as Python conditionals, took 2 to 5 microseconds in a loop and
hardly more in the INSERT.
"""

import math
from collections.abc import Callable
from typing import Any

from .errors import ScoringError

SIGMOID = "sigmoid"
LINKS = (SIGMOID, "share")
EQUAL = 4
MODES = (0, EQUAL)
PROGRAM_KEYS = {
    *("width", "nodes", "constant", "weights", "trees", "link", "complement")
}
# Written out as Python, a model of this size takes a session 0.2 s to read.
MOST_NODES = 25_000
# Python reads no more than 200 parentheses within each other.
DEEPEST = 60


def row_function(program: dict[str, Any]) -> Callable[..., float]:
    """Return the function that a row program describes, of one float for each input.

    A program comes from whoever brought the compiled form. Everything in it is written
    out by ``RowSource``, which lets through numbers and nothing else.

    Parameters
    ----------
    program : dict
        ``width``, how many inputs there are; ``nodes``, how many comparisons its trees
        make up; ``constant``; ``weights``, a list of
        [position, weight, what stands for NaN or null]; ``trees``, each a number or
        [position, mode, constant, whether NaN is true, tree if true, tree if false];
        ``link``, "sigmoid" or "share"; ``complement``, whether the probability of the
        other class is asked for.
    """
    lines = row_lines(program)
    inputs = ", ".join(f"x{position}" for position in range(program["width"]))
    return defined(f"def score({inputs}):", lines, {})


def profile_function(
    program: dict[str, Any],
    numbers: list[int],
    texts: list[tuple[int, dict[str | None, int], int]],
    lowest: int,
    check: Callable[..., object],
) -> Callable[..., float]:
    """Return the same function, of the two arrays that carry a profile row.

    In the middle of an INSERT a call of Python runs on cold caches: building a row and
    handing it from function to function took longer than the sum itself.

    Parameters
    ----------
    numbers, texts : list
        Where in its array each of them stands, in the order of the inputs; with a text
        its codes, and the code of what is not among them.
    lowest : int
        The lowest code that a text may have.
    check : callable
        Called with both arrays when a number is not finite or a text has a lower code,
        to raise what there is to raise.
    """
    lines = row_lines(program)
    names: dict[str, Any] = {"check": check}
    reads = []
    for position, place in enumerate(numbers):
        reads.append(f" x{position} = numbers[{int(place)}]")
        reads.append(f" if x{position} is None: x{position} = nan")
    # NaN or infinite is seldom, and mostly what the model imputes.
    total = " + ".join(f"x{position}" for position in range(len(numbers)))
    reads.append(f" s = {total or '0.0'}")
    unusual = ["s - s != 0.0"]
    for position, (place, codes, other) in enumerate(texts, len(numbers)):
        names[f"code{position}"] = codes.get
        code = f"code{position}(texts[{int(place)}], {int(other)})"
        reads.append(f" x{position} = {code}")
        unusual.append(f"x{position} < {int(lowest)}")
    reads.append(f" if {' or '.join(unusual)}:")
    reads.append("  check(numbers, texts)")
    return defined("def score(numbers, texts):", reads + lines, names)


def row_lines(program: dict[str, Any]) -> list[str]:
    """Return the lines that compute the probability from the inputs."""
    check_row_program(program)
    source = RowSource(program["width"])
    lines = [f" s = {number(program['constant'])}"]
    lines += [f" s += {source.weighted(term)}" for term in program["weights"]]
    lines += [f" s += {source.conditional(tree, 0)}" for tree in program["trees"]]
    if source.nodes != program["nodes"]:
        raise malformed_program("It has another number of comparisons than it says.")
    if program["link"] == SIGMOID:
        # Beyond that the exponential is too large for a double.
        lines.append(" s = 0.0 if s <= -700.0 else 1.0 / (1.0 + exp(-s))")
    else:
        lines.append(" s = 0.0 if s < 0.0 else 1.0 if s > 1.0 else s")
    lines.append(" return 1.0 - s" if program["complement"] else " return s")
    return lines


def defined(
    heading: str, lines: list[str], names: dict[str, Any]
) -> Callable[..., float]:
    """Return the function of some source lines."""
    namespace = {"exp": math.exp, "inf": math.inf, "nan": math.nan, **names}
    exec("\n".join([heading, *lines]), namespace)
    return namespace["score"]


def check_row_program(program: Any) -> None:
    """Refuse a program whose outermost parts are not what they should be.

    Cheap: trees and weights are checked where they are written out.
    """
    if type(program) is not dict or program.keys() != PROGRAM_KEYS:
        raise malformed_program("It does not have the parts of one.")
    whole_number(program["width"], 1, MOST_NODES)
    whole_number(program["nodes"], 0, MOST_NODES)
    # A tree has a comparison, or is part of the constant.
    listed(program["trees"], program["nodes"])
    # A position has one weight.
    listed(program["weights"], program["width"])
    if program["link"] not in LINKS or type(program["complement"]) is not bool:
        raise malformed_program("Its link or complement is none of the known ones.")


class RowSource:
    """Writes terms and trees as Python expressions, and counts the comparisons."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.nodes = 0

    def input(self, position: Any) -> str:
        """Return the name of an input."""
        return f"x{whole_number(position, 0, self.width - 1)}"

    def weighted(self, term: Any) -> str:
        """Return the source of one term of a linear model."""
        position, weight, fill = listed(term, 3, 3)
        value = self.input(position)
        if fill is not None:
            value = f"({value} if {value} == {value} else {number(fill)})"
        return f"{number(weight)} * {value}"

    def conditional(self, tree: Any, depth: int) -> str:
        """Return the source of a tree, so many comparisons below its root."""
        if type(tree) is not list:
            return number(tree)
        self.nodes += 1
        if depth >= DEEPEST or self.nodes > MOST_NODES:
            raise malformed_program("Its trees are too deep or too many.")
        position, mode, constant, missing, true, false = listed(tree, 6, 6)
        value = self.input(position)
        if mode not in MODES or type(mode) is not int or type(missing) is not bool:
            raise malformed_program("A comparison is none of the known ones.")
        if mode == EQUAL:
            test = f"{value} == {number(constant)}"
            if missing:
                test = f"{test} or {value} != {value}"
        elif missing:
            # Turned around: every comparison with NaN is false.
            test = f"{value} > {number(constant)}"
            true, false = false, true
        else:
            test = f"{value} <= {number(constant)}"
        true = self.conditional(true, depth + 1)
        return f"({true} if {test} else {self.conditional(false, depth + 1)})"


def number(value: Any) -> str:
    """Return a float as Python reads it back; nothing else can come out of here."""
    if type(value) is float:
        return repr(value)
    return repr(float(whole_number(value, -(2**53), 2**53)))


def whole_number(value: Any, lowest: int, highest: int) -> int:
    """Return an int within bounds; True and False are none."""
    if type(value) is not int or not lowest <= value <= highest:
        raise malformed_program("A number is not one, or out of bounds.")
    return value


def listed(value: Any, most: int, least: int = 0) -> list[Any]:
    """Return a list of a length within bounds."""
    if type(value) is not list or not least <= len(value) <= most:
        raise malformed_program("A list is not one, or too long or too short.")
    return value


def malformed_program(detail: str) -> ScoringError:
    """Return the error for a row program that no compiler of ours wrote."""
    return ScoringError(
        "compiled form has a malformed row program",
        detail=detail,
        hint="Register the model again, so that it is compiled anew.",
        sqlstate="55000",
    )
