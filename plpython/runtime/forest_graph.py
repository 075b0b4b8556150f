"""Trees as a graph that ONNX Runtime runs, for many rows at once.

In a loop over 1,000 rows ONNX Runtime takes a quarter of NumPy's time for a forest. The
graph is written here, from trees that have been checked, and from nothing else: see
"TreeEnsemble" in the ONNX ML operators, version 5, and onnx.proto for the encoding.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from .form_tree_checks import EQUAL, LESS_OR_EQUAL, MISSING_IS_TRUE

if TYPE_CHECKING:
    from .form_trees import Trees

# TreeEnsemble in double precision came with version 5 of the ML operators.
IR_VERSION, OPSET, ML_OPSET = 10, 21, 5
ML_DOMAIN = "ai.onnx.ml"
DOUBLE, BYTE = 11, 2
INTEGER_ATTRIBUTE, TENSOR_ATTRIBUTE, INTEGERS_ATTRIBUTE = 2, 4, 7
# Of TreeEnsemble.
BRANCH_LESS_OR_EQUAL, BRANCH_EQUAL = 0, 4
INPUT, OUTPUT = b"features", b"sum"


class ForestGraph:
    """A session of ONNX Runtime with one node, on one thread."""

    def __init__(self, trees: "Trees", width: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Arenas would keep what the largest batch took.
        options.enable_cpu_mem_arena = False
        self.session = onnxruntime.InferenceSession(
            graph_of(trees, width), options, providers=["CPUExecutionProvider"]
        )
        # A single row is read from and written to two arrays that are held on to.
        self.row, self.sum = np.zeros((1, width)), np.zeros((1, 1))
        hold = onnxruntime.OrtValue.ortvalue_from_numpy
        self.binding = self.session.io_binding()
        self.binding.bind_ortvalue_input(INPUT.decode(), hold(self.row))
        self.binding.bind_ortvalue_output(OUTPUT.decode(), hold(self.sum))

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """Return the sum of the leaves that each row reaches."""
        feed = {INPUT.decode(): np.ascontiguousarray(matrix)}
        return self.session.run([OUTPUT.decode()], feed)[0][:, 0]

    def sum_of_row(self, *row: float) -> float:
        """Return the sum of the leaves that one row reaches."""
        self.row[0] = row
        self.session.run_with_iobinding(self.binding)
        return float(self.sum[0, 0])


def graph_of(trees: "Trees", width: int) -> bytes:
    """Return a serialised ONNX model of one TreeEnsemble node."""
    node = (
        field(1, INPUT)
        + field(2, OUTPUT)
        + field(4, b"TreeEnsemble")
        + field(7, ML_DOMAIN.encode())
        + b"".join(field(5, one) for one in attributes(trees))
    )
    graph = (
        field(1, node)
        + field(2, b"pgchurn")
        + field(11, matrix_info(INPUT, width))
        + field(12, matrix_info(OUTPUT, 1))
    )
    return (
        number_field(1, IR_VERSION)
        + field(7, graph)
        + field(8, field(1, b"") + number_field(2, OPSET))
        + field(8, field(1, ML_DOMAIN.encode()) + number_field(2, ML_OPSET))
    )


def attributes(trees: "Trees") -> list[bytes]:
    """Return the attributes of the node: interior nodes and leaves are kept apart."""
    inner, leaf = ~trees.is_leaf, trees.is_leaf
    # Where a node stands among those of its kind.
    number = np.where(leaf, np.cumsum(leaf), np.cumsum(inner)) - 1
    constants, modes = trees.constants[inner], trees.mode[inner]
    positions = trees.positions[inner]
    missing = (trees.modes[inner] & MISSING_IS_TRUE) != 0
    true, false = trees.true[inner], trees.false[inner]
    true_ids, true_leaf = number[true], leaf[true]
    false_ids, false_leaf = number[false], leaf[false]
    roots = number[trees.roots]
    # A root is a node here: a tree that is a leaf becomes one with two leaves alike.
    lone = trees.is_leaf[trees.roots]
    if lone.any():
        count, extra = len(positions), int(lone.sum())
        same = number[trees.roots[lone]]
        zeros, ones = np.zeros(extra), np.ones(extra, dtype=bool)
        positions = np.concatenate([positions, zeros]).astype(np.int64)
        constants = np.concatenate([constants, zeros])
        modes = np.concatenate([modes, np.full(extra, LESS_OR_EQUAL)]).astype(np.uint8)
        missing = np.concatenate([missing, ones])
        true_ids, false_ids = (np.append(ids, same) for ids in (true_ids, false_ids))
        true_leaf, false_leaf = (np.append(a, ones) for a in (true_leaf, false_leaf))
        roots = roots.copy()
        roots[lone] = count + np.arange(extra)
    branches = np.where(modes == EQUAL, BRANCH_EQUAL, BRANCH_LESS_OR_EQUAL)
    leaves = trees.constants[leaf]
    return [
        integers("nodes_featureids", positions),
        integers("nodes_missing_value_tracks_true", missing),
        integers("nodes_truenodeids", true_ids),
        integers("nodes_trueleafs", true_leaf),
        integers("nodes_falsenodeids", false_ids),
        integers("nodes_falseleafs", false_leaf),
        integers("tree_roots", roots),
        integers("leaf_targetids", np.zeros(len(leaves))),
        tensor("nodes_modes", BYTE, branches.astype("<u1")),
        tensor("nodes_splits", DOUBLE, constants.astype("<f8")),
        tensor("leaf_weights", DOUBLE, leaves.astype("<f8")),
        integer("n_targets", 1),
        # The sum, as it is.
        integer("aggregate_function", 1),
        integer("post_transform", 0),
    ]


def varint(number: int) -> bytes:
    """Return a whole number as protobuf writes it."""
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def field(tag: int, content: bytes) -> bytes:
    """Return a field of bytes."""
    return varint(tag << 3 | 2) + varint(len(content)) + content


def number_field(tag: int, number: int) -> bytes:
    """Return a field of a whole number."""
    return varint(tag << 3) + varint(number)


def integer(name: str, value: int) -> bytes:
    """Return an attribute that is a whole number."""
    kind = number_field(20, INTEGER_ATTRIBUTE)
    return field(1, name.encode()) + number_field(3, value) + kind


def integers(name: str, values: Any) -> bytes:
    """Return an attribute of whole numbers below 2 ** 31.

    Each takes five bytes, however small it is, so that all are written at once.
    """
    values = np.asarray(values).astype(np.int64)
    packed = np.empty((len(values), 5), np.uint8)
    for place in range(5):
        packed[:, place] = (values >> (7 * place)) & 0x7F
    packed[:, :4] |= 0x80
    kind = number_field(20, INTEGERS_ATTRIBUTE)
    return field(1, name.encode()) + field(8, packed.tobytes()) + kind


def tensor(name: str, kind: int, values: np.ndarray) -> bytes:
    """Return an attribute that is a tensor of one dimension."""
    content = number_field(1, len(values)) + number_field(2, kind)
    content += field(9, values.tobytes())
    attribute = number_field(20, TENSOR_ATTRIBUTE)
    return field(1, name.encode()) + field(5, content) + attribute


def matrix_info(name: bytes, width: int) -> bytes:
    """Return the description of a matrix of doubles with any number of rows."""
    rows = field(1, field(2, b"rows"))
    columns = field(1, number_field(1, width))
    kind = field(1, number_field(1, DOUBLE) + field(2, rows + columns))
    return field(1, name) + field(2, kind)
