CREATE OR REPLACE FUNCTION churn_runtime.scoring() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Scoring the rows of profiles, one at a time or many, and what becomes of failures.

What the functions of one session share, beside their arguments and results, is listed
in plpython/README.md, "The runtime".
"""

import json
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

from .arms import arm_hash, arm_hashes, version_of_arm
from .batches import (
    FEW_ROWS,
    Batch,
    checked_probability,
    paced_scores,
    score_what_scores,
    vector_image,
)
from .errors import OutdatedFunction, Refusals, failure_of, is_of_server
from .features import NAN, RowOfTexts
from .numpy_later import Array, np
from .pacing import CALL_SECONDS, call_too_slow
from .registry import SCORERS_HELD, Registry, Scorer

if TYPE_CHECKING:
    from .batches import FailedRows
    from .registry import Deployed, Keys, ScoreRow

    Scores = Sequence[float | None]
    # A version and its digest; while a release is under way also the challenger's, and
    # for each row whether it is challenged.
    Arms = tuple[int, bytes, int | None, bytes | None, Sequence[bool] | None]
    # A version, its digest, and which rows of a batch it scores; None: all of them.
    Arm = tuple[int, bytes, Array | None]
    # An error for all rows without a score, and those of some of them, by their place.
    Failure = tuple[Exception, "FailedRows"]

# Set in place of a failure: see ``Scoring.was_recounted``.
RECOUNTED = "recounted"
# That of the functions that ask for scores of changed rows.
SEARCH_PATH = "pg_catalog, pg_temp"


class Scoring:
    """Scores the rows of profiles."""

    arm_hash = staticmethod(arm_hash)
    arm_hashes = staticmethod(arm_hashes)
    version_of_arm = staticmethod(version_of_arm)

    def __init__(self, registry: Registry, refusals: Refusals) -> None:
        self.registry = registry
        self.refusals = refusals
        # Whether the last changed row kept its score: see ``tell_kept``.
        self.kept = False
        # What is active in one snapshot, by attachment and layout.
        self.snapshot: str | None = None
        self.remembered: dict[tuple[int, str], ScoreRow] = {}
        # How often the statement at hand has looked up what it does not remember.
        self.statement: float | None = None
        self.lookups = 0

    def score_remembered(
        self,
        attachment_id: int,
        layout: str,
        numbers: Sequence[float | None],
        texts: RowOfTexts,
        snapshot: str,
    ) -> float | None:
        """Return the probability of one row, or None where that has to be looked into.

        This runs with the rights of whoever asks. It reads nothing of the database, and
        leaves it to ``score_features`` to tell of failures.

        Parameters
        ----------
        snapshot : str
            As ``churn_internal.plain_snapshot`` gives it.
        """
        if snapshot != self.snapshot:
            return None
        score = self.remembered.get((attachment_id, layout))
        if score is None:
            return None
        try:
            probability = score(numbers, texts)
        except self.refusals.sql_error:
            # A cancel, which may take effect between the steps of a large model.
            raise
        except Exception:
            return None
        return probability if 0.0 <= probability <= 1.0 else None

    def score_features(
        self,
        attachment_id: int,
        layout: str,
        numbers: Sequence[float | None],
        texts: RowOfTexts,
        statement: float,
    ) -> float | None:
        """Return the probability of one row under its attachment's active model.

        None while a release is under way: then it goes by the key.

        Parameters
        ----------
        statement : float
            When the client's statement began, which no other one did.
        """
        with self.refusals:
            remembering = self.is_time_to_remember(statement)
            # What is remembered goes by keys of its own snapshot.
            version, digest, keys = self.registry.in_force(
                attachment_id, None if remembering else statement
            )
            if version is None:
                return None
            scorer = self.registry.scorer(attachment_id, version, digest, keys, layout)
            if remembering:
                self.remember(attachment_id, layout, scorer.written_next())
            return checked_probability(scorer.score_next(numbers, texts))
        return NAN

    def score_by_key(
        self,
        attachment_id: int,
        layout: str,
        numbers: Sequence[float | None],
        texts: RowOfTexts,
        key: str | None,
    ) -> float:
        """Return the probability of one row under the version that scores its key."""
        with self.refusals:
            version, digest, keys = self.registry.in_force_for(attachment_id, key)
            scorer = self.registry.scorer(attachment_id, version, digest, keys, layout)
            return checked_probability(scorer.score_next(numbers, texts))
        return NAN

    def is_time_to_remember(self, statement: float) -> bool:
        """Count the look-ups of a statement; return whether to remember what they find.

        At the second one, since many statements score one row; and where nothing can be
        remembered less and less often, at the fourth, the eighth and so on.
        """
        self.lookups = self.lookups + 1 if statement == self.statement else 1
        self.statement = statement
        return self.lookups > 1 and self.lookups.bit_count() == 1

    def remember(self, attachment_id: int, layout: str, score: "ScoreRow") -> None:
        """Remember what is active, under the snapshot that this reads, not by hearsay.

        Of one snapshot only, and of as many attachments as a session holds models.
        """
        rows = self.registry.fetch(
            "SELECT s.snapshot FROM churn_internal.plain_snapshot() s (snapshot)"
            " WHERE churn_internal.tells_by_snapshot() AND s.snapshot IS NOT NULL",
            [],
        )
        if not rows:
            return
        snapshot = rows[0]["snapshot"]
        if snapshot != self.snapshot or len(self.remembered) >= SCORERS_HELD:
            self.remembered.clear()
        self.snapshot = snapshot
        self.remembered[attachment_id, layout] = score
        self.lookups = 0

    def score_features_many(
        self,
        attachment_id: int,
        layout: str,
        numbers: bytes | None,
        texts: Sequence[RowOfTexts] | None,
        customers: Sequence[str | None] | None,
    ) -> "Scores | None":
        """Return the probabilities of many rows under the models that score them.

        Parameters
        ----------
        customers : list of str or None
            The rows' keys; None where no release was under way.
        """
        if numbers is None:
            return []
        with self.refusals:
            version, digest, keys = self.registry.in_force(attachment_id)
            batch = Batch(numbers, texts)
            if version is not None:
                arms: list[Arm] = [(version, digest, None)]
            else:
                row = self.registry.arms(attachment_id, customers or [])
                arms = arms_of(
                    (
                        row["version"],
                        row["artifact_sha256"],
                        row["challenger"],
                        row["challenger_sha256"],
                        row["challenged"],
                    )
                )
            return self.scores_of_arms(attachment_id, arms, keys, layout, batch)
        return None

    def score_changed(
        self,
        deployed: "Deployed",
        integers: Sequence[int | None],
        doubles: list[float | None],
        texts: RowOfTexts,
    ) -> float | None:
        """Return the probability of one changed row, or None by the failure policy."""
        try:
            scorer = self.registry.scorer_of(deployed)
            started = time.monotonic()
            if started < scorer.pace.resting_until:
                self.check_rested(deployed[0], scorer)
            numbers = [*as_doubles(integers), *doubles]
            probability = scorer.score_row(numbers, texts)
            seconds = time.monotonic() - started
            if seconds > CALL_SECONDS:
                self.check_pace(deployed[0], scorer, seconds)
            probability = checked_probability(probability)
            if self.kept:
                self.tell_kept(False)
            return probability
        except OutdatedFunction:
            # Whoever counts complaints anew scores by the function as it is now.
            self.set_failure(RECOUNTED)
            self.tell_kept(True)
            return None
        except Exception as error:
            failure = failure_of(error)
        with self.refusals:
            attachment_id, version, *_ = deployed
            self.keep_or_raise(attachment_id, version, failure, 1)
            self.report_failures(failure, [])
            self.tell_kept(True)
            return None
        return NAN

    def tell_kept(self, kept: bool) -> None:
        """Tell the trigger whether a row kept its score: by having no search_path.

        An UPDATE that waits for a row scores it before and after, and the first may
        fail where the second does not.
        """
        path = "" if kept else SEARCH_PATH
        self.registry.fetch(
            "SELECT set_config('search_path', $1, true)", ["text"], path
        )
        self.kept = kept

    def score_batch(
        self,
        attachment_id: int,
        deployed: "Arms",
        keys: "Keys",
        layout: str,
        numbers: bytes,
        texts: Sequence[RowOfTexts] | None,
        on_error: str | None,
    ) -> "Scores | None":
        """Score many rows in few calls of each model.

        Parameters
        ----------
        deployed : tuple
            The version in force and its digest; while a release is under way, also the
            challenger, its digest, and for each row whether it is challenged.
        numbers : bytes
            ``churn_internal.array_image`` of rows of float8, NaN for NULL.
        texts : list of lists of str or None
            None when there are no text columns.
        on_error : {"keep", "raise"} or None
            What to do about rows that cannot be scored: with "keep" they come back as
            None and the rest is scored. None: use the attachment's own policy.
        """
        with self.refusals:
            batch = Batch(numbers, texts)
            arms = arms_of(deployed)
            if on_error == "raise":
                return self.scores_of_arms(attachment_id, arms, keys, layout, batch)
            return self.scores_by_policy(
                attachment_id, arms, keys, layout, batch, on_error
            )
        return None

    def score_image(self, *arguments: Any) -> bytes | None:
        """Return the same as ``score_batch``, as the image of an array."""
        scores = self.score_batch(*arguments)
        return None if scores is None else vector_image(scores)

    def scores_of_arms(
        self,
        attachment_id: int,
        arms: "Sequence[Arm]",
        keys: "Keys",
        layout: str,
        batch: Batch,
    ) -> "Scores":
        """Return the probabilities of all rows, each under the version of its arm."""
        parts = []
        for version, digest, rows in arms:
            scorer = self.registry.scorer(attachment_id, version, digest, keys, layout)
            parts.append((rows, self.all_scores(scorer, batch.of(rows))))
        return joined(parts, len(batch))

    def all_scores(self, scorer: Scorer, batch: Batch) -> list[float]:
        """Return the probabilities of all rows, however long a call takes."""
        return paced_scores(
            scorer,
            batch,
            0,
            len(batch),
            self.registry.check_for_interrupts,
            most_alone=FEW_ROWS,
        )

    def scores_by_policy(
        self,
        attachment_id: int,
        arms: "Sequence[Arm]",
        keys: "Keys",
        layout: str,
        batch: Batch,
        on_error: str | None,
    ) -> "Scores":
        """Return the probability of each row that can be scored, None of the others."""
        parts = []
        failures: list[Failure] = []
        for version, digest, rows in arms:
            part = batch.of(rows)
            scores, failure = self.part_by_policy(
                attachment_id, version, digest, keys, layout, part, on_error
            )
            parts.append((rows, scores))
            if failure is not None:
                failures.append(
                    failure if rows is None else spread(failure, scores, rows)
                )
        if failures:
            self.report_failures(
                failures[0][0], [row for _, failed in failures for row in failed]
            )
        return joined(parts, len(batch))

    def part_by_policy(
        self,
        attachment_id: int,
        version: int,
        digest: bytes,
        keys: "Keys",
        layout: str,
        batch: Batch,
        on_error: str | None,
    ) -> "tuple[Scores, Failure | None]":
        """Return the same of rows that one version scores, and what failed."""
        try:
            scorer = self.registry.scorer(attachment_id, version, digest, keys, layout)
            self.check_rested(attachment_id, scorer)
        except Exception as error:
            failure = failure_of(error)
            self.keep_or_raise(attachment_id, version, failure, len(batch), on_error)
            return [None] * len(batch), (failure, [])

        def check_call(seconds: float) -> None:
            if seconds > CALL_SECONDS:
                self.check_pace(attachment_id, scorer, seconds)

        def score(first: int, last: int) -> list[float]:
            return paced_scores(
                scorer,
                batch,
                first,
                last,
                self.registry.check_for_interrupts,
                check_call,
                most_alone=FEW_ROWS,
            )

        failures: FailedRows = []
        scores = score_what_scores(score, 0, len(batch), failures)
        if not failures:
            return scores, None
        self.keep_or_raise(
            attachment_id, version, failures[0][1], scores.count(None), on_error
        )
        # Where the search was given up, the last failure stands for the rest.
        return scores, (failures[-1][1], failures)

    def check_rested(self, attachment_id: int, scorer: Scorer) -> None:
        """Refuse a model that rests, until its attachment allows for its slowness."""
        if scorer.pace.is_resting():
            scorer.pace.check_rested(self.registry.score_timeout(attachment_id))

    def check_pace(self, attachment_id: int, scorer: Scorer, seconds: float) -> None:
        """Let a model rest when a call took longer than its attachment allows."""
        if seconds > self.registry.score_timeout(attachment_id):
            scorer.pace.rest(seconds)
            raise call_too_slow(seconds)

    def keep_or_raise(
        self,
        attachment_id: int,
        version: int,
        error: Exception,
        rows: int,
        on_error: str | None = None,
    ) -> None:
        """Warn of rows that keep their score, or raise, by the failure policy.

        A complaint is worth more than a score: by default it is kept and the score
        stays as it was. An error of the server itself is raised in any case.
        """
        if is_of_server(error):
            raise error
        if (on_error or self.registry.on_error(attachment_id)) == "raise":
            raise error
        self.refusals.warn(
            f"model version {version} could not score {rows} "
            f"{'row' if rows == 1 else 'rows'}: {getattr(error, 'message', error)}",
            getattr(error, "detail", None) or "The rows keep the score they had.",
            getattr(error, "hint", None)
            or "SELECT * FROM churn.health shows what failed; CALL churn.repair(...) "
            "scores the rows again.",
        )

    def report_failures(self, error: Exception, rows: "FailedRows") -> None:
        """Report to the statement that asked for scores why some of them are missing.

        The first error holds for every row that is not in ``rows``, by their place.
        """
        reason = self.refusals.reason
        reasons = {"all": reason(error), "rows": {row: reason(e) for row, e in rows}}
        # Escapes beyond ASCII are refused by jsonb in a database in SQL_ASCII.
        self.set_failure(json.dumps(reasons, ensure_ascii=False))

    def set_failure(self, text: str) -> None:
        """Set what the trigger and ``churn_internal.record_failures`` read."""
        self.registry.fetch(
            "SELECT set_config('churn.score_failed', $1, true)", ["text"], text
        )

    def was_recounted(self, transaction_id: int) -> bool:
        """Return whether complaints were counted anew in the present transaction.

        Then the one that is being added may have been counted already, and the trigger
        is told so.
        """
        (row,) = self.registry.fetch("SELECT txid_current() AS id", [])
        if row["id"] == transaction_id:
            self.set_failure(RECOUNTED)
            self.tell_kept(True)
            return True
        return False


def arms_of(deployed: "Arms") -> "list[Arm]":
    """Return each version that scores rows of a batch, and which they are."""
    version, digest, challenger, challenger_digest, challenged = deployed
    if challenger is None or challenger_digest is None or challenged is None:
        return [(version, digest, None)]
    mask = np.array(challenged, bool)
    arms = [
        (version, digest, np.flatnonzero(~mask)),
        (challenger, challenger_digest, np.flatnonzero(mask)),
    ]
    # Not a version that has nothing to score: it might fail to load.
    return [arm for arm in arms if len(arm[2])]


def joined(parts: "Sequence[tuple[Array | None, Scores]]", row_count: int) -> "Scores":
    """Return the scores of parts of a batch in the order of its rows."""
    if parts[0][0] is None:
        return parts[0][1]
    scores: list[float | None] = [None] * row_count
    for rows, part in parts:
        for row, score in zip(cast("Array", rows).tolist(), part, strict=True):
            scores[row] = score
    return scores


def spread(failure: "Failure", scores: "Scores", rows: Array) -> "Failure":
    """Return what failed in a part of a batch, with an error for each row."""
    error, failed = failure
    errors = dict(failed)
    places = rows.tolist()
    return error, [
        (places[row], errors.get(row, error))
        for row, score in enumerate(scores)
        if score is None
    ]


def as_doubles(integers: Sequence[int | None]) -> Iterable[float | None]:
    """Return integers as the doubles that models read, None as it is."""
    if None in integers:
        return [None if value is None else float(value) for value in integers]
    return map(float, cast("Sequence[int]", integers))
$python$;
COMMENT ON FUNCTION churn_runtime.scoring IS 'Scoring the rows of profiles, one at a time or many, and what becomes of failures.';
