"""Mutants of compiled forms: refused or scoring, never a crash or a hang.

Most of them are well-formed: a form of bytes out of place is refused at once, and what
is sound but wrong gets further.
"""

import collections
import contextlib
import copy
import functools
import json
import math

import numpy as np
from pgchurn.plpython.runtime.compile_model import compile_model
from pgchurn.plpython.runtime.compiled import CompiledModel
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.features import row_count
from pgchurn.plpython.runtime.form import ALIGNMENT, MAGIC, MOST_BYTES, read_form
from pgchurn.plpython.runtime.form_computed import LENGTHS
from pgchurn.plpython.runtime.form_matrices import ACTIVATIONS, STEPS
from pgchurn.plpython.runtime.form_neighbours import METRICS, Within

from tests.legitimate import fitted, rows_for
from tests.soak.bars import Bar
from tests.soak.forms import (
    SLOWEST,
    UNEXPECTED,
    Reader,
    columns_of,
    random_columns,
    signature_of,
)

MUTANTS = {True: 10_000, False: 60}
FAMILIES = {
    "line": "logistic",
    "functions": "functions of numpy's",
    "tables": "logistic of a frame",
    "weighed columns": "columns weighed",
    "indicators": "indicators beside numbers",
    "one-hot numbers": "one-hot numbers",
    "tree": "decision tree with gaps",
    "gradient boosting": "gradient boosting of a frame",
    "hist gradient boosting": "hist gradient boosting with gaps",
    "categories": "hist gradient boosting with categories",
    "category numbers": "hist gradient boosting with category numbers",
    "forest": "random forest",
    "extra trees": "extra trees of a frame",
    "ordinal codes": "columns by their types",
    "isotonic": "isotonic of gradient boosting",
    "sigmoid": "sigmoid of a forest",
    "temperature": "temperature of a logistic",
    "network": "neural network by sgd",
    "gaussian Bayes": "gaussian naive bayes",
    "Bernoulli Bayes": "bernoulli naive bayes",
    "linear discriminant": "linear discriminant",
    "quadratic discriminant": "quadratic discriminant",
    "boosted votes": "ada boost",
    "bagged trees": "bagged trees",
    "vote": "vote",
    "prior": "dummy prior",
    "nearest": "nearest neighbours by distance",
    "radius": "neighbours within a radius by distance",
    "refusing radius": "neighbours within a radius without a tree",
    "bagged neighbours": "bagged nearest neighbours",
    "counts": "multinomial naive bayes",
    "category Bayes": "categorical naive bayes of numbers",
    "known numbers": "unknown numbers refused",
    "known numbers below trees": "unknown numbers refused below trees",
    "indicated texts": "texts with indicators below trees",
    "bagged votes": "bagged linear machines",
    "chosen columns": "columns chosen by a forest",
    "powers": "powers of gaps",
    "powers above zero": "powers of numbers above zero, with gaps",
    "bins": "bins",
    "bins below trees": "bins below trees",
    "quantiles": "repeated quantiles",
    "normal quantiles": "normal quantiles",
    "lengths": "rows of length one",
    "target encodings": "how often each text churned",
    "products": "products below trees",
    "splines": "splines that end in lines",
    "periodic splines": "splines that come again",
    "bounded splines": "splines that refuse what is beyond",
    "axes": "axes below trees",
    "singular vectors": "singular vectors of texts",
    "side by side": "many ways side by side",
    "votes above quantiles": "votes above quantiles",
    "donors": "gaps filled by the nearest",
    "rounds": "gaps filled in rounds",
    "donors by distance": "gaps filled by the nearest by distance",
    "stack": "stack that passes columns through",
    "stacked decisions": "stack of decisions",
    "rounded columns": "classifier of counts.onnx",
    "rounded layers": "classifier of logistic-network.onnx",
    "rounded votes": "classifier of calibrated.onnx",
    "rounded categories": "classifier of lightgbm-categories.onnx",
}
# What a text of a part may be.
TEXTS = {
    "activation": ACTIVATIONS,
    "metric": METRICS,
    "weights": ("uniform", "distance"),
    "lonely": Within.LONELY,
    "norm": LENGTHS,
}
# Numbers that are out of place nearly everywhere.
WHOLE = (0, 1, -1, 2, 7, 255, 2**31 - 1, -(2**31), 20_000)
FRACTIONS = (
    *(0.0, -0.0, 1.0, -1.0, 0.5, 1e-9, 1e300, -1e300, 5e-324, -5e-324, 2.0**31),
    *(1.8e308, -1.8e308, math.nan),
)
NO_PART = (LookupError, TypeError, ValueError, AttributeError, OverflowError)
STRANGE = (None, True, "", "Sum", [], {}, [0], 1e308, -1, 2**70, 0.5, "relu", [[]])


