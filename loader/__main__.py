"""``python -m pgchurn.loader`` is the ``pgchurn`` command."""

import sys

from pgchurn.loader.command_line import main

if __name__ == "__main__":
    sys.exit(main())
