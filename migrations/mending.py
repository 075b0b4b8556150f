"""The SQL that gives a restored database its owners, rights and triggers back.

``pg_restore --no-owner`` gives all of it to whoever restores, ``--no-privileges``
leaves functions executable by everybody, a dump of single schemas has no event
triggers, and REASSIGN OWNED moves it all to somebody else. What a migration installs is
in the frozen files, so they say it here as well, as the newest revision has left it.
"""

import re
from pathlib import Path

from pgchurn.migrations import frozen_files, version_table

OWNERS = Path(__file__).with_name("owners.sql")
# No trigger fires while they are put right.
BEGIN = """\
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL session_replication_role = replica;"""
END = """\
SET LOCAL session_replication_role TO DEFAULT;
SELECT churn_internal.compile_runtime();
SELECT churn_internal.mend_attachment(a.attachment_id)
FROM churn.attachments a
JOIN pg_catalog.pg_class p ON p.oid = a.profile
JOIN pg_catalog.pg_class c ON c.oid = a.complaints
WHERE a.detached_at IS NULL ORDER BY a.attachment_id;"""
# A table that was detached may have been dropped since.
IF_THERE = """\
DO $right$ BEGIN {} EXCEPTION WHEN undefined_table THEN NULL; END $right$;"""
RIGHT = re.compile(r"^(?:GRANT|REVOKE) .*?;", re.M | re.S)
GRANT = re.compile(
    r"GRANT (?P<right>[A-Z]+)(?: \((?P<columns>[^)]*)\))?\s+ON (?:(?P<kind>SCHEMA|"
    r"DOMAIN|FUNCTION|PROCEDURE) )?(?P<things>.*?) TO (?P<roles>[a-z_, ]+);",
    re.S,
)
EVENT_TRIGGER = re.compile(r"^CREATE EVENT TRIGGER (\w+)", re.M)


def mending_script() -> str:
    """Return the statements to run, by a superuser in one transaction."""
    tables = table_files()
    functions = frozen_files.in_order(living_files())
    parts = [
        version_table.REFUSE_OTHERS,
        BEGIN,
        *(text for name, text in tables if name == "roles"),
        OWNERS.read_text(encoding="utf-8"),
    ]
    for path in functions:
        text = frozen_files.read(path)
        parts.append(f"{text}{frozen_files.handover(text)}")
    parts += [IF_THERE.format(right) for right in rights_of_tables()]
    for name, text in tables:
        if name == "event_triggers":
            parts += [
                f"DROP EVENT TRIGGER IF EXISTS {trigger};"
                for trigger in EVENT_TRIGGER.findall(text)
            ]
            parts.append(text)
    parts += [version_table.DESCRIBE, END]
    return "\n".join(parts)


def table_files() -> list[tuple[str, str]]:
    """Return what the revisions do once: the name of each file, and its text."""
    return [
        (path.stem, path.read_text(encoding="utf-8"))
        for revision in frozen_files.revisions()
        for path in sorted((frozen_files.FROZEN / revision / "tables").glob("*.sql"))
    ]


def living_files() -> list[str]:
    """Return the newest copies of all that has not been dropped."""
    names = {
        name
        for revision in frozen_files.revisions()
        for name in frozen_files.copies(revision)
    }
    paths = [frozen_files.newest(name) for name in sorted(names)]
    return [path for path in paths if frozen_files.read(path) != frozen_files.DROPPED]


def rights_of_tables() -> list[str]:
    """Return the statements about rights on what is no copy of the living source."""
    return [
        statement
        for _, text in table_files()
        for statement in RIGHT.findall(frozen_files.BODY.sub("''", text))
    ]


def granted() -> list[dict[str, str | None]]:
    """Return every right that the revisions grant.

    Returns
    -------
    list of dict
        With ``kind`` (schema, type, routine or table), ``thing``, ``column`` or None,
        ``right`` and ``role``.
    """
    statements = rights_of_tables()
    for path in living_files():
        text = frozen_files.BODY.sub("''", frozen_files.read(path))
        statements += RIGHT.findall(text)
    kinds = {
        "SCHEMA": "schema",
        "DOMAIN": "type",
        "FUNCTION": "routine",
        "PROCEDURE": "routine",
    }
    return [
        {
            "kind": kinds.get(grant["kind"], "table"),
            "thing": thing.partition("(")[0],
            "column": column,
            "right": grant["right"],
            "role": role,
        }
        for grant in map(GRANT.fullmatch, statements)
        if grant is not None
        for thing in re.split(r",\s*", grant["things"])
        for column in columns_of(grant)
        for role in grant["roles"].split(", ")
    ]


def columns_of(grant: re.Match[str]) -> list[str] | list[None]:
    """Return the columns that a GRANT is about, or None where it is about all."""
    if grant["columns"] is None:
        return [None]
    return re.split(r",\s*", grant["columns"].strip())
