"""``python -m loader`` is the ``pgchurn`` command."""

import sys

from loader.command_line import main

if __name__ == "__main__":
    sys.exit(main())
