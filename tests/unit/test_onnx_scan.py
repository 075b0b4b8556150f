"""What of a compiled form is let through to ONNX Runtime."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from pgchurn.loader.compiling import compile_model
from pgchurn.loader.compiling.generic import convert
from pgchurn.plpython.runtime import onnx_scan
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.onnx_scan import (
    ATTRIBUTE,
    CONVERTED_OPERATORS,
    DEEPEST_ENSEMBLE,
    OWN_OPERATORS,
    message,
    scan,
    varints,
)
from pgchurn.plpython.runtime.signature import Feature, Signature
from sklearn.calibration import CalibratedClassifierCV
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.ensemble import (
    BaggingClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import BernoulliNB, ComplementNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from tests.soak import fuzz_compiled

WIDTH = 4
RNG = np.random.default_rng(0)
ROWS = np.abs(RNG.normal(size=(200, WIDTH)))
LABELS = (ROWS[:, 0] + RNG.normal(size=200) > 0.8).astype(int)
FOREST = RandomForestClassifier(5, max_depth=4, random_state=0)
LOGISTIC = LogisticRegression()


def calibrated(method):
    """Return a calibrated classifier of two members."""
    return CalibratedClassifierCV(LogisticRegression(), method=method, cv=2)


OWN = {
    "logistic": LOGISTIC,
    "imputed": make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()),
    "sgd": SGDClassifier(loss="log_loss"),
    "forest": FOREST,
    "gradient boosting": GradientBoostingClassifier(n_estimators=5),
    "hist": HistGradientBoostingClassifier(max_iter=5),
    "sigmoid": calibrated("sigmoid"),
    "isotonic": calibrated("isotonic"),
}
CONVERTED = {
    "gaussian": GaussianNB(),
    "bernoulli": BernoulliNB(),
    "multinomial": MultinomialNB(),
    "complement": ComplementNB(),
    "network": MLPClassifier((5,), max_iter=5),
    "tanh": MLPClassifier((5,), max_iter=5, activation="tanh"),
    "bagging": BaggingClassifier(DecisionTreeClassifier(max_depth=3), 3),
    "bagging of lines": BaggingClassifier(LogisticRegression(), 3),
    "linear discriminant": LinearDiscriminantAnalysis(),
    "quadratic discriminant": QuadraticDiscriminantAnalysis(),
    "another loss": SGDClassifier(loss="modified_huber"),
    "exponential": GradientBoostingClassifier(n_estimators=3, loss="exponential"),
    "clipped": make_pipeline(MinMaxScaler(clip=True), FOREST),
    "scaled": make_pipeline(
        SimpleImputer(add_indicator=True), StandardScaler(), GaussianNB()
    ),
    "sigmoid": CalibratedClassifierCV(GaussianNB(), cv=2),
    "isotonic": CalibratedClassifierCV(GaussianNB(), cv=2, method="isotonic"),
    "voting": VotingClassifier(
        [("line", LogisticRegression()), ("forest", FOREST)],
        voting="soft",
        flatten_transform=False,
    ),
}
SIGNATURE = Signature(
    tuple(Feature(name, "number", True) for name in "abcd"), (0, 1), 1, False
)


@pytest.fixture(scope="module")
def own():
    """Return what the compiler writes, of both classes."""
    forms = {
        name: compile_model(model.fit(ROWS, LABELS), SIGNATURE)
        for name, model in OWN.items()
    }
    other = Signature(SIGNATURE.features, (0, 1), 0, False)
    return {**forms, "other class": compile_model(OWN["logistic"], other)}


@pytest.fixture(scope="module")
def converted():
    """Return what skl2onnx writes."""
    metadata = {"texts": {}, "row_program": None}
    return {
        name: convert(model.fit(ROWS, LABELS), WIDTH, 1, metadata)
        for name, model in CONVERTED.items()
    }


def operators(forms):
    """Return the operators of some forms, as the scan names them."""
    return {
        f"{node.domain}.{node.op_type}" if node.domain else node.op_type
        for form in forms.values()
        for node in onnx.load_from_string(form).graph.node
    }


def test_just_the_operators_that_are_written_are_let_through(own, converted):
    assert operators(own) == OWN_OPERATORS
    assert operators(converted) == CONVERTED_OPERATORS


def test_what_is_written_passes(own, converted):
    for form in (*own.values(), *converted.values()):
        scan(form)


def test_trees_of_several_sizes_pass():
    for depth in (1, 2, 8, None):
        for trees in (1, 30):
            forest = RandomForestClassifier(trees, max_depth=depth)
            scan(compile_model(forest.fit(ROWS, LABELS), SIGNATURE))
    scan(
        compile_model(
            DecisionTreeClassifier().fit(ROWS, LABELS * 0 + [1, 0] * 100), SIGNATURE
        )
    )


def assert_refused(content, said=""):
    with pytest.raises(ScoringError) as raised:
        scan(content)
    assert raised.value.message.startswith("compiled form is malformed: it has ")
    assert said in raised.value.message


def test_neighbours_are_left_to_the_pickle():
    model = KNeighborsClassifier().fit(ROWS, LABELS)

    assert_refused(convert(model, WIDTH, 1, {}), "the operator Scan")


def test_cut_short_at_any_place_it_is_refused(own):
    form = own["forest"]
    properties = form.rindex(b"pgchurn", 0, form.rindex(b"row_program")) - 5

    for end in (*range(400), *range(400, properties, 97)):
        assert_refused(form[:end])


def edited(form, edit):
    """Return a form after a change to its model."""
    model = onnx.load_from_string(form)
    edit(model)
    return model.SerializeToString()


def subgraph(model):
    branch = helper.make_graph([], "branch", [], [])
    model.graph.node.append(
        helper.make_node("If", ["c0"], ["x"], then_branch=branch, else_branch=branch)
    )


def hidden_subgraph(model):
    model.graph.node[0].attribute.append(
        helper.make_attribute("body", helper.make_graph([], "body", [], []))
    )


def external_data(model):
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def function(model):
    body = [helper.make_node("Identity", ["a"], ["b"])]
    opsets = [helper.make_opsetid("", 21)]
    made = helper.make_function("own", "Neg", ["a"], ["b"], body, opsets)
    model.functions.append(made)


def sparse(model):
    values = numpy_helper.from_array(np.ones(1), "s")
    indices = numpy_helper.from_array(np.zeros(1, np.int64), "i")
    model.graph.sparse_initializer.append(
        helper.make_sparse_tensor(values, indices, [4])
    )


def training(model):
    model.training_info.add()


def large_tensor(model):
    model.graph.initializer[0].dims[:] = [2**31, 2**31]


def larger_than_it_is(model):
    model.graph.initializer[0].dims[0] += 1


def negative_shape(model):
    model.graph.initializer[0].dims[0] = -1


def type_of(kind):
    def edit(model):
        model.graph.initializer[0].data_type = kind

    edit.__name__ = f"type_of_{kind}"
    return edit


def second_input(model):
    model.graph.input.append(model.graph.input[0])


def second_output(model):
    model.graph.output.append(model.graph.output[0])


def input_of_floats(model):
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT


def input_of_any_width(model):
    model.graph.input[0].type.tensor_type.shape.dim[1].ClearField("dim_value")


def no_nodes(model):
    del model.graph.node[:]


def node_of(operator, domain=""):
    def edit(model):
        model.graph.node.append(
            helper.make_node(operator, ["c0"], ["x"], domain=domain)
        )

    edit.__name__ = f"node_of_{operator or 'nothing'}"
    return edit


def opset(domain):
    def edit(model):
        model.opset_import.append(helper.make_opsetid(domain, 1))

    edit.__name__ = f"opset_{domain}"
    return edit


@pytest.mark.parametrize(
    "edit",
    [
        *(subgraph, hidden_subgraph, external_data, function, sparse, training),
        *(large_tensor, larger_than_it_is, negative_shape, second_input),
        *(second_output, input_of_floats, input_of_any_width, no_nodes),
        *(type_of(kind) for kind in (0, 2, 5, 8, 10, 16, 99)),
        *(
            node_of(name)
            for name in ("Loop", "Scan", "If", "Expand", "Tile", "", "add")
        ),
        node_of("Inverse", "com.microsoft"),
        node_of("Add", "ai.onnx"),
        node_of("SVMClassifier", "ai.onnx.ml"),
        opset("com.microsoft"),
        opset("own"),
    ],
)
def test_what_is_never_written_is_refused(own, edit):
    assert_refused(edited(own["logistic"], edit))


@pytest.mark.parametrize("form", ["logistic", "forest"])
def test_the_same_twice_is_refused(own, form):
    assert_refused(own[form] + own[form], "twice")


def test_too_many_bytes_are_refused(own, monkeypatch):
    monkeypatch.setattr(onnx_scan, "MOST_BYTES", 1 << 20)

    assert_refused(own["logistic"] + bytes(1 << 20), "1 MB")


def trees_with(name, position, value):
    """Return a change to one number of the trees of a form."""

    def edit(model):
        for node in model.graph.node:
            for attribute in node.attribute:
                if attribute.name == name:
                    attribute.ints[position] = value

    return edit


OUT_OF_PLACE = (-1, 2 * 10**9, 2**63 - 1, -(2**63))
POINTERS = [
    *("nodes_truenodeids", "nodes_falsenodeids", "nodes_featureids"),
    *("nodes_trueleafs", "nodes_falseleafs", "nodes_missing_value_tracks_true"),
    *("tree_roots", "leaf_targetids"),
]


@pytest.mark.parametrize("value", OUT_OF_PLACE)
@pytest.mark.parametrize("name", POINTERS)
def test_trees_that_point_to_nothing_are_refused(own, name, value):
    for position in (0, -1):
        assert_refused(edited(own["forest"], trees_with(name, position, value)))


@pytest.mark.parametrize("value", [0, 1])
def test_trees_that_go_round_or_share_are_refused(own, value):
    for side in ("true", "false"):
        name = f"nodes_{side}nodeids"
        model = onnx.load_from_string(own["forest"])
        (node,) = [n for n in model.graph.node if n.op_type == "TreeEnsemble"]
        attributes = {attribute.name: attribute.ints for attribute in node.attribute}
        inner = np.flatnonzero(np.array(attributes[f"nodes_{side}leafs"]) == 0)
        for position in (inner[1], inner[-1]):
            edit = trees_with(name, int(position), value)
            assert_refused(edited(own["forest"], edit))


def test_a_root_that_is_a_root_twice_is_refused(own):
    def edit(model):
        for node in model.graph.node:
            for attribute in node.attribute:
                if attribute.name == "tree_roots":
                    attribute.ints.append(attribute.ints[0])

    assert_refused(edited(own["forest"], edit), "one place")


@pytest.mark.parametrize("value", OUT_OF_PLACE)
@pytest.mark.parametrize(
    "name",
    [
        *("nodes_truenodeids", "nodes_falsenodeids", "nodes_featureids"),
        *("nodes_treeids", "nodes_nodeids", "nodes_missing_value_tracks_true"),
        *("class_ids", "class_nodeids", "class_treeids"),
    ],
)
def test_older_trees_that_point_to_nothing_are_refused(converted, name, value):
    assert_refused(edited(converted["exponential"], trees_with(name, 0, value)))


@pytest.mark.parametrize("name", ["nodes_truenodeids", "class_nodeids"])
def test_older_trees_that_go_round_are_refused(converted, name):
    assert_refused(edited(converted["exponential"], trees_with(name, 0, 0)))


@pytest.mark.parametrize("depth, passes", [(DEEPEST_ENSEMBLE, True), (20_000, False)])
def test_trees_may_be_deep_but_not_too_deep(own, depth, passes):
    """One of 20,000 crashes ONNX Runtime 1.31 when it is loaded."""
    values = {
        "nodes_featureids": [0] * depth,
        "nodes_missing_value_tracks_true": [0] * depth,
        "nodes_truenodeids": [*range(1, depth), 0],
        "nodes_trueleafs": [0] * (depth - 1) + [1],
        "nodes_falsenodeids": [1] * depth,
        "nodes_falseleafs": [1] * depth,
        "tree_roots": [0],
        "leaf_targetids": [0, 0],
    }
    tensors = {
        "nodes_modes": np.zeros(depth, np.uint8),
        "nodes_splits": np.arange(depth, dtype=float),
        "leaf_weights": np.array([0.25, 0.75]),
    }

    def edit(model):
        for node in model.graph.node:
            for attribute in node.attribute:
                if attribute.name in values:
                    attribute.ints[:] = values[attribute.name]
                if attribute.name in tensors:
                    array = numpy_helper.from_array(tensors[attribute.name])
                    attribute.t.CopyFrom(array)

    deep = edited(own["forest"], edit)

    if passes:
        scan(deep)
    else:
        assert_refused(deep, "deeper than")


NUMBERS = [0, 1, -1, 127, 128, 300, 2**31, -(2**31), 2**63 - 1, -(2**63)]


def test_a_run_of_integers_is_read_as_it_was_written():
    written = helper.make_attribute("many", NUMBERS * 3)

    read = message(memoryview(written.SerializeToString()), ATTRIBUTE)

    assert read["ints"].tolist() == NUMBERS * 3
    assert read["type"] == onnx.AttributeProto.INTS


@pytest.mark.parametrize("data", [b"\x80", b"\x01\x80", b"\xff" * 11 + b"\x01"])
def test_an_integer_without_an_end_is_refused(data):
    with pytest.raises(ScoringError):
        varints(data)


@pytest.mark.parametrize("family", fuzz_compiled.FAMILIES)
def test_every_family_of_the_fuzz_passes_as_it_is(family):
    scan(fuzz_compiled.compiled_form(family))


@pytest.mark.slow(reason="scans and runs hundreds of mutants of each family")
def test_no_mutant_crashes_or_hangs():
    for bar in fuzz_compiled.measure(None, full=False):
        assert bar.ok, bar
