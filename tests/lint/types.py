"""Check the type hints with mypy: ``python -m tests.lint.types``.

mypy finds modules by their folders, and there is no folder ``pgchurn``: a link to the
checkout stands for it, in a directory whose path stays the same and holds no colon.
"""

import os
import subprocess
import sys

from pgchurn.loader import private_server

from tests.databases import CHECKOUT


def main():
    """Run mypy as pyproject.toml says; print what it finds by the checkout's paths.

    Returns
    -------
    int
        Its exit status.
    """
    folder = private_server.socket_directory() / "types"
    folder.mkdir(exist_ok=True)
    package = folder / "pgchurn"
    package.unlink(missing_ok=True)
    package.symlink_to(CHECKOUT)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *sys.argv[1:]],
        cwd=CHECKOUT,
        env={**os.environ, "MYPYPATH": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
    )
    print(done.stdout.replace(f"{package}/", ""), end="")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
