"""Mutants of explanation forms: refused or explaining, never a crash or a hang."""

import functools

import numpy as np
from pgchurn.plpython.runtime.explain_model import explain_model
from pgchurn.plpython.runtime.explainer import Explainer, ExplanationForm
from pgchurn.plpython.runtime.form_explained import EXPLANATION_MAGIC

from tests.explaining import explainable_rows
from tests.legitimate import fitted, rows_for
from tests.soak import fuzz_compiled
from tests.soak.bars import Bar
from tests.soak.forms import (
    SLOWEST,
    UNEXPECTED,
    columns_of,
    random_columns,
    signature_of,
)

MUTANTS = {True: 10_000, False: 60}
FAMILIES = {
    "line": "logistic",
    "line of a frame": "logistic of a frame",
    "tree": "decision tree with gaps",
    "gradient boosting": "gradient boosting of a frame",
    "hist gradient boosting": "hist gradient boosting with gaps",
    "categories": "hist gradient boosting with categories",
    "forest": "random forest",
    "isotonic": "isotonic of gradient boosting",
    "sigmoid": "sigmoid of a forest",
    "vote": "vote",
    "network": "neural network by sgd",
    "weighed log odds": "weighed log odds",
}


def measure(server, full):
    """Give one bar for each family of models."""
    for family in FAMILIES:
        yield bar(family, MUTANTS[full])


def bar(family, count):
    """Return how so many mutants of a family's explanation form fared."""
    content, *given = original(family)
    mutants = fuzz_compiled.mutants_of(
        content, EXPLANATION_MAGIC, CHANGES, family, count
    )
    found = fuzz_compiled.outcomes_with(mutants, *given)
    bad = [name for name in found if name.startswith(UNEXPECTED)]
    return Bar(
        f"mutants of what explains a {family}",
        f"{count:,} tried, 0 crashes, 0 hangs over {SLOWEST:.0f} s",
        ", ".join(f"{found[name]:,} {name}" for name in sorted(found)),
        not bad and found.total() == count,
    )


@functools.cache
def original(family):
    """Return a family's explanation form, its signature, rows, and what is typical."""
    np.random.seed(0)
    estimator = fitted(FAMILIES[family])
    rows = rows_for(estimator)
    signature = signature_of(estimator, rows)
    content = explain_model(estimator, signature)
    columns = columns_of(signature, rows)
    reference = {"means": ExplanationForm(content, signature).from_rows(columns)}
    explainer = Explainer(content, signature, reference)
    parts = explainable_rows(explainer, random_columns(columns))
    rows = {name: np.concatenate([part[name] for part in parts]) for name in columns}
    return content, signature, rows, reference


def swap_kinds(header, arrays, rng):
    """Let a part be of the kind of another."""
    parts = fuzz_compiled.parts_in(header)
    (holder, key), (other, place) = (fuzz_compiled.chosen(parts, rng) for _ in "ab")
    holder[key]["kind"] = other[place]["kind"]


def wrap_explained(header, arrays, rng):
    """Put the whole into another part that is attributed."""
    part = header["probability"]
    header["probability"] = fuzz_compiled.chosen(
        (
            {"kind": "Complement", "of": part},
            {"kind": "OddsOfShare", "of": part, "epsilon": 1e-12},
            {"kind": "ShareOfOdds", "of": part, "slope": -1e308, "constant": 1e308},
            {"kind": "ShareOfOdds", "of": part, "slope": 0.0, "constant": -1e-300},
        ),
        rng,
    )


# Those that trees of compiled forms are made for find none here, and do nothing.
CHANGES = (*fuzz_compiled.CHANGES, swap_kinds, wrap_explained, wrap_explained)
