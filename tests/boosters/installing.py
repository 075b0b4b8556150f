"""Install the libraries that the tests compare with: ``make boosters``.

They are those of the extra ``boosters``, and go where the tests run. Without them, the
tests that need them are skipped.
"""

import sys
from importlib import metadata

from pgchurn.loader import distribution

from tests import environments

EXTRA = "boosters"


def requirements():
    """Return what the extra demands, with versions."""
    given = (one.partition(";") for one in metadata.requires("pgchurn"))
    return [
        wanted.strip()
        for wanted, _, condition in given
        if f'extra == "{EXTRA}"' in condition
    ]


def install():
    """Install them beside what is there."""
    distribution.report("installing XGBoost, LightGBM and CatBoost, over 1 GB")
    pip = (sys.executable, "-m", "pip", "--quiet", "--no-input")
    distribution.run(
        *(*pip, "install", *requirements()),
        failure="the libraries could not be installed",
    )


if __name__ == "__main__":
    sys.exit(environments.exit_status(install))
