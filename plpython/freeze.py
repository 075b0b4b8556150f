"""Copy the living SQL, rendered, into the folder of a revision: ``make freeze``.

What a revision has installed on somebody's server never changes again, so it runs
copies. ``DIGESTS`` (the format of sha256sum) records what every frozen file was.
"""

import hashlib
import sys
from pathlib import Path

from pgchurn.plpython.render import living_files, render

FROZEN = Path(__file__).parents[1] / "migrations" / "frozen"


def newest_frozen(name):
    """Return the newest revision's copy of a living file, or None."""
    copies = sorted(FROZEN.glob(f"*/{name}"))
    return copies[-1] if copies else None


def outdated_files():
    """Return the names of living files that differ from their newest frozen copy."""
    names = []
    for name, path in living_files().items():
        copy = newest_frozen(name)
        if copy is None or copy.read_text(encoding="utf-8") != render(path):
            names.append(name)
    return names


def digests():
    """Return the digest of every frozen file, by its path below ``frozen``."""
    return {
        str(path.relative_to(FROZEN)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(FROZEN.glob("*/*.sql"))
    }


def freeze(revision):
    """Write the copies that a revision needs; return the names of what was written.

    Parameters
    ----------
    revision : str
        A revision that has not been released.
    """
    living = living_files()
    held = {path.name for path in (FROZEN / revision).glob("*.sql")} & set(living)
    names = sorted(held | set(outdated_files()))
    (FROZEN / revision).mkdir(exist_ok=True)
    for name in names:
        (FROZEN / revision / name).write_text(render(living[name]), encoding="utf-8")
    lines = [f"{digest}  {path}\n" for path, digest in digests().items()]
    (FROZEN / "DIGESTS").write_text("".join(lines), encoding="utf-8")
    return names


if __name__ == "__main__":
    revisions = {path.stem for path in (FROZEN.parent / "versions").glob("*.py")}
    if len(sys.argv) != 2 or sys.argv[1] not in revisions:
        sys.exit("usage: make freeze REVISION=name, a file of migrations/versions")
    print("\n".join(freeze(sys.argv[1])))
