"""ONNX files: what is read, and what is refused."""

import pickle
import struct

import numpy as np
import pandas as pd
import pytest
from pgchurn.loader.boosters.files import is_booster
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.models.bringing import artifact_of
from pgchurn.loader.onnx.files import is_onnx, read_onnx
from pgchurn.plpython.runtime.estimators import load_estimator

from tests.compiling import assert_same
from tests.exports.writing import (
    attribute,
    model,
    node,
    part,
    stump,
    tensor,
    value,
    whole,
)
from tests.legitimate.onnx import (
    COUNTS,
    KINDS,
    MATRICES,
    REFUSED,
    ROWS,
    TEXTS,
    classifier,
    content_of,
    frame_of,
    names_for,
    said_by_runtime,
)

# What sums in single precision cost; double precision costs nothing.
TOLERANCE = 1e-6
# So near to ONNX Runtime are single precision's sums of the files that are kept.
NEAR = 3e-7
every_kind = pytest.mark.parametrize("kind", KINDS)


def rows_of(kind):
    """Return rows for a kind of model."""
    return frame_of(kind, **ROWS)[0]


@every_kind
def test_a_file_gives_the_probabilities_of_onnx_runtime(kind):
    rows = rows_of(kind)

    found = load_estimator(pickle.dumps(classifier(kind))).predict_proba(rows)

    expected = said_by_runtime(content_of(kind), rows)
    np.testing.assert_allclose(found[:, 1], expected, rtol=0, atol=NEAR)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)


@every_kind
def test_a_file_is_compiled_to_what_it_gives(kind):
    rows = rows_of(kind)
    kinds = {name: "text" if name in TEXTS else "number" for name in rows}

    estimator = load_estimator(pickle.dumps(classifier(kind)))

    assert_same(estimator, rows.astype(dict.fromkeys(COUNTS, float)), kinds, TOLERANCE)


@every_kind
def test_a_file_is_known_for_one_of_onnx(kind):
    assert is_onnx(content_of(kind))
    assert not is_booster(content_of(kind))
    assert not is_onnx(pickle.dumps(classifier(kind)))


@pytest.mark.parametrize("kind", ["forest", "stack", "network", "catboost"])
def test_the_same_file_always_gives_the_same_pickle(kind):
    first, second = (
        artifact_of(content_of(kind), kind, names_for(kind), None) for _ in range(2)
    )

    assert first == second


def test_the_classes_are_those_of_the_file():
    assert list(classifier("forest").classes_) == ["kept", "left"]
    assert list(classifier("catboost").classes_) == ["kept", "left"]
    assert list(classifier("descent").classes_) == [0, 1]


def test_columns_that_no_node_reads_are_no_features():
    assert "channel" not in classifier("strict").feature_names_in_
    assert set(classifier("logistic").feature_names_in_) == set(KINDS["logistic"]) - {
        *("usage", "paperless", "complaint_count")
    }


@pytest.mark.parametrize("kind", MATRICES)
def test_a_matrix_without_names_for_its_columns_is_refused(kind):
    with pytest.raises(LoaderError, match="name them in order with --features"):
        read_onnx(content_of(kind), [], "file")


def test_a_pipeline_beside_an_onnx_file_is_refused():
    with pytest.raises(LoaderError, match="export the pipeline as a whole"):
        artifact_of(content_of("forest"), "file", [], "preprocessing.pkl")


def test_names_may_be_others_than_in_the_file():
    names = [f"the {name}" for name in KINDS["counts"]]
    found = read_onnx(content_of("counts"), names, "file")

    assert list(found.feature_names_in_) == names
    with pytest.raises(LoaderError, match="takes 3 features, --features names 1"):
        read_onnx(content_of("counts"), ["one"], "file")


@pytest.mark.parametrize("kind", ["logistic", "forest"])
def test_a_text_or_a_whole_number_that_is_missing_is_refused(kind):
    rows = rows_of(kind)
    rows.loc[3, "contract"] = np.nan

    with pytest.raises(ValueError, match="a whole number or a text is missing"):
        classifier(kind).predict_proba(rows)


