"""Install the packages that pgchurn is compared with: ``python -m tests.bench.rivals``.

The benchmark leaves out what is not installed.
"""

import sys

from pgchurn.loader import distribution

from tests.bench import rival_orbital, train


def main():
    """Install them; return the exit status."""
    try:
        rival_orbital.install()
        train.install()
    except distribution.SetupError as error:
        distribution.report(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
