"""Debian's packages that some tests use, and skip without."""

import os

from pgchurn.loader import distribution


def install(package, program):
    """Install a package where its program is missing, or say that only root could."""
    reason = missing(package, program)
    if reason is None:
        return
    if os.geteuid() == 0:
        distribution.update_package_lists()
        distribution.install_packages([package])
    else:
        distribution.report(reason)


def missing(package, program):
    """Return why a program of a package cannot be run, or None."""
    if program.exists():
        return None
    return distribution.missing_packages_message([package])
