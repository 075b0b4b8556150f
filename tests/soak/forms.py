"""A process that reads forms and scores or explains rows, as a session does.

It has little memory, and never imports what a pickle would need.
"""

import contextlib
import json
import math
import pickle
import resource
import selectors
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from pgchurn.plpython.runtime.batches import checked_probabilities, checked_probability
from pgchurn.plpython.runtime.compiled import MOST_WALKED, CompiledModel
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.explainer import Explainer
from pgchurn.plpython.runtime.features import Layout, row_count, text_column
from pgchurn.plpython.runtime.signature import Feature, Signature

CHECKOUT = Path(__file__).resolve().parent.parent.parent
# Of processor time, and of any time.
SLOWEST = 2.0
MOST_WAITING = 60
# Beyond what the process takes when it has imported everything.
MEMORY = 512 << 20
ROWS = 1_000
SINGLE_ROWS = 25
EXTREME = 1e6
UNEXPECTED = ("crashed", "hung", "slow", "memory", "failed", "imported")


def signature_of(estimator, rows):
    """Return the signature of a legitimate pipeline, by the rows that it takes."""
    if isinstance(rows, np.ndarray):
        kinds = {f"f{i}": "number" for i in range(rows.shape[1])}
        return Signature(features_of(kinds), (0, 1), 1, False)
    kinds = {
        name: "text" if name in rows.select_dtypes(exclude="number") else "number"
        for name in rows
    }
    return Signature(features_of(kinds), (0, 1), 1, True)


def features_of(kinds):
    """Return features that may be missing."""
    return tuple(Feature(name, kind, True) for name, kind in kinds.items())


def columns_of(signature, rows):
    """Return rows of a legitimate pipeline as the columns that a model reads."""
    if isinstance(rows, np.ndarray):
        return {f.name: rows[:, i] for i, f in enumerate(signature.features)}
    return {
        feature.name: text_column(rows[feature.name].tolist())
        if feature.is_text
        else rows[feature.name].to_numpy(float)
        for feature in signature.features
    }


def random_columns(columns, seed=0, count=ROWS):
    """Return rows with the values of some, far and near others, gaps, unseen texts."""
    rng = np.random.default_rng(seed)
    found = {}
    for name, column in columns.items():
        values = rng.choice(column, count)
        if column.dtype == object:
            others = np.array(["never seen", "", "nan", "Ünïcødé", math.nan], object)
            found[name] = np.where(
                rng.random(count) < 0.2, rng.choice(others, count), values
            )
        else:
            values = values + rng.normal(size=count) * (rng.random(count) < 0.5)
            hard = [0.0, -0.0, 1e30, -1e30, 5e-324, 1e308, math.nan, -1.0, 2.0**31]
            found[name] = np.where(
                rng.random(count) < 0.2, rng.choice(hard, count), values
            )
    return found


class Reader:
    """The process, for the forms of one signature and the rows to score.

    Parameters
    ----------
    signature : Signature
    columns : dict of str to ndarray
    reference : dict, optional
        What is typical, where the forms are those that explain scores.
    """

    def __init__(self, signature, columns, reference=None):
        self.start = pickle.dumps((signature, columns, reference))

    def __enter__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.forms"],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.send(self.start)
        # Until it says that it is ready, the imports are not a form's.
        self.process.stdout.readline()
        return self

    def __exit__(self, *raised):
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()

    def send(self, content):
        """Send some bytes, with their length before them."""
        self.process.stdin.write(struct.pack("<q", len(content)) + content)
        self.process.stdin.flush()

    def read(self, content):
        """Return what became of one form: the outcome, and what else there is to say.

        Returns
        -------
        dict
            ``outcome``, one of "refused", "scored", "no probability", "explained", "no
            explanation" and ``UNEXPECTED``; ``scores``, in bulk; ``detail``.
        """
        try:
            self.send(content)
        except BrokenPipeError:
            return {"outcome": "crashed"}
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(MOST_WAITING):
                return {"outcome": "hung"}
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"outcome": "crashed"}


