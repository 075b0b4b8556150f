"""Pickles of estimators whose attributes are not what fitting made of them.

Each is evaluated as the server evaluates a candidate. What comes back is a clear
refusal, or probabilities and a compiled form that gives them without scikit-learn.
"""

import collections
import contextlib
import json
import math
import pickle
import time
import warnings

import numpy as np
from pgchurn.plpython.runtime.compiled import CompiledModel
from pgchurn.plpython.runtime.environment import current_environment
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.estimators import parts_of
from pgchurn.plpython.runtime.features import Layout
from pgchurn.plpython.runtime.parity import TOLERANCE
from pgchurn.plpython.runtime.sandbox import (
    SECONDS,
    SECONDS_PER_ROW,
    module_sources,
    run_in_sandbox,
)

from tests.legitimate import PIPELINES, fitted, rows_for
from tests.soak.bars import Bar
from tests.soak.forms import Reader, columns_of, signature_of

PICKLES = {True: 200, False: 6}
# Beyond the time that the sandbox is given: for its end, on a busy machine.
GRACE = 5.0
WHOLE = (0, 1, -1, 2, 63, 2**31 - 1, -(2**31), 2**40, 2**63 - 1, 10**30)
OTHERS = (
    *(None, True, False, math.nan, math.inf, -0.5, 0.0, 1e308, "", "error", "warn"),
    *("drop", "passthrough", "ignore", "use_encoded_value", "infrequent_if_exist"),
    *([], {}, (), [None], [0], slice(0, 10**9), np.float64(2.5), np.zeros(0)),
    *(np.zeros((1, 1)), np.full(3, math.nan), np.array([None], object)),
    *(np.array(["a", None], object), np.arange(3), np.array(5.0)),
)
# What compiled code of scikit-learn's trusts, and fitting seldom leaves set.
HIDDEN = (
    *("_in_fit", "_infrequent_enabled", "_default_to_infrequent_mappings"),
    *("_infrequent_indices", "_drop_idx_after_grouping", "_preprocessor", "n_jobs"),
    *("_is_categorical_remapped", "_no_validation", "sparse_output_", "verbose"),
)
POINT_TREES = ("KDTree", "BallTree")
ARRAYS_OF_TREE = (
    *("children_left", "children_right", "feature", "threshold", "value"),
    *("impurity", "n_node_samples", "missing_go_to_left"),
)


def measure(server, full):
    """Give the one bar."""
    count = PICKLES[full]
    found = collections.Counter(
        evaluated(*candidate) for candidate in candidates(count)
    )
    wanted = {"refused", "compiled", "left to its pickle"}
    yield Bar(
        "pickles with attributes of their own choice",
        f"{count} tried, 0 crashes, refused or scored as the sandbox said",
        ", ".join(f"{n:,} {name}" for name, n in sorted(found.items())),
        found.keys() <= wanted and found.total() == count,
    )


def candidates(count):
    """Give so many seeded pickles, each pipeline in its turn."""
    names = list(PIPELINES)
    rng = np.random.default_rng(11)
    # A prime to the number of pipelines, so that few of them are of many families.
    for number in range(count):
        name = names[number * 7 % len(names)]
        while (artifact := altered(name, rng)) is None:
            pass
        yield name, artifact


