"""What Prometheus gets to know of a database: ``pgchurn metrics``.

The text is both of OpenMetrics and of Prometheus's own format, which the textfile
collector of its node exporter reads: gauges alone, no time stamps, and a last line that
is a comment to the latter.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pgchurn.loader.database import Connection, fetch_all

RESULT = ("profile", "version", "metric", "feature")
ALERT = ("profile", "alert_id", "version", "metric", "feature")

# Name, column of the statement, help.
OF_TABLES = (
    ("active_version", "active_version", "Version of the model that scores the table."),
    ("queue_waiting", "waiting", "Customers who are marked for a worker."),
    ("queue_failing", "failing", "Marked customers who failed to be scored."),
    (
        "queue_oldest_seconds",
        "oldest_seconds",
        "For how long the oldest has been marked.",
    ),
    (
        "unscored_customers",
        "unscored",
        "Customers who failed to be scored and were not scored since.",
    ),
    ("scoring_failures", "failures", "How often customers failed to be scored."),
    ("open_alerts", "open_alerts", "Alerts that are open."),
    (
        "unacknowledged_alerts",
        "unacknowledged_alerts",
        "Open alerts that nobody has taken note of.",
    ),
    (
        "monitor_window_end_timestamp_seconds",
        "window_end",
        "End of the newest window that was measured.",
    ),
)
OF_RESULTS = (
    ("monitor_value", "value", "What was measured last."),
    ("monitor_lower", "lower", "From where on the value is expected, or known to be."),
    ("monitor_upper", "upper", "Up to where it is."),
    ("monitor_limit", "limit", "From which value on it can be a finding."),
    ("monitor_rows", "n", "On how many rows it was measured."),
    ("monitor_finding", "finding", "1 for a finding, 0 for none, where it was judged."),
)
OF_ALERTS = (
    ("alert_opened_timestamp_seconds", "opened_at", "Since when an alert is open."),
)


@dataclass
class Family:
    """A metric and its samples.

    Attributes
    ----------
    name : str
        Without the prefix that all have.
    help : str
        A sentence of plain characters.
    samples : list of tuple of (dict of str to str, float)
        Labels, and the value.
    """

    name: str
    help: str
    samples: list[tuple[dict[str, str], float]] = field(default_factory=list)


def families(connection: Connection) -> list[Family]:
    """Return what there is to say of a database, metric by metric."""
    found = []
    for statement, labels, metrics in (
        ("metrics_of_tables", ("profile",), OF_TABLES),
        ("metrics_of_results", RESULT, OF_RESULTS),
        ("metrics_of_alerts", ALERT, OF_ALERTS),
    ):
        rows = fetch_all(connection, statement)
        for name, column, text in metrics:
            samples = [
                ({label: row[label] for label in labels}, float(row[column]))
                for row in rows
                if row[column] is not None
            ]
            found.append(Family(name, text, samples))
    return found


def exposition(found: Iterable[Family]) -> str:
    """Return metrics as text that Prometheus reads."""
    lines = []
    for family in found:
        name = f"pgchurn_{family.name}"
        lines += [f"# HELP {name} {family.help}", f"# TYPE {name} gauge"]
        lines += [
            f"{name}{label_set(labels)} {number(value)}"
            for labels, value in family.samples
        ]
    return "\n".join([*lines, "# EOF", ""])


def label_set(labels: Mapping[str, str]) -> str:
    """Return labels in braces."""
    pairs = [f'{name}="{escaped(value)}"' for name, value in labels.items()]
    return "{" + ",".join(pairs) + "}"


def escaped(value: str) -> str:
    """Return the value of a label as it stands between quotes."""
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def number(value: float) -> str:
    """Return a number as both formats spell it."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    return repr(value)
