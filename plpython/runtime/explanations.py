"""Reading what explains a version out of the database, into a session's memory.

Sessions that explain nothing import neither this nor what it needs.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .bounded_cache import BoundedCache
from .errors import ScoringError
from .explainer import Explainer
from .registry import (
    check_not_deleted,
    check_signed,
    digest_of,
    wrong_digest,
    wrong_reference,
)
from .signature import Signature

if TYPE_CHECKING:
    from .registry import Keys, Registry

EXPLAINERS_HELD = 4


class Explanations:
    """What a session knows of how versions are explained."""

    def __init__(self, registry: "Registry") -> None:
        self.registry = registry
        self.explainers = BoundedCache(EXPLAINERS_HELD)

    def explainer(self, version: int | None) -> Explainer:
        """Return what explains a version, from memory or from its row.

        Raises
        ------
        ScoringError
            If there is no such version, nothing explains it, or it is not what was
            registered or signed.
        """
        key = (
            version,
            self.registry.digest(version),
            self.registry.trusted_keys(),
        )
        return self.explainers.get(key, lambda: self.load(version, key[2]))

    def load(self, version: int | None, keys: "Keys") -> Explainer:
        """Read and verify the explanation form of a version."""
        registry = self.registry
        rows = registry.fetch(
            "SELECT artifact_sha256, compiled, compiled_sha256, signature, environment,"
            " attestation, attestation_signature, attestation_key, explanation,"
            " explanation_sha256, explanation_problem, reference,"
            " coalesce(churn_internal.reference_digest(reference) = reference_sha256,"
            " reference IS NULL) AS is_as_registered, deleted_by,"
            " to_char(deleted_at, 'YYYY-MM-DD') AS deleted_on"
            " FROM churn.models WHERE version = $1",
            ["bigint"],
            version,
        )
        row = rows[0]
        check_not_deleted(version, row)
        if row["explanation"] is None:
            raise not_explained(version, row)
        signature = Signature.from_json(row["signature"])
        if keys:
            trusted = registry.read_trusted_keys()
            named = {key: trusted[key] for key in keys if key in trusted}
            statement = check_signed(version, row, signature, named)
            if not statement.covers_explanation(row["explanation_sha256"]):
                raise ScoringError(
                    f"model version {version} is not trusted: its explanation is not "
                    "signed",
                    hint="Sign the model again, and register it anew.",
                    sqlstate="42501",
                )
        if digest_of(row["explanation"], registry.pause) != row["explanation_sha256"]:
            raise wrong_digest(version)
        # Explanations of a sum are told against its typical values.
        if not row["is_as_registered"]:
            raise wrong_reference(version)
        return Explainer(
            row["explanation"], signature, row["reference"], registry.pause
        )


def not_explained(version: int | None, row: Mapping[str, Any]) -> ScoringError:
    """Return the error for a version that nothing explains."""
    problem = row["explanation_problem"] or "it was registered before there were any"
    return ScoringError(
        f"model version {version} has no explanation",
        detail=f"{problem}.",
        hint="Register a model of one of the families that are explained.",
        sqlstate="55000",
    )
