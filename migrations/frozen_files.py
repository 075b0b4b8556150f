"""The frozen files of the revisions: which there are, and in which order they run.

``frozen/<revision>/tables`` holds what a revision does once, written by hand;
``functions``, ``templates`` and ``runtime`` hold copies of the living source, made by
``make freeze``. Each of those creates or replaces what its name says, or says that it
is there no more.
"""

import graphlib
import re
from pathlib import Path

FROZEN = Path(__file__).parent / "frozen"
COPIED = ("runtime", "templates", "functions")

# The copy of what a revision has dropped.
DROPPED = "-- Dropped.\n"

# A body between dollar quotes. That of a template is full of statements itself.
BODY = re.compile(r"\$(\w*)\$.*?\$\1\$", re.S)
# Name and form: of a view its columns, of a routine its arguments and its result.
CREATED = re.compile(
    r"^CREATE OR REPLACE (VIEW|FUNCTION|PROCEDURE) ([a-z_]+\.[a-z_0-9]+)"
    r"(.*?)(?:^\) AS|\bLANGUAGE )",
    re.M | re.S,
)
# PostgreSQL looks up the names in these when they are created, and in no other body.
LOOKED_UP_AT_ONCE = re.compile(
    r"^(?:BEGIN ATOMIC|RETURN |CREATE OR REPLACE VIEW )", re.M
)
# What a function keeps of the runtime in its session is let go when it is replaced.
BOUND = re.compile(r"\bSD\b")


def read(path):
    """Return the text of ``<revision>/<kind>/<name>.sql`` below ``frozen``."""
    return (FROZEN / path).read_text(encoding="utf-8")


def revisions():
    """Return the names of all revisions, in their order, which is that of the names."""
    return sorted(path.stem for path in (FROZEN.parent / "versions").glob("[0-9]*.py"))


def previous(revision):
    """Return the name of the revision before one, or None."""
    earlier = [name for name in revisions() if name < revision]
    return earlier[-1] if earlier else None


def copies(revision):
    """Return a revision's copies of the living source, as ``<kind>/<name>.sql``."""
    return [
        f"{kind}/{path.name}"
        for kind in COPIED
        for path in sorted((FROZEN / revision / kind).glob("*.sql"))
    ]


def newest(name, before=None):
    """Return the path of the newest copy of a living file, or None.

    The revision ``before``, and what comes after it, does not count.
    """
    for revision in reversed(revisions()):
        if before is not None and revision >= before:
            continue
        if (FROZEN / revision / name).exists():
            return f"{revision}/{name}"
    return None


def bound_functions(through):
    """Return the newest copies of the functions that hold on to the runtime.

    The revision ``through`` is the last that counts.
    """
    found = {}
    for revision in revisions():
        if revision > through:
            break
        for path in sorted((FROZEN / revision / "functions").glob("*.sql")):
            found[path.name] = f"{revision}/functions/{path.name}"
    return [path for path in found.values() if BOUND.search(read(path))]


def created(text):
    """Return what a file creates.

    Returns
    -------
    dict of str to (str, str)
        By name: ``VIEW`` or ``ROUTINE``, and what of it cannot be replaced by anything.
    """
    return {
        name: ("VIEW" if kind == "VIEW" else "ROUTINE", " ".join(form.split()))
        for kind, name, form in CREATED.findall(BODY.sub("''", text))
    }


def handover(text):
    """Return the SQL that gives what a file has created to churn_owner alone.

    Whoever migrates is superuser: an object left to him would do what it does with his
    rights. What stands in ``churn_trust`` is meant to.
    """
    statements = []
    for name, (kind, _) in created(text).items():
        if not name.startswith("churn_trust."):
            statements.append(f"ALTER {kind} {name} OWNER TO churn_owner;\n")
        if kind == "ROUTINE":
            statements.append(f"REVOKE ALL ON ROUTINE {name} FROM PUBLIC;\n")
    return "".join(statements)


def in_order(paths):
    """Return frozen files in an order in which they can be created."""
    texts = {path: BODY.sub("''", read(path)) for path in paths}
    creators = {name: path for path in paths for name in created(read(path))}
    order = graphlib.TopologicalSorter()
    for path, text in texts.items():
        order.add(path, *sorted(needed(text, creators) - {path}))
    return list(order.static_order())


def needed(text, creators):
    """Return which files have to run before a text without its bodies does."""
    if not LOOKED_UP_AT_ONCE.search(text):
        return set()
    named = re.findall(r"\b[a-z_]+\.[a-z_0-9]+", text)
    return {creators[name] for name in named if name in creators}


def drop_statements(before, after):
    """Return the SQL that drops what cannot be replaced, and what nothing replaces.

    Given the texts of the former and the later files: what is to run before the later
    ones do, and what after them, when nothing uses it any more. All of a kind go in one
    statement, because some depend on each other.
    """
    old, new = (
        {name: form for text in texts for name, form in created(text).items()}
        for texts in (before, after)
    )
    gone = [name for name in old if name not in new]
    reshaped = [name for name in old if name in new and reshapes(old[name], new[name])]
    views = [name for name in gone + reshaped if old[name][0] == "VIEW"]
    routines = [name for name in gone + reshaped if old[name][0] == "ROUTINE"]
    return (
        drop("VIEW", views) + drop("ROUTINE", [n for n in routines if n in reshaped]),
        drop("ROUTINE", [n for n in routines if n in gone]),
    )


def reshapes(old, new):
    """Return whether CREATE OR REPLACE would refuse, or make something beside it."""
    # A view may get columns after those that it has.
    extended = old[0] == new[0] == "VIEW" and new[1].startswith(f"{old[1]},")
    return old != new and not extended


def drop(kind, names):
    """Return the SQL that drops objects of a kind."""
    return f"DROP {kind}\n    " + ",\n    ".join(names) + ";\n" if names else ""