def measure(server, full):
    """Give one bar for each family of models."""
    for family in FAMILIES:
        yield bar(family, MUTANTS[full])


def bar(family, count):
    """Return how so many mutants of a family's compiled form fared."""
    found = outcomes_of(family, mutants(family, count))
    bad = [name for name in found if name.startswith(UNEXPECTED)]
    return Bar(
        f"mutants of a compiled {family}",
        f"{count:,} tried, 0 crashes, 0 hangs over {SLOWEST:.0f} s",
        ", ".join(f"{found[name]:,} {name}" for name in sorted(found)),
        not bad and found.total() == count,
    )


@functools.cache
def original(family):
    """Return a family's compiled form, its signature, and rows to score."""
    # So that mutants can be made again, of estimators without a seed of their own, too.
    np.random.seed(0)
    estimator = fitted(FAMILIES[family])
    rows = rows_for(estimator)
    signature = signature_of(estimator, rows)
    content = compile_model(estimator, signature)
    columns = random_columns(columns_of(signature, rows))
    return content, signature, scored(CompiledModel(content, signature), columns)


def scored(model, columns):
    """Return the rows that a model does not refuse, as those beyond its training."""
    kept = []
    for row in range(row_count(columns)):
        with contextlib.suppress(ScoringError):
            model.probabilities({name: one[[row]] for name, one in columns.items()})
            kept.append(row)
    return {name: column[kept] for name, column in columns.items()}


def mutants(family, count):
    """Give so many seeded mutants of a family's compiled form."""
    content, _, _ = original(family)
    return mutants_of(content, MAGIC, CHANGES, family, count)


def mutants_of(content, magic, changes, seed, count):
    """Give so many mutants of a form, by a text that stands for the seed."""
    end = content.index(b"\n", len(magic))
    header = json.loads(content[len(magic) : end])
    arrays = [np.asarray(array) for array in read_form(content, magic).arrays]
    rng = np.random.default_rng(list(seed.encode()))
    for _ in range(count):
        if rng.random() < 0.15:
            yield BYTEWISE[rng.integers(len(BYTEWISE))](content, rng)
            continue
        changed, others = copy.deepcopy(header), [array.copy() for array in arrays]
        for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
            # What is no part any more cannot be changed as one.
            with contextlib.suppress(*NO_PART), np.errstate(all="ignore"):
                changes[rng.integers(len(changes))](changed, others, rng)
        # More is refused for its length, whatever it is.
        yield put_together(changed, others, magic)[: MOST_BYTES + 1]


def put_together(header, arrays, magic=MAGIC):
    """Return the bytes of a description and of arrays, whatever they are."""
    parts = [magic + json.dumps(header).encode() + b"\n"]
    parts += [array.tobytes() for array in arrays]
    return b"".join(part + b" " * (-len(part) % ALIGNMENT) for part in parts)


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
    return content[:start] + content[start + size :]


def with_a_piece_twice(content, rng):
    """Return bytes of which a piece stands in another place as well."""
    start, size = rng.integers(len(content)), rng.integers(1, 256)
    place = rng.integers(len(content))
    return content[:place] + content[start : start + size] + content[place:]


def cut_short(content, rng):
    """Return the beginning."""
    return content[: int(rng.integers(len(content)))]


BYTEWISE = (
    with_flipped_bits,
    with_flipped_bits,
    with_other_bytes,
    without_a_piece,
    with_a_piece_twice,
    cut_short,
)


def places_in(value):
    """Yield each place in a value of JSON, as the thing that holds it and a key."""
    keys = value if isinstance(value, dict) else range(len(value))
    for key in list(keys):
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from places_in(value[key])


