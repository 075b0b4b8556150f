"""Measuring windows of attached tables, one after the other: ``pgchurn monitor``."""

from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import psycopg2
from pgchurn.loader import output
from pgchurn.loader.database import Connection, connect, fetch_all
from pgchurn.loader.errors import LoaderError, describe

MOST_WINDOWS = 10_000

Row = dict[str, Any]


@dataclass(frozen=True)
class Span:
    """What is measured of each table.

    Attributes
    ----------
    since, until : str or None
        As SQL spells times; None: as ``churn.monitor`` takes null.
    every : str or None
        As SQL spells an interval: the length of each window; None: the span is one.
    """

    since: str | None = None
    until: str | None = None
    every: str | None = None


@dataclass
class Monitored:
    """What came of it.

    Attributes
    ----------
    windows : int
        How many were measured.
    results : list of dict
        What ``churn.monitor`` returned, with the profile.
    alerts : list of dict
        Those of the tables that are open now.
    failures : list of dict
        ``profile`` and ``error``, of tables that could not be monitored to the end.
    """

    windows: int = 0
    results: list[Row] = field(default_factory=list)
    alerts: list[Row] = field(default_factory=list)
    failures: list[Row] = field(default_factory=list)


def monitor(
    url: str | None, tables: list[str], span: Span, findings_only: bool
) -> Monitored:
    """Measure windows of tables, and commit each; a table that fails stops no other.

    Parameters
    ----------
    url : str or None
        As `database_url` takes it.
    tables : list of str
        As SQL spells them; empty: all that are attached.
    span : Span
    findings_only : bool
        Whether to keep of the results only the findings.

    Returns
    -------
    Monitored

    Raises
    ------
    LoaderError
        If no table is attached, or the span makes no windows.
    psycopg2.Error
        If a table that is named is not attached, or the server is gone.
    """
    done = Monitored()
    with closing(connect(url)) as connection:
        profiles = monitored_tables(connection, tables)
        windows = windows_of(connection, span)
        total = len(profiles) * len(windows)
        with output.progress_bar(total, " windows", "monitoring") as bar:
            for profile in profiles:
                try:
                    for window in windows:
                        done.results += measure(
                            connection, profile, window, findings_only
                        )
                        done.windows += 1
                        bar.update()
                except psycopg2.Error as error:
                    if connection.closed:
                        raise
                    connection.rollback()
                    done.failures.append(
                        {"profile": profile["profile"], "error": describe(error)}
                    )
        done.alerts = fetch_all(
            connection,
            "open_alerts",
            attachments=[profile["attachment_id"] for profile in profiles],
        )
    return done


def monitored_tables(connection: Connection, tables: list[str]) -> list[Row]:
    """Return the attachments of tables, or all of them."""
    if tables:
        named = [fetch_all(connection, "attachment", table=name)[0] for name in tables]
        return list({profile["attachment_id"]: profile for profile in named}.values())
    profiles = fetch_all(connection, "attachments")
    if not profiles:
        raise LoaderError("no table is attached: call churn.attach")
    return profiles


def windows_of(connection: Connection, span: Span) -> list[Row]:
    """Return the windows of a span, as texts, in their order."""
    if span.every is None:
        # So that what is no time is refused once.
        return fetch_all(
            connection, "monitor_window", since=span.since, until=span.until
        )
    if span.since is None:
        raise LoaderError("--every goes through a span: say --since")
    windows = fetch_all(
        connection,
        "monitor_windows",
        since=span.since,
        until=span.until,
        every=span.every,
        most=MOST_WINDOWS + 1,
    )
    if not windows:
        raise LoaderError(
            f"no window of {span.every} ends between {span.since} and "
            f"{span.until or 'now'}"
        )
    if len(windows) > MOST_WINDOWS:
        raise LoaderError(
            f"these are more than {MOST_WINDOWS:,} windows: take longer ones"
        )
    return windows


def measure(
    connection: Connection, profile: Row, window: Row, findings_only: bool
) -> list[Row]:
    """Measure one window and commit it; return what was found."""
    rows = fetch_all(connection, "monitor", **profile, **window)
    connection.commit()
    return [row for row in rows if row["verdict"] == "finding" or not findings_only]
