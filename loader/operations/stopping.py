"""Stopping a long run by a signal, where it is safe to stop."""

import contextlib
import os
import select
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """Whether the process was asked to stop; a second signal ends it at once.

    Attributes
    ----------
    requested : bool
    """

    def __init__(self) -> None:
        self.requested = False
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._waker, False)

    def request(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        self.requested = True
        for each in SIGNALS:
            signal.signal(each, signal.SIG_DFL)

    def wait(self, seconds: float, *readable: Any) -> bool:
        """Wait for something to read, or a signal; return whether there was one."""
        ready, _, _ = select.select([*readable, self._woken], [], [], seconds)
        return bool(ready)


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[Stop]:
    """Have SIGTERM and SIGINT request a stop.

    Yields
    ------
    Stop
    """
    stop = Stop()
    former = {number: signal.signal(number, stop.request) for number in SIGNALS}
    former_waker = signal.set_wakeup_fd(stop._waker, warn_on_full_buffer=False)
    try:
        yield stop
    finally:
        signal.set_wakeup_fd(former_waker)
        for number, handler in former.items():
            signal.signal(number, handler)
        os.close(stop._woken)
        os.close(stop._waker)
