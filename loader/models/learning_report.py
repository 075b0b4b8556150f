"""What ``pgchurn learn`` prints."""

from typing import Any

from pgchurn.loader import output

BUSY = "Somebody else is learning: nothing was done."


def learning_report(result: dict[str, Any]) -> str:
    """Return the report on what was learned."""
    if result["busy"]:
        return BUSY
    lines = [output.table(result["batches"], "No batch is mature.")]
    registered = result["registered"]
    if registered is not None:
        lines.append(f"Registered as version {registered['version']}.")
    if result["release_id"] is not None:
        lines.append(
            f"Release {result['release_id']} of version {result['released']} is under "
            "way: pgchurn work or pgchurn release advance."
        )
    if result["waits"] is not None:
        lines.append(f"Nothing is released: {result['waits']}.")
    if result["pruned"]:
        versions = ", ".join(str(version) for version in result["pruned"])
        lines.append(f"Deleted, as never released: {versions}.")
    return "\n".join(lines)


def replay_report(result: dict[str, Any]) -> str:
    """Return the report on what was learned once more."""
    if result["busy"]:
        return BUSY
    if result["differing"]:
        return "\n".join(
            f"Batch {one['position']}: {one['what']}." for one in result["differing"]
        )
    if not result["batches"]:
        return "No batch was learned yet."
    versions = ", ".join(str(version) for version in result["versions"]) or "none"
    return (
        f"The same bytes came of version {result['base_version']} and batches 1 to "
        f"{result['batches']:,} as before; pickles that are the same, of version: "
        f"{versions}."
    )
