"""Ending what writes in the background."""

import contextlib


@contextlib.contextmanager
def setting(event):
    """Set an event at the end, whatever happens."""
    try:
        yield
    finally:
        event.set()
