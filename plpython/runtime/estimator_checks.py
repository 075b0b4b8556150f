"""What has to hold of an estimator before it may score anything.

scikit-learn's compiled code trusts what fitting wrote: it follows the children of a
node, the columns of a split and the positions of a category without looking. So every
such number is looked at here, once.
"""

import warnings

import numpy as np

from .errors import ScoringError
from .strict_pickle import (
    LARGEST_NUMBER_KEY,
    MOST_CLASSES,
    MOST_FEATURES,
    NUMBER_TYPES,
    Token,
    read_pickle,
)

CLASSIFIERS = (
    "AdaBoostClassifier",
    "BaggingClassifier",
    "BernoulliNB",
    "CalibratedClassifierCV",
    "DecisionTreeClassifier",
    "DummyClassifier",
    "ExtraTreeClassifier",
    "ExtraTreesClassifier",
    "FrozenEstimator",
    "GaussianNB",
    "GradientBoostingClassifier",
    "HistGradientBoostingClassifier",
    "LinearDiscriminantAnalysis",
    "LogisticRegression",
    "MLPClassifier",
    "Pipeline",
    "QuadraticDiscriminantAnalysis",
    "RandomForestClassifier",
    "SGDClassifier",
    "VotingClassifier",
)

# See MaxHeapAttributeNumber in PostgreSQL's src/include/access/htup_details.h.
MOST_COLUMNS = 1_600
DEEPEST_TREE = 64
DEEPEST_PART = 100
# With parts that occur twice counted twice: what scoring has to go through.
MOST_PARTS = 10_000_000
MOST_ESTIMATORS = 50_000
LEAF = -1
BITSET_WORDS = 8
LARGEST_CATEGORY = 255

ATOMS = frozenset(
    (type(None), bool, int, float, str, slice, np.bool_, np.str_)
    + tuple(np.dtype(code).type for code in "bBhHiIlLqQfd")
)
CONTAINERS = frozenset((dict, list, tuple, np.ndarray))
GENERATORS = frozenset(("Generator", "MT19937", "PCG64", "RandomState", "SeedSequence"))
# What a linear model or a network computes with; NaN has a meaning elsewhere.
COEFFICIENTS = ("coef_", "intercept_", "coefs_", "intercepts_")


