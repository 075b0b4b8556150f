CREATE OR REPLACE FUNCTION churn_runtime.form_source() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""The probability of a single row, written out as Python.

ONNX Runtime scores thousands of rows in no time, and NumPy hundreds, but one row in the
middle of an INSERT costs either more than its microseconds in a loop: 40 to 60 were
measured. The same sums and trees, written out as Python conditionals, took 2 to 5
microseconds in a loop and hardly more in the INSERT.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .pacing import Pausing, no_pause

if TYPE_CHECKING:
    from .form_parts import Part

# Written out as Python, a model of this size takes a session 0.2 to 0.3 s to read.
MOST_NODES = 25_000
# Python reads a part of this size at once, and no cancel ends that.
MOST_PART_NODES = 4_000
# So many keys take 45 ms to be put into a dictionary.
MOST_ENTRIES = 250_000
# Python reads no more than 200 parentheses within each other.
DEEPEST = 64


class NoSource(Exception):
    """A model that is not written out as Python."""


class Source:
    """Collects the lines of a function of one row.

    Nothing gets into a line but names that are made here, and numbers.

    Parameters
    ----------
    width : int
        How many inputs there are.
    most_nodes : int
        Comparisons that are written out; the trees that have more are called.
    pause : callable
        Lets a cancel take effect.
    walks : bool
        Whether trees are called, which follow their nodes, and not written out.
    """

    def __init__(
        self,
        width: int,
        most_nodes: int = MOST_NODES,
        pause: Pausing = no_pause,
        walks: bool = False,
    ) -> None:
        # What each input is called.
        self.input_names = [f"x{position:d}" for position in range(width)]
        self.most_nodes = most_nodes
        self.pause = pause
        self.walks = walks
        self.lines: list[str] = []
        # What is to be added to a variable, and how many comparisons that takes.
        self.target = ""
        self.terms: list[str] = []
        self.term_nodes = 0
        # How many comparisons stand in the lines.
        self.line_nodes = 0
        self.names: dict[str, Any] = {
            "exp": math.exp,
            "log": math.log,
            "tanh": math.tanh,
            "inf": math.inf,
            "nan": math.nan,
        }
        self.nodes = 0
        self.entries = 0
        self.variables = self.constants = 0

    def line(self, text: str) -> None:
        """Add a line."""
        self.write_terms()
        self.lines.append(f" {text}")

    def add(self, target: str, term: str, nodes: int) -> None:
        """Add a term, of so many comparisons, to a variable."""
        if target != self.target or self.term_nodes + nodes > MOST_PART_NODES:
            self.write_terms()
        self.target = target
        self.terms.append(f" {target} += {term}")
        self.term_nodes += nodes

    def write_terms(self) -> None:
        """Write the terms out that are to be added, as a function if there are many."""
        if self.line_nodes + self.term_nodes <= MOST_PART_NODES:
            self.lines += self.terms
            self.line_nodes += self.term_nodes
        else:
            inputs = f"{self.target}, {self.inputs()}"
            body = [*self.terms, f" return {self.target}"]
            name = self.constant(self.compiled(f"def score({inputs}):", body))
            self.lines.append(f" {self.target} = {name}({inputs})")
        self.terms, self.term_nodes = [], 0

    def called(self, expression: str) -> str:
        """Return the call of a function of all inputs that returns an expression."""
        heading = f"def score({self.inputs()}):"
        name = self.constant(self.compiled(heading, [f" return {expression}"]))
        return f"{name}({self.inputs()})"

    def variable(self, text: str) -> str:
        """Add a line that gives a new variable a value; return its name."""
        name = f"v{self.variables}"
        self.variables += 1
        self.line(f"{name} = {text}")
        return name

    def constant(self, value: object) -> str:
        """Return the name of a new constant."""
        self.constants += 1
        name = f"c{self.constants}"
        self.names[name] = value
        return name

    @property
    def width(self) -> int:
        """How many inputs there are."""
        return len(self.input_names)

    @contextmanager
    def reading(self, names: list[str]) -> Iterator[None]:
        """Let variables stand for the inputs meanwhile."""
        # Terms that wait belong to the inputs of before.
        self.write_terms()
        before, self.input_names = self.input_names, names
        try:
            yield
            self.write_terms()
        finally:
            self.input_names = before

    def written(self, part: "Part") -> str | None:
        """Add what a part computes of one row; return the variable, or None.

        None where the part is not written out; then nothing of it is left.
        """
        self.write_terms()
        before = dict(vars(self))
        lines, names = len(self.lines), set(self.names)
        try:
            return part.write(self)
        except NoSource:
            vars(self).update(before | {"terms": []})
            del self.lines[lines:]
            for name in self.names.keys() - names:
                del self.names[name]
            return None

    def input(self, position: int) -> str:
        """Return the name of an input."""
        return self.input_names[position]

    def number(self, value: float) -> str:
        """Return a float as Python reads it back."""
        return repr(float(value))

    def inputs(self) -> str:
        """Return the names of all inputs, separated by commas."""
        return ", ".join(self.input_names)

    def takes(self, nodes: int) -> bool:
        """Count what is to be written out; return whether it is not too much."""
        if self.nodes + nodes > self.most_nodes:
            return False
        self.nodes += nodes
        return True

    def holds(self, entries: int) -> bool:
        """Count what is to be looked up in; return whether it is not too much."""
        self.entries += entries
        return self.entries <= MOST_ENTRIES

    def function(self, heading: str) -> Callable[..., float]:
        """Return the function of the lines."""
        return self.compiled(heading, self.lines)

    def compiled(self, heading: str, lines: list[str]) -> Callable[..., float]:
        """Return the function of a heading and lines."""
        self.pause()
        exec("\n".join([heading, *lines]), self.names)
        self.pause()
        return self.names.pop("score")


