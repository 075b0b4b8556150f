"""Checking a version before it is registered, and before it is activated."""

import json
from collections.abc import Sequence
from typing import Any

from .attestation import Statement, today_in_utc, verified_statement
from .batches import rows_in
from .errors import LIMIT_SQLSTATE, Refusals, ScoringError
from .features import RowOfTexts
from .reference import MOST_TRAINING_ROWS
from .registry import Registry
from .sandbox import RESULT, module_sources, run_in_sandbox
from .signature import Signature

# Twice as many as churn_internal.candidate_statements has read: replayed, and compared.
MOST_ROWS = 20_000


class Admission:
    """Checks versions before they are registered or activated.

    A check that refuses returns None, which its SQL function's type turns into an
    error: see ``Refusals``.
    """

    def __init__(self, registry: Registry, refusals: Refusals) -> None:
        self.registry = registry
        self.refusals = refusals

    def check_attestation(
        self,
        artifact_sha256: bytes,
        signature: str,
        environment: str,
        attestation: tuple[str | None, bytes | None, str | None],
        active_attestation: str | None,
        allow_older: bool,
    ) -> str | None:
        """Refuse a candidate that is not signed as it must be; it is not read for that.

        Parameters
        ----------
        signature, environment : str
            JSON.
        attestation : (str, bytes, str)
            The statement, its signature and the key's fingerprint; each may be None.

        Returns
        -------
        str
            SHA-256 of the compiled form that is signed with it, in hexadecimal digits;
            empty when there is none, or when nothing need be signed.
        """
        with self.refusals:
            trusted = self.registry.read_trusted_keys()
            if not trusted and attestation == (None, None, None):
                return ""
            statement = verified_statement(*attestation, trusted)
            statement.check_artifact(artifact_sha256)
            statement.check_description(
                Signature.from_json(signature), json.loads(environment)
            )
            check_time_and_age(statement, active_attestation, allow_older)
            return statement.compiled_sha256 or ""
        return None

    def check_activation(
        self,
        attestation: str,
        active_attestation: str | None,
        allow_older: bool,
        allow_expired: bool,
    ) -> bool | None:
        """Refuse a signed version that has expired, or is older than the active one.

        Who signed it is checked when it is loaded.
        """
        with self.refusals:
            if self.registry.read_trusted_keys():
                check_time_and_age(
                    Statement.from_text(attestation),
                    active_attestation,
                    allow_older,
                    allow_expired,
                )
            return True
        return None

    def check_model(self, version: int) -> bool | None:
        """Refuse a version that does not load, or whose profile lacks a feature."""
        with self.refusals:
            digest = self.registry.digest(version)
            keys = self.registry.trusted_keys()
            model = self.registry.model(version, digest, keys)
            attachment_id = self.registry.attachment_of_version(version)
            self.registry.profile_layout(attachment_id).positions(model.signature)
            return True
        return None

    def evaluate_candidate(
        self,
        attachment_id: int,
        artifact: bytes,
        signature: str,
        environment: str,
        layout: str,
        replay: tuple[bytes | None, Sequence[RowOfTexts] | None],
        sample: tuple[bytes | None, Sequence[RowOfTexts] | None],
        compile_form: bool,
        training_sample: str | None,
        held_out: str | None,
    ) -> dict[str, Any]:
        """Score rows with a candidate before it is registered, and compile it.

        The sandbox reads it, so that one that crashes, hangs or fills the memory harms
        no session.

        Parameters
        ----------
        signature, environment : str
            JSON.
        layout : str
            Which columns the rows hold, as ``Layout.from_json`` reads it.
        replay, sample : (bytes, list)
            Numbers and texts of profile rows, as ``Scoring.score_batch`` takes them:
            those that the client has scored, and those to compare the two forms on.
        compile_form : bool
            Whether its compiled form is wanted.
        training_sample : str, optional
            Rows that it was fitted on, as ``reference.rows_from_json`` reads them.
        held_out : str, optional
            JSON of what its training says of rows that it held out: see
            ``reference_scores``.

        Returns
        -------
        dict
            ``replayed``, the pickle's probabilities of the client's rows; ``compiled``,
            the compiled form; ``parity``, the largest difference of the two forms;
            ``rows_compared``; ``problem``, why there is no compiled form, or None;
            ``explanation``, the explanation form; ``explanation_problem``, why there is
            none, or None; ``reference``, JSON of what is typical, or None.
        """
        with self.refusals:
            self.registry.profile_layout(attachment_id).positions(
                Signature.from_json(signature)
            )
            replay_numbers, replay_texts = replay
            sample_numbers, sample_texts = sample
            rows = rows_in(replay_numbers) + rows_in(sample_numbers)
            # Each of them buys time in the sandbox.
            if rows > MOST_ROWS:
                raise ScoringError(
                    f"a candidate is tried on {MOST_ROWS:,} rows at most",
                    detail=f"There are {rows:,}.",
                    hint="Replay fewer rows.",
                    sqlstate=LIMIT_SQLSTATE,
                )
            request = {
                "signature": signature,
                "environment": environment,
                "layout": layout,
                "replay_texts": replay_texts,
                "sample_texts": sample_texts,
                "compile": compile_form,
                "training_sample": training_sample,
                "held_out": held_out,
            }
            if training_sample is not None:
                rows += MOST_TRAINING_ROWS
            return run_in_sandbox(
                module_sources("sandbox_worker"),
                request,
                [artifact, replay_numbers, sample_numbers],
                rows,
                self.registry.check_for_interrupts,
            )
        # No count of rows: an error.
        return dict.fromkeys(RESULT)


def check_time_and_age(
    statement: Statement,
    active_attestation: str | None,
    allow_older: bool,
    allow_expired: bool = False,
) -> None:
    """Refuse what has expired, and what is older than the active version."""
    if not allow_expired:
        statement.check_expiry(today_in_utc())
    if active_attestation is not None and not allow_older:
        statement.check_age(Statement.from_text(active_attestation))
