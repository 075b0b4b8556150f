"""Gathering what a report shows, with the rights of who asks for it."""

from collections.abc import Callable
from datetime import UTC, datetime

from pgchurn.loader.database import Connection
from pgchurn.loader.reports.evidence import evidence_of, label_column
from pgchurn.loader.reports.explained import explained_rows
from pgchurn.loader.reports.facts import Version
from pgchurn.loader.reports.feature_summary import feature_summaries
from pgchurn.loader.reports.monitored import monitored
from pgchurn.loader.reports.page import Report
from pgchurn.loader.reports.parts import Missing, Part, part_or_missing
from pgchurn.loader.reports.table import Table, scored_rows


def report(
    connection: Connection,
    number: int,
    label: str | None = None,
    positive_class: str | None = None,
) -> Report:
    """Gather what there is to say of a version.

    Parameters
    ----------
    connection : Connection
        With no transaction open. What it reads is of one moment, and it writes nothing.
    number : int
        Of the version.
    label : str, optional
        The column of the table that says what came of the customers, by default what
        training has recorded.
    positive_class : str, optional
        The label of those who churned, as text.

    Returns
    -------
    Report
        What cannot be had is missing from it, and says why.

    Raises
    ------
    LoaderError
        If there is no such version, or the column cannot be read.
    """
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
    version = Version.find(connection, number)
    table = table_of(connection, version)
    column = label_column(version, table, label)
    scored = of_table(
        connection, table, lambda found: scored_rows(connection, found, number, column)
    )
    return Report(
        version,
        scored,
        evidence_of(version, scored, column, positive_class, label is not None),
        part_or_missing(connection, lambda: feature_summaries(connection, number)),
        of_table(
            connection, table, lambda found: explained_rows(connection, found, number)
        ),
        part_or_missing(connection, lambda: monitored(connection, number)),
        datetime.now(UTC),
    )


def table_of(connection: Connection, version: Version) -> Table | Missing:
    """Return the table whose customers a version can score."""
    if version.row["deleted_at"] is not None:
        return Missing("The version was deleted, so it scores nobody any more.")
    table = Table.of_version(connection, version.number, version.features)
    if table is None:
        return Missing(
            "Its table is not attached any more, so there is nobody to score."
        )
    return table


def of_table(
    connection: Connection,
    table: Table | Missing,
    make: Callable[[Table], Part | Missing],
) -> Part | Missing:
    """Return what is made of a table, or why it is missing."""
    if isinstance(table, Missing):
        return table
    return part_or_missing(connection, lambda: make(table))
