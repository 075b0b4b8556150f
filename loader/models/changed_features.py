"""Which columns change when pgchurn writes a score, and so should not be features."""

from pgchurn.loader.database import Connection, fetch_value


def changed_columns(connection: Connection, table: str) -> list[str]:
    """Return the columns of a profile that each score changes.

    By a trigger, say, that counts a version up. A few rows are written on trial, and
    that is taken back.

    Parameters
    ----------
    connection : psycopg2 connection
        What its transaction has done is rolled back.
    table : str
        The attached table's name as SQL spells it.

    Returns
    -------
    list of str
    """
    return fetched_at_once(connection, "columns_changed_by_writing", profile=table)


def changed_features(connection: Connection, version: int) -> list[str]:
    """Return the features of a version that each score changes.

    Parameters
    ----------
    connection : psycopg2 connection
        What its transaction has done is rolled back.
    version : int

    Returns
    -------
    list of str
    """
    return fetched_at_once(connection, "features_changed_by_writing", version=version)


def fetched_at_once(
    connection: Connection, name: str, **parameters: object
) -> list[str]:
    """Run a named statement that writes on trial, in a transaction of its own.

    In one with a snapshot from before, a row that somebody has changed meanwhile could
    not be written, so there nothing is tried.
    """
    connection.rollback()
    connection.set_session(isolation_level="READ COMMITTED")
    try:
        return fetch_value(connection, name, **parameters)
    finally:
        connection.rollback()
        connection.set_session(isolation_level="DEFAULT")