def load_estimator(artifact):
    """Return the classifier in a pickle, ready to give probabilities on one thread.

    Parameters
    ----------
    artifact : bytes
        From anybody. Nothing in it is executed.

    Returns
    -------
    estimator

    Raises
    ------
    ScoringError
        Naming what is not permitted.
    """
    estimator = read_pickle(artifact)
    if type(estimator).__name__ not in CLASSIFIERS:
        raise not_fit(
            f"The pickle holds a {type(estimator).__name__}.",
            message="model is not a fitted classifier with predict_proba",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for part in parts_of(estimator):
                CHECKS.get(type(part).__name__, check_nothing)(part)
                check_common(part)
            use_one_thread(estimator)
            gives_probabilities = hasattr(estimator, "predict_proba")
        except (MemoryError, ScoringError):
            raise
        except Exception as error:
            raise not_fit(f"{type(error).__name__}: {error}.") from error
        if not gives_probabilities:
            raise not_fit(
                f"This {type(estimator).__name__} gives no probabilities.",
                message="model is not a fitted classifier with predict_proba",
            )
        probe(estimator)
    return estimator


def parts_of(root):
    """Return every object with attributes of its own that an estimator is made of.

    Refuses what is no part of an estimator, what contains itself, and what unfolds to
    more than can be gone through.
    """
    found = []
    # By id: what a part unfolds to, as (parts, estimators), or None while it is open.
    sizes = {}
    opened = 0
    waiting = [(root, None)]
    while waiting:
        part, children = waiting.pop()
        if children is None:
            known = sizes.get(id(part), part)
            if known is None:
                raise not_fit("It contains itself.")
            if known is not part:
                continue
            opened += 1
            if opened > DEEPEST_PART:
                raise not_fit(f"It is nested deeper than {DEEPEST_PART}.")
            children = children_of(part)
            sizes[id(part)] = None
            waiting.append((part, children))
            waiting += [(child, None) for child in children]
            continue
        estimators = 0 if type(part) in CONTAINERS else 1
        total, depth = 1, 1
        for child in children:
            below, above, levels = sizes[id(child)]
            total += below
            estimators += above
            depth = max(depth, levels + 1)
        if total > MOST_PARTS or estimators > MOST_ESTIMATORS:
            raise not_fit("It has too many parts, or parts that occur too often.")
        if depth > DEEPEST_PART:
            raise not_fit(f"It is nested deeper than {DEEPEST_PART}.")
        opened -= 1
        sizes[id(part)] = (total, estimators, depth)
        if type(part) not in CONTAINERS:
            found.append(part)
    return found


def children_of(part):
    """Return what a part holds, without plain values."""
    kind = type(part)
    if kind is dict:
        values = list(part.values())
    elif kind is list or kind is tuple:
        values = part
    elif kind is np.ndarray:
        values = part.ravel().tolist() if part.dtype.hasobject else ()
    elif kind.__name__ == "partial":
        return []
    elif kind.__name__ == "Bunch":
        values = list(part.values())
    elif kind.__name__ == "IsotonicRegression":
        # Its line was made of its points when they were read, and comes from no pickle.
        values = [value for name, value in vars(part).items() if name != "f_"]
    elif kind.__module__.startswith("sklearn."):
        values = list(getattr(part, "__dict__", {}).values())
    elif kind.__name__ in GENERATORS:
        return []
    else:
        named = part if kind is Token else f"a {kind.__name__}"
        raise not_fit(f"It has {named} where a value belongs.")
    if type(values) is not tuple and kind is not np.ndarray or values:
        return [
            value
            for value in values
            if type(value) not in ATOMS
            and not (type(value) is np.ndarray and not value.dtype.hasobject)
            and not any(value is one for one in NUMBER_TYPES)
            and not isinstance(value, np.dtype)
        ]
    return []


def check_nothing(part):
    """Leave a part alone whose numbers are only computed with."""


def check_common(part):
    """Refuse counts that would be allocated, and coefficients that are no numbers."""
    held = getattr(part, "__dict__", {})
    features = held.get("n_features_in_", 1)
    check(is_count(features, MOST_FEATURES), part, "n_features_in_")
    for name in ("n_classes_", "n_outputs_", "n_trees_per_iteration_"):
        if name in held:
            check(is_count(held[name], MOST_CLASSES), part, name)
    for name in COEFFICIENTS:
        arrays = held.get(name)
        for array in arrays if type(arrays) is list else [arrays]:
            if isinstance(array, (np.ndarray, float)):
                check(np.isfinite(array).all(), part, name)


def is_count(thing, largest):
    """Return whether a thing is a whole number from 1 to a largest."""
    whole = isinstance(thing, (int, np.integer)) and not isinstance(thing, bool)
    return whole and 1 <= thing <= largest


def check_decision_tree(part):
    """Refuse a tree whose nodes point outside of it, or back."""
    if "tree_" not in vars(part):
        return
    tree = part.tree_
    check(type(tree).__name__ == "Tree", part, "tree_")
    check(tree.n_features == part.n_features_in_, part, "n_features_in_")
    state = tree.__getstate__()
    nodes = state["nodes"]
    left, right = nodes["left_child"], nodes["right_child"]
    leaf = left == LEAF
    check(((right == LEAF) == leaf).all(), part, "right_child")
    check_links(part, left, right, ~leaf)
    feature = nodes["feature"][~leaf]
    check(within(feature, part.n_features_in_), part, "feature")
    check(np.isfinite(state["values"]).all(), part, "value")


def check_links(part, left, right, inner):
    """Refuse children that are no nodes, come before their parent, or have two.

    Parameters
    ----------
    left, right : ndarray of shape (n_nodes,)
    inner : ndarray of shape (n_nodes,), bool
        Which nodes have children.
    """
    count = len(left)
    parents = np.flatnonzero(inner)
    children = np.concatenate([left[inner], right[inner]]).astype(np.int64)
    check(len(children) == count - 1 and within(children, count), part, "children")
    parent = np.zeros(count, np.int64)
    parent[children] = np.concatenate([parents, parents])
    check((np.bincount(children, minlength=count)[1:] == 1).all(), part, "children")
    check((parent[children] < children).all(), part, "children")
    # Each round doubles how many generations are gone up.
    for _ in range(DEEPEST_TREE.bit_length() - 1):
        parent = parent[parent]
    if parent.any():
        raise not_fit(
            f"A {type(part).__name__} is deeper than {DEEPEST_TREE}.",
            hint=f"Train it with max_depth={DEEPEST_TREE} or less.",
        )


def check_forest(part):
    """Refuse trees that expect other columns or classes than their forest has."""
    members = vars(part).get("estimators_", [])
    check(type(members) is list, part, "estimators_")
    for member in members:
        check(is_decision_tree(member), part, "estimators_")
        check(member.n_features_in_ == part.n_features_in_, part, "estimators_")
        check(member.tree_.max_n_classes == part.n_classes_, part, "estimators_")


def is_decision_tree(thing):
    """Return whether a thing is a fitted tree."""
    return type(thing).__module__ == "sklearn.tree._classes" and "tree_" in vars(thing)


def check_gradient_boosting(part):
    """Refuse stages that would be added up outside of the result."""
    if "estimators_" not in vars(part):
        return
    members = part.estimators_
    check(type(members) is np.ndarray and members.dtype == object, part, "estimators_")
    if part.n_trees_per_iteration_ > 1:
        raise not_fit("It has more than two classes.", hint="A churn score needs two.")
    check(members.ndim == 2 and members.shape[1] == 1, part, "estimators_")
    check(part._loss.is_multiclass is False, part, "_loss")
    check_initial_prediction(part)
    for member in members.ravel():
        check(is_decision_tree(member), part, "estimators_")
        check(member.n_features_in_ == part.n_features_in_, part, "estimators_")
        check(member.tree_.max_n_classes == 1, part, "estimators_")


def check_initial_prediction(part):
    """Refuse a start that does not give every row a place to add to."""
    start = part.init_
    if type(start) is str and start == "zero":
        return
    if type(start).__name__ != "DummyClassifier" or start.strategy != "prior":
        raise not_fit(
            "A GradientBoostingClassifier starts from another estimator.",
            hint="Train it with init=None or init='zero'.",
        )
    check(is_count(start.n_classes_, 2) and start.n_classes_ == 2, part, "init_")
    check(is_count(start.n_outputs_, 1), part, "init_")
    prior = start.class_prior_
    check(type(prior) is np.ndarray and prior.shape == (2,), part, "init_")
    check(prior.dtype == np.float64, part, "init_")


def check_hist_gradient_boosting(part):
    """Refuse histogram gradient boosting whose parts do not fit one another."""
    if "_predictors" not in vars(part):
        return
    baseline = part._baseline_prediction
    trees = part.n_trees_per_iteration_
    check(type(baseline) is np.ndarray, part, "_baseline_prediction")
    check(baseline.shape == (1, trees), part, "_baseline_prediction")
    check(baseline.dtype == np.float64, part, "_baseline_prediction")
    mapper = part._bin_mapper
    check(type(mapper).__name__ == "_BinMapper", part, "_bin_mapper")
    features = part.n_features_in_
    known, positions = known_categories(mapper, features)
    if part._preprocessor is not None:
        check_preprocessor(part)
    check(type(part._predictors) is list, part, "_predictors")
    for stage in part._predictors:
        check(type(stage) is list and len(stage) == trees, part, "_predictors")
        for predictor in stage:
            check(type(predictor).__name__ == "TreePredictor", part, "_predictors")
            check_predictor(predictor, features, mapper.is_categorical_)


def check_predictor(predictor, features, is_categorical):
    """Refuse nodes of a histogram gradient boosting tree that point outside."""
    from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE

    nodes = predictor.nodes
    check(type(nodes) is np.ndarray and nodes.ndim == 1, predictor, "nodes")
    check(nodes.dtype == PREDICTOR_RECORD_DTYPE and len(nodes) > 0, predictor, "nodes")
    inner = nodes["is_leaf"] == 0
    check_links(predictor, nodes["left"], nodes["right"], inner)
    split = nodes[inner]
    check(within(split["feature_idx"], features), predictor, "feature_idx")
    check(np.isfinite(nodes["value"]).all(), predictor, "value")
    bitsets = predictor.raw_left_cat_bitsets
    check(type(bitsets) is np.ndarray and bitsets.ndim == 2, predictor, "bitsets")
    check(bitsets.dtype == np.uint32, predictor, "bitsets")
    check(bitsets.shape[1] == BITSET_WORDS, predictor, "bitsets")
    check(bitsets.flags.c_contiguous, predictor, "bitsets")
    chosen = split[split["is_categorical"] != 0]
    check(within(chosen["bitset_idx"], len(bitsets)), predictor, "bitset_idx")
    check(is_categorical[chosen["feature_idx"]].all(), predictor, "is_categorical")


def known_categories(mapper, features):
    """Refuse bins that are not those of the features; return the known categories."""
    flags = mapper.is_categorical_
    check(type(flags) is np.ndarray and flags.shape == (features,), mapper, "features")
    check(flags.dtype == np.uint8 and (flags <= 1).all(), mapper, "is_categorical_")
    thresholds = mapper.bin_thresholds_
    check(type(thresholds) is list, mapper, "bin_thresholds_")
    check(len(thresholds) == features, mapper, "bin_thresholds_")
    for flag, bins in zip(flags, thresholds):
        check(type(bins) is np.ndarray and bins.ndim == 1, mapper, "bin_thresholds_")
        check(bins.dtype.kind == "f" and not np.isnan(bins).any(), mapper, "bins")
        if flag:
            inside = (bins >= 0) & (bins <= LARGEST_CATEGORY)
            check(inside.all(), mapper, "categories")
    return mapper.make_known_categories_bitsets()


def check_preprocessor(part):
    """Refuse an encoder that gives other columns than the trees look at.

    Categories first, then numbers: each column once, whatever the rows.
    """
    encoder = part._preprocessor
    check(type(encoder).__name__ == "ColumnTransformer", part, "_preprocessor")
    check(encoder.n_features_in_ == part.n_features_in_, part, "_preprocessor")
    positions = []
    for name, branch, columns in encoder.transformers_:
        if type(branch) is str and branch == "drop":
            continue
        given = encoder._transformer_to_input_indices[name]
        check(type(given) is list, part, "_preprocessor")
        check(type(columns) is np.ndarray and columns.dtype == bool, part, "columns")
        check(np.flatnonzero(columns).tolist() == given, part, "columns")
        positions += given
        if type(branch).__name__ == "OrdinalEncoder":
            check(branch.n_features_in_ == len(given), part, "_preprocessor")
        else:
            check(type(branch).__name__ == "FunctionTransformer", part, "columns")
            check(type(branch.func).__name__ == "partial", part, "_preprocessor")
    check(sorted(positions) == list(range(part.n_features_in_)), part, "columns")
    check(encoder.transformer_weights is None, part, "_preprocessor")


def check_function_transformer(part):
    """Refuse a function other than the check that scikit-learn puts there itself."""
    for name in ("func", "inverse_func"):
        function = vars(part).get(name)
        known = function is None or type(function).__name__ == "partial"
        check(known, part, name)
    check(vars(part).get("kw_args") is None, part, "kw_args")


def check_categories(part):
    """Refuse categories that are not found where they are looked for, or not soon."""
    categories = vars(part).get("categories_", [])
    check(type(categories) is list, part, "categories_")
    for known in categories:
        check(type(known) is np.ndarray and known.ndim == 1, part, "categories_")
        if known.dtype == object:
            check(ATOMS.issuperset(map(type, known.tolist())), part, "categories_")
            # Chosen whole numbers share a hash, and are looked up one by one.
            largest = max((abs(one) for one in known if type(one) is int), default=0)
            check(largest < LARGEST_NUMBER_KEY, part, "categories_")
        elif known.dtype.kind != "U":
            # The missing category comes last, and is compared with nothing.
            numbers = known[:-1] if len(known) and known[-1] != known[-1] else known
            check((numbers[:-1] < numbers[1:]).all(), part, "categories_")


def check_one_hot_encoder(part):
    """Refuse categories whose columns lie outside of the encoder's result."""
    check_categories(part)
    if "categories_" not in vars(part):
        return
    categories, widths = part.categories_, part._n_features_outs
    check(type(widths) is list, part, "categories_")
    check(len(categories) == len(widths), part, "categories_")
    check(len(categories) == part.n_features_in_, part, "categories_")
    enabled = part._infrequent_enabled
    mappings = part._default_to_infrequent_mappings if enabled else None
    dropped = part._drop_idx_after_grouping
    for i, (known, width) in enumerate(zip(categories, widths)):
        check(is_index_of(width, len(known) + 1), part, "_n_features_outs")
        codes = np.arange(len(known))
        if mappings is not None and mappings[i] is not None:
            grouped = mappings[i]
            check(type(grouped) is np.ndarray, part, "mappings")
            check(grouped.shape == codes.shape, part, "mappings")
            check(grouped.dtype.kind == "i", part, "mappings")
            infrequent = part._infrequent_indices[i]
            check(type(infrequent) is np.ndarray, part, "mappings")
            check(infrequent.dtype.kind == "i", part, "mappings")
            check(len(infrequent) > 0, part, "mappings")
            check(within(infrequent, len(known)), part, "mappings")
            codes = grouped
        if dropped is not None:
            check(type(dropped) is np.ndarray, part, "drop_idx_")
            check(dropped.shape == (len(categories),), part, "drop_idx_")
            index = dropped[i]
            if index is not None:
                check(is_index_of(index, len(known)), part, "drop_idx_")
                codes = codes[codes != index]
                codes = np.where(codes > index, codes - 1, codes)
        check(within(codes, width), part, "_n_features_outs")


def is_index_of(thing, length):
    """Return whether a thing is a whole number from 0 to below a length."""
    whole = isinstance(thing, (int, np.integer)) and not isinstance(thing, bool)
    return whole and 0 <= thing < length


def within(numbers, length):
    """Return whether all numbers are positions within a length."""
    return bool(((numbers >= 0) & (numbers < length)).all())


CHECKS = {
    "DecisionTreeClassifier": check_decision_tree,
    "DecisionTreeRegressor": check_decision_tree,
    "ExtraTreeClassifier": check_decision_tree,
    "ExtraTreesClassifier": check_forest,
    "FunctionTransformer": check_function_transformer,
    "GradientBoostingClassifier": check_gradient_boosting,
    "HistGradientBoostingClassifier": check_hist_gradient_boosting,
    "OneHotEncoder": check_one_hot_encoder,
    "OrdinalEncoder": check_categories,
    "RandomForestClassifier": check_forest,
}


def check(condition, part, name):
    """Refuse a part whose attribute does not fit the rest of it."""
    if not condition:
        raise not_fit(f"The {name} of a {type(part).__name__} is corrupt.")


def use_one_thread(estimator):
    """Set ``n_jobs`` to 1 in an estimator and in all that it holds.

    A backend is one process with one thread; a parallel estimator would start worker
    processes that outlive the session.
    """
    for part in parts_of(estimator):
        if vars(part).get("n_jobs", 1) != 1 if hasattr(part, "__dict__") else False:
            part.n_jobs = 1


def probe(estimator):
    """Refuse a classifier that gives something else than probabilities.

    It is asked about rows of zeros and of nulls; what it cannot take, the registration
    finds out with rows of the table.
    """
    features = getattr(estimator, "n_features_in_", None)
    if features is None:
        return
    if features > MOST_COLUMNS:
        raise not_fit(f"It takes {features} features; a table has {MOST_COLUMNS}.")
    for value in (0.0, np.nan):
        matrix = np.full((1, features), value)
        try:
            found = estimator.predict_proba(named_columns(estimator, matrix))
        except MemoryError:
            raise
        except Exception:
            continue
        found = np.asarray(found)
        if found.shape[:1] != (1,) or found.dtype.kind != "f":
            raise not_fit("It does not return one probability for each class.")
        # Written so that NaN fails it.
        if not ((found >= 0) & (found <= 1)).all():
            raise not_fit(
                "Asked about a row of zeros or nulls, it returned no number from 0 "
                "to 1.",
                message="model returned something that is no probability",
            )


def named_columns(estimator, matrix):
    """Return a row as what the classifier was fitted on: a frame or a matrix."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        return matrix
    import pandas

    texts = text_columns(estimator)
    return pandas.DataFrame(
        {
            name: pandas.Series([""], dtype=object) if name in texts else column
            for name, column in zip(names, matrix.T)
        }
    )


def text_columns(estimator):
    """Return the names of columns whose known categories are texts."""
    found = set()
    for part in parts_of(estimator):
        names = vars(part).get("feature_names_in_") if has_texts(part) else None
        found.update(() if names is None else names)
    return found


def has_texts(part):
    """Return whether an encoder or an imputer knows texts."""
    held = getattr(part, "__dict__", {})
    known = held.get("categories_", [held.get("statistics_")])
    return any(isinstance(one, np.ndarray) and one.dtype == object for one in known)


def not_fit(detail, message="model cannot be unpickled", hint=None):
    """Return the error for a pickle that can be read, and must not be used."""
    return ScoringError(
        message,
        detail=detail,
        hint=hint or "Pickle a fitted scikit-learn classifier as it is.",
        sqlstate="55000",
    )
