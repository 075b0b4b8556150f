"""ONNX files that attack whoever reads them: refused at once."""

import pytest
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.onnx.files import read_onnx

from tests.confined import a_second, confined
from tests.exports.writing import model, node, part, stump, tensor, value, varint, whole

MEGABYTE = 1 << 20


def graph(content):
    """Return a file whose graph is these bytes."""
    return whole(1, 8) + part(7, content)


def of_node(content):
    """Return a file with one node that has an attribute of these bytes."""
    return graph(part(1, part(4, "Scaler") + part(5, part(1, "a") + content)))


def nested(count):
    """Return bytes that say so many times that a message is within another one."""
    content = b""
    for _ in range(count):
        content = part(1, content)
    return content


def million_nodes():
    """Return a tree of a million nodes, each its own tree's child of another one."""
    count = 1_000_000
    ids = b"".join(b"\x40" + varint(i) for i in range(count))
    return of_node(ids)


def doubling(count):
    """Return a graph whose columns double with each node, or would."""
    nodes = [
        node("Concat", [f"T{i}", f"T{i}"], [f"T{i + 1}"], "", axis=1)
        for i in range(count)
    ]
    first = node("Identity", ["X"], ["T0"], "")
    last = node("Identity", [f"T{count}"], ["P"], "")
    return model(first, *nodes, last, outputs=[value("P")])


def ones_of_a_million():
    """Return a file with encoders of a million categories in all."""
    categories = [*range(1_000)]
    nodes = [
        node("OneHotEncoder", ["X"], [f"T{i}"], cats_int64s=categories)
        for i in range(1_000)
    ]
    last = node("Concat", [f"T{i}" for i in range(1_000)], ["P"], "", axis=1)
    return model(*nodes, last, element=7, outputs=[value("P")])


def deep_tree():
    """Return a tree of 100,000 levels."""
    levels = 100_000
    count = 2 * levels + 1
    inner = [i % 2 == 0 and i < count - 1 for i in range(count)]
    return model(
        stump(
            nodes_treeids=[0] * count,
            nodes_nodeids=[*range(count)],
            nodes_featureids=[0] * count,
            nodes_modes=["BRANCH_LEQ" if one else "LEAF" for one in inner],
            nodes_values=[0.5] * count,
            nodes_truenodeids=[i + 1 if inner[i] else 0 for i in range(count)],
            nodes_falsenodeids=[i + 2 if inner[i] else 0 for i in range(count)],
            nodes_missing_value_tracks_true=None,
        )
    )


def chain_of_categories():
    """Return a tree that looks for 30,000 categories in a circle."""
    count = 30_000
    return model(
        stump(
            nodes_treeids=[0] * (count + 1),
            nodes_nodeids=[*range(count + 1)],
            nodes_featureids=[0] * (count + 1),
            nodes_modes=["BRANCH_EQ"] * count + ["LEAF"],
            nodes_values=[float(i) for i in range(count)] + [0.0],
            nodes_truenodeids=[count] * count + [0],
            nodes_falsenodeids=[(i + 1) % count for i in range(count)] + [0],
            nodes_missing_value_tracks_true=None,
            class_treeids=[0],
            class_nodeids=[count],
            class_ids=[0],
            class_weights=[1.0],
        )
    )


def long_chain():
    """Return a graph of nodes each of which needs the one before, 9,000 times."""
    nodes = [node("Identity", [f"T{i}"], [f"T{i + 1}"], "") for i in range(9_000)]
    first = node("Identity", ["X"], ["T0"], "")
    return model(first, *nodes, outputs=[value("T9000")])


FILES = {
    "40 MB": lambda: graph(bytes(40 * MEGABYTE)),
    "messages 3,000 deep": lambda: graph(part(1, nested(3_000))),
    "a message that is longer than the file": lambda: graph(b"")[:-1] + b"\xff\x7f",
    "a length of exabytes": lambda: whole(1, 8) + b"\x3a" + varint(2**63 - 1),
    "a length of 2**64": lambda: whole(1, 8) + b"\x3a" + varint(2**64 - 1),
    "a number that does not end": lambda: b"\x08" + b"\x7f" + b"\xff" * MEGABYTE,
    "30 MB of empty nodes": lambda: graph(part(1, b"") * (15 * MEGABYTE)),
    "30 MB of empty names": lambda: graph(part(1, part(1, b"") * (14 * MEGABYTE))),
    "16 MB of names": lambda: graph(
        part(1, b"".join(part(1, b"%x" % i) for i in range(2 * MEGABYTE)))
    ),
    "30 MB of numbers": lambda: of_node(b"\x40\x00" * (15 * MEGABYTE)),
    "30 MB of packed numbers": lambda: of_node(part(8, bytes(30 * MEGABYTE))),
    "30 MB of a number that does not end": lambda: of_node(
        part(8, b"\xff" * (30 * MEGABYTE))
    ),
    "30 MB of tags that alternate": lambda: of_node(
        b"\x40\x01\x3d\x00\x00\x00\x00" * (4 * MEGABYTE)
    ),
    "30 MB of a float's tags": lambda: of_node(b"\x3d" * (30 * MEGABYTE)),
    "a million numbers of a node": million_nodes,
    "30 MB of empty tensors": lambda: graph(part(5, b"") * (15 * MEGABYTE)),
    "a tensor of exabytes": lambda: model(
        stump(), constants=[tensor("t", [1.0], shape=[2**40, 2**20])]
    ),
    "a tensor of negative dimensions": lambda: model(
        stump(), constants=[tensor("t", [1.0], shape=[-1, -1])]
    ),
    "a tensor of a million dimensions": lambda: model(
        stump(), constants=[tensor("t", [1.0], shape=[1] * 1_000_000)]
    ),
    "a million columns": lambda: model(stump(), columns=1_000_000),
    "columns that double": lambda: doubling(60),
    "encoders of a million columns": ones_of_a_million,
    "a tree of 100,000 levels": deep_tree,
    "categories in a circle": chain_of_categories,
    "a chain of 9,000 nodes": long_chain,
}


def refusal(content):
    """Read as the client does; return what the refusal says."""
    try:
        read_onnx(content, ["x"], "churn.onnx")
    except LoaderError as error:
        return str(error)
    return None


@pytest.mark.parametrize("attack", FILES)
def test_a_file_that_attacks_is_refused_at_once_and_clearly(attack):
    content = FILES[attack]()

    outcome = confined(refusal, content)

    assert outcome.kind == "returned", outcome
    assert outcome.did == []
    assert outcome.said.startswith("churn.onnx: ")
    assert len(outcome.said) < 400
    assert outcome.seconds < a_second()
