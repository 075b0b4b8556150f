"""A kind of object that a company has on its tables, and SQL that makes some."""

import os
from dataclasses import dataclass

# What a server has one of: each process of the tests has its own.
OWNER, CLERK = (f"pgchurn_test_{os.getpid()}_{role}" for role in ("owner", "clerk"))
CLIENTS, CALLS = '"Cli ""ents"', '"Ca lls"'
DEFERRED = "DEFERRABLE INITIALLY DEFERRED"

CLIENTS_TABLE = f"""
    CREATE TABLE {CLIENTS} ("Id" @key@ PRIMARY KEY, usage double precision, plan text,
        name text DEFAULT 'x')
"""
CALLS_TABLE = f"""
    CREATE TABLE {CALLS} (client @key@ REFERENCES {CLIENTS}, at timestamptz, note text);
    CREATE INDEX ON {CALLS} (client)
"""
FILL = f"""
    INSERT INTO {CLIENTS} ("Id", usage, plan)
    SELECT client_no(i), i, substr('abc', 1 + i % 3, 1) FROM generate_series(1, 24) i
"""


@dataclass(frozen=True)
class Kind:
    """What a company has on its tables, in SQL that its owner runs.

    Attributes
    ----------
    objects : str
        Put on the tables before they are attached.
    later, by_superuser : str
        The same, afterwards: what needs pgchurn's columns, and what a superuser makes.
    key, spelling : str
        Type of the keys, and an expression that makes one of the number ``i``.
    types, clients, fill, calls : str
        What comes before the tables, the tables themselves, and the first clients.
        ``@key@`` is the type of the keys, and ``@schema@`` the name of the schema.
    stamps : tuple of str
        Columns of clients that say how often the row was written.
    forbids : tuple of int
        The clients that pgchurn may not write, by number.
    passes : bool
        Whether pgchurn finds a way all the same.
    mend : str
        How the owner takes away what forbids it.
    extension : str
        What the database needs.
    at_end : str
        Run by the superuser in the end, for what is not in a schema.
    """

    objects: str = ""
    later: str = ""
    key: str = "integer"
    spelling: str = "i"
    types: str = ""
    clients: str = CLIENTS_TABLE
    fill: str = FILL
    calls: str = CALLS_TABLE
    stamps: tuple = ()
    forbids: tuple = ()
    passes: bool = False
    mend: str = ""
    extension: str = ""
    by_superuser: str = ""
    at_end: str = ""


def triggers(when, options="FOR EACH ROW"):
    """Return SQL of a trigger on both tables that writes to its history."""
    return ";".join(
        f'CREATE TRIGGER "Note it" {when} ON {table} {options}'
        f" EXECUTE FUNCTION {function}()"
        for table, function in ((CLIENTS, "note"), (CALLS, "note_call"))
    )


def trigger(body, when, table=CLIENTS, options="FOR EACH ROW", constraint=""):
    """Return SQL of a trigger that does something else."""
    return (
        "CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql"
        f" AS $$BEGIN {body} END$$;"
        f'CREATE {constraint} TRIGGER "Act" {when} ON {table} {options}'
        " EXECUTE FUNCTION act()"
    )


def function(body):
    """Return SQL of a function that a check calls."""
    return (
        "CREATE FUNCTION is_fine(value integer) RETURNS boolean LANGUAGE plpgsql"
        f" AS $$ BEGIN {body} END $$;"
    )


def column(definition):
    """Return a kind with one more column."""
    return Kind(f"ALTER TABLE {CLIENTS} ADD {definition}")