def row_function(probability: "Part", width: int) -> Callable[..., float]:
    """Return the probability as a function of one float for each input.

    Raises ``NoSource`` where a part is not written out.
    """
    source = Source(width)
    source.line(f"return {probability.write(source)}")
    return source.function(f"def score({source.inputs()}):")


def profile_function(
    probability: "Part",
    numbers: list[int],
    texts: list[tuple[int, dict[str | None, float], float]],
    lowest: float,
    check: Callable[..., object],
    takes_null: bool,
    most_nodes: int = MOST_NODES,
    known: Mapping[int, Set[float | None]] = MappingProxyType({}),
    pause: Pausing = no_pause,
    walks: bool = False,
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
    takes_null : bool
        Whether every number may be NULL: then ``check`` is not called for that.
    most_nodes, pause, walks
        As ``Source`` takes them.
    known : dict of int to set
        What an input may be, with None for NULL; those that are not there may be
        anything. ``check`` raises on anything else, too.
    """
    source = Source(len(numbers) + len(texts), most_nodes, pause, walks)
    source.names["check"] = check
    for position, place in enumerate(numbers):
        source.line(f"x{position} = numbers[{int(place)}]")
        source.line(f"if x{position} is None: x{position} = nan")
    total = " + ".join(f"x{position}" for position in range(len(numbers)))
    source.line(f"s = {total or '0.0'}")
    # Most rows of some tables have a NULL, and to check all of a row took longer than
    # the sum.
    infinite = " and (inf in numbers or -inf in numbers)" if takes_null else ""
    unusual = [f"s - s != 0.0{infinite}"]
    for position, (place, codes, other) in enumerate(texts, len(numbers)):
        code = source.constant(codes.get)
        unknown = source.number(other)
        source.line(f"x{position} = {code}(texts[{int(place)}], {unknown})")
        unusual.append(f"x{position} < {source.number(lowest)}")
    for position, values in known.items():
        name = source.constant(values)
        unusual.append(f"numbers[{int(numbers[position])}] not in {name}")
    source.line(f"if {' or '.join(unusual)}:")
    source.line(" check(numbers, texts)")
    source.line(f"return {probability.write(source)}")
    return source.function("def score(numbers, texts):")
$python$;
COMMENT ON FUNCTION churn_runtime.form_source IS 'The probability of a single row, written out as Python.';
