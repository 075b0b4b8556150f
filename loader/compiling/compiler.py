"""From a fitted estimator and its signature to the bytes of a compiled form."""

from collections.abc import Sequence
from typing import Any

from pgchurn.loader.compiling.classifiers import probability
from pgchurn.loader.compiling.columns import Column, Number, Text, Vocabulary
from pgchurn.loader.compiling.errors import NotCompilable
from pgchurn.loader.compiling.generic import convert
from pgchurn.loader.compiling.graph import Graph
from pgchurn.plpython.runtime.features import NAN
from pgchurn.plpython.runtime.raw_readers import object_columns
from pgchurn.plpython.runtime.signature import Feature, Signature
from sklearn.base import ClassifierMixin


def compile_model(estimator: ClassifierMixin, signature: Signature) -> bytes:
    """Compile a fitted binary classifier.

    Parameters
    ----------
    estimator : fitted classifier, or pipeline that ends in one
    signature : Signature

    Returns
    -------
    bytes
        A serialised ONNX model: one input of shape (n_rows, n_features) and one output
        of shape (n_rows, 1), both of doubles. Its metadata says how texts are coded.

    Raises
    ------
    NotCompilable
        Naming the part of the estimator that is not covered.
    """
    # The runtime puts numbers before texts.
    features = [*signature.numbers(), *signature.texts()]
    position = {feature.name: i for i, feature in enumerate(features)}
    columns: list[Column] = [
        (Text if feature.kind == "text" else Number)(position[feature.name])
        for feature in signature.features
    ]
    nulls = object_columns(estimator, len(signature.features))
    vocabularies = {
        position[f.name]: Vocabulary(null=nulls.get(place, NAN))
        for place, f in enumerate(signature.features)
        if f.kind == "text"
    }
    graph = Graph(len(features))
    try:
        result = probability(estimator, columns, vocabularies, graph)
    except NotCompilable:
        if vocabularies:
            raise
        metadata: dict[str, Any] = {"texts": {}, "row_program": None}
        return convert(estimator, len(features), signature.positive_class, metadata)
    if signature.positive_class == 0:
        result = graph.add("Sub", graph.constant([[1.0]]), result)
        if graph.row_program is not None:
            graph.row_program["complement"] = True
    texts = text_codes(features, vocabularies)
    return graph.finish(result, {"texts": texts, "row_program": graph.row_program})


def text_codes(
    features: Sequence[Feature], vocabularies: dict[int, Vocabulary]
) -> dict[str, Any]:
    """Return how the runtime codes texts, by feature name."""
    return {
        features[index].name: {
            "codes": {
                text: vocabulary.checked(code)
                for text, code in vocabulary.codes.items()
                if isinstance(text, str)
            },
            "missing": vocabulary.checked(vocabulary.missing),
            "refuses_unknown": vocabulary.refuses_unknown,
        }
        for index, vocabulary in vocabularies.items()
    }
