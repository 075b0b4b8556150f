"""Models of LightGBM, from the text that its `save_model` writes.

A number goes to the left where it is at most the threshold; one of no greater magnitude
than 1e-35 counts as zero. A category goes to the left where the node lists it. What is
missing depends on the node: nothing, NaN, or zeros as well.
"""

import json
import re
import warnings
from typing import Any

import numpy as np
from pgchurn.loader.boosters.forest import (
    LARGEST_CATEGORY,
    MOST_FEATURES,
    MOST_MEMBERS,
    MOST_NODES,
    MOST_TREES,
    Forest,
    RawTree,
)
from pgchurn.loader.boosters.model import Booster, Categories, Unknown
from pgchurn.loader.boosters.parts import Part, check_size, refused, shown
from pgchurn.plpython.runtime.boosters import LEAF

MOST_BYTES = 40 << 20
MOST_LINES = 40 * MOST_TREES
# Of a number, with the space before it.
MOST_CHARACTERS = 32
# So much JSON takes no more than 24 times its size.
MOST_CATEGORY_BYTES = 4 << 20
BEGINNING = b"tree\n"
VERSIONS = ("v3", "v4")
END_OF_TREES = b"\nend of trees\n"
TREE = b"\nTree="
CATEGORIES = "pandas_categorical:"
CATEGORICAL, DEFAULT_LEFT = 1, 2
MISSING_SHIFT, MISSING_BITS = 2, 3
NOTHING, ZERO, NAN = range(3)
LARGEST_KIND = CATEGORICAL + DEFAULT_LEFT + (NAN << MISSING_SHIFT)
# See kZeroThreshold in LightGBM's include/LightGBM/meta.h: a float as a double.
TINY = float(np.float32(1e-35))
WORD_BITS = 32
# What LightGBM calls the columns of a matrix.
NAMELESS = re.compile(r"Column_\d+")
CATEGORICAL_FEATURES = re.compile(r"^\[categorical_feature: ([0-9,]{0,10000})\]$", re.M)
MOST_ROWS = 1 << 53
OBJECTIVES = "binary and cross_entropy"


def is_lightgbm(content: bytes) -> bool:
    """Return whether a file is a model of LightGBM."""
    return content.replace(b"\r\n", b"\n", 1).startswith(BEGINNING)


def read_lightgbm(content: bytes) -> Booster:
    """Return the classifier that a model of LightGBM is.

    Raises
    ------
    LoaderError
        Naming the part of the file that does not fit, or is not covered.
    """
    check_size(content, MOST_BYTES, "a text")
    if content.count(b"\n") > MOST_LINES:
        raise refused("the file", f"has more than {MOST_LINES:,} lines")
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n")
    end = content.find(END_OF_TREES)
    if end < 0:
        raise refused("the file", "lacks the line 'end of trees'")
    if content.count(TREE) > MOST_TREES:
        raise refused("the file", f"has more than {MOST_TREES:,} trees")
    first, *blocks = content[:end].split(TREE)
    rest = decoded(content[end:], "what follows the trees")
    header = fields(decoded(first, "the header"), "the header")
    check_header(header)
    names = words(header.member("feature_names"), MOST_FEATURES)
    features = header.member("max_feature_idx").whole(0, MOST_FEATURES - 1) + 1
    if len(names) != features:
        raise header.member("feature_names").refuse(
            f"has {len(names):,} names for {features:,} features"
        )
    reader = TreeReader(features)
    with warnings.catch_warnings():
        # NumPy only warns of numbers that it does not read to the end.
        warnings.simplefilter("error", DeprecationWarning)
        for i, block in enumerate(blocks):
            path = f"Tree={i}"
            reader.read(fields(f"number={decoded(block, path)}", path), i)
    sizes = words(header.member("tree_sizes"), MOST_TREES)
    if len(sizes) != len(blocks):
        raise header.member("tree_sizes").refuse(
            f"is of {len(sizes):,} trees, and there are {len(blocks):,}"
        )
    scale = steepness(header.member("objective"))
    if header.has("average_output") and blocks:
        scale /= len(blocks)
    categorical = categorical_features(rest, features) | reader.largest.keys()
    categories = read_categories(rest, sorted(categorical))
    for feature, listed in categories.items():
        if reader.largest.get(feature, -1) >= len(listed.values):
            raise refused(
                f"feature {shown(names[feature])}",
                f"has the category {reader.largest[feature]:,}, and "
                f"{len(listed.values):,} are listed",
            )
    return Booster(
        library="LightGBM",
        trees=reader.forest.trees(
            scale=scale,
            single_inputs=False,
            missing_within=reader.missing_within(names),
        ),
        names=None if all(map(NAMELESS.fullmatch, names)) else names,
        categories=categories,
    )


