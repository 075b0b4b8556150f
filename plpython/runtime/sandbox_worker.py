"""What the sandbox does with a candidate."""

import json
import os
from typing import Any

import numpy as np

from .batches import Batch, checked_probabilities
from .boundary_rows import boundary_rows
from .compile_columns import NotCompilable
from .compile_model import compile_model
from .compiled import CompiledModel
from .environment import check_environment
from .errors import ScoringError, ValuesShown
from .explain_candidate import explanation_form
from .features import Columns, Layout, acceptable_rows, row_count
from .parity import TOLERANCE, compare_forms, scoreable
from .pickled import PickledModel
from .reference import rows_from_json
from .signature import Signature


def respond(request: dict[str, Any], *parts: bytes | None) -> None:
    """Evaluate a candidate, write the response to standard output, and end the process.

    The response is a line of JSON, which may be followed by the compiled form and the
    explanation form, whose sizes it names. Nothing else gets there: what a candidate or
    a library prints is discarded.
    """
    output = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)
    response: dict[str, Any]
    forms: list[bytes | None] = []
    try:
        with ValuesShown():
            result, *forms = evaluate(request, *parts)  # type: ignore[arg-type]
        sizes = [None if form is None else len(form) for form in forms]
        response = {"result": {**result, "sizes": sizes}}
    except ScoringError as error:
        response = {
            "refused": [error.message, error.detail, error.hint, error.sqlstate]
        }
    except Exception as error:
        response = {"failed": [type(error).__name__, str(error)]}
    with open(output, "wb") as file:
        file.write(
            json.dumps(response).encode() + b"\n" + b"".join(filter(None, forms))
        )
    # Without the clean-up of a process, in which a candidate could still hang.
    os._exit(0)


def evaluate(
    request: dict[str, Any],
    artifact: bytes,
    replay_numbers: bytes | None,
    sample_numbers: bytes | None,
) -> tuple[dict[str, Any], bytes | None, bytes | None]:
    """Score rows with a candidate, compile it, compare the two forms, and explain it.

    Parameters and result are those of ``Admission.evaluate_candidate``, its forms last.
    """
    check_environment(json.loads(request["environment"]))
    signature = Signature.from_json(request["signature"])
    pickled = PickledModel(artifact, signature)
    positions = Layout.from_json(request["layout"]).positions(signature)
    result: dict[str, Any] = {"replayed": None, "parity": None, "rows_compared": 0}
    result["problem"] = None
    replayed = sample = None
    if replay_numbers is not None:
        rows = Batch(replay_numbers, request["replay_texts"])
        replayed = rows.columns(positions)
        result["replayed"] = checked_probabilities(pickled, replayed).tolist()
    if sample_numbers is not None:
        rows = Batch(sample_numbers, request["sample_texts"])
        sample = acceptable_rows(signature, rows.columns(positions))
    compiled = None
    if request["compile"]:
        examined, compiled = compiled_form(pickled, signature, sample)
        result |= examined
    else:
        result["problem"] = "it was not wanted"
    typical: Columns | None
    if request["training_sample"] is not None:
        typical = rows_from_json(request["training_sample"], signature)
        source = "training sample"
    elif sample is not None:
        typical, source = sample, "rows of the profile at registration"
    else:
        typical, source = replayed, "rows replayed at registration"
    held_out = json.loads(request["held_out"] or "null")
    explained, explanation = explanation_form(
        pickled, signature, typical, source, held_out
    )
    return result | explained, compiled, explanation


def compiled_form(
    pickled: PickledModel, signature: Signature, sample: Columns | None
) -> tuple[dict[str, Any], bytes | None]:
    """Compile a classifier, and compare what came out; say why it is not accepted."""
    try:
        compiled = compile_model(pickled.estimator, signature)
    except NotCompilable as reason:
        return {"problem": f"not covered: {reason}"}, None
    except MemoryError:
        raise
    except Exception as error:
        return {"problem": f"it cannot be compiled: {error}"}, None
    try:
        form = CompiledModel(compiled, signature)
        batches = [] if sample is None else [sample]
        made = boundary_rows(signature, form, sample)
        batches.append(acceptable_rows(signature, made))
        parity, rows = compare_forms(pickled, form, batches)
        score_largest_batch(form, batches)
    except MemoryError:
        raise
    except Exception as error:
        return {"problem": f"it fails where the pickle scores: {error}"}, None
    result: dict[str, Any] = {"parity": parity, "rows_compared": rows}
    if rows == 0:
        result["problem"] = "there was no row to compare it on"
    elif parity > TOLERANCE:
        result["problem"] = (
            f"it differs from the pickle by {parity:.1e}, and {TOLERANCE:.0e} is "
            "allowed"
        )
    return result, None if result.get("problem") else compiled


def score_largest_batch(model: CompiledModel, batches: list[Columns]) -> None:
    """Score as many rows at once as a session will, where the memory is limited."""
    for columns in batches:
        # Of rows that it does not refuse.
        for part in scoreable(model, columns):
            repeated = np.arange(model.most_rows) % row_count(part)
            model.probabilities({name: c[repeated] for name, c in part.items()})
            return
