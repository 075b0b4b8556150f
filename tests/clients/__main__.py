"""Install what tests use where it is, clients and a browser: ``make clients``."""

import sys

from tests import airflow_environment, browser, environments, exporter
from tests.clients.installing import install

if __name__ == "__main__":
    sys.exit(
        environments.exit_status(
            install, browser.install, exporter.install, airflow_environment.install
        )
    )
