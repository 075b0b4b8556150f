"""Permitted names with states that crash, hang or mislead scikit-learn's own code."""

import copy
import pickle

import numpy as np
from numpy._core.multiarray import _reconstruct, scalar
from numpy._core.numeric import _frombuffer
from sklearn import __version__
from sklearn.pipeline import Pipeline
from sklearn.tree._tree import Tree

from tests.corpus.assembling import Assembled, Forged, call, name, plain, values, whole
from tests.legitimate import fitted

POINTERS = b"\x41" * 64


def model(**attributes):
    """Return the pickle of a logistic regression with attributes of one's own."""
    changed = copy.deepcopy(fitted("logistic"))
    vars(changed).update(attributes)
    return pickle.dumps(changed, 4)


def array(shape, dtype, data):
    """Return what pickles as an array with such a state."""
    return Forged(
        _reconstruct, (np.ndarray, (0,), b"b"), (1, shape, dtype, False, data)
    )


def retyped(name_, state):
    """Return what pickles as a type with such a state."""
    return Forged(np.dtype, (name_, False, True), state)


def object_fields():
    """Return a structured type of which a field is an object."""
    fields = {"a": (np.dtype("f8"), 0), "b": (np.dtype("O"), 8)}
    return retyped("V16", (3, "|", None, ("a", "b"), fields, 16, 1, 27))


def overlapping_fields():
    """Return the type of a tree's nodes with fields beyond its end."""
    nodes = fitted("decision tree").tree_.__getstate__()["nodes"].dtype
    state = list(nodes.__reduce__()[2])
    state[4] = {key: (kind, 4096) for key, (kind, _) in state[4].items()}
    return retyped("V64", tuple(state))


def tree_state():
    """Return the state of a tree that may be written to."""
    state = fitted("decision tree").tree_.__getstate__()
    return {**state, "nodes": state["nodes"].copy(), "values": state["values"].copy()}


def tree_model(state, features=4, classes=2, outputs=1, family="decision tree"):
    """Return the pickle of a model around a tree of one's own."""
    changed = copy.deepcopy(fitted(family))
    arguments = (features, np.array([classes] * outputs), outputs)
    forged = Forged(Tree, arguments, state)
    member = changed
    if family == "random forest":
        member = changed.estimators_[-1]
    elif family == "gradient boosting":
        member = changed.estimators_[-1, 0]
    vars(member)["tree_"] = forged
    return pickle.dumps(changed, 4)


def with_node(field, node, value, **options):
    """Return a tree of which one node is changed."""
    state = tree_state()
    state["nodes"][field][node] = value
    return tree_model(state, **options)


def predictor_model(field, node, value):
    """Return histogram gradient boosting of which one node is changed."""
    changed = copy.deepcopy(fitted("hist gradient boosting"))
    nodes = changed._predictors[0][0].nodes.copy()
    nodes[field][node] = value
    changed._predictors[0][0].nodes = nodes
    return pickle.dumps(changed, 5)


def categories_model(change):
    """Return histogram gradient boosting with categories, and something changed."""
    changed = copy.deepcopy(fitted("hist gradient boosting with categories"))
    change(changed)
    return pickle.dumps(changed, 5)


def narrow_encoder(changed):
    """Let the encoder drop the numbers that the trees look at."""
    changed._preprocessor.transformers_ = changed._preprocessor.transformers_[:1]


def far_bitset(changed):
    """Let a node look for its categories beyond the end."""
    for (predictor,) in changed._predictors:
        predictor.nodes = predictor.nodes.copy()
        predictor.nodes["is_categorical"] = 1
        predictor.nodes["bitset_idx"] = 2**31


def large_categories(changed):
    """Let categories be numbers that no bit stands for."""
    thresholds = changed._bin_mapper.bin_thresholds_
    thresholds[:] = [bins + 1e9 for bins in thresholds]


def forest_of_other_columns():
    """Return a forest whose trees look at more columns than it takes."""
    changed = copy.deepcopy(fitted("random forest"))
    changed.n_features_in_ = 2
    return pickle.dumps(changed)