def test_a_category_that_an_encoder_refuses_is_refused():
    rows = rows_of("strict")

    for column, strange in (("contract", "never seen"), ("complaint_count", 99)):
        with pytest.raises(ValueError, match="unknown categories"):
            classifier("strict").predict_proba(rows.assign(**{column: strange}))


@pytest.mark.parametrize(
    "mode",
    ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"],
)
@pytest.mark.parametrize("tracks", [0, 1])
@pytest.mark.parametrize("double", [False, True])
def test_nodes_compare_as_onnx_runtime_does(mode, tracks, double):
    threshold = 3.0
    element = 11 if double else 1
    content = model(
        stump(mode, threshold, nodes_missing_value_tracks_true=[tracks, 0, 0]),
        element=element,
    )
    below = np.nextafter(np.float32(threshold), np.float32(0))
    above = np.nextafter(np.float32(threshold), np.float32(9))
    near = [np.nextafter(threshold, 0), threshold, np.nextafter(threshold, 9)]
    given = [2.0, 3.5, float(below), float(above), np.nan, -1e30, 1e300, *near]
    rows = pd.DataFrame({"x": given})

    found = read_onnx(content, ["x"], "file")

    with np.errstate(over="ignore"):
        expected = said_by_runtime(content, rows)
    got = found.predict_proba(rows)[:, 1]
    np.testing.assert_allclose(got, expected, rtol=0, atol=NEAR)
    assert_same(load_estimator(pickle.dumps(found)), rows, {"x": "number"}, TOLERANCE)


def test_thresholds_of_double_precision_are_compared_as_such():
    threshold = 0.1
    values = whole(1, 3) + whole(2, 11) + part(9, struct.pack("<3d", threshold, 0, 0))
    weights = whole(1, 2) + whole(2, 11) + part(9, struct.pack("<2d", 0.2, 0.8))
    content = model(
        stump(
            nodes_values=None,
            nodes_values_as_tensor=values,
            class_weights=None,
            class_weights_as_tensor=weights,
            post_transform="NONE",
        ),
        element=11,
    )
    rows = pd.DataFrame({"x": [0.1, float(np.float32(0.1)), np.nextafter(0.1, 1)]})

    found = read_onnx(content, ["x"], "file").predict_proba(rows)[:, 1]

    assert list(found) == [0.2, 0.8, 0.8]


def test_categories_one_after_the_other_are_one_node():
    chain = {
        "nodes_treeids": [0] * 5,
        "nodes_nodeids": [0, 1, 2, 3, 4],
        "nodes_featureids": [0] * 5,
        "nodes_modes": ["BRANCH_EQ", "BRANCH_EQ", "BRANCH_EQ", "LEAF", "LEAF"],
        "nodes_values": [1.0, 4.0, 6.0, 0.0, 0.0],
        "nodes_truenodeids": [3, 3, 3, 0, 0],
        "nodes_falsenodeids": [1, 2, 4, 0, 0],
        "nodes_missing_value_tracks_true": [0] * 5,
        "class_nodeids": [3, 4],
    }
    content = model(stump(**chain))
    rows = pd.DataFrame({"x": [0.0, 1.0, 4.0, 6.0, 5.0, 6.5, np.nan]})

    found = read_onnx(content, ["x"], "file")

    assert len(found.left_) == 3
    expected = said_by_runtime(content, rows)
    got = found.predict_proba(rows)[:, 1]
    np.testing.assert_allclose(got, expected, rtol=0, atol=NEAR)


def test_a_node_that_two_others_lead_to_is_refused_and_not_taken_together():
    tree = {
        "nodes_treeids": [0] * 8,
        "nodes_nodeids": [*range(8)],
        "nodes_featureids": [0] * 8,
        "nodes_modes": ["BRANCH_LEQ"] + ["BRANCH_EQ"] * 4 + ["LEAF"] * 3,
        "nodes_values": [9.0, 1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 0.0],
        "nodes_truenodeids": [1, 5, 5, 5, 5, 0, 0, 0],
        "nodes_falsenodeids": [2, 3, 3, 4, 6, 0, 0, 0],
        "nodes_missing_value_tracks_true": None,
        "class_nodeids": [5, 6],
    }

    with pytest.raises(LoaderError, match="has a node that is reached twice"):
        read_onnx(model(stump(**tree)), ["x"], "file")


