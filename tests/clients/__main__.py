"""Install clients and a browser, which tests use where they are: ``make clients``."""

import sys

from tests import browser, environments
from tests.clients.installing import install

if __name__ == "__main__":
    sys.exit(environments.exit_status(install, browser.install))
