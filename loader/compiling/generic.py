"""Classifiers left to skl2onnx: numbers only, in single precision."""

from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from pgchurn.loader.compiling.errors import NotCompilable
from pgchurn.loader.compiling.graph import INPUT, OUTPUT, with_metadata
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.base import ClassifierMixin


def convert(
    estimator: ClassifierMixin,
    width: int,
    positive_class: int,
    metadata: dict[str, Any],
) -> bytes:
    """Convert with skl2onnx, between casts from double and back.

    Parameters
    ----------
    estimator : fitted classifier, or pipeline that ends in one
    width : int
        Number of features.
    positive_class : int
        Index into ``classes_``.
    metadata : dict
        What the runtime needs to fill the input matrix.

    Returns
    -------
    bytes
        A serialised ONNX model.

    Raises
    ------
    NotCompilable
        With skl2onnx's own reason.
    """
    try:
        model = to_onnx(
            estimator,
            initial_types=[("single", FloatTensorType([None, width]))],
            options={"zipmap": False},
        )
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error) else ""
        raise NotCompilable(f"{type(error).__name__} in skl2onnx: {reason}") from error
    graph = model.graph
    probabilities = graph.output[1].name
    value = helper.make_tensor_value_info
    del graph.input[:]
    graph.input.append(value(INPUT, TensorProto.DOUBLE, [None, width]))
    del graph.output[:]
    graph.output.append(value(OUTPUT, TensorProto.DOUBLE, [None, 1]))
    graph.node.insert(
        0, helper.make_node("Cast", [INPUT], ["single"], to=TensorProto.FLOAT)
    )
    index = numpy_helper.from_array(np.array([positive_class]), "positive_class")
    graph.initializer.append(index)
    graph.node.append(
        helper.make_node(
            "Gather", [probabilities, "positive_class"], ["positive"], axis=1
        )
    )
    graph.node.append(
        helper.make_node("Cast", ["positive"], [OUTPUT], to=TensorProto.DOUBLE)
    )
    return with_metadata(model, metadata)
