"""What the SQL functions call: one object for each session."""

import importlib
import json

import numpy as np

from plpython.runtime.environment import current_environment
from plpython.runtime.errors import ScoringError
from plpython.runtime.features import (
    check_values,
    columns_from_arrays,
    columns_from_json,
)
from plpython.runtime.judge import judge
from plpython.runtime.registry import Registry

# Errors that belong to the server, never to a model: cancel and shutdown, deadlock
# and serialisation failure, exhausted resources.
SERVER_SQLSTATES = ("57", "40", "53")

# What no choice of rows can mend.
MODEL_SQLSTATE = "55000"

MOST_FAILURES = 100

# Any longer number is too large for a double.
LONGEST_INTEGER = 400

# Bounds what a model allocates in one call, and how long it keeps a cancel waiting.
MODEL_CALL_ROWS = 10_000

# One element of a binary array of float8: its length, then its value. See array_send
# in PostgreSQL's src/backend/utils/adt/arrayfuncs.c.
BINARY_ELEMENT = np.dtype([("length", ">i4"), ("value", ">f8")])
BINARY_HEADER = 12 + 2 * 8


class Session:
    """Scores rows for the lifetime of a session.

    Parameters
    ----------
    plpy : module
        The PL/Python database interface.
    """

    def __init__(self, plpy):
        self.plpy = plpy
        self.registry = Registry(plpy)
        # Never taken back: the mark itself belongs to transactions, and a rollback to a
        # savepoint can bring back one that was wiped away.
        self.has_failed = False

    def score_features(self, attachment_id, layout, numbers, texts):
        """Return the probability of one row under its attachment's active model."""
        with self.refusals():
            version, digest = self.registry.active_model(attachment_id)
            scorer = self.registry.scorer(attachment_id, version, digest, layout)
            return checked_probability(scorer.score_next(numbers, texts))

    def score_features_many(self, attachment_id, layout, numbers, texts):
        """Return the probabilities of many rows under the active model."""
        if numbers is None:
            return []
        with self.refusals():
            version, digest = self.registry.active_model(attachment_id)
        return self.score_batch(
            attachment_id, version, digest, layout, numbers, texts, on_error="raise"
        )

    def score_changed(self, attachment_id, version, digest, layout, numbers, texts):
        """Return the probability of one changed row, or None by the failure policy."""
        try:
            scorer = self.registry.scorer(attachment_id, version, digest, layout)
            probability = checked_probability(scorer.score_row(numbers, texts))
        except Exception as error:
            self.apply_failure_policy(attachment_id, version, error, 1)
            self.has_failed = True
            self.mark_failure("yes")
            return None
        if self.has_failed:
            self.mark_failure("")
        return probability

    def mark_failure(self, mark):
        """Tell the UPDATE that asked for a score whether there was one."""
        self.registry.fetch(
            "SELECT set_config('churn.score_failed', $1, true)", ["text"], mark
        )

    def score_batch(
        self, attachment_id, version, digest, layout, numbers, texts, on_error
    ):
        """Score many rows in one call of the model.

        Parameters
        ----------
        numbers : bytes
            ``array_send`` of a two-dimensional array of float8, NaN for NULL.
        texts : list of lists of str or None; None when there are no text columns
        on_error : {"keep", "raise"} or None
            What to do about rows that cannot be scored: with "keep" they come back as
            None and the rest is scored. None is for what the attachment says.

        Returns
        -------
        list of float or None
        """
        matrix = matrix_from_binary(numbers)
        texts = rows_of_texts(texts, matrix)

        def score(first, last):
            scores = []
            for start in range(first, last, MODEL_CALL_ROWS):
                end = min(start + MODEL_CALL_ROWS, last)
                self.registry.let_interrupts_in()
                columns = columns_from_arrays(
                    scorer.positions, matrix[start:end], texts[start:end]
                )
                scores += checked_probabilities(scorer.model, columns).tolist()
            return scores

        with self.refusals():
            try:
                scorer = self.registry.scorer(attachment_id, version, digest, layout)
                if on_error == "raise":
                    return score(0, len(matrix))
            except Exception as error:
                if on_error == "raise":
                    raise
                self.apply_failure_policy(
                    attachment_id, version, error, len(matrix), on_error
                )
                return [None] * len(matrix)
        failures = []
        scores = score_what_scores(score, 0, len(matrix), failures)
        if failures:
            self.apply_failure_policy(
                attachment_id, version, failures[0], scores.count(None), on_error
            )
        return scores

    def predict(self, version, features):
        """Return the probability under any version for values given as JSON text."""
        with self.refusals():
            model = self.registry.model(version, self.registry.digest(version))
            values = json.loads(features or "null", parse_int=json_integer)
            columns = columns_from_json(model.signature, values)
            return float(checked_probabilities(model, columns)[0])

    def warm(self):
        """Load every active model; return how many there are."""
        with self.refusals():
            rows = self.registry.fetch(
                "SELECT version, artifact_sha256 FROM churn.active_deployments", []
            )
            for row in rows:
                self.registry.model(row["version"], row["artifact_sha256"])
            return len(rows)

    def check_model(self, version):
        """Refuse a version that does not load, or whose profile lacks a feature."""
        with self.refusals():
            model = self.registry.model(version, self.registry.digest(version))
            self.registry.layout_of_version(version).positions(model.signature)

    def examine_model(
        self,
        attachment_id,
        artifact,
        compiled,
        signature,
        environment,
        replay,
        sample,
        edges,
    ):
        """Judge a candidate before it is registered.

        Another process reads it, so that one that crashes, hangs or fills the memory
        harms no session: see ``judge``.

        Parameters
        ----------
        artifact, compiled : bytes
            The pickle, and its compiled form or None.
        signature, environment : str
            JSON.
        replay, sample : (bytes, list)
            Numbers and texts of profile rows, as ``score_batch`` takes them: those
            that the client has scored, and those to compare the two forms on.
        edges : (list of lists of float, list of lists of str)
            Rows that are hard to get right, in the order of the signature.

        Returns
        -------
        dict
            ``replayed``, the pickle's probabilities of the client's rows; ``parity``,
            the largest difference of the two forms; ``rows_compared``; ``problem``,
            why the compiled form is not accepted, or None.
        """
        with self.refusals():
            layout = self.registry.layout(attachment_id)
            replay_numbers, replay_texts = replay
            sample_numbers, sample_texts = sample
            question = {
                "signature": signature,
                "environment": environment,
                "layout": [layout.number_columns, layout.text_columns],
                "replay_texts": replay_texts,
                "sample_texts": sample_texts,
                "edges": edges,
            }
            texts = self.registry.fetch(
                "SELECT prosrc FROM pg_catalog.pg_proc"
                " JOIN (VALUES (1, 'churn.load_runtime()'::pg_catalog.regprocedure),"
                " (2, 'churn.load_examination()')) f (place, oid) USING (oid)"
                " ORDER BY place",
                [],
            )
            return judge(
                "\n\n".join(text["prosrc"] for text in texts),
                question,
                [artifact, compiled, replay_numbers, sample_numbers],
                rows_in(replay_numbers) + rows_in(sample_numbers) + len(edges[0] or ()),
                self.registry.let_interrupts_in,
            )

    def environment(self):
        """Return the interpreter, package versions and memory of this session."""
        for package in ("numpy", "sklearn", "pandas", "onnxruntime"):
            importlib.import_module(package)
        with open("/proc/self/status", encoding="ascii") as status:
            fields = dict(line.split(":", 1) for line in status)
        memory = int(fields["RssAnon"].split()[0]) // 1024
        return json.dumps({**current_environment(), "memory_megabytes": memory})

    def apply_failure_policy(self, attachment_id, version, error, rows, on_error=None):
        """Warn and go on, or raise, as the attachment wants it.

        A complaint is worth more than a score: by default it is kept and the score
        stays as it was. What is the server's own is never held back.
        """
        sqlstate = getattr(error, "sqlstate", None) or ""
        if sqlstate[:2] in SERVER_SQLSTATES or isinstance(error, MemoryError):
            raise error
        with self.refusals():
            on_error = on_error or self.registry.on_error(attachment_id)
            if on_error == "raise":
                raise error
        detail = getattr(error, "detail", None)
        self.plpy.warning(
            f"model version {version} could not score {rows} "
            f"{'row' if rows == 1 else 'rows'}: {getattr(error, 'message', error)}",
            detail=detail or "The rows keep the score they had.",
            hint=getattr(error, "hint", None)
            or "SELECT * FROM churn.verify(...) lists rows whose score is not current.",
        )

    def refusals(self):
        """Return a context in which a ScoringError becomes an SQL error."""
        return Refusals(self.plpy)