def test_thresholds_behind_arithmetic_are_compared_in_single_precision():
    chance = np.random.default_rng(5)
    given = chance.normal(1e6, 3.0, 20_000)
    scaled = np.float32(given[7])
    threshold = (scaled - np.float32(1e6)) * np.float32(0.3)
    scaler = node("Scaler", ["X"], ["S"], offset=[1e6], scale=[0.3])
    tree = stump("BRANCH_LT", float(threshold)).replace(part(1, "X"), part(1, "S"))
    content = model(scaler, tree)
    rows = pd.DataFrame({"x": given})

    found = read_onnx(content, ["x"], "file")

    expected = said_by_runtime(content, rows) > 0.5
    assert 0 < expected.mean() < 1
    assert ((found.predict_proba(rows)[:, 1] > 0.5) == expected).all()
    assert_same(load_estimator(pickle.dumps(found)), rows, {"x": "number"}, TOLERANCE)


BY_NAME = {
    "bayes": "Pow (node 'Pow') has no translation",
    "bins": "has no translation",
    "linear-machine": "gives scores that are no probabilities",
    "machine": "ai.onnx.ml.SVMClassifier (node",
    "neighbours": "has no translation",
    "powers": "Pow (node",
    "regressor": "gives scores that are no probabilities",
    "scores": "gives scores that are no probabilities",
    "three-classes": "has 3 classes, and a churn score needs two classes",
    "votes": "Where (node",
}


@pytest.mark.parametrize("name", BY_NAME)
def test_what_has_no_translation_is_refused_by_its_name(name):
    content = (REFUSED / f"{name}.onnx").read_bytes()

    with pytest.raises(LoaderError) as raised:
        read_onnx(content, [*"abcde"], f"{name}.onnx")

    assert str(raised.value).startswith(f"{name}.onnx: ")
    assert BY_NAME[name] in str(raised.value)


def linear(**changes):
    """Return a linear classifier of one column."""
    attributes = {
        "coefficients": [-1.0, 1.0],
        "intercepts": [-0.5, 0.5],
        "classlabels_ints": [0, 1],
        "post_transform": "LOGISTIC",
        **changes,
    }
    return node("LinearClassifier", ["X"], ["L", "P"], **attributes)


