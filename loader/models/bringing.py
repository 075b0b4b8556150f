"""Reading the file of a model that is brought: a pickle, a booster's own, or ONNX."""

from collections.abc import Sequence

from pgchurn.loader import output
from pgchurn.loader.boosters.classifier import classifier_of_columns
from pgchurn.loader.boosters.files import is_booster, read_booster
from pgchurn.loader.boosters.preprocessing import classifier_behind
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.files import read_model_file
from pgchurn.loader.models.candidate import refusal
from pgchurn.loader.models.pickling import pickled
from pgchurn.loader.onnx.files import is_onnx, read_onnx
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.estimators import load_transformer


def artifact_of(
    content: bytes, file: str, features: Sequence[str], pipeline: str | None
) -> bytes:
    """Return the pickle that is registered of a file.

    Of a booster, and of trees in ONNX, that is one of a class of pgchurn's own, which
    holds the trees as plain numbers, behind its preprocessing. The same file always
    gives the same pickle.

    Parameters
    ----------
    content : bytes
        Of the file.
    file : str
        Its name, for messages.
    features : sequence of str
        Names of a booster's features, or of those of ONNX, in place of those in the
        file.
    pipeline : str or None
        The file of the fitted preprocessing whose output a booster reads.

    Raises
    ------
    LoaderError
        If it is the file of a booster, or of ONNX, and not read.
    """
    if is_onnx(content):
        if pipeline is not None:
            raise LoaderError(
                f"--pipeline goes with the file of a booster, and {file} is ONNX; "
                "export the pipeline as a whole, with skl2onnx"
            )
        return pickled(read_onnx(content, features, file))
    if not is_booster(content):
        if pipeline is not None:
            raise LoaderError(
                f"--pipeline goes with the file of a booster, and {file} is none; a "
                "pickle holds its preprocessing itself"
            )
        return content
    booster = read_booster(content, file)
    for remark in booster.remarks:
        output.message(remark)
    if pipeline is None:
        classifier = classifier_of_columns(booster, features)
    else:
        classifier = classifier_behind(read_preprocessing(pipeline), booster)
    return pickled(classifier)


def read_preprocessing(file: str) -> object:
    """Return the fitted preprocessing in a pickle, read as strictly as a model."""
    try:
        return load_transformer(read_model_file(file))
    except ScoringError as error:
        raise refusal(error, file) from error