class Refusals:
    """Turn a ScoringError into an SQL error with its SQLSTATE, detail and hint."""

    def __init__(self, plpy):
        self.plpy = plpy

    def __enter__(self):
        """Enter the block."""

    def __exit__(self, kind, error, traceback):
        """Leave the block; everything but a ScoringError passes as it is."""
        if isinstance(error, ScoringError):
            parts = {"detail": error.detail, "hint": error.hint}
            self.plpy.error(
                error.message,
                sqlstate=error.sqlstate,
                **{name: text for name, text in parts.items() if text},
            )


def checked_probability(probability):
    """Return a probability, which is a number from 0 to 1."""
    # Written so that NaN fails it.
    if not 0.0 <= probability <= 1.0:
        raise no_probability()
    return probability


def checked_probabilities(model, columns):
    """Return the model's probabilities, each of them a number from 0 to 1."""
    check_values(model.signature, columns)
    probabilities = model.probabilities(columns)
    # Written so that NaN fails it.
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise no_probability()
    return probabilities


def json_integer(digits):
    """Return a whole number, which in JSON may be of any length."""
    return float(digits) if len(digits) > LONGEST_INTEGER else int(digits)


def no_probability():
    """Return the error for what a broken model gives."""
    return ScoringError(
        "model returned something that is no probability",
        detail="A churn score is a number from 0 to 1.",
        hint="Roll back with churn.rollback_model, and mend the model.",
    )


