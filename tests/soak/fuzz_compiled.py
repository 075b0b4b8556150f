"""Mutants of compiled forms: none may crash or hang the process that reads it.

Each is read as the sandbox reads a candidate, scanned and then loaded and run, in a
process that is started again when it ends.
"""

import contextlib
import functools
import resource
import selectors
import struct
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from pgchurn.loader.compiling import compile_model
from pgchurn.plpython.runtime.compiled import CompiledModel
from pgchurn.plpython.runtime.onnx_scan import scan
from pgchurn.plpython.runtime.signature import Feature, Signature
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    BaggingClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier

from tests.soak.bars import Bar

MUTANTS = {True: 10_000, False: 150}
SLOWEST = 2.0
MEMORY = 4 << 30
CHECKOUT = Path(__file__).resolve().parent.parent.parent
SIGNATURE = Signature(
    tuple(Feature(name, "number", True) for name in ("a", "b", "c", "d")),
    (0, 1),
    1,
    False,
)
FAMILIES = {
    "logistic regression": LogisticRegression(),
    "decision tree": DecisionTreeClassifier(max_depth=4, random_state=0),
    "forest": RandomForestClassifier(5, max_depth=5, random_state=0),
    "gradient boosting": GradientBoostingClassifier(n_estimators=5, random_state=0),
    "hist gradient boosting": HistGradientBoostingClassifier(max_iter=5),
    "isotonic calibration": CalibratedClassifierCV(
        LogisticRegression(), method="isotonic", cv=2
    ),
    "converted Bayes": GaussianNB(),
    "converted network": MLPClassifier((5,), max_iter=20, random_state=0),
    "converted trees": BaggingClassifier(
        DecisionTreeClassifier(max_depth=3), 3, random_state=0
    ),
}
# Numbers that are out of place nearly everywhere.
PROBES = (
    0,
    1,
    -1,
    2,
    7,
    255,
    2**31 - 1,
    2**31,
    -(2**31),
    2**63 - 1,
    -(2**63),
    2 * 10**9,
)


def measure(server, full):
    """Give one bar for each family of models."""
    for family in FAMILIES:
        outcomes = outcomes_of(mutants(family, MUTANTS[full]))
        crashes, hangs = outcomes["crashed"], outcomes["hung"]
        yield Bar(
            f"compiled {family}: crashes and hangs over {SLOWEST:.0f} s of mutants",
            f"0 and 0 of {MUTANTS[full]:,}",
            f"{crashes} and {hangs} of {outcomes.total():,}; "
            f"{outcomes['refused']:,} refused before they were loaded, "
            f"{outcomes['failed']:,} when they were, {outcomes['scored']:,} scored",
            not crashes and not hangs and outcomes.total() == MUTANTS[full],
        )


@functools.cache
def compiled_form(family):
    """Return the compiled form of a family's model, without the mutations."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 4))
    labels = (rows[:, 0] + rng.normal(size=200) > 0).astype(int)
    return compile_model(FAMILIES[family].fit(rows, labels), SIGNATURE)


def mutants(family, count):
    """Give so many seeded mutants of a family's compiled form."""
    compiled = compiled_form(family)
    rng = np.random.default_rng(list(family.encode()))
    # Bytes out of place are refused at once; what is sound but wrong gets further.
    ways = (*BYTEWISE, *STRUCTURAL * len(BYTEWISE))
    for _ in range(count):
        mutant = compiled
        for _ in range(rng.integers(1, 3)):
            # What is broken already cannot be taken apart.
            with contextlib.suppress(DecodeError, UnicodeError):
                mutant = ways[rng.integers(len(ways))](mutant, rng)
        yield mutant


def with_flipped_bits(content, rng):
    """Return bytes with a few bits flipped."""
    changed = bytearray(content)
    for position in rng.integers(len(changed), size=rng.integers(1, 8)):
        changed[position] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def with_other_bytes(content, rng):
    """Return bytes of which a short piece is overwritten."""
    start, size = rng.integers(len(content)), rng.integers(1, 12)
    return content[:start] + rng.bytes(int(size)) + content[start + size :]


