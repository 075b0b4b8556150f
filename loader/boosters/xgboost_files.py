"""Models of XGBoost, from what its `save_model` writes as JSON or UBJSON.

A number is cast to single precision, and goes to the left where it is below the
threshold. A category goes to the right where the node lists it. The leaves are added up
in single precision.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from pgchurn.loader.boosters.forest import (
    LARGEST_CATEGORY,
    MOST_FEATURES,
    MOST_NODES,
    MOST_TREES,
    Forest,
    RawTree,
    covers,
)
from pgchurn.loader.boosters.model import Booster, Categories, Unknown
from pgchurn.loader.boosters.parts import (
    Part,
    doubles_together,
    together,
    wholes_together,
)
from pgchurn.plpython.runtime.boosters import NUMBER

OBJECTIVE = "binary:logistic"
BOOSTERS = ("gbtree", "dart")
MOST_OF_A_VERSION = 1_000
# From this version on, a file lists the categories of pandas.
LISTING = (3, 1, 0)
UNLISTED = (
    "has categories, and XGBoost before 3.1 does not keep which number is which. Train "
    "it with a later one, or on numbers that an encoder gives them, and bring that "
    "encoder by --pipeline"
)


def is_xgboost(model: Part) -> bool:
    """Return whether an object is a model of XGBoost."""
    return model.has("learner")


def read_xgboost(model: Part) -> Booster:
    """Return the classifier that a model of XGBoost is.

    Parameters
    ----------
    model : Part
        The whole file.

    Raises
    ------
    LoaderError
        Naming the part of the file that does not fit, or is not covered.
    """
    learner = model.member("learner")
    check_objective(learner)
    parameters = learner.member("learner_model_param")
    features = parameters.member("num_feature").whole(1, MOST_FEATURES)
    booster = learner.member("gradient_booster")
    kind = booster.member("name")
    if kind.text() not in BOOSTERS:
        raise kind.refuse(
            f"is {kind.text()}, and only trees are read",
            "Train it with booster='gbtree'.",
        )
    weights = None
    if kind.text() == "dart":
        weights = booster.member("weight_drop").doubles()
        booster = booster.member("gbtree")
    held = booster.member("model")
    forest = Forest(features)
    remarks: list[str] = []
    trees = list(held.member("trees").items(MOST_TREES))
    count = held.member("gbtree_model_param").member("num_trees")
    if count.whole(0, MOST_TREES) != len(trees):
        raise count.refuse(f"is not the number of trees, {len(trees):,}")
    if held.member("tree_info").wholes(0, 0, len(trees)).any():
        raise held.member("tree_info").refuse("names more than one class")
    if weights is not None and len(weights) != len(trees):
        raise booster.refuse("has not one weight for each tree")
    kept = best_trees(learner, held, len(trees), remarks)
    weights = np.ones(kept) if weights is None else weights[:kept]
    for part, tree in zip(trees, read_trees(trees[:kept], features, weights)):
        forest.add(tree, part.path)
    version = version_of(model)
    found = forest.trees(
        start=base_margin(parameters.member("base_score")),
        single_inputs=True,
        single_sum=True,
    )
    categories = dict(categories_of(held, features))
    compared = set(found.feature_[found.set_ != NUMBER].tolist())
    unlisted = sorted(compared - categories.keys())
    needs_pipeline = None
    if unlisted and version < LISTING:
        needs_pipeline = f"feature {unlisted[0]} {UNLISTED}"
    elif unlisted:
        remarks.append(
            f"Of feature {unlisted[0]} the file lists no categories: the column has to "
            "hold the numbers that XGBoost was given."
        )
    return Booster(
        library=f"XGBoost {'.'.join(map(str, version))}",
        trees=found,
        names=names_of(learner, features),
        categories=categories,
        remarks=remarks,
        needs_pipeline=needs_pipeline,
    )


def check_objective(learner: Part) -> None:
    """Refuse anything but the classification of two classes."""
    parameters = learner.member("learner_model_param")
    classes = parameters.member("num_class")
    if classes.whole(0, LARGEST_CATEGORY) > 1:
        raise classes.refuse(
            f"is {classes.text()}: it has several classes, and a churn score needs two",
            f"Train it with the objective {OBJECTIVE}.",
        )
    if parameters.has("num_target"):
        targets = parameters.member("num_target")
        if targets.whole(0, LARGEST_CATEGORY) > 1:
            raise targets.refuse(
                f"is {targets.text()}: it predicts several targets",
                "Train it for one.",
            )
    objective = learner.member("objective").member("name")
    if objective.text() != OBJECTIVE:
        raise objective.refuse(
            f"is {objective.text()}, which gives no probabilities of two classes",
            f"Train it with the objective {OBJECTIVE}.",
        )


def version_of(model: Part) -> tuple[int, ...]:
    """Return the version of XGBoost that wrote a file."""
    return tuple(model.member("version").wholes(0, MOST_OF_A_VERSION, 3).tolist())


def base_margin(score: Part) -> float:
    """Return the log odds that the sum begins with.

    From version 3.1 on the probability stands in brackets, one for each target.
    """
    text = score.text()
    bare = Part(text.removeprefix("[").removesuffix("]"), score.path)
    share = np.float32(bare.number())
    if not 0 < share < 1:
        raise score.refuse(f"is {share:g}, and no probability between 0 and 1")
    return float(np.float32(-math.log(1.0 / float(share) - 1.0)))


def best_trees(learner: Part, held: Part, count: int, remarks: list[str]) -> int:
    """Return how many trees `predict_proba` takes: up to the best iteration."""
    attributes = learner.member("attributes")
    if not attributes.has("best_iteration"):
        return count
    per_round = held.member("gbtree_model_param").member("num_parallel_tree")
    trees = max(1, per_round.whole(0, MOST_TREES))
    best = attributes.member("best_iteration")
    kept = (best.whole(0, MOST_TREES) + 1) * trees
    if kept > count:
        raise best.refuse(f"is {best.text()}, and there are {count:,} trees")
    if kept < count:
        remarks.append(
            f"Of its {count:,} trees the first {kept:,} count, up to the best "
            "iteration, as XGBClassifier.predict_proba has it."
        )
    return kept


def names_of(learner: Part, features: int) -> list[str] | None:
    """Return the names of the features, if there are any."""
    if not learner.has("feature_names"):
        return None
    names = learner.member("feature_names")
    found = [one.text() for one in names.items(MOST_FEATURES)]
    if found and len(found) != features:
        raise names.refuse(f"has {len(found):,} names for {features:,} features")
    return found or None


def categories_of(held: Part, features: int) -> Iterator[tuple[int, Categories]]:
    """Yield the features whose categories the file lists, as it does from 3.1 on.

    Yields
    ------
    int, Categories
    """
    if not held.has("cats"):
        return
    encodings = held.member("cats").member("enc")
    for feature, encoding in enumerate(encodings.items(features)):
        values = encoding.member("values")
        if encoding.has("offsets"):
            known = texts_of(encoding)
            if known:
                yield feature, Categories(known, Unknown.REFUSED)
        else:
            numbers = values.doubles().tolist()
            if not numbers:
                continue
            yield feature, Categories(numbers, Unknown.REFUSED)


def texts_of(encoding: Part) -> list[str]:
    """Return texts that stand one after the other, with where each ends."""
    values = encoding.member("values")
    content = values.wholes(-128, 255).astype(np.uint8).tobytes()
    ends = encoding.member("offsets")
    offsets = ends.wholes(0, len(content))
    if len(offsets) == 0 and not content:
        return []
    if len(offsets) == 0 or offsets[0] != 0 or offsets[-1] != len(content):
        raise ends.refuse("does not end where the values do")
    if (np.diff(offsets) < 0).any():
        raise ends.refuse("does not rise")
    if not content.isascii():
        # Its Python package counts characters where it means bytes, and cuts the rest.
        raise values.refuse(
            "has categories with letters beyond ASCII, which XGBoost cuts off",
            "Train it on numbers that an encoder gives them, and bring that encoder by "
            "--pipeline.",
        )
    text = content.decode("ascii")
    return [text[first:last] for first, last in zip(offsets, offsets[1:])]


def read_trees(
    trees: Sequence[Part], features: int, weights: np.ndarray
) -> Iterator[RawTree]:
    """Yield trees, whose leaves have weights.

    All are read at once: a file has thousands of trees of few nodes each.

    Yields
    ------
    RawTree
    """
    counts = np.array([size_of(tree) for tree in trees], np.int64)
    left = wholes_together(members(trees, "left_children"), -1, counts - 1, counts)
    right = wholes_together(members(trees, "right_children"), -1, counts - 1, counts)
    leaf = left == -1
    ends = np.cumsum(counts)
    spans = [slice(*span) for span in zip((ends - counts).tolist(), ends.tolist())]
    sets = sets_of(trees, leaf, counts)
    written = members(trees, "split_conditions")
    numbers = together(written, counts).astype(np.float64)
    for span, looked_for in zip(spans, sets):
        # Versions before 3 write NaN there.
        numbers[span][[*looked_for]] = 0.0
    known = [Part(numbers[span], part.path) for part, span in zip(written, spans)]
    conditions = doubles_together(known, counts).astype(np.float32)
    indices = members(trees, "split_indices")
    feature = wholes_together(indices, 0, LARGEST_CATEGORY * 256, counts)
    beyond = ~leaf & (feature >= features)
    if beyond.any():
        first = int(np.argmax(beyond))
        raise indices[np.searchsorted(ends, first, "right")].refuse(
            f"has a feature {feature[first]}, and there are {features:,}"
        )
    directions = wholes_together(members(trees, "default_left"), 0, 1, counts)
    missing_left = directions.astype(bool)
    # What is below a number is at most the next one below it.
    with np.errstate(over="ignore"):
        below = np.nextafter(conditions, np.float32(-np.inf)).astype(np.float64)
    value = conditions * np.repeat(weights.astype(np.float32), counts)
    for tree, span, looked_for in zip(trees, spans, sets):
        for node, found in looked_for.items():
            place = span.start + node
            if found:
                left[place], right[place] = right[place], left[place]
                missing_left[place] = not missing_left[place]
            else:
                below[place] = np.inf
        yield RawTree(
            left=left[span],
            right=right[span],
            feature=feature[span],
            threshold=below[span],
            missing_left=missing_left[span],
            value=value[span].astype(np.float64),
            cover=covers(tree, "sum_hessian", span.stop - span.start),
            sets={node: found for node, found in looked_for.items() if found},
        )


def size_of(tree: Part) -> int:
    """Return how many nodes a tree has."""
    parameters = tree.member("tree_param")
    vectors = parameters.member("size_leaf_vector")
    if vectors.whole(0, LARGEST_CATEGORY) > 1:
        raise vectors.refuse(
            f"is {vectors.text()}: its leaves have several values",
            "Train it with multi_strategy='one_output_per_tree', for one target.",
        )
    return parameters.member("num_nodes").whole(1, MOST_NODES)


def sets_of(
    trees: Sequence[Part], leaf: np.ndarray, counts: np.ndarray
) -> list[dict[int, frozenset[int]]]:
    """Return what goes to the right of each node that looks for categories, by tree.

    Parameters
    ----------
    trees : sequence of Part
    leaf : ndarray of bool, shape (n_nodes,)
        Of the trees one after the other.
    counts : ndarray of int64, shape (n_trees,)
        How many nodes each has.
    """
    found: list[dict[int, frozenset[int]]] = [{} for _ in trees]
    # Files of versions before 1.3 know no categories.
    if not any(tree.has("split_type") for tree in trees):
        return found
    types = members(trees, "split_type")
    kinds = wholes_together(types, 0, 1, counts).astype(bool)
    tree_of = np.repeat(np.arange(len(trees)), counts)
    holding = np.unique(tree_of[kinds])
    held = [trees[tree] for tree in holding]
    listed, categories = arrays_of(held, "categories")
    of_all = wholes_together(categories, 0, LARGEST_CATEGORY - 1, listed)
    looking, nodes = arrays_of(held, "categories_nodes")
    numbers = wholes_together(nodes, 0, counts[holding] - 1, looking)
    segments = members(held, "categories_segments")
    starts = wholes_together(segments, 0, listed, looking)
    sizes = wholes_together(members(held, "categories_sizes"), 0, listed, looking)
    owner = np.repeat(np.arange(len(held)), looking)
    beyond = starts + sizes > listed[owner]
    if beyond.any():
        raise segments[owner[beyond][0]].refuse("lead beyond the categories")
    roots = np.cumsum(counts) - counts
    named = np.bincount(roots[holding][owner] + numbers, minlength=len(leaf))
    wrong = named != (kinds & ~leaf)
    if wrong.any():
        tree = int(np.searchsorted(holding, tree_of[wrong][0]))
        raise nodes[tree].refuse("are not the nodes whose split_type is 1")
    first = (np.cumsum(listed) - listed)[owner] + starts
    spans = zip(first.tolist(), (first + sizes).tolist())
    for tree, node, span in zip(holding[owner].tolist(), numbers.tolist(), spans):
        found[tree][node] = frozenset(of_all[slice(*span)].tolist())
    return found


def members(trees: Sequence[Part], name: str) -> list[Part]:
    """Return a member of each tree."""
    return [tree.member(name) for tree in trees]


def arrays_of(trees: Sequence[Part], name: str) -> tuple[np.ndarray, list[Part]]:
    """Return how many numbers a member of each tree holds, and the members."""
    read = [Part(part.array(None), part.path) for part in members(trees, name)]
    return np.array([len(part.value) for part in read], np.int64), read