def chosen(things, rng):
    """Return one of some things."""
    things = list(things)
    return things[rng.integers(len(things))]


def parts_in(header):
    """Return each part, as the thing that holds it and a key."""
    return [
        (holder, key)
        for holder, key in places_in(header)
        if isinstance(holder[key], dict) and "kind" in holder[key]
    ]


def replace_anything(header, arrays, rng):
    """Put something strange, or from elsewhere, in any place."""
    holder, key = chosen(places_in(header), rng)
    other, place = chosen(places_in(header), rng)
    strange = [chosen(STRANGE, rng), copy.deepcopy(other[place])]
    holder[key] = chosen(strange, rng)


def replace_number(header, arrays, rng):
    """Put another number in the place of one."""
    holder, key = chosen(
        (p for p in places_in(header["probability"]) if type(p[0][p[1]]) is float), rng
    )
    holder[key] = float(chosen(FRACTIONS, rng) * chosen([1, 1, rng.normal()], rng))


def replace_text(header, arrays, rng):
    """Put other steps, or another activation or metric, in the place of some."""
    holder, key = chosen(
        (
            (holder, key)
            for holder, key in places_in(header["probability"])
            if key in ("steps", *TEXTS) and isinstance(holder[key], str)
        ),
        rng,
    )
    if key == "steps":
        holder[key] = ",".join(chosen(STEPS, rng) for _ in holder[key].split(","))
    else:
        holder[key] = chosen(TEXTS[key], rng)


def replace_whole(header, arrays, rng):
    """Put another position or count in the place of one."""
    holder, key = chosen(
        (
            (holder, key)
            for holder, key in places_in(header["probability"])
            if key in ("position", "count", "degree")
        ),
        rng,
    )
    holder[key] = int(chosen([*WHOLE, holder[key] + 1, holder[key] - 1], rng))


def replace_known(header, arrays, rng):
    """Let other numbers be known of a feature than those that are."""
    numbers = header.setdefault("numbers", {})
    names = [*numbers, *header["texts"], "f0", "f1", "complaint_count", "never"]
    known = [float(chosen([*FRACTIONS[:-1], 1, 2, 3], rng)) for _ in range(5)]
    numbers[chosen(names, rng)] = {"known": known, "missing": bool(rng.integers(2))}


def replace_code(header, arrays, rng):
    """Give a text another code."""
    vocabulary = chosen(header["texts"].values(), rng)
    codes = vocabulary["codes"]
    codes[chosen([*codes, "new"], rng)] = int(chosen([*WHOLE, 3, 5], rng))
    vocabulary["missing"] = int(chosen([-1, 0, 1, 2**31 - 1], rng))
    vocabulary["refuses_unknown"] = bool(rng.integers(2))


def wrap_part(header, arrays, rng):
    """Put a part into another."""
    holder, key = chosen(parts_in(header), rng)
    part = holder[key]
    holder[key] = chosen(
        (
            {"kind": "Sigmoid", "of": part},
            {"kind": "Share", "of": part},
            {"kind": "Sign", "of": part, "threshold": 0.5},
            {"kind": "LogOdds", "of": part, "epsilon": 1e-12},
            {"kind": "Affine", "of": part, "slope": -1e308, "constant": 1e308},
        ),
        rng,
    )


def unwrap_part(header, arrays, rng):
    """Put a part in the place of the one that holds it."""
    holder, key = chosen(parts_in(header), rng)
    inner = holder[key].get("of")
    holder[key] = inner[0] if isinstance(inner, list) else inner


def replace_values(header, arrays, rng):
    """Change some values of an array to extremes, or to others of it."""
    array = chosen((array for array in arrays if len(array)), rng)
    for place in rng.integers(len(array), size=rng.choice([1, 1, 2, 10])):
        extremes = WHOLE if array.dtype.kind in "iu" else FRACTIONS
        near = array[int(rng.integers(len(array)))]
        value = chosen([near, array[place] + 1, array[place] - 1, *extremes], rng)
        array[place] = np.array(value).astype(array.dtype)


def scale_values(header, arrays, rng):
    """Multiply all of an array of doubles by a number, near or far from one."""
    array = chosen((a for a in arrays if len(a) and a.dtype.kind == "f"), rng)
    array *= chosen([-1.0, 0.0, 2.0, 1e-300, 1e300, 1e150, rng.normal()], rng)


