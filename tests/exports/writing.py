"""Writing what ONNX files hold, sound or not, without ONNX's own library.

A message is bytes: its fields one after the other, by the numbers of
``loader.onnx.messages``.
"""

import struct


def varint(number):
    """Return a whole number of 64 bits."""
    number %= 1 << 64
    found = bytearray()
    while number >= 0x80:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def whole(field, number):
    """Return a field that is a whole number."""
    return varint(field << 3) + varint(number)


def single(field, number):
    """Return a field that is a number of single precision."""
    return varint(field << 3 | 5) + struct.pack("<f", number)


def part(field, content):
    """Return a field that is a text, bytes or another message."""
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def attribute(name, value):
    """Return an attribute of a node."""
    if isinstance(value, bytes):
        return part(5, part(1, name) + part(5, value) + whole(20, 4))
    if isinstance(value, str):
        return part(5, part(1, name) + part(4, value) + whole(20, 3))
    if isinstance(value, int):
        return part(5, part(1, name) + whole(3, value) + whole(20, 2))
    if isinstance(value, float):
        return part(5, part(1, name) + single(2, value) + whole(20, 1))
    if isinstance(value[0], str):
        held = b"".join(part(9, one) for one in value) + whole(20, 8)
    elif isinstance(value[0], int):
        held = b"".join(whole(8, one) for one in value) + whole(20, 7)
    else:
        held = b"".join(single(7, one) for one in value) + whole(20, 6)
    return part(5, part(1, name) + held)


def node(kind, inputs, outputs, domain="ai.onnx.ml", **attributes):
    """Return a node of a graph."""
    return part(
        1,
        b"".join(part(1, one) for one in inputs)
        + b"".join(part(2, one) for one in outputs)
        + part(4, kind)
        + b"".join(attribute(*one) for one in attributes.items())
        + part(7, domain),
    )


def tensor(name, numbers, shape=None, **others):
    """Return a tensor of single precision, or what others say of it.

    Parameters
    ----------
    name : str
    numbers : sequence of float
    shape : sequence of int, optional
        By default that of an array of these numbers.
    **others : bytes
        Fields in place of the numbers.
    """
    dims = b"".join(whole(1, one) for one in shape or [len(numbers)])
    data = part(9, struct.pack(f"<{len(numbers)}f", *numbers))
    return dims + whole(2, 1) + part(8, name) + others.get("data", data)


def value(name, element=1, columns=None):
    """Return an input or output of a graph."""
    rows = part(1, b"")
    width = b"" if columns is None else part(1, whole(1, columns))
    shape = part(2, rows + width)
    return part(1, name) + part(2, part(1, whole(1, element) + shape))


def model(*nodes, columns=1, constants=(), element=1, outputs=None, **others):
    """Return a file whose table X has so many columns.

    Parameters
    ----------
    *nodes : bytes
    columns : int or None
    constants : sequence of bytes
    element : int
        The type of the table's elements.
    outputs : sequence of bytes, optional
        By default the labels L and the probabilities P.
    **others : bytes
        ``sets`` in place of the operator sets, ``version`` of the format, ``more``.
    """
    if outputs is None:
        outputs = [value("L", 7), value("P")]
    graph = (
        b"".join(nodes)
        + part(2, "graph")
        + b"".join(part(5, one) for one in constants)
        + part(11, value("X", element, columns))
        + b"".join(part(12, one) for one in outputs)
    )
    sets = part(8, part(1, "") + whole(2, 18))
    sets += part(8, part(1, "ai.onnx.ml") + whole(2, 3))
    version = others.get("version", whole(1, 8))
    return version + others.get("more", b"") + part(7, graph) + others.get("sets", sets)


def stump(modes="BRANCH_LEQ", threshold=0.5, **changes):
    """Return a tree of one comparison and two leaves, as a classifier.

    Parameters
    ----------
    modes : str
    threshold : float
    **changes : list
        Attributes in place of its own; None: it has none of that name.
    """
    attributes = {
        "nodes_treeids": [0, 0, 0],
        "nodes_nodeids": [0, 1, 2],
        "nodes_featureids": [0, 0, 0],
        "nodes_modes": [modes, "LEAF", "LEAF"],
        "nodes_values": [threshold, 0.0, 0.0],
        "nodes_truenodeids": [1, 0, 0],
        "nodes_falsenodeids": [2, 0, 0],
        "nodes_missing_value_tracks_true": [0, 0, 0],
        "class_treeids": [0, 0],
        "class_nodeids": [1, 2],
        "class_ids": [0, 0],
        "class_weights": [-1.0, 1.0],
        "classlabels_int64s": [0, 1],
        "post_transform": "LOGISTIC",
        **changes,
    }
    kept = {name: one for name, one in attributes.items() if one is not None}
    return node("TreeEnsembleClassifier", ["X"], ["L", "P"], **kept)
