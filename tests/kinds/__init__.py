"""Every kind of object that a table can have; tests/matrix.py does things to it."""

from tests.kinds import (
    columns,
    constraints,
    extensions,
    partitions,
    rules,
    tables,
    triggers,
)

WORKING = (
    tables.STORAGE
    | triggers.TRIGGERS
    | constraints.CONSTRAINTS
    | constraints.FOREIGN_KEYS
    | constraints.INDEXES
    | columns.COLUMNS
    | columns.KEYS
    | extensions.EXTENSIONS
    | rules.RULES
    | partitions.PARTITIONS
    | tables.PUBLICATIONS
)
