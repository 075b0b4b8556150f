"""Examining a candidate: what the judging process does (see ``judge``)."""

import json
import os

import numpy as np

from .compiled import CompiledModel
from .environment import check_environment
from .errors import ScoringError
from .features import Layout, acceptable_rows, columns_from_arrays
from .onnx_scan import scan
from .pacing import MODEL_CALL_ROWS
from .parity import TOLERANCE, compare_forms
from .pickled import PickledModel
from .session import (
    checked_probabilities,
    matrix_from_binary,
    rows_of_texts,
)
from .signature import Signature


def answer(question, *parts):
    """Examine a candidate, write the verdict to standard output, and end the process.

    Nothing else gets there: what a candidate or a library prints goes nowhere.
    """
    protocol = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)
    try:
        verdict = {"found": examine_candidate(question, *parts)}
    except ScoringError as error:
        refusal = [error.message, error.detail, error.hint, error.sqlstate]
        verdict = {"refused": refusal}
    except Exception as error:
        verdict = {"failed": [type(error).__name__, str(error)]}
    with open(protocol, "w", encoding="ascii") as output:
        json.dump(verdict, output)
    # Without the clean-up of a process, in which a candidate could still hang.
    os._exit(0)


def examine_candidate(question, artifact, compiled, replay_numbers, sample_numbers):
    """Judge a candidate.

    Parameters
    ----------
    question : dict
        ``signature`` and ``environment``, JSON texts; ``layout``, the names of the
        profile's number columns and text columns; ``replay_texts``, ``sample_texts``
        and ``edges``, see ``Session.evaluate_candidate``.
    artifact, compiled : bytes
        The pickle, and its compiled form or None.
    replay_numbers, sample_numbers : bytes or None

    Returns
    -------
    dict
        See ``Session.evaluate_candidate``.
    """
    check_environment(json.loads(question["environment"]))
    signature = Signature.from_json(question["signature"])
    pickled = PickledModel(artifact, signature)
    numbers, texts = question["layout"]
    positions = Layout(tuple(numbers), tuple(texts)).positions(signature)

    def stored(numbers, texts):
        if numbers is None:
            return None
        matrix = matrix_from_binary(numbers)
        return columns_from_arrays(positions, matrix, rows_of_texts(texts, matrix))

    def given(numbers, texts):
        if not numbers:
            return None
        matrix = np.array(numbers, dtype=float)
        return columns_from_arrays(
            Layout.of(signature).positions(signature),
            matrix,
            rows_of_texts(texts, matrix),
        )

    found = {"replayed": None, "parity": None, "rows_compared": 0, "problem": None}
    replayed = stored(replay_numbers, question["replay_texts"])
    if replayed is not None:
        found["replayed"] = checked_probabilities(pickled, replayed).tolist()
    if compiled is not None:
        batches = [
            acceptable_rows(signature, rows)
            for rows in (
                stored(sample_numbers, question["sample_texts"]),
                given(*question["edges"]),
            )
            if rows is not None
        ]
        found |= examine_compiled(compiled, pickled, signature, batches)
    return found


def examine_compiled(compiled, pickled, signature, batches):
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
    found = {"parity": parity, "rows_compared": rows}
    if rows == 0:
        found["problem"] = "there was no row to compare it on"
    elif parity > TOLERANCE:
        found["problem"] = (
            f"it differs from the pickle by {parity:.1e}, and {TOLERANCE:.0e} is "
            "allowed"
        )
    return found


def score_largest_batch(model, batches):
    """Score as many rows at once as a session will, where the memory is limited."""
    for columns in batches:
        rows = len(next(iter(columns.values())))
        if rows:
            repeated = np.arange(MODEL_CALL_ROWS) % rows
            model.probabilities({name: c[repeated] for name, c in columns.items()})
            return
