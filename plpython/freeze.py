"""Copy what has changed of the living source into the newest revision: ``make freeze``.

What a release has installed on somebody's server never changes again. So revisions run
copies, and once a release is made, ``DIGESTS`` (the format of sha256sum) records what
every file of its revisions was: ``make release-digests``.
"""

import hashlib
import sys

from pgchurn.migrations import frozen_files
from pgchurn.plpython.render import living_files


class FreezeError(RuntimeError):
    """A released revision was to be changed; the message says what to do."""


def wanted_copies(revision):
    """Return what copies a newest revision has to hold.

    Returns
    -------
    dict of str to str
        Texts by ``<kind>/<name>.sql``: of living files that the revisions before have
        otherwise or not at all, and of what these have and lives no more.
    """
    living = living_files()
    former = {
        name: frozen_files.read(frozen_files.newest(name, before=revision))
        for earlier in frozen_files.revisions()
        if earlier < revision
        for name in frozen_files.copies(earlier)
    }
    gone = dict.fromkeys(former.keys() - living.keys(), frozen_files.DROPPED)
    return {
        name: text
        for name, text in sorted((living | gone).items())
        if former.get(name, frozen_files.DROPPED) != text
    }


def outdated_copies():
    """Return which copies of the newest revision are not what they have to be.

    Returns
    -------
    dict of str to (str or None)
        What they have to be, by ``<kind>/<name>.sql``; None: not there.
    """
    head = frozen_files.revisions()[-1]
    wanted = wanted_copies(head)
    found = {
        name: frozen_files.read(f"{head}/{name}") for name in frozen_files.copies(head)
    }
    return {
        name: wanted.get(name)
        for name in sorted(wanted.keys() | found.keys())
        if wanted.get(name) != found.get(name)
    }


def freeze():
    """Bring the copies of the newest revision up to date.

    Returns
    -------
    list of str
        The paths below ``frozen`` that were written or removed.
    """
    head = frozen_files.revisions()[-1]
    outdated = outdated_copies()
    if outdated and head in released_revisions():
        raise FreezeError(
            f"revision {head} is released and never changes: make a new one first, by "
            'alembic -c setup.cfg revision --rev-id NUMBER_NAME -m "What it brings"'
        )
    for name, text in outdated.items():
        path = frozen_files.FROZEN / head / name
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return [f"{head}/{name}" for name in outdated]


def digests_file():
    """Return the path of the file of digests."""
    return frozen_files.FROZEN / "DIGESTS"


def released_digests():
    """Return the digest of every released file, by its path below ``frozen``."""
    if not digests_file().exists():
        return {}
    lines = digests_file().read_text(encoding="utf-8").splitlines()
    return {path: digest for digest, path in (line.split("  ") for line in lines)}


def released_revisions():
    """Return the names of the revisions that have been released."""
    return {path.partition("/")[0] for path in released_digests()}


def current_digests():
    """Return the digest of every frozen file as it is now, likewise."""
    return {
        path.relative_to(frozen_files.FROZEN).as_posix(): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in sorted(frozen_files.FROZEN.glob("*/*/*.sql"))
    }


def changed_since_release():
    """Return which files of released revisions were changed, removed or added."""
    released, revisions = released_digests(), released_revisions()
    current = {
        path: digest
        for path, digest in current_digests().items()
        if path.partition("/")[0] in revisions
    }
    return sorted(
        path
        for path in released.keys() | current.keys()
        if released.get(path) != current.get(path)
    )


def release():
    """Record the digests of all that is released now; no former one may change.

    Returns
    -------
    list of str
        The paths below ``frozen`` that were recorded.
    """
    changed = changed_since_release()
    if changed:
        raise FreezeError(
            f"released files are not what they were: {', '.join(changed)}"
        )
    outdated = outdated_copies()
    if outdated:
        raise FreezeError(f"not frozen yet, see make freeze: {', '.join(outdated)}")
    released, current = released_digests(), current_digests()
    new = sorted(current.keys() - released.keys())
    with digests_file().open("a", encoding="utf-8") as digests:
        digests.writelines(f"{current[path]}  {path}\n" for path in new)
    return new


def main(arguments):
    """Freeze, or with ``--release`` record digests; return the exit status."""
    try:
        written = release() if "--release" in arguments else freeze()
    except FreezeError as error:
        print(f"pgchurn: {error}", file=sys.stderr)
        return 1
    for path in written:
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
