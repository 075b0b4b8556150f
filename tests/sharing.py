"""Sharing the machine among the test processes of one run."""

import contextlib
import fcntl


@contextlib.contextmanager
def machine(folder, alone):
    """Share the machine, or have it alone: then every other test waits.

    Parameters
    ----------
    folder : pathlib.Path
        One that all processes of the run know.
    alone : bool
        Whether no other test may run meanwhile.
    """
    with open(folder / "turn", "w") as turn, open(folder / "machine", "w") as shared:
        # Whoever waits to be alone keeps the turn, so that nobody overtakes.
        fcntl.flock(turn, fcntl.LOCK_EX)
        fcntl.flock(shared, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(turn, fcntl.LOCK_UN)
        yield
