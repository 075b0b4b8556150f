"""The graph of an ONNX file: its inputs, constants, nodes and outputs."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from pgchurn.loader.boosters.parts import check_size, refused, shown
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.onnx.messages import MODEL
from pgchurn.loader.onnx.protobuf import MessageReader
from pgchurn.loader.onnx.tensors import ELEMENTS, element_type, read_tensor

MOST_BYTES = 32 << 20
MOST_NODES = 10_000
# Of a node and an input: more have no use to what is read.
MOST_INPUTS = 1_600
ML = "ai.onnx.ml"
# The first name is what the second one is called as well.
DOMAINS = {"": "", "ai.onnx": "", ML: ML}
NEWEST = {"": 26, ML: 5}
OLDEST_IR, NEWEST_IR = 3, 13
DEFAULT_DOMAIN = "ai.onnx"


@dataclass(frozen=True)
class Attributes:
    """The attributes of a node, each of which is asked for by its type.

    Attributes
    ----------
    held : dict of str to dict
    path : str
        Of the node, for messages.
    """

    held: dict[str, dict[str, Any]]
    path: str

    def refuse(self, problem: str, way_out: str = "") -> LoaderError:
        """Return the error about the node."""
        return refused(self.path, problem, way_out)

    def has(self, name: str) -> bool:
        """Return whether an attribute is there, and not empty."""
        held = self.held.get(name)
        return held is not None and any(
            len(held[kind]) if kind in ("floats", "ints", "strings") else True
            for kind in ("f", "i", "s", "t", "floats", "ints", "strings")
            if kind in held
        )

    def one(self, name: str, kind: str, default: Any) -> Any:
        """Return an attribute of a kind, or the default where it is not there."""
        held = self.held.get(name)
        if held is None:
            return default
        if kind not in held:
            raise refused(f"{self.path}.{name}", "is of another type than it must be")
        return held[kind]

    def whole(self, name: str, default: int | None = None) -> Any:
        """Return a whole number."""
        return self.one(name, "i", default)

    def number(self, name: str, default: float | None = None) -> Any:
        """Return a number of single precision."""
        return self.one(name, "f", default)

    def text(self, name: str, default: str | None = None) -> Any:
        """Return a text."""
        return self.one(name, "s", default)

    def wholes(self, name: str) -> np.ndarray:
        """Return whole numbers."""
        return self.one(name, "ints", np.zeros(0, np.int64))

    def numbers(self, name: str) -> np.ndarray:
        """Return numbers of single precision."""
        return self.one(name, "floats", np.zeros(0, np.float32))

    def texts(self, name: str) -> list[str]:
        """Return texts."""
        return self.one(name, "strings", [])

    def tensor(self, name: str) -> np.ndarray | None:
        """Return a tensor as an array, or None where it is not there."""
        held = self.one(name, "t", None)
        return None if held is None else read_tensor(held, f"{self.path}.{name}")


@dataclass(frozen=True)
class Node:
    """A node of a graph.

    Attributes
    ----------
    kind : str
        The operator, behind the domain where that is not ONNX's own.
    inputs, outputs : list of str
        An input that is left out has no name.
    attributes : Attributes
    version : int
        Of the operator set.
    """

    kind: str
    inputs: list[str]
    outputs: list[str]
    attributes: Attributes
    version: int

    @property
    def given(self) -> str:
        """Its first input."""
        if not self.inputs:
            raise self.refuse("has no input")
        return self.inputs[0]

    def refuse(self, problem: str, way_out: str = "") -> LoaderError:
        """Return the error about this node."""
        return self.attributes.refuse(problem, way_out)


@dataclass(frozen=True)
class Input:
    """An input of a graph.

    Attributes
    ----------
    name : str
    element : int
        The type of its elements: see ``tensors``.
    width : int or None
        How many columns it has; None: the file does not tell.
    place : int
        Which of the inputs it is.
    """

    name: str
    element: int
    width: int | None
    place: int


@dataclass(frozen=True)
class Output:
    """An output of a graph.

    Attributes
    ----------
    name : str
    element : int or None
        The type of its elements; None: it is no tensor.
    """

    name: str
    element: int | None


@dataclass(frozen=True)
class Graph:
    """A graph, read and checked.

    Attributes
    ----------
    producer : str
        What wrote it.
    inputs : list of Input
    outputs : list of Output
    constants : dict of str to ndarray
    makers : dict of str to Node
        Of each name the node whose output it is.
    """

    producer: str
    inputs: list[Input]
    outputs: list[Output]
    constants: dict[str, np.ndarray]
    makers: dict[str, Node]


def read_graph(content: bytes) -> Graph:
    """Return the graph of an ONNX file.

    Raises
    ------
    LoaderError
        Naming the part that does not fit, or is not covered.
    """
    check_size(content, MOST_BYTES, "ONNX")
    model = MessageReader(content).message(MODEL, "", 0, len(content))
    version = model.get("ir_version", 0)
    if not OLDEST_IR <= version <= NEWEST_IR:
        raise refused(
            "ir_version",
            f"is {version}, and {OLDEST_IR} to {NEWEST_IR} are read",
        )
    for name, what in (
        ("functions", "functions of its own"),
        ("training_info", "a graph for training"),
    ):
        if name in model:
            raise refused("the file", f"has {what}", "Export it for inference.")
    if "graph" not in model:
        raise refused("the file", "has no graph")
    graph = model["graph"]
    if "sparse_initializer" in graph:
        raise refused("the graph", "has a sparse tensor", "Save it with dense ones.")
    versions = operator_sets(model.get("opset_import", []))
    constants = read_constants(graph.get("initializer", []))
    nodes = graph.get("node", [])
    if len(nodes) > MOST_NODES:
        raise refused("the graph", f"has more than {MOST_NODES:,} nodes")
    inputs = [
        read_input(one, place)
        for place, one in enumerate(graph.get("input", []))
        # Old files list constants among the inputs.
        if one.get("name") not in constants
    ]
    if len(inputs) > MOST_INPUTS:
        raise refused("the graph", f"has more than {MOST_INPUTS:,} inputs")
    taken = {*constants, *(one.name for one in inputs)}
    if len(taken) < len(constants) + len(inputs):
        raise refused("the graph", "has two inputs of the same name")
    return Graph(
        producer=producer(model),
        inputs=inputs,
        outputs=[read_output(one) for one in graph.get("output", [])],
        constants=constants,
        makers=read_nodes(nodes, versions, taken),
    )


def producer(model: dict[str, Any]) -> str:
    """Return what wrote a file, as far as it says so."""
    name = model.get("producer_name", "")
    words = model.get("producer_version", "").split("\n", 1)[0].split()
    version = words[0] if words and words[0][:1].isdigit() else ""
    return " ".join(one for one in (name[:40], version[:20]) if one) or "unknown"


def operator_sets(imports: list[dict[str, Any]]) -> dict[str, int]:
    """Return the version of each operator set that a file names."""
    found: dict[str, int] = {}
    for one in imports:
        given = one.get("domain", "")
        domain = DOMAINS.get(given)
        if domain is None:
            # Refused where a node uses it.
            continue
        version = one.get("version", 0)
        name = domain or DEFAULT_DOMAIN
        if not 1 <= version <= NEWEST[domain]:
            raise refused(
                f"the operator set {name}",
                f"has the version {version}, and 1 to {NEWEST[domain]} are read",
                "Export it with an older target_opset.",
            )
        if found.setdefault(domain, version) != version:
            raise refused(f"the operator set {name}", "is there in two versions")
    return found


def read_constants(tensors: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """Return the tensors that a graph holds, by name."""
    found: dict[str, np.ndarray] = {}
    for tensor in tensors:
        name = tensor.get("name", "")
        if name in found or not name:
            raise refused("the graph", f"has two tensors of the name {shown(name)}")
        found[name] = read_tensor(tensor, f"tensor {shown(name)}")
    return found


def read_input(value: dict[str, Any], place: int) -> Input:
    """Return an input of a graph; refuse what is no table or column."""
    name = value.get("name", "")
    path = f"input {shown(name)}"
    tensor = value.get("type", {}).get("tensor_type")
    if tensor is None:
        raise refused(path, "is no tensor")
    element_type(tensor.get("elem_type", 0), path)
    dimensions = tensor.get("shape", {}).get("dim", [])
    if len(dimensions) > 2:
        raise refused(path, f"has {len(dimensions)} dimensions, and a table has two")
    width = dimensions[1].get("dim_value") if len(dimensions) == 2 else None
    if len(dimensions) == 1:
        width = 1
    # A shape that was left open may be written as 0.
    if width is not None and not 0 <= width <= MOST_INPUTS:
        raise refused(path, f"has {width} columns, and {MOST_INPUTS:,} are allowed")
    return Input(name, tensor["elem_type"], width or None, place)


def read_output(value: dict[str, Any]) -> Output:
    """Return an output of a graph."""
    tensor = value.get("type", {}).get("tensor_type")
    element = None if tensor is None else tensor.get("elem_type")
    return Output(value.get("name", ""), element if element in ELEMENTS else None)


def read_nodes(
    nodes: list[dict[str, Any]], versions: dict[str, int], taken: set[str]
) -> dict[str, Node]:
    """Return the node that makes each name, of those that are there once."""
    found: dict[str, Node] = {}
    for given in nodes:
        domain = given.get("domain", "")
        operator = given.get("op_type", "")
        known = DOMAINS.get(domain)
        kind = f"{known or domain}.{operator}" if known != "" else operator
        path = f"{kind} (node {shown(given.get('name', ''))})"
        if known is None:
            raise refused(path, "is of a domain that has no translation")
        if known not in versions:
            raise refused(path, "is of an operator set that the file does not name")
        inputs, outputs = given.get("input", []), given.get("output", [])
        if len(inputs) > MOST_INPUTS or len(outputs) > MOST_INPUTS:
            raise refused(path, f"has more than {MOST_INPUTS:,} inputs or outputs")
        held: dict[str, dict[str, Any]] = {}
        for one in given.get("attribute", []):
            name = one.get("name", "")
            if name in held:
                raise refused(path, f"has the attribute {shown(name)} twice")
            held[name] = one
        node = Node(kind, inputs, outputs, Attributes(held, path), versions[known])
        for name in filter(None, outputs):
            if name in taken:
                raise refused(path, f"makes {shown(name)}, which is made twice")
            taken.add(name)
            found[name] = node
    return found
