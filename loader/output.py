"""What the command prints: results on stdout, progress and messages on stderr."""

import json
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

import tabulate
import tqdm
from pgchurn.loader.database import Connection


def message(text: str) -> None:
    """Print a line for the person who watches."""
    print(text, file=sys.stderr, flush=True)


def notices(connection: Connection) -> None:
    """Print the notices and warnings that the server sent to a session."""
    for notice in connection.notices:
        message(notice.strip())
    connection.notices.clear()


def progress_bar(
    total: int | None, unit: str, description: str, initial: int = 0
) -> tqdm.tqdm:
    """Return a bar that shows itself after two seconds, on a terminal only."""
    return tqdm.tqdm(
        total=total,
        initial=initial,
        unit=unit,
        desc=description,
        delay=2,
        disable=None,
        file=sys.stderr,
        leave=False,
    )


def status_line(disable: bool = False) -> tqdm.tqdm:
    """Return a line of progress without a bar, on a terminal only."""
    return tqdm.tqdm(bar_format="{desc}", disable=disable or None, file=sys.stderr)


def print_result(
    result: Any, output_format: str, as_text: Callable[[Any], str]
) -> None:
    """Print a result as JSON, or as the text that ``as_text(result)`` returns."""
    if output_format == "json":
        print(json.dumps(result, indent=2, default=json_value))
    else:
        print(as_text(result))


def json_value(value: object) -> str:
    """Return a value that JSON has no type for as text."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def table(rows: list[dict[str, Any]], empty: str = "none") -> str:
    """Return dicts of the same keys as a table, or `empty` when there are none."""
    if not rows:
        return empty
    shown = [{name: cell(value) for name, value in row.items()} for row in rows]
    return tabulate.tabulate(shown, headers="keys", disable_numparse=True)


def details(result: dict[str, Any]) -> str:
    """Return a dict as lines of name and value, nested dicts indented."""
    lines = []
    for name, value in result.items():
        if isinstance(value, dict) and value:
            lines.append(f"{name}:")
            lines += [f"  {line}" for line in details(value).splitlines()]
        else:
            lines.append(f"{name}: {cell(value)}")
    return "\n".join(lines)


def cell(value: Any) -> Any:
    """Return a value as a reader wants to see it."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, float):
        return f"{value:.4f}" if value == 0 or abs(value) >= 1e-4 else f"{value:.1e}"
    if isinstance(value, dict) and value.keys() == {"mean", "std"}:
        return f"{value['mean']:.4f} ± {value['std']:.4f}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "\n" + table(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return value
