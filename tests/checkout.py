"""The checkout without what git ignores, for what must not write into it."""

import shutil

from tests.databases import CHECKOUT


def copy_checkout(destination):
    """Copy the checkout as it stands, committed or not.

    Parameters
    ----------
    destination : pathlib.Path
        A folder that does not exist.
    """
    ignored = (CHECKOUT / ".gitignore").read_text(encoding="utf-8").split()
    names = shutil.ignore_patterns(".git", *(line.strip("/") for line in ignored))
    shutil.copytree(CHECKOUT, destination, symlinks=True, ignore=names)
