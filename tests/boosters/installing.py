"""Install the libraries that the tests compare with: ``make boosters``.

They are those of the extras ``boosters`` and ``exports``, and go where the tests run.
Without them, the tests that need them are skipped.
"""

import sys
from importlib import metadata

from pgchurn.loader import distribution

from tests import environments

EXTRAS = ("boosters", "exports")


def requirements():
    """Return what the extras demand, with versions."""
    given = (one.partition(";") for one in metadata.requires("pgchurn"))
    return [
        wanted.strip()
        for wanted, _, condition in given
        if any(f'extra == "{extra}"' in condition for extra in EXTRAS)
    ]


def install():
    """Install them beside what is there."""
    distribution.report("installing boosters and exporters to ONNX, over 1 GB")
    pip = (sys.executable, "-m", "pip", "--quiet", "--no-input")
    distribution.run(
        *(*pip, "install", *requirements()),
        failure="the libraries could not be installed",
    )


if __name__ == "__main__":
    sys.exit(environments.exit_status(install))
