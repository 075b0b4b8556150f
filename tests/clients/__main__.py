"""Install the clients that the tests use where they are: ``make clients``."""

import sys

from tests import environments
from tests.clients.installing import install

if __name__ == "__main__":
    sys.exit(environments.exit_status(install))
