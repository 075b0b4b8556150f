"""What has to hold of the parts of an estimator before it may score anything.

scikit-learn's compiled code trusts what fitting wrote: it follows the children of a
node, the columns of a split and the positions of a category without checking. So every
such number is checked here, once. ``permitted`` says which check is whose.
"""

from typing import Any

import numpy as np

from .errors import ScoringError
from .pickle_values import (
    HIGHEST_DEGREE,
    LARGEST_NUMBER_KEY,
    MOST_CLASSES,
    MOST_FEATURES,
    SPLINE,
    TREE,
    class_name,
)

DEEPEST_TREE = 64
LEAF = -1
BITSET_WORDS = 8
LARGEST_CATEGORY = 255
# See ``churn_internal.cut_text``.
LONGEST_CATEGORY = 1_000

# What a category may be, where they are objects, and any plain value.
ATOMS = frozenset(
    (type(None), bool, int, float, str, slice, np.bool_, np.str_)
    + tuple(np.dtype(code).type for code in "bBhHiIlLqQfd")
)
# What a linear model or a network computes with; NaN has a meaning elsewhere.
COEFFICIENTS = ("coef_", "intercept_", "coefs_", "intercepts_")

BIN_MAPPER = "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper"
PREDICTOR = "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"
DUMMY = "sklearn.dummy.DummyClassifier"
COLUMN_TRANSFORMER = "sklearn.compose._column_transformer.ColumnTransformer"
ORDINAL_ENCODER = "sklearn.preprocessing._encoders.OrdinalEncoder"
FUNCTION_TRANSFORMER = "sklearn.preprocessing._function_transformer.FunctionTransformer"
FUNCTION_PARAMETERS = ("func", "inverse_func")
CHECKER = "functools.partial"


STACK_METHODS = frozenset(("predict_proba", "decision_function", "predict"))


def check_common(part: Any) -> None:
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


def is_count(thing: Any, largest: int) -> bool:
    """Return whether a thing is a whole number from 1 to a largest."""
    whole = isinstance(thing, (int, np.integer)) and not isinstance(thing, bool)
    return whole and 1 <= thing <= largest


def check_decision_tree(part: Any) -> None:
    """Refuse a tree whose nodes point outside of it, or back."""
    if "tree_" not in vars(part):
        return
    tree = part.tree_
    check(class_name(tree) == TREE, part, "tree_")
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