def boosting_in_many_columns():
    """Return gradient boosting that adds to columns that the result does not have."""
    changed = copy.deepcopy(fitted("gradient boosting"))
    changed.estimators_ = np.repeat(changed.estimators_, 100, axis=1)
    return pickle.dumps(changed)


def boosting_of_no_rows():
    """Return gradient boosting whose start has no row to add to."""
    changed = copy.deepcopy(fitted("gradient boosting"))
    changed.init_.class_prior_ = np.zeros((0, 2))
    return pickle.dumps(changed)


def boosting_of_another_start():
    """Return gradient boosting that starts from a model without a result."""
    changed = copy.deepcopy(fitted("gradient boosting"))
    changed.init_ = copy.deepcopy(fitted("logistic"))
    changed.init_.intercept_ = np.zeros((0, 1))
    return pickle.dumps(changed)


def encoder_out_of_order():
    """Return an encoder that finds a category behind its last one."""
    changed = copy.deepcopy(fitted("one-hot numbers"))
    categories = changed[0].categories_
    categories[:] = [known[::-1].copy() for known in categories]
    return pickle.dumps(changed)


def encoder_of_colliding_categories():
    """Return an encoder whose categories all have the same hash."""
    changed = copy.deepcopy(fitted("columns by their types"))
    encoder = changed[0].named_transformers_["texts"]
    numbers = [(2**61 - 1) * i for i in range(30_000)]
    encoder.categories_[0] = np.array(numbers, dtype=object)
    return pickle.dumps(changed)


def encoder_beyond_its_columns():
    """Return a pipeline whose sparse one-hot matrix has positions beyond its end."""
    changed = copy.deepcopy(fitted("logistic of a frame"))
    encoder = changed[0].named_transformers_["texts"]
    encoder._n_features_outs = [1, 1]
    return pickle.dumps(changed)


def hiding_a_method(value):
    """Return a model whose predict_proba is something else."""
    return model(predict_proba=value)


def built_class():
    """Return a pickle that changes a class for the whole process."""
    class_ = name("sklearn.linear_model._logistic", "LogisticRegression")
    return whole(class_, plain({"predict_proba": None}), pickle.BUILD)


def built_twice():
    """Return an array that is given a second state after it was used."""
    dtype = Assembled(plain(np.dtype("f8")))
    made = call(
        "numpy._core.multiarray",
        "_reconstruct",
        Assembled(name("numpy", "ndarray")),
        (0,),
        b"b",
    )
    state = values(1, (1,), dtype, False, b"\0" * 8)
    return whole(made, state, pickle.BUILD, state, pickle.BUILD)


def twister(position):
    """Return a model with a random generator that reads beyond its key."""
    generator = np.random.RandomState(0)
    state = generator.__reduce__()[2]
    state["state"]["pos"] = position
    return model(random_state=Forged(*generator.__reduce__()[:2], state))


HALF = "half \ud800"


def of_texts(*texts):
    """Return what pickles as an array of texts, as numpy keeps them."""
    longest = max(map(len, texts))
    return array(
        (len(texts),),
        np.dtype(f"U{longest}"),
        b"".join(
            one.ljust(longest, "\0").encode("utf-32-le", "surrogatepass")
            for one in texts
        ),
    )


def frame_model(change):
    """Return a pipeline of a frame with something changed."""
    changed = copy.deepcopy(fitted("logistic of a frame"))
    change(changed)
    return pickle.dumps(changed, 4)


def half_category(changed):
    """Let a category be half of a character."""
    encoder = changed[0].named_transformers_["texts"]
    encoder.categories_[0] = np.array([HALF, *encoder.categories_[0][1:]], object)


def half_column(changed):
    """Let a column be chosen by half of a character."""
    name, branch, _ = changed[0].transformers_[0]
    changed[0].transformers_[0] = (name, branch, [HALF])


