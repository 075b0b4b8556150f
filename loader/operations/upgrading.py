"""What becomes of the versions of a database when its libraries are replaced."""

from typing import Any

from pgchurn.loader.database import Connection, fetch_all

Row = dict[str, Any]


def upgrade_effects(connection: Connection) -> list[Row]:
    """Find out which versions would score under another scikit-learn or numpy.

    A compiled form needs neither; a pickle is refused under other versions of them than
    it was made with.

    Returns
    -------
    list of dict
        With ``version``, ``profile``, ``use`` ("active", "previous" or None), ``made``
        (the libraries it was pickled under), ``goes_on`` (bool) and ``to_do``.
    """
    return [
        {
            "version": row["version"],
            "profile": row["profile"],
            "use": row["use"],
            "made": f"scikit-learn {row['scikit_learn']}, numpy {row['numpy']}",
            "goes_on": row["compiled"],
            "to_do": to_do(row),
        }
        for row in fetch_all(connection, "upgrade_effects")
    ]


def to_do(row: Row) -> str:
    """Return what to do about a version, before or after an upgrade."""
    if row["compiled"]:
        return "nothing"
    if row["use"] is None:
        return "nothing, or pgchurn delete"
    if row["use"] == "previous":
        return "nothing, but pgchurn rollback is refused"
    if row["unwanted"]:
        return "register it compiled and activate that, or train anew after"
    return f"activate a compiled version, or train anew after ({row['compilation']})"