def without_a_piece(content, rng):
    """Return bytes of which a piece is left out."""
    start, size = rng.integers(len(content)), rng.integers(1, 64)
    return content[:start] + content[start + size :] or b"\0"


def with_a_piece_twice(content, rng):
    """Return bytes of which a piece stands in another place as well."""
    start, size = rng.integers(len(content)), rng.integers(1, 256)
    place = rng.integers(len(content))
    return content[:place] + content[start : start + size] + content[place:]


def cut_short(content, rng):
    """Return the beginning."""
    return content[: int(rng.integers(1, len(content) + 1))]


BYTEWISE = (
    with_flipped_bits,
    with_other_bytes,
    without_a_piece,
    with_a_piece_twice,
    cut_short,
)


def with_another_integer(content, rng):
    """Return a form with one integer changed that says where something is."""
    model = onnx.load_from_string(content)
    places = [
        attribute.ints
        for node in model.graph.node
        for attribute in node.attribute
        if attribute.ints
    ]
    places += [tensor.dims for tensor in model.graph.initializer if tensor.dims]
    if places:
        chosen = places[rng.integers(len(places))]
        position = int(rng.integers(len(chosen)))
        near = int(rng.integers(len(chosen)))
        chosen[position] = int(rng.choice([*PROBES, near]))
    return model.SerializeToString()


def with_another_node(content, rng):
    """Return a form with a node's inputs, operator or single setting changed."""
    model = onnx.load_from_string(content)
    nodes = model.graph.node
    if not nodes:
        return content
    node, other = (nodes[int(rng.integers(len(nodes)))] for _ in range(2))
    way = rng.integers(4)
    if way == 0:
        node.op_type, node.domain = other.op_type, other.domain
    elif way == 1 and node.input and other.output:
        node.input[int(rng.integers(len(node.input)))] = other.output[0]
    elif way == 2 and node.attribute:
        attribute = node.attribute[int(rng.integers(len(node.attribute)))]
        attribute.i = int(rng.choice(PROBES))
    else:
        nodes.append(other)
    return model.SerializeToString()


STRUCTURAL = (with_another_integer, with_another_node)


def outcomes_of(contents):
    """Return how often each outcome came about."""
    outcomes = Counter()
    with contextlib.ExitStack() as stack:
        reader = None
        for content in contents:
            if reader is None:
                reader = stack.enter_context(Reader())
            outcome = reader.read(content)
            outcomes[outcome] += 1
            if outcome in ("crashed", "hung"):
                stack.pop_all().close()
                reader = None
    return outcomes


class Reader:
    """A process that reads one mutant after the other."""

    def __enter__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.fuzz_compiled"],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        # Until it says that it is ready, the imports are not the mutant's.
        self.process.stdout.read(1)
        return self

    def __exit__(self, *raised):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def read(self, content):
        """Return what became of one mutant."""
        self.process.stdin.write(struct.pack("<i", len(content)) + content)
        self.process.stdin.flush()
        before = time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(10 * SLOWEST):
                return "hung"
        said = self.process.stdout.read(1)
        if time.monotonic() - before > SLOWEST:
            return "hung"
        return {b"r": "refused", b"f": "failed", b"s": "scored"}.get(said, "crashed")


def read_mutants():
    """Read mutants from standard input, and say of each what became of it."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    rng = np.random.default_rng(1)
    matrix = np.vstack([rng.normal(size=(50, 4)), np.full((1, 4), np.nan)])
    columns = dict(zip("abcd", matrix.T))
    CompiledModel(compiled_form("logistic regression"), SIGNATURE)
    answer = b"."
    while True:
        sys.stdout.buffer.write(answer)
        sys.stdout.flush()
        header = sys.stdin.buffer.read(4)
        if not header:
            return
        content = sys.stdin.buffer.read(*struct.unpack("<i", header))
        answer = b"r"
        with contextlib.suppress(Exception):
            scan(content)
            answer = b"f"
            model = CompiledModel(content, SIGNATURE)
            model.probabilities(columns)
            model.row_probabilities(columns)
            answer = b"s"


if __name__ == "__main__":
    read_mutants()
