CREATE OR REPLACE FUNCTION churn_runtime.compile_model() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""From a fitted estimator and its signature to the bytes of a compiled form.

Preprocessing is folded into the classifier: a tree compares the raw value with the
greatest double that scikit-learn's own arithmetic sends to the left, and a linear model
weighs raw numbers. This runs in the sandbox, where the estimator is: sessions that
serve read the compiled form alone.
"""

from collections.abc import Callable, Sequence
from typing import Any

from .compile_classifiers import probability
from .compile_columns import (
    Column,
    Dropped,
    Inputs,
    NotCompilable,
    NullsReadApart,
    Number,
    Text,
    Vocabulary,
)
from .errors import ScoringError
from .features import NAN
from .form import MAGIC, MOST_BYTES, MOST_HEADER_BYTES, write_form
from .form_parts import describe
from .form_scalars import Affine
from .raw_readers import fitted_columns, object_columns
from .signature import Feature, Signature

# Of the estimator, its columns and the inputs.
Make = Callable[[Any, Sequence[Column], Inputs], Any]


def compile_model(estimator: Any, signature: Signature) -> bytes:
    """Compile a fitted binary classifier.

    Parameters
    ----------
    estimator : fitted classifier, or pipeline that ends in one
    signature : Signature

    Returns
    -------
    bytes
        What ``form.read_form`` reads.

    Raises
    ------
    NotCompilable
        Naming the part of the estimator that is not covered.
    """
    result, codes, known = with_inputs(estimator, signature, probability)
    if signature.positive_class == 0:
        result = Affine(of=result, slope=-1.0, constant=1.0)
    content = write_form(codes, lambda writer: describe(result, writer), known)
    check_size(content, MAGIC)
    return content


def with_inputs(
    estimator: Any, signature: Signature, make: Make
) -> tuple[Any, dict[str, Any], dict[str, frozenset[float | None]]]:
    """Return what a function makes of an estimator and its columns.

    With it come how the runtime codes texts, and which numbers alone are known, both by
    feature name: see ``form.write_form``.

    Parameters
    ----------
    make : callable
        Takes the estimator, its columns and the inputs, as ``probability`` does.

    Raises
    ------
    NotCompilable
        Naming the part of the estimator that is not covered.
    """
    # The runtime puts numbers before texts.
    features = [*signature.numbers(), *signature.texts()]
    position = {feature.name: i for i, feature in enumerate(features)}
    names = fitted_columns(estimator, signature)
    # In an order that is the same everywhere, since the form is compared by its digest.
    texts = [feature.name for feature in signature.texts()]
    columns: list[Column] = [
        (Text if name in texts else Number)(position[name])
        if name in position
        else Dropped()
        for name in names
    ]
    nulls = {
        position[names[place]]: null
        for place, null in object_columns(estimator, len(names)).items()
        if names[place] in position
    }
    inputs = Inputs(
        len(features),
        {
            position[name]: Vocabulary(null=nulls.get(position[name], NAN))
            for name in texts
        },
        nulls,
    )
    try:
        try:
            result = make(estimator, columns, inputs)
        except NullsReadApart:
            inputs = inputs.again(null_apart=True)
            result = make(estimator, columns, inputs)
        if inputs.has_new_codes():
            # Trees rely on how many there are.
            inputs = inputs.again()
            result = make(estimator, columns, inputs)
    except ScoringError as refused:
        # A part that no session would take: trees that are too deep, for one.
        raise NotCompilable(refused.detail) from None
    known = {
        features[position].name: numbers
        for position, numbers in inputs.known_numbers.items()
    }
    return result, text_codes(features, inputs.vocabularies), known


def check_size(content: bytes, magic: bytes) -> None:
    """Refuse a form that no session would take for its size."""
    described = content.index(b"\n", len(magic)) - len(magic)
    if described >= MOST_HEADER_BYTES:
        raise NotCompilable(
            f"its categories and parts take {described} bytes to be described, and "
            f"{MOST_HEADER_BYTES - 1} are allowed"
        )
    if len(content) > MOST_BYTES:
        raise NotCompilable(
            f"it takes {len(content)} bytes, and {MOST_BYTES} are allowed"
        )


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
$python$;
COMMENT ON FUNCTION churn_runtime.compile_model IS 'From a fitted estimator and its signature to the bytes of a compiled form.';
