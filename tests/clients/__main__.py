"""Install the clients that the tests use where they are: ``make clients``."""

import sys

from pgchurn.loader import distribution

from tests.clients.installing import install


def main():
    """Install them; return the exit status."""
    try:
        install()
    except distribution.SetupError as error:
        distribution.report(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
