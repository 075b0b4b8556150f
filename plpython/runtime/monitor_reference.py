"""Reading what a version's rows were like when it was registered."""

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from .signature import Signature

if TYPE_CHECKING:
    from .registry import Registry


class MonitoredVersion(NamedTuple):
    """What a version's row says, as far as monitoring needs it."""

    version: int
    # None: nothing is known of the version any more.
    signature: Signature | None
    # Empty: there is none.
    reference: dict[str, Any]
    # Why there is none.
    problem: str | None
    metrics: Any


def monitored_version(registry: "Registry", version: int) -> MonitoredVersion:
    """Read a version; what is gone of it is None or empty.

    Raises
    ------
    ScoringError
        If its reference is not the one that was registered.
    """
    rows = registry.fetch(
        "SELECT signature, reference, metrics,"
        " to_char(deleted_at, 'YYYY-MM-DD') AS deleted_on"
        " FROM churn.models WHERE version = $1",
        ["bigint"],
        version,
    )
    if not rows:
        return MonitoredVersion(version, None, {}, "its row is gone", {})
    row = rows[0]
    signature = Signature.from_json(row["signature"])
    metrics = json.loads(row["metrics"])
    if row["reference"] is None:
        problem = "no row of the profile was there when it was registered"
        if row["deleted_on"] is not None:
            problem = f"it was deleted on {row['deleted_on']}"
        return MonitoredVersion(version, signature, {}, problem, metrics)
    return MonitoredVersion(
        version, signature, json.loads(row["reference"]), None, metrics
    )
