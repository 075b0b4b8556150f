"""How a database is named to libpq."""

import os
import re

# SQLAlchemy's URLs name the driver, which libpq does not know.
SQLALCHEMY_SCHEME = re.compile(r"^(postgres|postgresql)\+\w+://")


def database_url(url: str | None = None) -> str:
    """Return what to hand to libpq.

    Parameters
    ----------
    url : str, optional
        Anything that libpq takes, or an URL as SQLAlchemy spells it. By default
        ``DATABASE_URL`` from the environment.

    Returns
    -------
    str
        Empty where neither says anything: libpq then follows ``PGHOST``,
        ``PGSERVICE``, ``PGDATABASE`` and its other defaults.
    """
    given = url or os.environ.get("DATABASE_URL", "")
    return SQLALCHEMY_SCHEME.sub(r"\1://", given)
