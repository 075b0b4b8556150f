"""Copy what has changed of the living source into the newest revision: ``make freeze``.

What a release has installed on somebody's server never changes again. So revisions run
copies, and once a release is made, ``DIGESTS`` (the format of sha256sum) records what
every file of its revisions was: ``make release-digests``.
"""

import hashlib
import sys

from pgchurn.migrations import frozen_files
from pgchurn.plpython.render import living_files

DIGESTS = frozen_files.FROZEN / "DIGESTS"


class FreezeError(RuntimeError):
    """A released revision was to be changed; the message says what to do."""


def outdated_files():
    """Return what the living source has that its newest copy has not.

    Returns
    -------
    dict of str to str
        SQL by ``<kind>/<name>.sql``.
    """
    found = {}
    for name, text in living_files().items():
        copy = frozen_files.newest(name)
        if copy is None or frozen_files.read(copy) != text:
            found[name] = text
    return found


def released_digests():
    """Return the digest of every released file, by its path below ``frozen``."""
    if not DIGESTS.exists():
        return {}
    lines = DIGESTS.read_text(encoding="utf-8").splitlines()
    return {path: digest for digest, path in (line.split("  ") for line in lines)}


def current_digests():
    """Return the digest of every frozen file as it is now, likewise."""
    return {
        str(path.relative_to(frozen_files.FROZEN)): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in sorted(frozen_files.FROZEN.glob("*/*/*.sql"))
    }


def freeze():
    """Bring the copies of the newest revision up to date.

    Returns
    -------
    list of str
        The paths that were written or removed.
    """
    head = frozen_files.revisions()[-1]
    living = living_files()
    outdated = outdated_files()
    gone = [
        name
        for name in frozen_files.copies(head)
        if name not in living or unchanged(name, living[name], head)
    ]
    if (outdated or gone) and any(
        path.startswith(f"{head}/") for path in released_digests()
    ):
        raise FreezeError(
            f"revision {head} is released and never changes: make a new one first, "
            'with alembic -c setup.cfg revision --rev-id NUMBER_NAME -m "what it does"'
        )
    for name, text in outdated.items():
        path = frozen_files.FROZEN / head / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for name in gone:
        (frozen_files.FROZEN / head / name).unlink()
    return sorted([*outdated, *gone])


def unchanged(name, text, head):
    """Return whether the copy before a revision's own is already what lives."""
    former = frozen_files.newest(name, before=head)
    return former is not None and frozen_files.read(former) == text


def release():
    """Record the digests of all that is released now; no former one may change."""
    released, current = released_digests(), current_digests()
    changed = [path for path in released if current.get(path) != released[path]]
    if changed:
        raise FreezeError(f"released files are not what they were: {changed}")
    lines = [f"{digest}  {path}\n" for path, digest in current.items()]
    DIGESTS.write_text("".join(lines), encoding="utf-8")
    return sorted(set(current) - set(released))


if __name__ == "__main__":
    try:
        print("\n".join(release() if "--release" in sys.argv else freeze()))
    except FreezeError as error:
        sys.exit(f"pgchurn: {error}")