def decoded(content: bytes, path: str) -> str:
    """Return a part of the file as text."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise refused(path, "is no UTF-8") from None


def words(part: Part, most: int) -> list[str]:
    """Return the words of a line."""
    line = part.text()
    if line.count(" ") >= most:
        raise part.refuse(f"has more than {most:,} words")
    return line.split(" ") if line else []


def fields(block: str, path: str) -> Part:
    """Return the lines of a block by what stands before the equals sign."""
    found: dict[str, Any] = {}
    for line in block.split("\n"):
        if not line:
            continue
        name, _, value = line.partition("=")
        if name in found:
            raise refused(path, f"has the line {shown(name)} twice")
        found[name] = value
    return Part(found, path)


def check_header(header: Part) -> None:
    """Refuse versions that are not known, and several classes."""
    version = header.member("version")
    if version.text() not in VERSIONS:
        raise version.refuse(
            f"is {shown(version.text())}, and {' and '.join(VERSIONS)} are read",
            "Save it with LightGBM 3 or 4.",
        )
    for name in ("num_class", "num_tree_per_iteration"):
        count = header.member(name)
        if count.whole(0, LARGEST_CATEGORY) != 1:
            raise count.refuse(
                f"is {count.text()}: it has several classes, and a churn score needs "
                "two",
                "Train it with objective='binary'.",
            )


def steepness(objective: Part) -> float:
    """Return what the sum is multiplied by, before it is log odds."""
    name, *parameters = objective.text().split(" ")
    if name == "cross_entropy" and not parameters:
        return 1.0
    if name != "binary" or len(parameters) != 1:
        raise objective.refuse(
            f"is {shown(objective.text())}, and {OBJECTIVES} give probabilities of two "
            "classes",
            "Train it with objective='binary'.",
        )
    given = parameters[0].removeprefix("sigmoid:")
    found = Part(given, objective.path).number()
    if found <= 0:
        raise objective.refuse(f"has the factor {found:g}")
    return found


def categorical_features(rest: str, features: int) -> set[int]:
    """Return the features that the parameters name as categorical."""
    found = CATEGORICAL_FEATURES.search(rest)
    numbers = found[1].split(",") if found and found[1] else []
    path = "the parameter categorical_feature"
    return {Part(one, path).whole(0, features - 1) for one in numbers}


def read_categories(rest: str, categorical: list[int]) -> dict[int, Categories]:
    """Return the categories that pandas had, of one feature after the other."""
    start = rest.rfind(f"\n{CATEGORIES}")
    if start < 0:
        return {}
    line = rest[start + 1 + len(CATEGORIES) :].strip()
    path = CATEGORIES.removesuffix(":")
    if len(line) > MOST_CATEGORY_BYTES:
        raise refused(path, f"has more than {MOST_CATEGORY_BYTES:,} characters")
    try:
        listed = json.loads(line)
    except (ValueError, RecursionError):
        raise refused(path, "is no JSON") from None
    if not listed:
        return {}
    part = Part(listed, path)
    each = list(part.items(MOST_FEATURES))
    if len(each) != len(categorical):
        raise part.refuse(
            f"lists the categories of {len(each):,} features, and the trees know "
            f"{len(categorical):,}",
            "Leave out columns whose categories are all missing.",
        )
    found = {}
    for feature, one in zip(categorical, each):
        values = [value.value for value in one.items(MOST_MEMBERS)]
        if all(type(value) is str for value in values):
            found[feature] = Categories(values, Unknown.MISSING)
        else:
            found[feature] = Categories(one.doubles().tolist(), Unknown.MISSING)
    return found


class TreeReader:
    """Reads the trees, and remembers how each feature is compared."""

    def __init__(self, features: int) -> None:
        self.features = features
        self.forest = Forest(features)
        # By feature that has categories: the largest that any node lists.
        self.largest: dict[int, int] = {}
        # Features of which zeros are missing to some node, and to which one not.
        self.zero_missing: set[int] = set()
        self.zero_known: set[int] = set()
        # Of which a zero, as such, would go to another side than what is missing.
        self.zero_apart: set[int] = set()

    def read(self, tree: Part, number: int) -> None:
        """Read one tree."""
        if tree.member("number").whole(0, MOST_TREES) != number:
            raise tree.refuse("has another number")
        linear = tree.member("is_linear") if tree.has("is_linear") else None
        if linear is not None and linear.whole(0, 1):
            raise linear.refuse(
                "is 1: its leaves are linear models", "Train it with linear_tree=False."
            )
        leaves = tree.member("num_leaves").whole(1, MOST_NODES)
        inner = leaves - 1
        count = inner + leaves
        values = numbers(tree.member("leaf_value"), leaves)
        left, right, feature = (np.full(count, LEAF) for _ in range(3))
        threshold = np.zeros(count)
        missing_left = np.zeros(count, bool)
        sets: dict[int, frozenset[int]] = {}
        if inner:
            for name, side in (("left_child", left), ("right_child", right)):
                given = wholes(tree.member(name), -leaves, inner - 1, inner)
                side[:inner] = np.where(given >= 0, given, inner - 1 - given)
            feature[:inner] = wholes(
                tree.member("split_feature"), 0, self.features - 1, inner
            )
            kinds = wholes(tree.member("decision_type"), 0, LARGEST_KIND, inner)
            given = thresholds(tree.member("threshold"), inner)
            threshold[:inner] = without_tiny(given)
            missing = (kinds >> MISSING_SHIFT) & MISSING_BITS
            default_left = (kinds & DEFAULT_LEFT) != 0
            zero_left = threshold[:inner] >= 0
            missing_left[:inner] = np.where(missing == NOTHING, zero_left, default_left)
            is_set = (kinds & CATEGORICAL) != 0
            sets = self.sets(tree, given, np.flatnonzero(is_set))
            missing_left[:inner][is_set] = False
            self.remember(
                feature[:inner], is_set, missing == ZERO, zero_left, default_left
            )
            for node, members in sets.items():
                one = int(feature[node])
                listed = max(members, default=-1)
                self.largest[one] = max(self.largest.get(one, -1), listed)
                if not members:
                    threshold[node] = -np.inf
        self.forest.add(
            RawTree(
                left=left,
                right=right,
                feature=feature,
                threshold=threshold,
                missing_left=missing_left,
                value=np.concatenate([np.zeros(inner), values]),
                cover=np.concatenate([np.zeros(inner), leaf_counts(tree, leaves)]),
                sets={node: members for node, members in sets.items() if members},
            ),
            tree.path,
        )

    def remember(
        self,
        feature: np.ndarray,
        is_set: np.ndarray,
        is_zero: np.ndarray,
        zero_left: np.ndarray,
        default_left: np.ndarray,
    ) -> None:
        """Remember how the nodes of a tree compare their features."""
        zero = is_zero & ~is_set
        self.zero_missing |= set(feature[zero].tolist())
        self.zero_known |= set(feature[~zero].tolist())
        apart = zero & (zero_left != default_left)
        self.zero_apart |= set(feature[apart].tolist())

    def missing_within(self, names: list[str]) -> np.ndarray:
        """Return up to which magnitude a number of each feature counts as missing."""
        for feature in self.zero_apart & self.zero_known:
            raise refused(
                f"feature {shown(names[feature])}",
                "is compared with zeros as missing, and with zeros as numbers",
                "Train it with the same zero_as_missing from the beginning.",
            )
        found = np.full(self.features, np.nan)
        found[sorted(self.zero_apart)] = TINY
        return found

    def sets(
        self, tree: Part, threshold: np.ndarray, nodes: np.ndarray
    ) -> dict[int, frozenset[int]]:
        """Return what goes to the left, of the nodes that look for a category."""
        if len(nodes) == 0:
            return {}
        count = tree.member("num_cat").whole(1, MOST_NODES)
        ends = tree.member("cat_boundaries")
        words_of = tree.member("cat_threshold")
        words = wholes(words_of, 0, 2**WORD_BITS - 1)
        boundaries = wholes(ends, 0, len(words), count + 1)
        if boundaries[0] != 0 or (np.diff(boundaries) < 0).any():
            raise ends.refuse("does not rise from 0 on")
        found = {}
        for node in nodes.tolist():
            number = threshold[node]
            if not 0 <= number < count or number != int(number):
                raise tree.member("threshold").refuse(
                    f"names the categories {number:g}, and there are {count:,}"
                )
            first, last = boundaries[int(number) : int(number) + 2]
            found[node] = in_words(words[first:last])
        return found


def leaf_counts(tree: Part, leaves: int) -> np.ndarray:
    """Return how many rows of training came to each leaf, NaN where nothing tells."""
    name = "leaf_count"
    # A tree of one leaf has no such line, or one of nothing.
    if not tree.has(name) or not tree.member(name).text():
        return np.full(leaves, 1.0 if leaves == 1 else np.nan)
    return wholes(tree.member(name), 0, MOST_ROWS, leaves).astype(float)


def in_words(words: np.ndarray) -> frozenset[int]:
    """Return the categories whose bits are set."""
    bits = np.unpackbits(words.astype("<u4").view(np.uint8), bitorder="little")
    return frozenset(np.flatnonzero(bits).tolist())


def without_tiny(threshold: np.ndarray) -> np.ndarray:
    """Return thresholds that send numbers of tiny magnitude where zero goes."""
    tiny = np.abs(threshold) <= TINY
    as_zero = np.where(threshold >= 0, TINY, np.nextafter(-TINY, -np.inf))
    return np.where(tiny, as_zero, threshold)


def numbers(part: Part, count: int) -> np.ndarray:
    """Return the finite numbers of a line."""
    return Part(parsed(part, np.float64, count), part.path).doubles()


def thresholds(part: Part, count: int) -> np.ndarray:
    """Return the numbers of a line, some of which may be infinite."""
    found = parsed(part, np.float64, count)
    if np.isnan(found).any():
        raise part.refuse("has something that is no number")
    return found


def wholes(
    part: Part, lowest: int, highest: int, count: int | None = None
) -> np.ndarray:
    """Return the whole numbers of a line, within bounds."""
    found = parsed(part, np.int64, count)
    return Part(found, part.path).wholes(lowest, highest)


def parsed(part: Part, kind: type, count: int | None) -> np.ndarray:
    """Return the numbers of a line, so many of them where a count is given."""
    line = part.text()
    given = line.count(" ") + 1 if line else 0
    if given != count if count is not None else given > MOST_NODES:
        wanted = f"{count:,}" if count is not None else f"at most {MOST_NODES:,}"
        raise part.refuse(f"has {given:,} numbers in place of {wanted}")
    if len(line) > MOST_CHARACTERS * given:
        raise part.refuse("has numbers that are too long")
    try:
        found: np.ndarray = np.fromstring(line, dtype=kind, sep=" ")
    except (ValueError, DeprecationWarning):
        raise part.refuse("is no list of numbers") from None
    if len(found) != given:
        raise part.refuse(f"has {len(found):,} numbers in place of {given:,}")
    return found
