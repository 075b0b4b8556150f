"""What the sandbox makes of a candidate so that its scores can be explained."""

from typing import Any

import numpy as np

from .compile_columns import NotCompilable
from .explain_model import explain_model
from .explainer import Explainer, ExplanationForm
from .features import Columns
from .parity import TOLERANCE, scored
from .pickled import PickledModel
from .reference import describe_rows
from .reference_scores import describe_scores
from .signature import Signature

# Explaining rows to see what mostly contributes takes a second at most.
OPERATIONS = 500_000_000
FEWEST_ROWS = 20


def explanation_form(
    pickled: PickledModel,
    signature: Signature,
    rows: Columns | None,
    source: str,
    held_out: Any = None,
) -> tuple[dict[str, Any], bytes | None]:
    """Make the explanation form of a classifier, and describe typical rows.

    Parameters
    ----------
    pickled : PickledModel
    signature : Signature
    rows : dict of str to ndarray of shape (n_rows,), optional
        None: there are none.
    source : str
        What rows these are.
    held_out : object, optional
        What the training says of rows that it held out: see ``reference_scores``.

    Returns
    -------
    dict
        ``explanation_problem``, why there is no form, or None; ``reference``, what
        ``reference.describe_rows`` and ``reference_scores.describe_scores`` say, with
        the ``means`` that lines need, the ``contributions``, the mean absolute one of
        each feature, and ``explained``, see ``mean_contributions``; None without rows.
    bytes or None
    """
    rows, scores = rows_that_score(pickled, rows)
    reference = None
    if rows is not None and scores is not None:
        reference = describe_rows(signature, rows, source)
        reference |= describe_scores(scores, source, held_out)
    try:
        content = explain_model(pickled.estimator, signature)
        if reference is not None and rows is not None:
            means = ExplanationForm(content, signature).from_rows(rows)
            explainer = Explainer(content, signature, {"means": means})
            found = mean_contributions(explainer, pickled, rows)
            reference |= {"means": means, **found}
        else:
            ExplanationForm(content, signature)
    except NotCompilable as reason:
        problem = str(reason)
    except MemoryError:
        raise
    except Exception as error:
        problem = f"it fails where the pickle scores: {error}"
    else:
        return {"explanation_problem": None, "reference": reference}, content
    return {"explanation_problem": problem, "reference": reference}, None


def rows_that_score(
    pickled: PickledModel, rows: Columns | None
) -> tuple[Columns | None, np.ndarray | None]:
    """Return the rows that a classifier does not refuse, and their scores.

    None where there are none.
    """
    parts = [] if rows is None else list(scored(pickled, rows))
    if not parts:
        return None, None
    return {
        name: np.concatenate([part[name] for part, _ in parts]) for name in parts[0][0]
    }, np.concatenate([scores for _, scores in parts])


def mean_contributions(
    explainer: Explainer, pickled: PickledModel, rows: Columns
) -> dict[str, Any]:
    """Return what each feature contributes on average over some of the rows.

    Returns
    -------
    dict
        ``contributions``, by feature, the mean size of those to the log odds;
        ``explained``: ``rows``, of how many; ``mean``, their mean score; ``points``, by
        feature, the mean of those to the probability, which add up to it with the
        base's.

    Raises
    ------
    NotCompilable
        If what is explained is another score than that of the pickle.
    """
    operations = explainer.probability.operations()
    count = max(FEWEST_ROWS, OPERATIONS // operations)
    some = {name: values[:count] for name, values in rows.items()}
    explained = explainer.explain(some)
    difference = np.abs(explained.scores - pickled.probabilities(some))
    apart = difference[~explainer.tied(some)].max(initial=0.0)
    if not apart <= TOLERANCE:
        raise NotCompilable(
            f"what is explained differs from the pickle by {apart:.1e}, and "
            f"{TOLERANCE:.0e} is allowed"
        )
    names = [feature.name for feature in explainer.signature.features]
    sizes = np.abs(explained.contributions).mean(axis=0).tolist()
    points = explained.points.mean(axis=0).tolist()
    return {
        "contributions": dict(zip(names, sizes)),
        "explained": {
            "rows": len(explained.scores),
            "mean": float(explained.scores.mean()),
            "points": dict(zip(names, points)),
        },
    }
