"""What ``pgchurn demo --life-cycle`` prints: the story of the year."""

from datetime import datetime
from typing import Any

from pgchurn.loader import output
from pgchurn.loader.commands.compare import report as comparison_report
from pgchurn.loader.demonstration.changing_customers import (
    CHANGED_FEATURE,
    INPUT_CHANGES_IN,
    RELATION_CHANGES_IN,
)
from pgchurn.loader.demonstration.life_cycle import TABLE


def life_cycle_report(result: dict[str, Any]) -> str:
    """Return the report on the year, and on the releases after it."""
    months, versions = result["months"], result["versions"]
    happens = result["calendar"]
    before, changed = (
        months[number - 1] for number in (RELATION_CHANGES_IN - 1, RELATION_CHANGES_IN)
    )
    inputs = [one for one in result["alerts"] if not one["needs_outcomes"]]
    outcomes = [one for one in result["alerts"] if one["needs_outcomes"]]
    retrained = result["retrained"]
    return "\n".join(
        [
            f"A year of {sum(month['scored'] for month in months):,} customers, scored "
            f"by version {versions['champion']}:",
            output.table([shown_month(month) for month in months]),
            "",
            f"Month {INPUT_CHANGES_IN}: from {day(happens['customers use more data'])} "
            "on customers use more data.",
            *map(alert_line, inputs),
            "",
            f"Month {RELATION_CHANGES_IN}: from {day(happens['a competitor begins'])} "
            "on a competitor buys customers out of long contracts. No feature tells, "
            "and no estimate:",
            f"a log loss of {before['estimated_log_loss']:.3f} was estimated in month "
            f"{RELATION_CHANGES_IN - 1}, of {changed['estimated_log_loss']:.3f} in "
            f"month {RELATION_CHANGES_IN}. It came to "
            f"{changed['realised_log_loss']:.3f}, which is known 90 days later.",
            *map(alert_line, outcomes),
            "",
            f"On {day(retrained['trained_until'])} version {versions['challenger']} is "
            f"trained on {retrained['customers']:,} customers, scored since "
            f"{day(retrained['scored_since'])}, of whom it is known that "
            f"{retrained['left']:,} left.",
            f"Compared with version {versions['champion']} on customers scored after "
            "that, when it is known what became of them:",
            "",
            comparison_report(
                {
                    "verdict": result["comparison"][0]["verdict"],
                    "evidence": result["comparison"],
                }
            ),
            "",
            *release_lines(result["releases"]),
            "",
            f"The year is in {TABLE}, and yours to look at.",
        ]
    )


def release_lines(releases: dict[str, Any]) -> list[str]:
    """Return how the new version took over, and how another one did not."""
    promoted, broken = releases["promoted"], releases["broken"]
    return [
        f"Version {promoted['version']} is released, in steps, to those who come now:",
        output.table([shown_step(step) for step in promoted["steps"]]),
        f"It is {promoted['state']}. pgchurn rescore has it score all others, too.",
        "",
        f"Version {broken['version']} is trained with those who stayed taken for "
        "leavers, and released to one in ten at once:",
        output.table([shown_step(step) for step in broken["steps"]]),
        f"It is {broken['state']}: {broken['reason']}.",
        f"It had scored {releases['scored']:,} customers; once pgchurn work has been "
        f"there, {releases['still_scored']:,}. Version {promoted['version']} scores "
        "everybody.",
        f"Of {releases['complaints']:,} complaints {releases['counted']:,} are "
        "counted.",
    ]


def shown_step(step: dict[str, Any]) -> dict[str, Any]:
    """Return what came of some customers as a line of the table has it."""
    return {
        "share": f"{step['share']:g} %",
        "came": step["customers"],
        "scored by the new version": step["of_challenger"],
        "then": step["then"],
    }


def shown_month(month: dict[str, Any]) -> dict[str, Any]:
    """Return a month as a line of the table has it."""
    return {
        "month": month["month"],
        "scored": f"{month['scored']:,}",
        "mean score": month["mean_score"],
        f"PSI of {CHANGED_FEATURE}": month["psi_of_data_usage_gb"],
        "log loss: estimated": month["estimated_log_loss"],
        "realised": month["realised_log_loss"],
        "alerts opened": month["alerts_opened"],
    }


def alert_line(alert: dict[str, Any]) -> str:
    """Return when an alert was opened, and why."""
    of = f" of {alert['feature']}" if alert["feature"] else ""
    return (
        f"  {day(alert['opened_at'])}: alert, {alert['metric']}{of} "
        f"{alert['value']:.3f}: {alert['detail']}."
    )


def day(time: datetime) -> str:
    """Return the day of a time."""
    return f"{time:%Y-%m-%d}"