OUTSIDE = part(13, part(1, "location") + part(2, "weights.bin")) + whole(14, 1)
DAMAGED = {
    "an unknown version": (model(linear(), version=whole(1, 99)), "ir_version is 99"),
    "an unknown operator set": (
        model(linear(), sets=part(8, part(1, "ai.onnx.ml") + whole(2, 99))),
        "the operator set ai.onnx.ml has the version 99",
    ),
    "no operator set": (
        model(linear(), sets=b""),
        "is of an operator set that the file does not name",
    ),
    "an operator of somebody's own": (
        model(node("Best", ["X"], ["P"], "com.example"), outputs=[value("P")]),
        "com.example.Best (node '') is of a domain that has no translation",
    ),
    "a name that nothing makes": (
        model(node("Identity", ["Y"], ["P"], ""), outputs=[value("P")]),
        "the name 'Y' is made by none",
    ),
    "a circle": (
        model(
            node("Identity", ["Q"], ["P"], ""),
            node("Identity", ["P"], ["Q"], ""),
            outputs=[value("P")],
        ),
        "stands behind more than",
    ),
    "two nodes that make one name": (
        model(linear(), linear()),
        "makes 'L', which is made twice",
    ),
    "functions of its own": (model(linear(), more=part(25, b"")), "has functions"),
    "an unknown field": (model(linear(), more=whole(99, 1)), "has the field 99"),
    "a tensor in another file": (
        model(linear(), constants=[tensor("t", [1.0], data=OUTSIDE)]),
        "is kept in another file",
    ),
    "a tensor of other dimensions": (
        model(linear(), constants=[tensor("t", [1.0], shape=[2, 3])]),
        "has 1 elements, and the shape (2, 3) of others",
    ),
    "a tensor of enormous dimensions": (
        model(linear(), constants=[tensor("t", [1.0], shape=[2**40, 2**40])]),
        "has 1 elements, and the shape",
    ),
    "a weight that is not a number": (
        model(linear(coefficients=[float("nan"), 1.0])),
        "has a number that is not finite",
    ),
    "weights for other columns": (
        model(linear(coefficients=[1.0] * 6)),
        "has 6 coefficients for 1 columns and 2 intercepts",
    ),
    "sums that are not opposite": (
        model(linear(coefficients=[-1.0, 2.0])),
        "gives two probabilities that do not add up to 1",
    ),
    "one class": (model(linear(classlabels_ints=[1])), "has 1 classes"),
    "labels only": (
        model(linear(), outputs=[value("L", 7)]),
        "has no output of probabilities",
    ),
    "text that is not encoded": (
        model(linear(), element=8),
        "numbers as texts, or texts as numbers",
    ),
    "a type that is not read": (model(linear(), element=10), "elements of type 10"),
    "base values of two classes": (
        model(
            stump(
                class_ids=[0, 1, 0, 1],
                class_treeids=[0] * 4,
                class_nodeids=[1, 1, 2, 2],
                class_weights=[-1.0, 1.0, 1.0, -1.0],
                base_values=[-0.1, 0.1],
            )
        ),
        "boost_from_average=False",
    ),
    "votes that do not add up": (
        model(
            stump(
                class_ids=[0, 1, 0, 1],
                class_treeids=[0] * 4,
                class_nodeids=[1, 1, 2, 2],
                class_weights=[0.5, 0.1, 0.7, 0.3],
                post_transform="NONE",
            )
        ),
        "they do not add up to 1",
    ),
    "scores of leaves": (
        model(stump(post_transform="NONE")),
        "gives scores that are no probabilities",
    ),
    "an unknown mode": (model(stump("BRANCH_NEAR")), "nodes of the mode 'BRANCH_NEAR'"),
    "a child that is not there": (
        model(stump(nodes_truenodeids=[9, 0, 0])),
        "names a node that is not there",
    ),
    "a node that is its own child": (
        model(stump(nodes_truenodeids=[0, 0, 0])),
        "has a child 0, which is no node",
    ),
    "a feature that is not there": (
        model(stump(nodes_featureids=[1, 0, 0])),
        "compares a feature that is none of the 1",
    ),
    "a weight of an inner node": (
        model(stump(class_nodeids=[0, 2])),
        "gives a weight to a node that is no leaf",
    ),
    "a category that is a fraction": (
        model(stump("BRANCH_EQ", 0.5)),
        "looks for a number that is no category",
    ),
    "fewer nodes than modes": (
        model(stump(nodes_values=[0.5])),
        "has 1 nodes_values, in place of 3",
    ),
    "an attribute of another type": (
        model(node("Scaler", ["X"], ["P"], offset="x", scale=[1.0])),
        "Scaler (node '').offset is of another type",
    ),
    "an attribute twice": (
        model(
            linear().replace(
                attribute("post_transform", "LOGISTIC"),
                2 * attribute("post_transform", "LOGISTIC"),
            )
        ),
        None,
    ),
    "a node without inputs": (
        model(node("Sigmoid", [], ["P"], ""), outputs=[value("P")]),
        "Sigmoid (node '') has no input",
    ),
    "nothing put together": (
        model(node("Concat", [], ["P"], "", axis=0), outputs=[value("P")]),
        "Concat (node '') has no input",
    ),
    "no columns chosen": (
        model(
            node("Gather", ["X", "none"], ["P"], "", axis=1),
            constants=[whole(1, 0) + whole(2, 7) + part(8, "none")],
            outputs=[value("P")],
        ),
        "computes a table without columns",
    ),
    "a shape of fractions": (
        model(
            node("Reshape", ["X", "shape"], ["P"], ""),
            constants=[tensor("shape", [-1.0, 1.0])],
            outputs=[value("P")],
        ),
        "has shape that are no whole numbers",
    ),
    "nothing": (b"\x08\x08", "has no graph"),
    "half a file": (model(linear())[:-30], None),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_or_strange_file_is_refused_with_the_reason(damage):
    content, reason = DAMAGED[damage]

    with pytest.raises(LoaderError) as raised:
        read_onnx(content, ["x"], "file")

    assert (reason or "") in str(raised.value)
    assert len(str(raised.value)) < 400
