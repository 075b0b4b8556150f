"""Who registered the version, and when it scored the table."""

from typing import Any

from pgchurn.loader.reports.facts import Version
from pgchurn.loader.reports.markup import Markup, tag, value
from pgchurn.loader.reports.sections.elements import cell, section, table
from pgchurn.loader.reports.wording import moment

TITLE = "Registration and decisions"
MOST_DECISIONS = 30


def decisions(version: Version) -> Markup:
    """Return the version's history, the newest first."""
    row = version.row
    events = [
        event(
            one["deployed_at"], what_happened(version.number, one), one["deployed_by"]
        )
        for one in version.decisions[:MOST_DECISIONS]
    ]
    registered = event(row["registered_at"], "registered", row["registered_by"])
    if row["deleted_at"] is not None:
        events.insert(0, event(row["deleted_at"], "deleted", row["deleted_by"]))
    left_out = len(version.decisions) - MOST_DECISIONS
    return section(
        TITLE,
        table(["when", "what", "by whom"], [*events, registered], ()),
        ""
        if version.decisions
        else tag("p", "It has never been activated.", class_="soft"),
        ""
        if left_out <= 0
        else tag("p", f"{left_out:,} older decisions are left out.", class_="soft"),
    )


def event(when: Any, what: str, by_whom: str) -> list[Markup]:
    """Return the cells of an event."""
    return [cell(moment(when)), cell(what), cell(value(by_whom))]


def what_happened(number: int, decision: dict[str, Any]) -> str:
    """Return what a decision has meant for a version."""
    version, former = decision["version"], decision["former_version"]
    by_rollback = decision["action"] == "rollback"
    if version != number:
        how = "a rollback to" if by_rollback else "the activation of"
        return f"replaced by {how} version {version}"
    instead = "" if former is None else f" in place of version {former}"
    if by_rollback:
        return f"put in use again by a rollback{instead}"
    return f"activated{instead}"
