"""The wheel of the checkout."""

import sys

from tests.checkout import copy_checkout
from tests.databases import run


def build_wheel(folder):
    """Build the wheel of a copy of the checkout, in which no build has left files.

    Parameters
    ----------
    folder : pathlib.Path
        An empty folder.

    Returns
    -------
    pathlib.Path
    """
    copy_checkout(folder / "source")
    pip_wheel = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps")
    run([*pip_wheel, "--no-build-isolation", "-w", folder, folder / "source"])
    (wheel,) = folder.glob("*.whl")
    return wheel