def check_links(
    part: Any, left: np.ndarray, right: np.ndarray, inner: np.ndarray
) -> None:
    """Refuse children that are no nodes, come before their parent, or have two.

    ``inner`` says which of the nodes of the part have children.
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


def check_forest(part: Any) -> None:
    """Refuse trees that expect other columns or classes than their forest has."""
    members = vars(part).get("estimators_", [])
    check(type(members) is list, part, "estimators_")
    for member in members:
        check(is_decision_tree(member), part, "estimators_")
        check(member.n_features_in_ == part.n_features_in_, part, "estimators_")
        check(member.tree_.max_n_classes == part.n_classes_, part, "estimators_")


def is_decision_tree(thing: Any) -> bool:
    """Return whether a thing is a fitted tree."""
    return type(thing).__module__ == "sklearn.tree._classes" and "tree_" in vars(thing)


def check_gradient_boosting(part: Any) -> None:
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


def check_initial_prediction(part: Any) -> None:
    """Refuse a start that does not give every row a place to add to."""
    start = part.init_
    if type(start) is str and start == "zero":
        return
    if class_name(start) != DUMMY or start.strategy != "prior":
        raise not_fit(
            "A GradientBoostingClassifier starts from another estimator.",
            hint="Train it with init=None or init='zero'.",
        )
    check(is_count(start.n_classes_, 2) and start.n_classes_ == 2, part, "init_")
    check(is_count(start.n_outputs_, 1), part, "init_")
    prior = start.class_prior_
    check(type(prior) is np.ndarray and prior.shape == (2,), part, "init_")
    check(prior.dtype == np.float64, part, "init_")


def check_hist_gradient_boosting(part: Any) -> None:
    """Refuse histogram gradient boosting whose parts do not fit one another."""
    if "_predictors" not in vars(part):
        return
    baseline = part._baseline_prediction
    trees = part.n_trees_per_iteration_
    check(type(baseline) is np.ndarray, part, "_baseline_prediction")
    check(baseline.shape == (1, trees), part, "_baseline_prediction")
    check(baseline.dtype == np.float64, part, "_baseline_prediction")
    mapper = part._bin_mapper
    check(class_name(mapper) == BIN_MAPPER, part, "_bin_mapper")
    features = part.n_features_in_
    check_bins(mapper, features)
    if part._preprocessor is not None:
        check_preprocessor(part)
    check(type(part._predictors) is list, part, "_predictors")
    for stage in part._predictors:
        check(type(stage) is list and len(stage) == trees, part, "_predictors")
        for predictor in stage:
            check(class_name(predictor) == PREDICTOR, part, "_predictors")
            check_predictor(predictor, features, mapper.is_categorical_)


def check_predictor(predictor: Any, features: int, is_categorical: np.ndarray) -> None:
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


def check_bins(mapper: Any, features: int) -> None:
    """Refuse bins that are not those of the features."""
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
    # As scoring does: what it cannot do must not be left to find out there.
    mapper.make_known_categories_bitsets()


def check_preprocessor(part: Any) -> None:
    """Refuse an encoder that gives other columns than the trees look at.

    Categories first, then numbers: each column once, whatever the rows.
    """
    encoder = part._preprocessor
    check(class_name(encoder) == COLUMN_TRANSFORMER, part, "_preprocessor")
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
        if class_name(branch) == ORDINAL_ENCODER:
            check(branch.n_features_in_ == len(given), part, "_preprocessor")
        else:
            check(class_name(branch) == FUNCTION_TRANSFORMER, part, "columns")
            check(class_name(branch.func) == CHECKER, part, "_preprocessor")
    check(sorted(positions) == list(range(part.n_features_in_)), part, "columns")
    check(encoder.transformer_weights is None, part, "_preprocessor")


def check_function_transformer(part: Any) -> None:
    """Refuse a function other than numpy's, and the check that is scikit-learn's."""
    for name in FUNCTION_PARAMETERS:
        function = vars(part).get(name)
        # No other ufunc than those that are permitted comes out of a pickle.
        known = function is None or type(function) is np.ufunc
        check(known or class_name(function) == CHECKER, part, name)
    for name in ("kw_args", "inv_kw_args"):
        check(not vars(part).get(name), part, name)
    names_out = vars(part).get("feature_names_out")
    check(names_out is None or type(names_out) is str, part, "feature_names_out")


def check_importance_getter(part: Any) -> None:
    """Refuse a path to importances that leads elsewhere than along attributes."""
    path = vars(part).get("importance_getter")
    check(type(path) is str, part, "importance_getter")
    public = (word.isidentifier() and word[0] != "_" for word in path.split("."))
    check(all(public), part, "importance_getter")


def check_polynomial(part: Any) -> None:
    """Refuse more or fewer products than there are, which would stay unset."""
    from sklearn.preprocessing import PolynomialFeatures

    held = vars(part)
    if "_n_out_full" not in held:
        return
    degrees = [held.get(name) for name in ("_min_degree", "_max_degree")]
    for degree in degrees:
        known = degree == 0 or is_count(degree, HIGHEST_DEGREE)
        check(known and type(degree) is int, part, "degree")
    for name in ("interaction_only", "include_bias"):
        check(type(held.get(name)) is bool, part, name)
    # Products of lower degrees are computed, and left out at the end.
    for name, lowest in (("n_output_features_", degrees[0]), ("_n_out_full", 0)):
        made = PolynomialFeatures._num_combinations(
            n_features=part.n_features_in_,
            min_degree=lowest,
            max_degree=degrees[1],
            interaction_only=part.interaction_only,
            include_bias=part.include_bias,
        )
        check(held.get(name) == made <= MOST_FEATURES, part, name)


def check_splines(part: Any) -> None:
    """Refuse anything but splines, one for each column."""
    splines = vars(part).get("bsplines_", [])
    check(type(splines) is list, part, "bsplines_")
    for one in splines:
        check(class_name(one) == SPLINE, part, "bsplines_")
        check(one.k == part.degree, part, "degree")


def check_stacking(part: Any) -> None:
    """Refuse other ways to ask a member than those that there are."""
    methods = vars(part).get("stack_method_", [])
    check(type(methods) is list, part, "stack_method_")
    check(all(type(one) is str for one in methods), part, "stack_method_")
    check(STACK_METHODS.issuperset(methods), part, "stack_method_")


def check_categories(part: Any) -> None:
    """Refuse categories that are not found where they are looked up, or not soon."""
    categories = vars(part).get("categories_", [])
    check(type(categories) is list, part, "categories_")
    for known in categories:
        check(type(known) is np.ndarray and known.ndim == 1, part, "categories_")
        check_length(known, part)
        check_doubles(known, part)
        if known.dtype == object:
            check(ATOMS.issuperset(map(type, known.tolist())), part, "categories_")
            # Chosen whole numbers share a hash, and are looked up one by one.
            largest = max((abs(one) for one in known if type(one) is int), default=0)
            check(largest < LARGEST_NUMBER_KEY, part, "categories_")
        elif known.dtype.kind != "U":
            # The missing category comes last, and is compared with nothing.
            numbers = known[:-1] if len(known) and known[-1] != known[-1] else known
            check((numbers[:-1] < numbers[1:]).all(), part, "categories_")


def check_length(known: np.ndarray, part: Any) -> None:
    """Refuse texts that are longer than what is handed over of a text."""
    longest = max(
        (len(one) for one in known.tolist() if isinstance(one, str)), default=0
    )
    if longest > LONGEST_CATEGORY:
        raise not_fit(
            f"A category of a {type(part).__name__} has {longest} characters, and "
            f"texts are told apart by their first {LONGEST_CATEGORY}.",
            message="model has a category that is too long",
            hint="Leave that column out, or train on a shorter text in its place.",
        )


def check_doubles(known: np.ndarray, part: Any) -> None:
    """Refuse whole numbers that are handed over as other ones."""
    if known.dtype.kind in "iu":
        same = known.astype(float).astype(known.dtype) == known
        if not same.all():
            raise not_fit(
                f"A {type(part).__name__} knows {known[~same][0]}, which no double is.",
                message="model has a category that is too large",
                hint="Leave that column out, or make it a text.",
            )


def check_imputer(part: Any) -> None:
    """Refuse a text as the missing value that is longer than what is handed over."""
    check_length(np.array([vars(part).get("missing_values")], dtype=object), part)


def check_one_hot_encoder(part: Any) -> None:
    """Refuse categories whose columns lie outside of the encoder's result."""
    check_categories(part)
    if "categories_" not in vars(part):
        return
    categories, widths = part.categories_, part._n_features_outs
    check(type(widths) is list and len(categories) == len(widths), part, "categories_")
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


def is_index_of(thing: Any, length: int) -> bool:
    """Return whether a thing is a whole number from 0 to below a length."""
    whole = isinstance(thing, (int, np.integer)) and not isinstance(thing, bool)
    return whole and 0 <= thing < length


def within(numbers: np.ndarray, length: int) -> bool:
    """Return whether all numbers are positions within a length."""
    return bool(((numbers >= 0) & (numbers < length)).all())


def check(condition: object, part: Any, name: str) -> None:
    """Refuse a part whose attribute does not fit the rest of it."""
    if not condition:
        raise not_fit(f"The {name} of a {type(part).__name__} is corrupt.")


def not_fit(
    detail: str, message: str = "model cannot be unpickled", hint: str | None = None
) -> ScoringError:
    """Return the error for a pickle that can be read, and must not be used."""
    return ScoringError(
        message,
        detail=detail,
        hint=hint or "Pickle a fitted scikit-learn classifier as it is.",
        sqlstate="55000",
    )
