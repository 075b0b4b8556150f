"""Numbers and moments as the report writes them."""

from datetime import UTC, datetime
from typing import Any


def count(number: int, singular: str, plural: str | None = None) -> str:
    """Return a number of things: "1 customer", "2,000 customers"."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def percent(share: float, digits: int = 0) -> str:
    """Return a share from 0 to 1 as a percentage.

    What rounds to all or nothing without being it says so: nobody is to read "0%" of a
    share that is not.
    """
    least = 10.0**-digits
    if 0 < share * 100 <= least / 2:
        return f"under {least:.{digits}f}%"
    if 100 - least / 2 <= share * 100 < 100:
        return f"over {100 - least:.{digits}f}%"
    return f"{100 * share:.{digits}f}%"


def points(difference: float) -> str:
    """Return a difference of probabilities as percentage points, with its sign."""
    shown = f"{100 * difference:+.1f}".replace("-", "−")
    return "0.0" if shown in ("+0.0", "−0.0") else shown


def decimal(number: object, digits: int = 4) -> str:
    """Return a number with so many decimals, or a dash for what is none."""
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        return "–"
    # Adding zero takes the sign from a zero.
    return f"{round(number, digits) + 0:,.{digits}f}".replace("-", "−")


def plain(number: float) -> str:
    """Return a number as briefly as four digits allow: 1,234 or 0.0517."""
    if number == int(number) and abs(number) < 1e15:
        return f"{int(number):,}"
    size = abs(number)
    if size >= 1000:
        return f"{number:,.0f}"
    return f"{number:.4g}"


def moment(when: datetime) -> str:
    """Return a moment in UTC, to the minute."""
    return f"{when.astimezone(UTC):%d %B %Y, %H:%M} UTC".lstrip("0")


def number_or_none(value: Any) -> float | None:
    """Return a number that JSON may hold, None where it holds anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if value == value and abs(value) != float("inf") else None


def shown(value: Any) -> str:
    """Return a value of JSON as the report shows it."""
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return plain(value)
    return str(value)
