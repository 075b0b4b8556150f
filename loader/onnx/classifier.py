"""Making the classifier that is registered of an ONNX file's formulas."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from pgchurn.loader.boosters.classifier import (
    check_features,
    no_names,
    numbers_of_categories,
)
from pgchurn.loader.boosters.forest import Forest
from pgchurn.loader.boosters.model import Categories, Unknown
from pgchurn.loader.boosters.parts import refused, shown
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.onnx.cells import (
    Column,
    Form,
    Lookup,
    Mixture,
    RowPart,
    Share,
    TreeSum,
    Weighted,
)
from pgchurn.loader.onnx.tensors import BOOL, FLOAT, INT32, INT64, STRING
from pgchurn.loader.onnx.translation import Translation
from pgchurn.plpython.runtime.column_checks import (
    MOST_COLUMNS,
    MOST_STEPS,
    STEP_NAMES,
)
from pgchurn.plpython.runtime.column_steps import ColumnSteps
from sklearn.base import ClassifierMixin
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import LabelEncoder, Normalizer

# What a runtime has no missing value for.
NEVER_MISSING = (INT64, INT32, BOOL, STRING)
# How far weights of probabilities may be from adding up to 1: they are of single
# precision.
WEIGHT_TOLERANCE = 1e-5


def classifier_of_graph(
    translation: Translation, features: Sequence[str]
) -> ClassifierMixin:
    """Return a graph as a classifier of the columns of a table.

    Parameters
    ----------
    translation : Translation
    features : sequence of str
        Names in place of those in the file; empty for these.

    Raises
    ------
    LoaderError
        If there are no names, or too many or few, or a part has no class of its own.
    """
    return ClassifierMaker(translation, features).made()


class ClassifierMaker:
    """Makes estimators of formulas.

    Parameters
    ----------
    translation : Translation
    features : sequence of str
    """

    def __init__(self, translation: Translation, features: Sequence[str]) -> None:
        self.translation = translation
        inputs = translation.inputs
        order = sorted(range(len(inputs)), key=lambda i: inputs[i][0].place)
        # Of each source, which column of the table it is.
        self.position = {source: place for place, source in enumerate(order)}
        self.elements = [inputs[source][0].element for source in order]
        self.names = list(features)
        if not self.names:
            if any(one.width != 1 for one, _ in inputs):
                raise no_names(len(inputs))
            self.names = [inputs[source][0].name for source in order]
        check_features(self.names, len(order))
        self.categories = self.known_categories()
        # What is said of a category, by the text or number: its number.
        self.codes = {
            place: {value: float(code) for code, value in enumerate(found.values)}
            for place, found in self.categories.items()
        }

    def made(self) -> ClassifierMixin:
        """Return the classifier."""
        classifier = self.of_probability(self.translation.probability)
        if self.categories:
            encoder = numbers_of_categories(self.names, self.categories)
            return Pipeline([("categories", encoder), ("model", classifier)])
        first: Any = classifier
        while isinstance(first, (Pipeline, FeatureUnion)):
            sides = (
                first.steps if isinstance(first, Pipeline) else first.transformer_list
            )
            first = sides[0][1]
        first.feature_names_in_ = np.array(self.names, dtype=object)
        return classifier

    def of_probability(self, probability: Share | Mixture) -> ClassifierMixin:
        """Return the classifier that gives a probability."""
        if isinstance(probability, Share):
            return self.of_share(probability)
        weights = np.array(probability.weights)
        near = abs(weights.sum() - 1) + abs(probability.constant) <= WEIGHT_TOLERANCE
        if not near or (weights < 0).any() or len(weights) == 0:
            raise refused(
                "the file",
                "gives a sum of probabilities that is no weighted mean of them",
            )
        members = [self.of_share(share) for share in probability.shares]
        voting = VotingClassifier(
            [(f"member {i}", one) for i, one in enumerate(members)],
            voting="soft",
            weights=(weights / weights.sum()).tolist(),
        )
        voting.estimators_ = members
        voting.classes_ = self.classes()
        voting.le_ = LabelEncoder().fit(voting.classes_)
        return voting

    def of_share(self, share: Share) -> ClassifierMixin:
        """Return the classifier that gives a probability of one sum."""
        if any(said_by(column) is not None for column in share.of.columns):
            return self.of_stack(share)
        classifier, steps = self.of_form(share), self.before(share.of)
        if not steps:
            return classifier
        return Pipeline([*steps, ("classifier", classifier)])

    def of_form(self, share: Share) -> ClassifierMixin:
        """Return the classifier of the columns that a sum is of."""
        if isinstance(share.of, TreeSum):
            return self.of_trees(share.of, share.is_logistic)
        if share.is_logistic:
            return self.of_weights(share.of)
        raise refused("the file", "gives a weighted sum that is no probability")

    def of_stack(self, share: Share) -> ClassifierMixin:
        """Return the classifier of what other classifiers say."""
        members: dict[int, Share] = {}
        for column in share.of.columns:
            member = said_by(column)
            if member is None:
                raise refused(
                    "the file",
                    "has a classifier that reads what trees say, and other columns too",
                )
            members.setdefault(id(column.source[0]), member)
        place = {key: number for number, key in enumerate(members)}
        made = [
            (place[id(one.source[0])], one.steps, table_of(one))
            for one in share.of.columns
        ]
        steps = column_steps(
            made,
            len(members),
            np.zeros(len(members), bool),
            is_single(share.of.columns),
        )
        stack = StackingClassifier(
            [(f"member {i}", None) for i in range(len(members))], None
        )
        stack.estimators_ = [self.of_share(member) for member in members.values()]
        stack.stack_method_ = ["predict_proba"] * len(members)
        stack.classes_ = self.classes()
        stack.final_estimator_ = Pipeline(
            [("columns", steps), ("classifier", self.of_form(share))]
        )
        stack._label_encoder = LabelEncoder().fit(stack.classes_)
        return stack

    def classes(self) -> np.ndarray:
        """Return the classes."""
        return np.array(self.translation.classes)

    def of_trees(self, trees: TreeSum, is_logistic: bool) -> ClassifierMixin:
        """Return trees as a classifier of the columns that they compare."""
        forest = Forest(len(trees.columns))
        for number, tree in enumerate(trees.trees):
            forest.add(tree, f"tree {number:,}")
        start = trees.constant / trees.scale if trees.scale else 0.0
        return forest.trees(
            start=start,
            scale=trees.scale,
            single_inputs=trees.single,
            single_sum=trees.single,
            shares=not is_logistic,
            exact_sets=True,
            classes=self.translation.classes,
        )

    def of_weights(self, sums: Weighted) -> ClassifierMixin:
        """Return a weighted sum as a classifier of the columns that it weighs."""
        classifier = LogisticRegression()
        classifier.coef_ = sums.weights[None, :].astype(np.float64)
        classifier.intercept_ = np.array([sums.constant], np.float64)
        classifier.classes_ = self.classes()
        classifier.n_features_in_ = len(sums.columns)
        return classifier

    def before(self, form: Form) -> list[tuple[str, Any]]:
        """Return the steps of a pipeline that give a sum its columns."""
        compares = isinstance(form, TreeSum)
        given = [
            column.is_given and self.position[column.source] == place
            for place, column in enumerate(form.columns)
        ]
        whole = len(form.columns) == len(self.elements)
        may_miss = not set(self.elements) & set(NEVER_MISSING)
        if compares and all(given) and whole and may_miss:
            return []
        return self.steps_for(form.columns)

    def steps_for(self, columns: Sequence[Column]) -> list[tuple[str, Any]]:
        """Return the steps of a pipeline that make columns of those of the table."""
        parts: dict[int, RowPart] = {}
        for column in columns:
            if not isinstance(column.source, int):
                parts.setdefault(id(column.source[0]), column.source[0])
        if not parts:
            return [("columns", self.columns_of_inputs(columns))]
        inputs = [one for one in columns if isinstance(one.source, int)]
        sides: list[tuple[str, Any]] = []
        width = 0
        if inputs:
            sides.append(("inputs", self.columns_of_inputs(inputs)))
            width = len(inputs)
        first: dict[int, int] = {}
        for number, (key, part) in enumerate(parts.items()):
            first[key] = width
            width += part_width(part)
            steps = [*self.steps_for(part.columns), ("part", part_transformer(part))]
            sides.append((f"part {number}", Pipeline(steps)))
        places = iter(range(len(inputs)))
        made = [
            (next(places), (), None)
            if isinstance(one.source, int)
            else (
                first[id(one.source[0])] + one.source[1],
                one.steps,
                table_of(one),
            )
            for one in columns
        ]
        together = sides[0][1].steps if len(sides) == 1 else [("parts", union(sides))]
        last = column_steps(made, width, np.zeros(width, bool), is_single(columns))
        return [*together, ("columns", last)]

    def columns_of_inputs(self, columns: Sequence[Column]) -> ColumnSteps:
        """Return what makes columns of those of the table alone."""
        made = []
        for column in columns:
            place = self.position[column.source]
            lookup = column.lookup
            table = table_of(column)
            if lookup is not None and place in self.codes:
                codes = self.codes[place]
                table = (
                    lookup,
                    {codes[k]: v for k, v in lookup.values.items() if k in codes},
                )
            elif self.elements[place] == STRING:
                raise refused("the file", "uses a text that is not encoded")
            made.append((place, column.steps, table))
        refuses = np.isin(self.elements, NEVER_MISSING)
        return column_steps(made, len(self.elements), refuses, is_single(columns))

    def known_categories(self) -> dict[int, Categories]:
        """Return the categories of texts, and of numbers that may be no others."""
        lookups: dict[int, list[Column]] = {}
        for column in columns_within(self.translation.probability):
            if isinstance(column.source, int):
                lookups.setdefault(self.position[column.source], []).append(column)
        found = {}
        for place in sorted(lookups):
            columns = lookups[place]
            strict = [
                one.lookup
                for one in columns
                if one.lookup is not None and one.lookup.refuses_others
            ]
            if self.elements[place] == STRING:
                known = known_to_all(columns, strict)
                if not known:
                    continue
                unknown = Unknown.REFUSED if strict else Unknown.OTHER
                found[place] = Categories(known, unknown)
            elif strict:
                if any(one.lookup is None or one.steps for one in columns):
                    raise refused(
                        f"feature {shown(self.names[place])}",
                        "is read as a number as well as by an encoder that refuses "
                        "what it does not know",
                        "Train with OneHotEncoder(handle_unknown='ignore').",
                    )
                numbers = sorted(float(one) for one in known_to_all(columns, strict))
                found[place] = Categories(numbers, Unknown.REFUSED)
        return found


def known_to_all(columns: Sequence[Column], strict: Sequence[Lookup]) -> list[Any]:
    """Return the categories of some lookups, in their order, that strict ones know."""
    listed = {
        id(one.lookup.categories): one.lookup.categories
        for one in columns
        if one.lookup is not None
    }
    refusing = {id(one.categories): one.categories for one in strict}
    known: dict[Any, None] = {}
    for categories in listed.values():
        known |= dict.fromkeys(categories)
    return [one for one in known if all(one in each for each in refusing.values())]


def columns_within(probability: Share | Mixture) -> Iterator[Column]:
    """Yield the columns that a probability is computed of, and those behind them."""
    shares = probability.shares if isinstance(probability, Mixture) else (probability,)
    waiting = [column for share in shares for column in share.of.columns]
    seen: set[int] = set()
    while waiting:
        column = waiting.pop()
        yield column
        if not isinstance(column.source, int) and id(column.source[0]) not in seen:
            seen.add(id(column.source[0]))
            waiting += column.source[0].columns


def said_by(column: Column) -> Share | None:
    """Return the probability that a column is made of, if it is one."""
    return None if isinstance(column.source, int) else column.source[0].share


def table_of(column: Column) -> tuple[Lookup, dict[Any, float]] | None:
    """Return what a column looks up."""
    return None if column.lookup is None else (column.lookup, column.lookup.values)


def is_single(columns: Sequence[Column]) -> bool:
    """Return whether columns are of single precision."""
    return any(column.element == FLOAT for column in columns)


def part_width(part: RowPart) -> int:
    """Return how many numbers a part gives."""
    return len(part.columns) if part.weights is None else part.weights.shape[1]


def part_transformer(part: RowPart) -> Any:
    """Return a part as a fitted transformer."""
    made: Any = Normalizer(part.norm)
    if part.weights is not None:
        made = TruncatedSVD(n_components=part_width(part))
        made.components_ = np.ascontiguousarray(part.weights.T)
    made.n_features_in_ = len(part.columns)
    return made


def union(sides: Sequence[tuple[str, Any]]) -> FeatureUnion:
    """Return transformers side by side."""
    return FeatureUnion(list(sides))


def column_steps(
    columns: Sequence[tuple[int, Any, tuple[Lookup, dict[Any, float]] | None]],
    width: int,
    refuses_missing: np.ndarray,
    single: bool,
) -> ColumnSteps:
    """Return the transformer that makes columns of so many others.

    Parameters
    ----------
    columns : sequence of (int, steps, lookup and its values by number, or None)
    width : int
    refuses_missing : ndarray of bool, shape (width,)
    single : bool
    """
    if len(columns) > MOST_COLUMNS:
        raise LoaderError(
            f"the model computes {len(columns):,} columns, and {MOST_COLUMNS:,} are "
            "allowed"
        )
    made = ColumnSteps()
    made.n_features_in_ = width
    made.single_ = single
    made.refuses_missing_ = refuses_missing
    made.sources_ = np.array([source for source, _, _ in columns], np.int32)
    steps = [each for _, each, _ in columns]
    if max(map(len, steps)) > MOST_STEPS:
        raise LoaderError(
            f"the model does more than {MOST_STEPS} steps of arithmetic with a column"
        )
    made.steps_ = np.array(
        [STEP_NAMES.index(name) for each in steps for name, _ in each], np.int32
    )
    made.constants_ = np.array([c for each in steps for _, c in each], np.float64)
    made.step_ends_ = np.cumsum([len(each) for each in steps], dtype=np.int32)
    tables = [table for _, _, table in columns]
    made.is_table_ = np.array([table is not None for table in tables])
    rows = [sorted(table[1].items()) if table else [] for table in tables]
    made.keys_ = np.array([key for row in rows for key, _ in row], np.float64)
    made.entries_ = np.array([value for row in rows for _, value in row], np.float64)
    made.table_ends_ = np.cumsum([len(row) for row in rows], dtype=np.int32)
    lookups = [table[0] if table else Lookup({}, 0.0) for table in tables]
    made.defaults_ = np.array([one.default for one in lookups], np.float64)
    made.missing_ = np.array([one.missing for one in lookups], np.float64)
    return made