def half_names(changed):
    """Let the features have a name that is half of a character."""
    changed.steps[0][1].feature_names_in_[0] = HALF


def own_function():
    """Return a pipeline with a function of numpy's in it."""
    from sklearn.preprocessing import FunctionTransformer

    return pickle.dumps(
        Pipeline([("f", FunctionTransformer(np.nan_to_num)), ("c", fitted("logistic"))])
    )


def holding_a_type():
    """Return a model one attribute of which is a type that can be called."""
    return model(link=np.ndarray)


STATES = {
    "object array of raw bytes, by BUILD": lambda: model(
        coef_=array((8,), np.dtype("O"), POINTERS)
    ),
    "object array of raw bytes, by _frombuffer": lambda: model(
        coef_=Forged(_frombuffer, (POINTERS, np.dtype("O"), (8,), "C"))
    ),
    "object scalar of raw bytes": lambda: model(
        C=Forged(scalar, (np.dtype("O"), POINTERS[:8]))
    ),
    "structured type with an object": lambda: model(
        coef_=array((4,), object_fields(), POINTERS)
    ),
    "structured type beyond its end": lambda: model(
        coef_=array((1,), overlapping_fields(), POINTERS)
    ),
    "type that is an object by its flags": lambda: model(
        coef_=array(
            (1, 4),
            retyped("f8", (3, "<", None, None, None, -1, -1, 63)),
            POINTERS[:32],
        )
    ),
    "type of another size": lambda: model(
        coef_=array(
            (1, 4), retyped("U6", (3, "<", None, None, None, 2**30, 4, 8)), POINTERS
        )
    ),
    "type with metadata": lambda: model(
        coef_=array(
            (1, 4),
            retyped("M8", (4, "<", None, None, None, -1, -1, 0, ({}, (b"s", 1, 1, 1)))),
            POINTERS[:32],
        )
    ),
    "array of fewer bytes than its shape": lambda: model(
        coef_=array((1, 400), np.dtype("f8"), POINTERS)
    ),
    "array of a negative shape": lambda: model(
        coef_=array((-1, -4), np.dtype("f8"), POINTERS[:32])
    ),
    "bool array of other bytes": lambda: model(
        coef_=array((64,), np.dtype("b1"), POINTERS)
    ),
    "text array beyond the last code point": lambda: model(
        classes_=array((2,), np.dtype("U8"), b"\xff" * 64)
    ),
    "array given two states": built_twice,
    "array given no state": lambda: model(
        coef_=Forged(_reconstruct, (np.ndarray, (0,), b"b"))
    ),
    "tree child 2e9": lambda: with_node("left_child", 0, 2_000_000_000),
    "tree child below 0": lambda: with_node("right_child", 0, -2_000_000_000),
    "tree child 0": lambda: with_node("left_child", 0, 0),
    "tree child its own ancestor": lambda: with_node("left_child", 1, 0),
    "tree child of two parents": lambda: with_node("right_child", 0, 1),
    "tree feature 2e9": lambda: with_node("feature", 0, 2_000_000_000),
    "tree feature below 0": lambda: with_node("feature", 0, -5),
    "tree child 2e9 in a forest": lambda: with_node(
        "left_child", 0, 2_000_000_000, family="random forest"
    ),
    "tree of more classes than its values": lambda: tree_model(tree_state(), classes=9),
    "tree of two outputs": lambda: tree_model(tree_state(), outputs=2),
    "tree of a billion features": lambda: tree_model(tree_state(), features=10**9),
    "tree of more features than the model": lambda: tree_model(
        tree_state(), features=40
    ),
    "tree with more nodes announced": lambda: tree_model(
        {**tree_state(), "node_count": 10**6}
    ),
    "tree without nodes": lambda: tree_model(
        {**tree_state(), "nodes": tree_state()["nodes"][:0], "node_count": 0}
    ),
    "tree without a state": lambda: tree_model(None),
    "tree with values of another shape": lambda: tree_model(
        {**tree_state(), "values": np.zeros((1, 1, 2))}
    ),
    "tree with values that are no numbers": lambda: tree_model(
        {**tree_state(), "values": tree_state()["values"] * np.nan}
    ),
    "forest of trees for other columns": forest_of_other_columns,
    "gradient boosting beyond its columns": boosting_in_many_columns,
    "gradient boosting of trees of two classes": lambda: tree_model(
        tree_state(), family="gradient boosting"
    ),
    "histogram tree child 2e9": lambda: predictor_model("left", 0, 2_000_000_000),
    "histogram tree child 0": lambda: predictor_model("right", 0, 0),
    "histogram tree feature 2e9": lambda: predictor_model(
        "feature_idx", 0, 2_000_000_000
    ),
    "histogram tree of a category that is none": lambda: predictor_model(
        "is_categorical", 0, 1
    ),
    "histogram tree without leaves": lambda: predictor_model("is_leaf", slice(None), 0),
    "histogram tree with far categories": lambda: categories_model(far_bitset),
    "histogram bins of large categories": lambda: categories_model(large_categories),
    "histogram encoder of fewer columns": lambda: categories_model(narrow_encoder),
    "one-hot encoder beyond its columns": encoder_beyond_its_columns,
    "gradient boosting of no rows": boosting_of_no_rows,
    "gradient boosting of another start": boosting_of_another_start,
    "one-hot encoder out of order": encoder_out_of_order,
    "encoder of categories that collide": encoder_of_colliding_categories,
    "a model of 100,000 features": lambda: model(n_features_in_=100_000),
    "BUILD on a class": built_class,
    "BUILD on a list": lambda: whole(plain([1]), plain({"a": 1}), pickle.BUILD),
    "BUILD of a state that hides a method": lambda: hiding_a_method(1.0),
    "BUILD of a state with a class": lambda: model(__class__=np.float64),
    "a method that is a type": lambda: hiding_a_method(np.ndarray),
    "an attribute that is a type": holding_a_type,
    "a random generator beyond its key": lambda: twister(10**6),
    "a function of one's own": own_function,
    "NaN coefficients": lambda: model(coef_=np.full((1, 4), np.nan)),
    "infinite intercept": lambda: model(intercept_=np.array([np.inf])),
    "coefficients of an object": lambda: model(coef_=np.full((1, 4), object)),
    "half a character in a parameter": lambda: model(solver=HALF),
    "half a character as a key": lambda: model(class_weight={HALF: 1.0}),
    "half a character as an attribute": lambda: model(**{HALF: 1.0}),
    "half a character in a long text": lambda: model(solver=HALF * 100),
    "half a character in the classes": lambda: model(classes_=of_texts("no", HALF)),
    "half a character in the classes, as objects": lambda: model(
        classes_=np.array(["no", HALF], object)
    ),
    "half a character as a number of numpy's": lambda: model(C=np.str_(HALF)),
    "half a character in a category": lambda: frame_model(half_category),
    "half a character as a column": lambda: frame_model(half_column),
    "half a character in a feature's name": lambda: frame_model(half_names),
    "another version of scikit-learn": lambda: model().replace(
        __version__.encode(), b"1.0.0"
    ),
    "a model that is a list": lambda: pickle.dumps([1, 2], 4),
    "a model that is a transformer": lambda: pickle.dumps(
        fitted("logistic of a frame")[0], 4
    ),
    "a model without probabilities": lambda: pickle.dumps(
        Pipeline([("only", fitted("logistic of a frame")[0])]), 4
    ),
    "arguments of a slice": lambda: whole(
        call("builtins", "slice", "a", [1], {"b": 1})
    ),
    "a call of a Tree with a list": lambda: whole(
        call("sklearn.tree._tree", "Tree", 4, [2], 1)
    ),
    "a loss that is called with more": lambda: whole(
        call("sklearn._loss._loss", "CyHalfBinomialLoss", 1, 2)
    ),
    "a call of Pipeline": lambda: whole(call("sklearn.pipeline", "Pipeline", [])),
}
