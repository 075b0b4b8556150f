"""Running the migrations that the installed package holds, without a checkout."""

from collections.abc import Callable
from importlib.resources import files

import sqlalchemy.exc
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from pgchurn.loader.errors import LoaderError
from pgchurn.migrations.database_url import database_url


def upgrade(url: str | None, revision: str, as_sql: bool = False) -> None:
    """Upgrade a database.

    Parameters
    ----------
    url : str or None
        As `database_url` takes it.
    revision : str
        As Alembic takes it: an identifier, a part of one, ``head`` or ``+1``.
    as_sql : bool, default=False
        Whether to print the SQL instead, without connecting; the revision may then be
        two, with a colon between them.

    Raises
    ------
    LoaderError
        If there is no such revision, or PostgreSQL refuses a statement.
    psycopg2.Error
        If the database cannot be reached.
    """
    run(command.upgrade, url, revision, as_sql)


def downgrade(url: str | None, revision: str, as_sql: bool = False) -> None:
    """Downgrade a database.

    Parameters
    ----------
    url : str or None
        As `database_url` takes it.
    revision : str
        As Alembic takes it: an identifier, a part of one, ``base`` or ``-1``.
    as_sql : bool, default=False
        Whether to print the SQL instead, without connecting; the revision must then be
        two, with a colon between them.

    Raises
    ------
    LoaderError
        If there is no such revision, or PostgreSQL refuses a statement.
    psycopg2.Error
        If the database cannot be reached.
    """
    if as_sql and ":" not in revision:
        raise LoaderError(
            "without a connection nobody knows the database's revision; name it before "
            f"the other: pgchurn downgrade FROM:{revision} --sql"
        )
    run(command.downgrade, url, revision, as_sql)


def run(
    migrate: Callable[..., None], url: str | None, revision: str, as_sql: bool
) -> None:
    """Run one of Alembic's commands, with its errors as those of this package."""
    try:
        migrate(configuration(url), revision, sql=as_sql)
    except CommandError as error:
        raise LoaderError(str(error)) from error
    except sqlalchemy.exc.DBAPIError as error:
        raise (error.orig or error) from error


def newest_revision() -> str | None:
    """Return the newest revision that the installed package holds."""
    return ScriptDirectory.from_config(configuration()).get_current_head()


def configuration(url: str | None = None) -> Config:
    """Return Alembic's configuration; the environment finds the database in it."""
    config = Config()
    # The one separator that no path holds.
    config.set_main_option("path_separator", "newline")
    location = str(files("pgchurn.migrations")).replace("%", "%%")
    config.set_main_option("script_location", location)
    config.attributes["database_url"] = database_url(url)
    return config