def shuffle_values(header, arrays, rng):
    """Bring an array's values into another order."""
    array = chosen((array for array in arrays if len(array)), rng)
    chosen([rng.shuffle, lambda a: a.sort()], rng)(array)


def resize(header, arrays, rng):
    """Make an array shorter or longer, with a description that agrees."""
    number = int(rng.integers(len(arrays)))
    array = arrays[number]
    size = int(chosen([0, len(array) - 1, len(array) + 1, 2 * len(array), 5_000], rng))
    arrays[number] = np.resize(array, max(0, size)).astype(array.dtype)
    header["arrays"][number][1] = len(arrays[number])


def change_nodes(header, arrays, rng):
    """Change trees so that they stay trees: other tests, sides, inputs, constants."""
    forests = [h[k] for h, k in places_in(header["probability"]) if k == "forest"]
    forest = {name: arrays[number] for name, number in chosen(forests, rng).items()}
    inner = np.flatnonzero(forest["modes"] & 7)
    some = inner[rng.random(len(inner)) < chosen([0.1, 0.5, 1.0], rng)]
    way = rng.integers(4)
    if way == 0:
        tests = [1, 2] + [3, 4] * bool(len(forest["ends"]))
        modes = rng.choice(tests, len(some)) + 8 * rng.integers(2, size=len(some))
        forest["modes"][some] = modes
        sets = some[modes % 8 >= 3]
        if len(sets):
            forest["constants"][sets] = rng.integers(
                len(forest["ends"]), size=len(sets)
            )
    elif way == 1:
        true, false = forest["true"], forest["false"]
        true[some], false[some] = false[some], true[some]
    elif way == 2:
        most = int(forest["positions"].max(initial=0))
        forest["positions"][some] = rng.integers(most + 1, size=len(some))
    else:
        tests = some[forest["modes"][some] % 8 <= 2]
        hard = np.array([*FRACTIONS[:-1], math.inf, -math.inf])
        forest["constants"][tests] = rng.choice(hard, len(tests))


def repeat_trees(header, arrays, rng):
    """Let a forest stand there many times over."""
    forests = [h[k] for h, k in places_in(header["probability"]) if k == "forest"]
    numbers = chosen(forests, rng)
    nodes = len(arrays[numbers["positions"]])
    largest = max(len(arrays[number]) for number in numbers.values())
    times = int(rng.integers(2, max(3, min(500, 10_000 // max(1, largest)))))
    leaf = np.tile(arrays[numbers["modes"]] & 7, times) == 0
    for name, number in numbers.items():
        array = np.tile(arrays[number], 1 if name in ("members", "ends") else times)
        if name in ("roots", "true", "false"):
            array += np.repeat(
                np.arange(times, dtype=array.dtype) * nodes, len(array) // times
            )
            if name != "roots":
                array[leaf] = 0
        arrays[number] = array
        header["arrays"][number][1] = len(array)


CHANGES = (
    *(replace_anything, replace_number, replace_number, replace_text, replace_code),
    *(replace_whole, replace_known),
    *(wrap_part, unwrap_part, replace_values, replace_values, replace_values),
    *(scale_values, scale_values, shuffle_values, resize),
    *(change_nodes, change_nodes, change_nodes, repeat_trees),
)


def outcomes_of(family, contents):
    """Return how often each outcome came about, the unexpected ones by their place."""
    _, signature, columns = original(family)
    return outcomes_with(contents, signature, columns)


def outcomes_with(contents, *given):
    """Return the same of forms, for what a ``Reader`` is given."""
    outcomes = collections.Counter()
    with contextlib.ExitStack() as stack:
        reader = None
        for number, content in enumerate(contents):
            if reader is None:
                reader = stack.enter_context(Reader(*given))
            said = reader.read(content)
            name = said["outcome"]
            if name in UNEXPECTED:
                name = f"{name} ({number}, {len(content)} bytes: {said.get('detail')})"
            outcomes[name] += 1
            if said["outcome"] in ("crashed", "hung"):
                stack.pop_all().close()
                reader = None
    return outcomes
