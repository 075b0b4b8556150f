CREATE OR REPLACE FUNCTION churn_runtime.sandbox_worker() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""What the sandbox does with a candidate."""

import json
import os
from typing import Any

import numpy as np

from .batches import Batch, checked_probabilities
from .compiled import CompiledModel
from .environment import check_environment
from .errors import ScoringError
from .features import Columns, Layout, acceptable_rows, row_count
from .onnx_scan import scan
from .pacing import MODEL_CALL_ROWS
from .parity import TOLERANCE, compare_forms
from .pickled import PickledModel
from .signature import Signature


def respond(request: dict[str, Any], *parts: bytes | None) -> None:
    """Evaluate a candidate, write the response to standard output, and end the process.

    Nothing else gets there: what a candidate or a library prints is discarded.
    """
    output = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)
    response: dict[str, Any]
    try:
        response = {"result": evaluate(request, *parts)}  # type: ignore[arg-type]
    except ScoringError as error:
        response = {
            "refused": [error.message, error.detail, error.hint, error.sqlstate]
        }
    except Exception as error:
        response = {"failed": [type(error).__name__, str(error)]}
    with open(output, "w", encoding="ascii") as file:
        json.dump(response, file)
    # Without the clean-up of a process, in which a candidate could still hang.
    os._exit(0)


def evaluate(
    request: dict[str, Any],
    artifact: bytes,
    compiled: bytes | None,
    replay_numbers: bytes | None,
    sample_numbers: bytes | None,
) -> dict[str, Any]:
    """Score rows with a candidate, and compare its two forms.

    Parameters and result are those of ``Admission.evaluate_candidate``.
    """
    check_environment(json.loads(request["environment"]))
    signature = Signature.from_json(request["signature"])
    pickled = PickledModel(artifact, signature)
    positions = Layout.from_json(request["layout"]).positions(signature)
    result = {"replayed": None, "parity": None, "rows_compared": 0, "problem": None}
    if replay_numbers is not None:
        replayed = Batch.from_binary(replay_numbers, request["replay_texts"])
        result["replayed"] = checked_probabilities(
            pickled, replayed.columns(positions)
        ).tolist()
    if compiled is not None:
        batches = []
        if sample_numbers is not None:
            sample = Batch.from_binary(sample_numbers, request["sample_texts"])
            batches.append(sample.columns(positions))
        numbers, texts = request["boundary_rows"]
        if numbers:
            rows = Batch(np.array(numbers, dtype=float), texts)
            batches.append(rows.columns(Layout.of(signature).positions(signature)))
        acceptable = [acceptable_rows(signature, columns) for columns in batches]
        result |= evaluate_compiled(compiled, pickled, signature, acceptable)
    return result


def evaluate_compiled(
    compiled: bytes, pickled: PickledModel, signature: Signature, batches: list[Columns]
) -> dict[str, Any]:
    """Compare a compiled form with its pickle; say why it is not accepted."""
    try:
        scan(compiled)
    except MemoryError:
        raise
    except Exception as error:
        return {"problem": f"it is none that pgchurn compiles: {error}"}
    try:
        form = CompiledModel(compiled, signature)
        parity, rows = compare_forms(pickled, form, batches)
        score_largest_batch(form, batches)
    except MemoryError:
        raise
    except Exception as error:
        return {"problem": f"it fails where the pickle scores: {error}"}
    result: dict[str, Any] = {"parity": parity, "rows_compared": rows}
    if rows == 0:
        result["problem"] = "there was no row to compare it on"
    elif parity > TOLERANCE:
        result["problem"] = (
            f"it differs from the pickle by {parity:.1e}, and {TOLERANCE:.0e} is "
            "allowed"
        )
    return result


def score_largest_batch(model: CompiledModel, batches: list[Columns]) -> None:
    """Score as many rows at once as a session will, where the memory is limited."""
    for columns in batches:
        rows = row_count(columns)
        if rows:
            repeated = np.arange(MODEL_CALL_ROWS) % rows
            model.probabilities({name: c[repeated] for name, c in columns.items()})
            return
$python$;
COMMENT ON FUNCTION churn_runtime.sandbox_worker IS 'What the sandbox does with a candidate.';
