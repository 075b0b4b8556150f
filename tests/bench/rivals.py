"""Install the packages that pgchurn is compared with: ``python -m tests.bench.rivals``.

The benchmark leaves out what is not installed.
"""

import sys

from tests import environments
from tests.bench import rival_orbital, rival_shap, train

if __name__ == "__main__":
    sys.exit(
        environments.exit_status(
            rival_orbital.install, rival_shap.install, train.install
        )
    )
