"""Assembling an ONNX graph in double precision."""

import json
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper
from pgchurn.plpython.runtime.compiled import METADATA_KEY

INPUT = "features"
OUTPUT = "probability"
# TreeEnsemble in double precision came with version 5 of the ML operators.
OPSETS = {"": 21, "ai.onnx.ml": 5}
IR_VERSION = 10


class Graph:
    """Nodes and constants, each tensor of shape (n_rows, something).

    Parameters
    ----------
    width : int
        Number of columns of the input matrix.

    Attributes
    ----------
    row_program : dict or None
        The model as ``pgchurn.plpython.runtime.row_program`` takes it.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self.nodes: list[NodeProto] = []
        self.initializers: list[TensorProto] = []
        self.row_program: dict[str, Any] | None = None

    def add(
        self, operator: str, *inputs: str, domain: str = "", **attributes: Any
    ) -> str:
        """Add a node; return the name of its output."""
        name = f"t{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(operator, inputs, [name], domain=domain, **attributes)
        )
        return name

    def clipped(self, tensor: str) -> str:
        """Add the cut to 0 and 1 that a sum of rounded shares needs; return it."""
        return self.add("Clip", tensor, self.constant(0.0), self.constant(1.0))

    def constant(self, values: npt.ArrayLike) -> str:
        """Add a constant of doubles; return its name."""
        name = f"c{len(self.initializers)}"
        array = np.asarray(values, dtype=np.float64)
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def finish(self, result: str, metadata: dict[str, Any]) -> bytes:
        """Return the serialised model whose output is the tensor ``result``.

        Parameters
        ----------
        result : str
            A tensor of shape (n_rows, 1).
        metadata : dict
            What the runtime needs to fill the input matrix.
        """
        self.nodes.append(helper.make_node("Identity", [result], [OUTPUT]))
        value = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes,
            "pgchurn",
            [value(INPUT, TensorProto.DOUBLE, [None, self.width])],
            [value(OUTPUT, TensorProto.DOUBLE, [None, 1])],
            self.initializers,
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid(*item) for item in OPSETS.items()],
            ir_version=IR_VERSION,
        )
        checker.check_model(model)
        return with_metadata(model, metadata)


def with_metadata(model: ModelProto, metadata: dict[str, Any]) -> bytes:
    """Return a model's bytes with the metadata in it."""
    helper.set_model_props(model, {METADATA_KEY: json.dumps(metadata)})
    return model.SerializeToString()
