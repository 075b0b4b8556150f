"""For an application's own Alembic: what of pgchurn it is to leave alone.

``alembic revision --autogenerate`` proposes to drop what the application's models do
not name: the columns that ``churn.attach`` has added to a table, and, where the other
schemas are looked at, all of pgchurn.
"""

from typing import Any

SCHEMAS = frozenset(
    ("churn", "churn_internal", "churn_migrations", "churn_runtime", "churn_trust")
)
COLUMNS = frozenset(
    (
        *("complaint_count", "last_complaint_at", "churn_score"),
        *("churn_model_version", "churn_scored_at"),
    )
)


def include_object(
    entity: Any, name: str | None, kind: str, reflected: bool, compare_to: Any
) -> bool:
    """Return whether an application's migrations are about something in the database.

    Pass it to ``context.configure(include_object=...)`` in the application's
    ``env.py``, or call it from the function that is passed there.

    Parameters
    ----------
    entity : sqlalchemy.schema.SchemaItem
        What Alembic has found.
    name : str or None
        Its name.
    kind : str
        As Alembic calls it: ``table``, ``column``, ``index`` and so on.
    reflected : bool
        Whether it was found in the database, and not in the application's models.
    compare_to : sqlalchemy.schema.SchemaItem or None
        Its counterpart of the other side.

    Returns
    -------
    bool
        False for pgchurn's tables that the application's models do not name, and for
        the five columns that an attached table has, whether they are named or not.
    """
    if kind == "table":
        return not (reflected and compare_to is None and entity.schema in SCHEMAS)
    if kind == "column" and name in COLUMNS:
        in_database = entity if reflected else compare_to
        if in_database is not None:
            return not COLUMNS.issubset(in_database.table.columns.keys())
    return True
