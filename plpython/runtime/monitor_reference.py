"""Reading what a version's rows were like when it was registered."""

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from .explaining import importances
from .registry import wrong_reference
from .signature import Signature

if TYPE_CHECKING:
    from .registry import Registry


class MonitoredVersion(NamedTuple):
    """What a version's row says, as far as monitoring needs it."""

    version: int
    # None: its row is gone.
    signature: Signature | None
    # Empty: there is none.
    reference: dict[str, Any]
    # Why there is none.
    problem: str | None
    # How much each feature matters, by name, in whatever measure is known.
    importance: dict[str, float]
    is_explained: bool

    @property
    def features(self) -> dict[str, dict[str, Any]]:
        """What the reference says of each feature, by name."""
        return self.reference.get("features") or {}


def monitored_version(registry: "Registry", version: int) -> MonitoredVersion:
    """Read a version.

    Raises
    ------
    ScoringError
        If its reference is not the one that was registered.
    """
    rows = registry.fetch(
        "SELECT signature, reference, metrics, explanation IS NOT NULL AS is_explained,"
        " coalesce(churn_internal.reference_digest(reference) = reference_sha256,"
        " reference IS NULL) AS is_as_registered,"
        " to_char(deleted_at, 'YYYY-MM-DD') AS deleted_on"
        " FROM churn.models WHERE version = $1",
        ["bigint"],
        version,
    )
    if not rows:
        return MonitoredVersion(version, None, {}, "its row is gone", {}, False)
    row = rows[0]
    if not row["is_as_registered"]:
        raise wrong_reference(version)
    signature = Signature.from_json(row["signature"])
    if row["deleted_on"] is not None:
        problem = f"it was deleted on {row['deleted_on']}"
        return MonitoredVersion(version, signature, {}, problem, {}, False)
    if row["reference"] is None:
        problem = "there was no row of the profile when it was registered"
        return MonitoredVersion(version, signature, {}, problem, {}, False)
    reference = json.loads(row["reference"])
    importance = reference.get("contributions") or importances(
        json.loads(row["metrics"])
    )
    return MonitoredVersion(
        version, signature, reference, None, importance, row["is_explained"]
    )
