"""Scanning a compiled form before ONNX Runtime reads it.

ONNX Runtime takes graphs for trusted: a format with subgraphs, custom operators and
files beside it, and trees that are followed as they are written. Let through is only
what ``loader.compiling`` writes, itself or by skl2onnx. The wire format is read here,
strictly (no unknown field, nothing twice), so that ONNX Runtime cannot read anything
else out of the same bytes. See https://protobuf.dev/programming-guides/encoding/ and
onnx.proto in https://github.com/onnx/onnx for the numbers.

The sandbox does this once, at registration, before the form is tried; sessions that
load the version compare the digest and need not do it again.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from .errors import ScoringError

# A message as it was read: its fields by name.
Message = dict[str, Any]

MOST_BYTES = 64 << 20
MOST_GRAPH_NODES = 10_000
MOST_ELEMENTS = 8 << 20
# ONNX Runtime follows trees by recursion when it loads them.
DEEPEST_ENSEMBLE = 5_000

# What loader.compiling.graph writes, and what skl2onnx writes for classifiers that
# loader.compiling.generic is left with. Without subgraphs: no neighbours, no Scan.
OWN_OPERATORS = {
    *("Add", "Clip", "Identity", "IsNaN", "MatMul", "Max", "Min", "Mul", "Sigmoid"),
    *("Sub", "Sum", "Where"),
    "ai.onnx.ml.TreeEnsemble",
}
CONVERTED_OPERATORS = {
    *("Abs", "Add", "ArgMax", "ArgMin", "Cast", "Clip", "Concat", "Div", "Exp"),
    *("Gather", "Greater", "Identity", "Log", "MatMul", "Mul", "Pow"),
    *("ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceSum", "Relu", "Reshape"),
    *("Sigmoid", "Sub", "Sum", "Tanh", "Transpose"),
    "ai.onnx.ml.ArrayFeatureExtractor",
    "ai.onnx.ml.Imputer",
    "ai.onnx.ml.LinearClassifier",
    "ai.onnx.ml.Scaler",
    "ai.onnx.ml.TreeEnsembleClassifier",
}
OPERATORS = OWN_OPERATORS | CONVERTED_OPERATORS

VARINT = 0
FIXED64 = 1
DELIMITED = 2
FIXED32 = 5
LONGEST_VARINT = 10


class Field(NamedTuple):
    """A field of a message."""

    name: str
    # Its wire type.
    wire: int
    # Whether it may be there more than once.
    often: bool = False
    # Of the message that it holds, if it holds one.
    fields: "dict[int, Field] | None" = None
    # Whether it is there a hundred thousand times, with nothing but integers after it.
    run: bool = False


DIMENSION = {1: Field("value", VARINT), 2: Field("parameter", DELIMITED)}
SHAPE = {1: Field("dimensions", DELIMITED, True, DIMENSION)}
TENSOR_TYPE = {1: Field("element", VARINT), 2: Field("shape", DELIMITED, False, SHAPE)}
TYPE = {1: Field("tensor", DELIMITED, False, TENSOR_TYPE)}
VALUE = {1: Field("name", DELIMITED), 2: Field("type", DELIMITED, False, TYPE)}
TENSOR = {
    1: Field("dimensions", VARINT, True),
    2: Field("type", VARINT),
    4: Field("floats", DELIMITED),
    5: Field("ints32", DELIMITED),
    6: Field("strings", DELIMITED, True),
    7: Field("ints64", DELIMITED),
    8: Field("name", DELIMITED),
    9: Field("raw", DELIMITED),
    10: Field("doubles", DELIMITED),
}
ATTRIBUTE = {
    1: Field("name", DELIMITED),
    2: Field("float", FIXED32),
    3: Field("int", VARINT),
    4: Field("string", DELIMITED),
    5: Field("tensor", DELIMITED, False, TENSOR),
    6: Field("graph", DELIMITED),
    7: Field("floats", FIXED32, True),
    8: Field("ints", VARINT, True, None, True),
    9: Field("strings", DELIMITED, True),
    20: Field("type", VARINT),
}
NODE = {
    1: Field("inputs", DELIMITED, True),
    2: Field("outputs", DELIMITED, True),
    3: Field("name", DELIMITED),
    4: Field("operator", DELIMITED),
    5: Field("attributes", DELIMITED, True, ATTRIBUTE),
    7: Field("domain", DELIMITED),
}
GRAPH = {
    1: Field("nodes", DELIMITED, True, NODE),
    2: Field("name", DELIMITED),
    5: Field("initializers", DELIMITED, True, TENSOR),
    11: Field("inputs", DELIMITED, True, VALUE),
    12: Field("outputs", DELIMITED, True, VALUE),
}
OPSET = {1: Field("domain", DELIMITED), 2: Field("version", VARINT)}
PROPERTY = {1: Field("key", DELIMITED), 2: Field("value", DELIMITED)}
MODEL = {
    1: Field("ir_version", VARINT),
    2: Field("producer", DELIMITED),
    3: Field("producer_version", DELIMITED),
    4: Field("domain", DELIMITED),
    5: Field("version", VARINT),
    6: Field("documentation", DELIMITED),
    7: Field("graph", DELIMITED, False, GRAPH),
    8: Field("opsets", DELIMITED, True, OPSET),
    14: Field("properties", DELIMITED, True, PROPERTY),
}

# By TensorProto.DataType: bytes of an element in raw data, and the field that may hold
# the elements otherwise with the bytes of each there, None for varints.
ELEMENTS = {
    1: (4, "floats", 4),
    2: (1, "ints32", None),
    6: (4, "ints32", None),
    7: (8, "ints64", None),
    9: (1, "ints32", None),
    11: (8, "doubles", 8),
}
STRINGS = 8
DOUBLE = 11

ENSEMBLE_ATTRIBUTES = {
    *("aggregate_function", "leaf_targetids", "leaf_weights", "n_targets"),
    *("nodes_falseleafs", "nodes_falsenodeids", "nodes_featureids"),
    *("nodes_missing_value_tracks_true", "nodes_modes", "nodes_splits"),
    *("nodes_trueleafs", "nodes_truenodeids", "post_transform", "tree_roots"),
}
CLASSIFIER_ATTRIBUTES = {
    *("class_ids", "class_nodeids", "class_treeids", "class_weights"),
    *("nodes_falsenodeids", "nodes_featureids", "nodes_hitrates"),
    *("nodes_missing_value_tracks_true", "nodes_modes", "nodes_nodeids"),
    *("nodes_treeids", "nodes_truenodeids", "nodes_values", "post_transform"),
}
CLASS_LABELS = ({"classlabels_int64s"}, {"classlabels_strings"})
BASE = "base_values"


def scan(compiled: bytes) -> None:
    """Refuse bytes that are no compiled form as pgchurn makes them."""
    if len(compiled) > MOST_BYTES:
        raise not_allowed(f"more than {MOST_BYTES >> 20} MB")
    model = message(memoryview(compiled), MODEL)
    if {text(one, "domain") for one in model["opsets"]} - {"", "ai.onnx.ml"}:
        raise not_allowed("operators of another domain")
    graph = model["graph"]
    if graph is None:
        raise not_allowed("no graph")
    nodes = graph["nodes"]
    if not 0 < len(nodes) <= MOST_GRAPH_NODES:
        raise not_allowed(f"a graph of {len(nodes)} nodes")
    for tensor in graph["initializers"]:
        check_tensor(tensor)
    width = input_width(graph)
    for node in nodes:
        check_node(node, width, text(graph["inputs"][0], "name"))


def input_width(graph: Message) -> int:
    """Return how many columns the one input has; it and the output are of doubles."""
    if len(graph["inputs"]) != 1 or len(graph["outputs"]) != 1:
        raise not_allowed("more or less than one input and one output")
    for value in (*graph["inputs"], *graph["outputs"]):
        tensor = value["type"] and value["type"]["tensor"]
        shape = tensor and tensor["shape"]
        if not shape or tensor["element"] != DOUBLE or len(shape["dimensions"]) != 2:
            raise not_allowed("an input or output that is no matrix of doubles")
    width = graph["inputs"][0]["type"]["tensor"]["shape"]["dimensions"][1]["value"]
    if not width or width > MOST_ELEMENTS:
        raise not_allowed("an input without a width")
    return width


def check_node(node: Message, width: int, source: str) -> None:
    """Refuse a node of another operator, or with tensors or trees that are unsound."""
    domain, operator = text(node, "domain"), text(node, "operator")
    name = f"{domain}.{operator}" if domain else operator
    if name not in OPERATORS:
        raise not_allowed(f"the operator {name}")
    attributes: dict[str, Message] = {}
    for attribute in node["attributes"]:
        if attribute["graph"] is not None:
            raise not_allowed("a graph within the graph")
        if attribute["tensor"] is not None:
            check_tensor(attribute["tensor"])
        if text(attribute, "name") in attributes:
            raise not_allowed("an attribute that is there twice")
        attributes[text(attribute, "name")] = attribute
    if name == "ai.onnx.ml.TreeEnsemble":
        if [str(one, "utf-8", "replace") for one in node["inputs"]] != [source]:
            raise not_allowed("trees that do not read the features")
        check_ensemble(attributes, width)
    elif name == "ai.onnx.ml.TreeEnsembleClassifier":
        check_classifier(attributes)


def check_tensor(tensor: Message) -> None:
    """Refuse a tensor whose elements are not all there, or too many."""
    dimensions = tensor["dimensions"]
    if any(one > MOST_ELEMENTS for one in dimensions):
        raise not_allowed("a tensor of an impossible shape")
    elements = math.prod(dimensions)
    if elements > MOST_ELEMENTS:
        raise not_allowed(f"a tensor of {elements} elements")
    held = {
        key
        for key in ("floats", "ints32", "ints64", "raw", "doubles")
        if tensor[key] is not None
    }
    if tensor["type"] == STRINGS:
        if held or len(tensor["strings"]) != elements:
            raise not_allowed("a tensor of texts without its texts")
        return
    if tensor["type"] not in ELEMENTS or tensor["strings"]:
        raise not_allowed(f"a tensor of type {tensor['type']}")
    raw_size, other, other_size = ELEMENTS[tensor["type"]]
    if held == {"raw"}:
        found = len(tensor["raw"]) / raw_size
    elif held == {other}:
        packed = tensor[other]
        found = len(packed) / other_size if other_size else len(varints(packed))
    else:
        found = 0 if not held else -1
    if found != elements:
        raise not_allowed("a tensor that does not hold what its shape says")


def check_ensemble(attributes: dict[str, Message], width: int) -> None:
    """Refuse trees of version 5 that do not end, or point to nothing.

    Every node comes after its parent and has just one, as ``flatten`` places them, so
    that following a tree ends.
    """
    if attributes.keys() != ENSEMBLE_ATTRIBUTES:
        raise not_allowed("trees with other attributes")

    def ints(name: str) -> np.ndarray:
        return attributes[name]["ints"]

    def single(name: str) -> int:
        return attributes[name]["int"] or 0

    modes = raw_elements(attributes["nodes_modes"], np.uint8)
    splits = raw_elements(attributes["nodes_splits"], np.float64)
    leaves = len(raw_elements(attributes["leaf_weights"], np.float64))
    count = len(modes)
    per_node = [name for name in ENSEMBLE_ATTRIBUTES if name.startswith("nodes_")]
    lengths = {
        len(ints(n)) for n in per_node if n not in ("nodes_modes", "nodes_splits")
    }
    if not count or lengths | {len(splits)} != {count}:
        raise not_allowed("trees whose attributes differ in length")
    if not np.isin(modes, (0, 4)).all():
        raise not_allowed("a comparison of another kind")
    inside(ints("nodes_featureids"), width)
    for name in ("nodes_missing_value_tracks_true", "nodes_trueleafs"):
        inside(ints(name), 2)
    inside(ints("nodes_falseleafs"), 2)
    if len(ints("leaf_targetids")) != leaves or ints("leaf_targetids").any():
        raise not_allowed("leaves of another target")
    settings = [
        single(n) for n in ("n_targets", "aggregate_function", "post_transform")
    ]
    if settings != [1, 1, 0]:
        raise not_allowed("trees that are put together in another way")
    children, parents = [], []
    for side in ("true", "false"):
        targets = ints(f"nodes_{side}nodeids")
        is_leaf = ints(f"nodes_{side}leafs") == 1
        inside(targets[is_leaf], leaves)
        inside(targets[~is_leaf], count)
        children.append(targets[~is_leaf])
        parents.append(np.flatnonzero(~is_leaf))
    roots = ints("tree_roots")
    inside(roots, count)
    check_order(np.concatenate(parents), np.concatenate(children), roots, count)


def check_classifier(attributes: dict[str, Message]) -> None:
    """Refuse the same in trees of older versions, which name a node by two numbers."""
    others = attributes.keys() - CLASSIFIER_ATTRIBUTES - {BASE}
    if CLASSIFIER_ATTRIBUTES - attributes.keys() or others not in CLASS_LABELS:
        raise not_allowed("trees with other attributes")
    if BASE in attributes and len(attributes[BASE]["floats"]) != 1:
        raise not_allowed("trees with more than one sum")

    def ints(name: str) -> np.ndarray:
        return attributes[name]["ints"]

    trees, nodes = ints("nodes_treeids"), ints("nodes_nodeids")
    modes = [bytes(mode) for mode in attributes["nodes_modes"]["strings"]]
    count = len(modes)
    per_node = ("treeids", "nodeids", "falsenodeids", "truenodeids", "featureids")
    lengths = {len(ints(f"nodes_{name}")) for name in per_node}
    lengths |= {len(ints("nodes_missing_value_tracks_true"))}
    lengths |= {
        len(attributes[f"nodes_{name}"]["floats"]) for name in ("values", "hitrates")
    }
    if not count or lengths != {count}:
        raise not_allowed("trees whose attributes differ in length")
    if set(modes) - {b"BRANCH_LEQ", b"LEAF"}:
        raise not_allowed("a comparison of another kind")
    inside(ints("nodes_featureids"), MOST_ELEMENTS)
    inside(ints("nodes_missing_value_tracks_true"), 2)
    # The trees stand one after the other, each with its nodes counted from 0.
    roots = np.flatnonzero(nodes == 0)
    first = np.maximum.accumulate(np.where(nodes == 0, np.arange(count), 0))
    if nodes[0] != 0 or not np.array_equal(nodes, np.arange(count) - first):
        raise not_allowed("trees whose nodes are not counted")
    if not np.array_equal(trees, np.cumsum(nodes == 0) - 1):
        raise not_allowed("trees that are not counted")
    sizes = np.diff(np.append(roots, count))[trees]
    is_leaf = np.array([mode == b"LEAF" for mode in modes])
    parents = np.flatnonzero(~is_leaf)
    children = []
    for side in ("true", "false"):
        targets = ints(f"nodes_{side}nodeids")
        inside(targets[~is_leaf], sizes[~is_leaf])
        children.append(targets[~is_leaf] + first[~is_leaf])
    check_order(np.tile(parents, 2), np.concatenate(children), roots, count)
    classes = sum(
        len(attributes[name][kind])
        for name, kind in (
            ("classlabels_int64s", "ints"),
            ("classlabels_strings", "strings"),
        )
        if name in attributes
    )
    inside(ints("class_ids"), classes)
    inside(ints("class_treeids"), len(roots))
    lengths = {len(ints(f"class_{name}")) for name in ("ids", "nodeids", "treeids")}
    if lengths != {len(attributes["class_weights"]["floats"])}:
        raise not_allowed("leaves whose attributes differ in length")
    inside(ints("class_nodeids"), sizes[roots][ints("class_treeids")])
    if not is_leaf[roots[ints("class_treeids")] + ints("class_nodeids")].all():
        raise not_allowed("a leaf that is none")


def check_order(
    parents: np.ndarray, children: np.ndarray, roots: np.ndarray, count: int
) -> None:
    """Refuse children before their parents, nodes of two parents, and great depth."""
    if not (children > parents).all():
        raise not_allowed("a node that comes before its parent")
    if (np.bincount(np.concatenate([children, roots]), minlength=count) != 1).any():
        raise not_allowed("a node that is not in one place of one tree")
    parent = np.full(count, -1)
    parent[children] = parents
    level = np.flatnonzero(parent < 0)
    order = np.argsort(parents, kind="stable")
    parents, children = parents[order], children[order]
    for _ in range(DEEPEST_ENSEMBLE):
        low = np.searchsorted(parents, level, "left")
        high = np.searchsorted(parents, level, "right")
        level = children[np.concatenate([low[high > low], high[high - low > 1] - 1])]
        if not len(level):
            return
    raise not_allowed(f"a tree deeper than {DEEPEST_ENSEMBLE}")


def inside(values: np.ndarray, limit: Any) -> None:
    """Refuse integers that are not from 0 to below the limit."""
    if ((values < 0) | (values >= limit)).any():
        raise not_allowed("a number that points to nothing")


def raw_elements(attribute: Message, kind: Any) -> np.ndarray:
    """Return a tensor of one dimension that stands in raw data."""
    tensor = attribute["tensor"]
    if tensor is None or tensor["raw"] is None or len(tensor["dimensions"]) != 1:
        raise not_allowed("trees whose attributes are of another kind")
    if len(tensor["raw"]) != tensor["dimensions"][0] * np.dtype(kind).itemsize:
        raise not_allowed("trees whose attributes are of another kind")
    return np.frombuffer(tensor["raw"], kind)


def text(fields: Message, key: str) -> str:
    """Return a field of bytes as text, empty where it is missing."""
    return str(fields[key] or b"", "utf-8", "replace")


def message(data: memoryview, fields: dict[int, Field]) -> Message:
    """Read a message strictly; return every field by name.

    A field is an int, a memoryview or a dict, None where it is missing; a list where it
    may be there often, an ndarray of int64 where it is a run.
    """
    found: Message = {
        field.name: np.zeros(0, np.int64) if field.run else [] if field.often else None
        for field in fields.values()
    }
    value: Any
    position = 0
    while position < len(data):
        start = position
        key, position = varint(data, position)
        field = fields.get(key >> 3)
        if field is None or field.wire != key & 7:
            raise not_allowed("a field that it has no use for")
        if field.run:
            if len(found[field.name]):
                raise not_allowed("a field that is there twice")
            found[field.name], position = run_of_varints(data, start, key)
            continue
        if field.wire == VARINT:
            value, position = varint(data, position)
        else:
            size = {FIXED64: 8, FIXED32: 4}.get(field.wire)
            if size is None:
                size, position = varint(data, position)
            value = data[position : position + size]
            position += size
            if position > len(data):
                raise not_allowed("less than it says")
            if field.fields is not None:
                value = message(value, field.fields)
        if field.often:
            found[field.name].append(value)
        elif found[field.name] is None:
            found[field.name] = value
        else:
            raise not_allowed("a field that is there twice")
    return found


def varint(data: memoryview, position: int) -> tuple[int, int]:
    """Return an unsigned integer of variable length, and where it ends."""
    value = 0
    for i, byte in enumerate(data[position : position + LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            return value & (2**64 - 1), position + i + 1
    raise not_allowed("a number without an end")


def run_of_varints(data: memoryview, start: int, key: int) -> tuple[np.ndarray, int]:
    """Return the integers that follow each other under one key, and where they end."""
    raw = np.frombuffer(data[start:], np.uint8)
    numbers = varints(raw)
    if len(numbers) % 2:
        raise not_allowed("a number without an end")
    others = np.flatnonzero(numbers[0::2] != key)
    pairs = others[0] if len(others) else len(numbers) // 2
    ends = np.flatnonzero(raw < 0x80) + 1
    return numbers[1 : 2 * pairs : 2], start + int(ends[2 * pairs - 1])


def varints(data: Any) -> np.ndarray:
    """Return the integers of variable length that fill some bytes."""
    raw = np.frombuffer(data, np.uint8)
    if not len(raw):
        return np.zeros(0, np.int64)
    ends = np.flatnonzero(raw < 0x80) + 1
    if not len(ends) or ends[-1] != len(raw):
        raise not_allowed("a number without an end")
    starts = np.concatenate([[0], ends[:-1]])
    lengths = ends - starts
    if lengths.max() > LONGEST_VARINT:
        raise not_allowed("a number without an end")
    shifts = 7 * (np.arange(len(raw)) - np.repeat(starts, lengths))
    parts = (raw & 0x7F).astype(np.uint64) << shifts.astype(np.uint64)
    return np.bitwise_or.reduceat(parts, starts).view(np.int64)


def not_allowed(what: str) -> ScoringError:
    """Return the error for a compiled form that pgchurn has not written."""
    return ScoringError(f"compiled form is malformed: it has {what}")