def rows_of_texts(texts, matrix):
    """Return one row of texts for each row of numbers, empty ones for no texts."""
    return [()] * len(matrix) if texts is None else texts


def rows_in(numbers):
    """Return how many rows ``array_send`` of a two-dimensional array holds."""
    return 0 if numbers is None else int.from_bytes(numbers[12:16], "big")


def matrix_from_binary(numbers):
    """Decode ``array_send`` of a two-dimensional array of float8.

    Decoding the binary form is several times faster than PL/Python's own conversion
    to nested lists. NULL has no place in it: the caller passes NaN.

    Returns
    -------
    ndarray of shape (n_rows, n_columns), float64
    """
    rows, columns = np.frombuffer(numbers, ">i4", 4, offset=12)[[0, 2]]
    elements = np.frombuffer(numbers, BINARY_ELEMENT, offset=BINARY_HEADER)
    return elements["value"].reshape(rows, columns).astype(float)


def score_what_scores(score, first, last, failures):
    """Score rows first to last, halving where it fails, None where a row fails.

    One row with an impossible value must not cost the other rows their score. After
    ``MOST_FAILURES`` rows it is the model that fails, and the search is given up.
    """
    if len(failures) >= MOST_FAILURES:
        return [None] * (last - first)
    try:
        return score(first, last)
    except ScoringError as error:
        if last - first == 1 or error.sqlstate == MODEL_SQLSTATE:
            failures.append(error)
            return [None] * (last - first)
    middle = (first + last) // 2
    return score_what_scores(score, first, middle, failures) + score_what_scores(
        score, middle, last, failures
    )
