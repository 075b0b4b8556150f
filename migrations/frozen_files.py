"""The frozen files of the revisions: which there are, and in which order they run.

``frozen/<revision>/tables`` holds what a revision does once, written by hand;
``functions``, ``templates`` and ``runtime`` hold copies of the living source, made by
``make freeze``. Each of those creates or replaces what its name says.
"""

import graphlib
import re
from pathlib import Path

FROZEN = Path(__file__).parent / "frozen"
COPIED = ("runtime", "templates", "functions")

CREATED = re.compile(
    r"^CREATE OR REPLACE (FUNCTION|PROCEDURE|VIEW) ([a-z_]+\.[a-z_0-9]+)", re.M
)
# PostgreSQL looks up the names in these when they are created, and in no other body.
LOOKED_UP_AT_ONCE = re.compile(
    r"^(?:BEGIN ATOMIC|RETURN |CREATE OR REPLACE VIEW )", re.M
)
# What a function keeps of the runtime in its session is let go when it is replaced.
BOUND = re.compile(r"\bSD\b")


def read(path):
    """Return the text of a frozen file.

    Parameters
    ----------
    path : str
        Below ``frozen``: ``<revision>/<kind>/<name>.sql``.
    """
    return (FROZEN / path).read_text(encoding="utf-8")


def revisions():
    """Return the names of the revisions that have frozen files, in their order."""
    return sorted(path.name for path in FROZEN.iterdir() if path.is_dir())


def copies(revision):
    """Return the names of a revision's copies of the living source.

    Returns
    -------
    list of str
        ``<kind>/<name>.sql``, in the order in which they can be created.
    """
    names = [
        f"{kind}/{path.name}"
        for kind in COPIED
        for path in sorted((FROZEN / revision / kind).glob("*.sql"))
    ]
    texts = {name: read(f"{revision}/{name}") for name in names}
    creators = {
        created: name for name in names for _, created in CREATED.findall(texts[name])
    }
    order = graphlib.TopologicalSorter()
    for name in names:
        order.add(name, *sorted(needed(texts[name], creators) - {name}))
    return list(order.static_order())


def needed(text, creators):
    """Return which files have to run before a text does."""
    if not LOOKED_UP_AT_ONCE.search(text):
        return set()
    named = re.findall(r"\b[a-z_]+\.[a-z_0-9]+", text)
    return {creators[name] for name in named if name in creators}


def newest(name, before=None):
    """Return the newest copy of a living file, below ``frozen``.

    Parameters
    ----------
    name : str
        ``<kind>/<name>.sql``.
    before : str, optional
        A revision: it and what comes after it does not count.

    Returns
    -------
    str or None
        None: no revision has one.
    """
    for revision in reversed(revisions()):
        if before is not None and revision >= before:
            continue
        if (FROZEN / revision / name).exists():
            return f"{revision}/{name}"
    return None


def bound_functions(through):
    """Return the newest copies of the functions that hold on to the runtime.

    Parameters
    ----------
    through : str
        The last revision that counts.
    """
    found = {}
    for revision in revisions():
        if revision > through:
            break
        for path in sorted((FROZEN / revision / "functions").glob("*.sql")):
            found[path.name] = f"{revision}/functions/{path.name}"
    return [path for path in found.values() if BOUND.search(read(path))]


def drop_statements(texts):
    """Return the SQL that drops what some files have created.

    Views first, and then all functions in one statement, because some depend on each
    other.
    """
    created = [match for text in texts for match in CREATED.findall(text)]
    views = [name for kind, name in created if kind == "VIEW"]
    routines = [name for kind, name in created if kind != "VIEW"]
    statements = []
    for kind, names in (("VIEW", views), ("ROUTINE", routines)):
        if names:
            listed = ",\n    ".join(dict.fromkeys(names))
            statements.append(f"DROP {kind}\n    {listed};")
    return "\n".join(statements)
