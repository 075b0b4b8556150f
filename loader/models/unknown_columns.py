"""What to say about features that a table has no columns for."""

import difflib
from collections.abc import Collection, Sequence

from pgchurn.loader.errors import LoaderError


def unknown_columns(
    table: str, unknown: Sequence[str], columns: Collection[str]
) -> LoaderError:
    """Return the error that names what is missing, and what may have been meant.

    Parameters
    ----------
    table : str
        As SQL spells it.
    unknown : sequence of str
        Names that are no columns of the table.
    columns : collection of str
        Its columns.
    """
    clauses = [f"{table} has no column {', '.join(map(repr, unknown))}"]
    clauses += [
        f"{name!r} is perhaps {column!r}"
        for name in unknown
        if (column := nearest(name, columns))
    ]
    dummies = {column: name for name in unknown if (column := encoded(name, columns))}
    clauses += [
        f"{name!r} looks like a category of {column!r} made by pandas.get_dummies: fit "
        "a pipeline that has a OneHotEncoder on the column itself"
        for column, name in dummies.items()
    ]
    clauses.append(
        f"its columns are {', '.join(columns)}, and a model's features are named so"
    )
    return LoaderError("; ".join(clauses))


def nearest(name: str, columns: Collection[str]) -> str | None:
    """Return the column that is spelled almost like a name."""
    if encoded(name, columns):
        return None
    plain = {reduced(column): column for column in columns}
    found = difflib.get_close_matches(reduced(name), plain, n=1, cutoff=0.9)
    return plain[found[0]] if found else None


def reduced(name: str) -> str:
    """Return a name without case and without what stands between its words."""
    return "".join(c for c in name.lower() if c.isalnum())


def encoded(name: str, columns: Collection[str]) -> str | None:
    """Return the column of whose categories a name may be one, as ``column_value``."""
    found = [column for column in columns if name.startswith(f"{column}_")]
    return max(found, key=len, default=None)
