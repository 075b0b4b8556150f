"""Telling ONNX files from others, and reading them."""

from collections.abc import Sequence

from pgchurn.loader.errors import LoaderError
from pgchurn.loader.onnx.classifier import classifier_of_graph
from pgchurn.loader.onnx.graph import read_graph
from pgchurn.loader.onnx.operators import OPERATORS
from pgchurn.loader.onnx.translation import translated
from sklearn.base import ClassifierMixin

# The tag of ``ir_version``, with which every writer begins. No pickle does.
BEGINNING = 0x08
LARGEST_BYTE = 0x7F


def is_onnx(content: bytes) -> bool:
    """Return whether a file is one of ONNX, and no pickle."""
    return len(content) > 1 and content[0] == BEGINNING and content[1] <= LARGEST_BYTE


def read_onnx(content: bytes, features: Sequence[str], file: str) -> ClassifierMixin:
    """Return the classifier that an ONNX file holds.

    Parameters
    ----------
    content : bytes
    features : sequence of str
        Names of the features, in place of those in the file.
    file : str
        Its name, for the message of a refusal.

    Raises
    ------
    LoaderError
        Naming the part of the file that does not fit, or the operator that has no
        translation.
    """
    try:
        graph = read_graph(content)
        translation = translated(graph, len(features) or None, OPERATORS)
        return classifier_of_graph(translation, features)
    except LoaderError as error:
        raise LoaderError(f"{file}: {error}") from error