def altered(name, rng):
    """Return a pickle of a pipeline with some attributes changed, or None."""
    estimator = pickle.loads(pickle.dumps(fitted(name)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(rng.choice([1, 1, 2, 4])):
            # Some cannot be changed like that.
            with contextlib.suppress(Exception):
                alter(estimator, rng)
        try:
            return pickle.dumps(estimator)
        except Exception:
            return None


def alter(estimator, rng):
    """Change one attribute of one part of an estimator."""
    parts = parts_of(estimator)
    part = parts[rng.integers(len(parts))]
    if type(part).__name__ == "Tree":
        array = getattr(part, ARRAYS_OF_TREE[rng.integers(len(ARRAYS_OF_TREE))])
        spoil(array, rng)
        return
    if type(part).__name__ in POINT_TREES:
        alter_point_tree(part, parts, rng)
        return
    held = vars(part)
    names = [*held, HIDDEN[rng.integers(len(HIDDEN))]]
    name = names[rng.integers(len(names))]
    held[name] = other_value(held.get(name), parts, rng)


def alter_point_tree(tree, parts, rng):
    """Change what a tree of nearest neighbours keeps of its points and nodes."""
    state = list(tree.__getstate__())
    place = rng.integers(len(state))
    if isinstance(state[place], np.ndarray):
        # Of the same shape: the tree takes no other.
        state[place] = state[place].copy()
        spoil(state[place], rng)
    else:
        state[place] = other_value(state[place], parts, rng)
    tree.__setstate__(tuple(state))


def other_value(value, parts, rng):
    """Return another value of the same or of another type."""
    way = rng.integers(6)
    if way == 0:
        return OTHERS[rng.integers(len(OTHERS))]
    if way == 1:
        return int(WHOLE[rng.integers(len(WHOLE))])
    if way == 2:
        others = [v for part in parts for v in getattr(part, "__dict__", {}).values()]
        return others[rng.integers(len(others))]
    if isinstance(value, np.ndarray):
        return other_array(value.copy(), rng)
    if isinstance(value, (list, tuple)) and len(value):
        changed = list(value)
        place = rng.integers(len(changed))
        changed[place] = other_value(changed[place], parts, rng)
        return type(value)(changed)
    if isinstance(value, (bool, int, float, np.number)):
        return type(value)(rng.choice([-1, 0, 1, 3, 1e9]))
    return OTHERS[rng.integers(len(OTHERS))]


def other_array(array, rng):
    """Return an array of other values, shape or type."""
    way = rng.integers(7)
    if way == 0:
        return array.ravel()[: rng.integers(array.size + 1)]
    if way == 1:
        return array[None]
    if way == 2:
        return np.resize(array, int(rng.choice([1, array.size + 1, 1_000])))
    if way == 3:
        return array.astype(rng.choice(["<f4", "<i8", "<i4", "|b1", "|u1"]))
    if way == 4:
        return array.T.copy()
    spoil(array, rng)
    return array


def spoil(array, rng):
    """Write other values over some of an array."""
    if array.dtype.names:
        array = array[array.dtype.names[rng.integers(len(array.dtype.names))]]
    flat = np.flatnonzero(rng.random(array.size) < rng.choice([0.1, 1.0]))
    places = np.unravel_index(flat, array.shape)
    if array.dtype == object:
        value = OTHERS[rng.integers(11)]
    elif array.dtype.kind == "f":
        value = rng.choice([math.nan, math.inf, -1e308, 0.0, 5e-324, 1e9])
    else:
        value = rng.choice([0, 1, -1, 100, 2**31 - 1])
    with np.errstate(all="ignore"):
        array[places] = np.array(value).astype(array.dtype)


def evaluated(name, artifact):
    """Return how a candidate fares."""
    estimator = fitted(name)
    rows = rows_for(estimator)
    signature = signature_of(estimator, rows)
    columns = columns_of(signature, rows)
    layout = Layout.of(signature)
    count = len(rows)
    numbers = as_image([columns[n] for n in layout.number_columns], count)
    texts = [
        [None if columns[n][i] != columns[n][i] else columns[n][i] for n in layout[1]]
        for i in range(count)
    ]
    request = {
        "signature": json.dumps(signature.to_json()),
        "environment": json.dumps(current_environment()),
        "layout": json.dumps(layout),
        "replay_texts": texts,
        "sample_texts": texts,
        "compile": True,
    }
    started = time.monotonic()
    try:
        result = run_in_sandbox(
            module_sources("sandbox_worker"),
            request,
            [artifact, numbers, numbers],
            2 * count,
            lambda: None,
        )
    except ScoringError as error:
        if not (error.detail or error.hint):
            return f"refused without a word: {error.message}"
        result = None
    except Exception as error:
        return f"failed: {type(error).__name__}: {error}"
    if time.monotonic() - started > SECONDS + 2 * count * SECONDS_PER_ROW + GRACE:
        return "hung"
    if result is None:
        return "refused"
    if result["compiled"] is None:
        return "left to its pickle" if result["problem"] else "left without a word"
    return compared(result, signature, columns)


def compared(result, signature, columns):
    """Return whether a compiled form gives what the sandbox said of the pickle."""
    with Reader(signature, columns) as reader:
        said = reader.read(result["compiled"])
    if said["outcome"] != "scored":
        return f"{said['outcome']}: {said.get('detail')}"
    # scikit-learn's pick among points that are equally near depends on its search.
    tied = CompiledModel(result["compiled"], signature).tied(columns)
    differences = np.abs(np.array(said["scores"]) - np.array(result["replayed"]))
    difference = differences[~tied].max(initial=0.0)
    return "compiled" if difference <= TOLERANCE else f"differs by {difference}"


def as_image(columns, count):
    """Return columns of numbers as the server holds an array of rows."""
    header = np.array([2, 0, 701, count, len(columns), 1, 1], "i4").tobytes()
    elements = np.column_stack(columns).ravel() if columns else np.zeros(0)
    return header + elements.tobytes()
