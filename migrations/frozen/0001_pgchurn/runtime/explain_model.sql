CREATE OR REPLACE FUNCTION churn_runtime.explain_model() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""From a fitted estimator and its signature to the bytes of an explanation form.

It holds what an explanation of a row needs, as plain numbers: see ``explainer``. This
runs in the sandbox, where the estimator is, and at the client, which signs it.
"""

from typing import Any

from .compile_columns import NotCompilable
from .compile_model import check_size, with_inputs
from .explain_classifiers import FAMILIES, explained
from .form import write_form
from .form_explained import EXPLANATION_MAGIC, Complement
from .form_parts import describe
from .signature import Signature


def explain_model(estimator: Any, signature: Signature) -> bytes:
    """Return the explanation form of a fitted binary classifier.

    Parameters
    ----------
    estimator : fitted classifier, or pipeline that ends in one
    signature : Signature

    Returns
    -------
    bytes
        What ``explainer.Explainer`` reads.

    Raises
    ------
    NotCompilable
        Naming the part of the estimator that has no explanation, and what has.
    """
    try:
        result, codes, known = with_inputs(estimator, signature, explained)
        if signature.positive_class == 0:
            result = Complement(of=result)
        content = write_form(
            codes, lambda writer: describe(result, writer), known, EXPLANATION_MAGIC
        )
        check_size(content, EXPLANATION_MAGIC)
    except NotCompilable as reason:
        raise NotCompilable(f"{reason}; explained are {FAMILIES}") from None
    return content
$python$;
COMMENT ON FUNCTION churn_runtime.explain_model IS 'From a fitted estimator and its signature to the bytes of an explanation form.';
