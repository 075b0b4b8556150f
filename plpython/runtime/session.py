"""What the SQL functions call: one object for each session."""

import importlib
import json
import time

import numpy as np

from .environment import current_environment, installed_version
from .errors import ScoringError
from .features import (
    check_values,
    columns_from_arrays,
    columns_from_json,
)
from .sandbox import judge, plain_text
from .pacing import CALL_SECONDS, call_too_slow
from .queries import QueryColumn, batch_rows, statement_around
from .registry import Registry
from .signature import Signature
from .attestation import Statement, today_in_utc, verified_statement

# Errors that belong to the server, never to a model: cancel and shutdown, deadlock
# and serialisation failure, exhausted resources.
SERVER_SQLSTATES = ("57", "40", "53")

# What no choice of rows can mend.
MODEL_SQLSTATE = "55000"
LIMIT_SQLSTATE = "54000"

# What a mark says of failures that bring no SQLSTATE of their own.
EXTERNAL_ROUTINE_EXCEPTION = "38000"

# What is said in place of a failure: see ``Session.was_recounted``.
RECOUNTED = "recounted"

MOST_FAILURES = 100

# Any longer number is too large for a double.
LONGEST_INTEGER = 400

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
        # What churn_internal.load_pickle_reader() takes, and what it brings.
        self.refusal = ScoringError
        self.load_estimator = None

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
            self.check_rested(attachment_id, scorer)
            started = time.monotonic()
            probability = scorer.score_row(numbers, texts)
            seconds = time.monotonic() - started
            if seconds > CALL_SECONDS:
                self.check_pace(attachment_id, scorer, seconds)
            return checked_probability(probability)
        except Exception as error:
            failure = failure_of(error)
            self.apply_failure_policy(attachment_id, version, failure, 1)
            self.tell_failures(failure, [])
            return None

    def check_rested(self, attachment_id, scorer):
        """Refuse a model that rests, until its attachment allows for its slowness."""
        if scorer.pace.is_resting():
            scorer.pace.check_rested(self.registry.score_timeout(attachment_id))

    def check_pace(self, attachment_id, scorer, seconds):
        """Let a model rest when a call took longer than its attachment allows."""
        if seconds > self.registry.score_timeout(attachment_id):
            scorer.pace.rest(seconds)
            raise call_too_slow(seconds)

    def tell_failures(self, error, rows):
        """Tell the statement that asked for scores why some of them are missing.

        Parameters
        ----------
        error : Exception
            What holds for every row that is not in ``rows``.
        rows : list of (int, Exception)
            Rows by their place in the batch.
        """
        told = {"all": reason(error), "rows": {row: reason(e) for row, e in rows}}
        self.say_failed(json.dumps(told))

    def say_failed(self, told):
        """Set what the trigger and ``churn_internal.record_failures`` read."""
        self.registry.fetch(
            "SELECT set_config('churn.score_failed', $1, true)", ["text"], told
        )

    def was_recounted(self, transaction_id):
        """Return whether complaints were counted anew in the transaction under way.

        Then the one that is being added may have been counted already, and the trigger
        is told.
        """
        (row,) = self.registry.fetch("SELECT txid_current() AS id", [])
        if row["id"] == transaction_id:
            self.say_failed(RECOUNTED)
            return True
        return False

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

        def check_call(seconds):
            if on_error != "raise" and seconds > CALL_SECONDS:
                self.check_pace(attachment_id, scorer, seconds)

        def score(first, last):
            return self.paced_scores(scorer, matrix, texts, first, last, check_call)

        with self.refusals():
            try:
                scorer = self.registry.scorer(attachment_id, version, digest, layout)
                if on_error == "raise":
                    return score(0, len(matrix))
                self.check_rested(attachment_id, scorer)
            except Exception as error:
                if on_error == "raise":
                    raise
                failure = failure_of(error)
                self.apply_failure_policy(
                    attachment_id, version, failure, len(matrix), on_error
                )
                self.tell_failures(failure, [])
                return [None] * len(matrix)
        failures = []
        scores = score_what_scores(score, 0, len(matrix), failures)
        if failures:
            self.apply_failure_policy(
                attachment_id, version, failures[0][1], scores.count(None), on_error
            )
            # Where the search was given up, the last failure stands for the rest.
            self.tell_failures(failures[-1][1], failures)
        return scores

    def paced_scores(self, scorer, matrix, texts, first, last, check_call=None):
        """Score rows first to last in calls that last no longer than a cancel may wait.

        Parameters
        ----------
        scorer : Scorer
        matrix : ndarray of shape (n_rows, n_columns)
        texts : sequence of n_rows sequences of str or None
        check_call : callable, optional
            Told how many seconds each call took, to raise what there is to raise.

        Returns
        -------
        list of float
        """
        scores = []
        while first < last:
            end = min(first + scorer.pace.rows, last)
            self.registry.let_interrupts_in()
            started = time.monotonic()
            columns = columns_from_arrays(
                scorer.positions, matrix[first:end], texts[first:end]
            )
            scores += checked_probabilities(scorer.model, columns).tolist()
            seconds = time.monotonic() - started
            scorer.pace.record(end - first, seconds)
            if check_call is not None:
                check_call(seconds)
            first = end
        return scores

    def predict(self, version, features):
        """Return the probability under any version for values given as JSON text."""
        with self.refusals():
            model = self.registry.model(version, self.registry.digest(version))
            values = json.loads(features or "null", parse_int=json_integer)
            columns = columns_from_json(model.signature, values)
            return float(checked_probabilities(model, columns)[0])

    def query_statement(self, version, query, names, types, pass_features):
        """Return the statement that reads a query's rows for ``predict_many``.

        Parameters
        ----------
        query : str
            A single SELECT, without a semicolon.
        names : list of str
        types : list of int
            Object identifiers of the types of its columns.
        pass_features : bool

        Returns
        -------
        tuple of (str, int)
            The statement, and how many of its rows are to be passed at once.
        """
        with self.refusals():
            signature = self.registry.query_scorer(version).model.signature
            rows = self.registry.fetch(
                "SELECT format_type(t.oid, NULL) AS type,"
                " churn_internal.column_kind(t.oid) AS kind"
                " FROM unnest($1) WITH ORDINALITY t (oid, place) ORDER BY t.place",
                ["oid[]"],
                types,
            )
            columns = [
                QueryColumn(name, f"c{place}", row["type"], row["kind"])
                for place, (name, row) in enumerate(zip(names, rows), 1)
            ]
            statement = statement_around(query, columns, signature, pass_features)
            return statement, batch_rows(signature)

    def predict_many(self, version, numbers, texts, rows_before, on_error):
        """Return the probabilities of a batch of rows under any version.

        Parameters
        ----------
        numbers : bytes or None
            ``array_send`` of a two-dimensional array of float8, as
            ``query_statement`` has it read; None for no rows.
        texts : list of lists of str or None; None when there are no text features
        rows_before : int
            How many rows of the query came before.
        on_error : {"keep", "raise"}
            With "keep", rows that cannot be scored come back as None.

        Returns
        -------
        list of float or None
        """
        if numbers is None:
            return []
        with self.refusals():
            scorer = self.registry.query_scorer(version)
            matrix = matrix_from_binary(numbers)
            texts = rows_of_texts(texts, matrix)

            def score(first, last):
                return self.paced_scores(scorer, matrix, texts, first, last)

            if on_error == "raise":
                return scores_or_row(score, len(matrix), rows_before)
            failures = []
            scores = score_what_scores(score, 0, len(matrix), failures, len(matrix))
        if failures:
            row, error = failures[0]
            self.plpy.warning(
                f"model version {version} could not score {scores.count(None)} of "
                f"{len(matrix)} rows: {error.message}",
                detail=f"The first is row {rows_before + row + 1} of the query.",
                hint="Their score is null.",
            )
        return scores

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
            self.registry.read_trusted_keys()
            model = self.registry.model(version, self.registry.digest(version))
            self.registry.layout_of_version(version).positions(model.signature)

    def check_attestation(
        self,
        artifact_sha256,
        compiled_sha256,
        signature,
        environment,
        signed,
        active_attestation,
        allow_older,
    ):
        """Refuse a candidate that is not signed as it must be; it is not read for that.

        Parameters
        ----------
        artifact_sha256, compiled_sha256 : bytes
            Digests of the pickle, and of its compiled form or None.
        signature, environment : str
            JSON.
        signed : (str, bytes, str)
            The statement, its signature and the key's fingerprint; each may be None.
        active_attestation : str or None
            What was signed about the version that is active.
        allow_older : bool

        Returns
        -------
        bool
            Whether the compiled form may be used.
        """
        with self.refusals():
            trusted = self.registry.read_trusted_keys()
            if not trusted and signed == (None, None, None):
                return True
            statement = verified_statement(*signed, trusted)
            statement.check_artifact(artifact_sha256)
            statement.check_description(
                Signature.from_json(signature), json.loads(environment)
            )
            check_time_and_age(statement, active_attestation, allow_older)
            return compiled_sha256 is None or statement.covers(compiled_sha256)

    def check_activation(
        self, statement, active_attestation, allow_older, allow_expired
    ):
        """Refuse a signed version that has expired, or is older than the active one.

        Who signed it is found out when it is loaded.
        """
        with self.refusals():
            if self.registry.read_trusted_keys():
                check_time_and_age(
                    Statement.from_text(statement),
                    active_attestation,
                    allow_older,
                    allow_expired,
                )

    def evaluate_candidate(
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
                " JOIN (VALUES (1, 'churn_internal.load_runtime()'::pg_catalog.regprocedure),"
                " (2, 'churn_internal.load_pickle_reader()'), (3, 'churn_internal.load_examination()'))"
                " f (place, oid) USING (oid)"
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
        return json.dumps(
            {
                **current_environment(),
                "cryptography": installed_version("cryptography"),
                "trusted_keys": len(self.registry.read_trusted_keys()),
                "memory_megabytes": memory,
            }
        )

    def apply_failure_policy(self, attachment_id, version, error, rows, on_error=None):
        """Warn and go on, or raise, as the attachment wants it.

        A complaint is worth more than a score: by default it is kept and the score
        stays as it was. What is the server's own is never held back.
        """
        sqlstate = getattr(error, "sqlstate", None) or ""
        if sqlstate[:2] in SERVER_SQLSTATES:
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
            or "SELECT * FROM churn.health shows what failed; CALL churn.repair(...) "
            "scores the rows again.",
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


def failure_of(error):
    """Return an error, as a refusal where it is a model's want of memory.

    When the server itself runs out of memory, that is another error: see
    ``SERVER_SQLSTATES``.
    """
    if not isinstance(error, MemoryError):
        return error
    return ScoringError(
        "model ran out of memory",
        detail=f"{error}." if str(error) else None,
        hint="Score fewer rows at once, give the server more memory, or roll back with "
        "churn.rollback_model.",
        sqlstate=LIMIT_SQLSTATE,
    )


def reason(error):
    """Return what a mark says of a failure: its SQLSTATE and its message."""
    sqlstate = getattr(error, "sqlstate", None) or EXTERNAL_ROUTINE_EXCEPTION
    return [sqlstate, plain_text(str(getattr(error, "message", error)))]


def check_time_and_age(statement, active_attestation, allow_older, allow_expired=False):
    """Refuse what has expired, and what is older than the active version."""
    if not allow_expired:
        statement.check_expiry(today_in_utc())
    if active_attestation is not None and not allow_older:
        statement.check_age(Statement.from_text(active_attestation))


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


def scores_or_row(score, rows, rows_before):
    """Return the scores of all rows, or raise an error that names the first that fails.

    Parameters
    ----------
    score : callable
        Taking the first row and the one after the last.
    rows : int
    rows_before : int
        How many rows of the query came before.
    """
    try:
        return score(0, rows)
    except (ScoringError, MemoryError) as error:
        failure = failure_of(error)
        if failure.sqlstate in (MODEL_SQLSTATE, LIMIT_SQLSTATE):
            raise failure from error
    row = first_failing(score, 0, rows)
    try:
        score(row, row + 1)
    except ScoringError as error:
        detail = f"It is row {rows_before + row + 1} of the query."
        error.detail = f"{error.detail} {detail}" if error.detail else detail
        raise
    raise failure


def first_failing(score, first, last):
    """Return the first row from first to last that cannot be scored, by halving."""
    while last - first > 1:
        middle = (first + last) // 2
        try:
            score(first, middle)
        except ScoringError:
            last = middle
        else:
            first = middle
    return first


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


def score_what_scores(score, first, last, failures, most_failures=MOST_FAILURES):
    """Score rows first to last, halving where it fails, None where a row fails.

    One row with an impossible value must not cost the other rows their score. After
    ``most_failures`` rows it is the model that fails, and the search is given up.
    """
    if len(failures) >= most_failures:
        return [None] * (last - first)
    try:
        return score(first, last)
    except (ScoringError, MemoryError) as error:
        of_model = getattr(error, "sqlstate", None) == MODEL_SQLSTATE
        if last - first == 1 or of_model:
            failures.append((first, failure_of(error)))
            return [None] * (last - first)
    middle = (first + last) // 2
    return [
        *score_what_scores(score, first, middle, failures, most_failures),
        *score_what_scores(score, middle, last, failures, most_failures),
    ]
