"""Giving a restored database its owners, rights and triggers back."""

from pgchurn.loader.database import Connection, fetch_all, fetch_value
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.operations.migrating import newest_revision
from pgchurn.migrations.mending import mending_script


def mend(connection: Connection) -> None:
    """Give every object of pgchurn what the migrations and churn.attach gave it.

    Parameters
    ----------
    connection : psycopg2 connection
        A superuser's, with no transaction open. Committed here.

    Raises
    ------
    LoaderError
        If the database is not at this release's newest revision.
    psycopg2.Error
        If PostgreSQL refuses a statement; then nothing is changed.
    """
    head = newest_revision()
    has_revision = fetch_all(connection, "doctor_server")[0]["has_revision"]
    current = fetch_value(connection, "doctor_revision") if has_revision else None
    if current != head:
        raise LoaderError(
            f"the database is at revision {current}, not {head}: run pgchurn migrate, "
            "or mend it with the release that has migrated it"
        )
    with connection.cursor() as cursor:
        cursor.execute(mending_script())
    connection.commit()