def read_forms():
    """Read forms from standard input, and say of each what became of it."""
    signature, columns, reference = pickle.loads(received())
    for kind in (CompiledModel, Explainer):
        with contextlib.suppress(ScoringError):
            kind(b"", signature)
    import onnxruntime  # noqa: F401

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    say({"outcome": "ready"})
    while (content := received()) is not None:
        started = time.process_time()
        said = outcome(content, signature, columns, reference)
        seconds = time.process_time() - started
        if seconds > SLOWEST:
            said = {"outcome": "slow", "detail": f"{seconds:.1f} s"}
        if "sklearn" in sys.modules:
            said = {"outcome": "imported"}
        say(said)


def received():
    """Return the next bytes, or None at the end."""
    header = sys.stdin.buffer.read(8)
    return sys.stdin.buffer.read(*struct.unpack("<q", header)) if header else None


def say(response):
    """Write a line of JSON."""
    sys.stdout.write(json.dumps(response) + "\n")
    sys.stdout.flush()


def outcome(content, signature, columns, reference):
    """Return what becomes of a form when rows are scored with it, or explained."""
    try:
        try:
            if reference is not None:
                model = Explainer(content, signature, reference)
            else:
                model = CompiledModel(content, signature)
        except ScoringError as error:
            known = error.sqlstate == "55000" and error.detail
            return {"outcome": "refused" if known else "failed", "detail": str(error)}
        return (scored if reference is None else explained)(model, columns)
    except MemoryError:
        return {"outcome": "memory"}
    except Exception as error:
        return {"outcome": "failed", "detail": f"{type(error).__name__}: {error}"}


def scored(model, columns):
    """Score rows in bulk, and some one by one."""
    said = in_calls(model, columns)
    if said["outcome"] == "no probability":
        rows = easy_rows(columns, model.known_numbers)
        easy = {name: column[rows] for name, column in columns.items()}
        if in_calls(model, easy)["outcome"] == "scored":
            said["outcome"] = "scored but for gaps and extremes"
    count = row_count(columns)
    layout = Layout.of(model.signature)
    positions = layout.positions(model.signature)
    ways = [{}, {"repeated": True}]
    if sum(trees.visits for trees in model.probability.trees()) <= MOST_WALKED:
        ways.append({"walks": True})
    for way in ways:
        score = model.row_scorer(positions, **way)
        for row in range(0, count, max(1, count // SINGLE_ROWS)):
            numbers, texts = (
                [
                    None if columns[n][row] != columns[n][row] else columns[n][row]
                    for n in names
                ]
                for names in layout
            )
            with contextlib.suppress(ScoringError):
                checked_probability(score(numbers, texts))
    # A row with an infinity is refused before it is computed; computing is safe, too.
    for infinity in (math.inf, -math.inf):
        width = len(model.signature.features)
        with np.errstate(all="ignore"), contextlib.suppress(ScoringError):
            model.probability.values(np.full((3, width), infinity))
        with contextlib.suppress(ScoringError):
            model.row_function()(*[infinity] * width)
    return said


def explained(explainer, columns):
    """Explain rows, all at once and some by themselves."""
    try:
        found = explainer.explain(columns)
        said = {"outcome": "explained", "scores": found.scores.tolist()}
    except ScoringError as error:
        said = {"outcome": "no explanation", "detail": str(error)}
    count = row_count(columns)
    for row in range(0, count, max(1, count // SINGLE_ROWS)):
        with contextlib.suppress(ScoringError):
            explainer.explain({name: c[[row]] for name, c in columns.items()})
    return said


def easy_rows(columns, known_numbers):
    """Return which rows have no gaps, no extremes, and no number that is refused."""
    easy = np.ones(row_count(columns), bool)
    for column in columns.values():
        if column.dtype != object:
            easy &= np.abs(column) < EXTREME
    for name, known in known_numbers.items():
        easy &= [value in known for value in columns[name].tolist()]
    return easy


def in_calls(model, columns):
    """Score rows in bulk, in as many calls as a session needs."""
    scores = []
    for first in range(0, row_count(columns), model.most_rows):
        part = {n: c[first : first + model.most_rows] for n, c in columns.items()}
        try:
            scores += checked_probabilities(model, part).tolist()
        except ScoringError as error:
            return {"outcome": "no probability", "detail": str(error)}
    return {"outcome": "scored", "scores": scores}


if __name__ == "__main__":
    read_forms()
