"""Ending a long run by a signal, at a moment of its own choice."""

import contextlib
import os
import select
import signal

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """Whether the process was asked to end; a second signal ends it at once.

    Attributes
    ----------
    requested : bool
    """

    def __init__(self):
        self.requested = False
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._waker, False)

    def request(self, number, frame):
        """Take note of a signal, as its handler."""
        self.requested = True
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)

    def wait(self, seconds, *readable):
        """Wait for something to read, or a signal; return whether there was one."""
        ready, _, _ = select.select([*readable, self._woken], [], [], seconds)
        return bool(ready)


@contextlib.contextmanager
def stopped_by_signals():
    """Take SIGTERM and SIGINT as the wish to end.

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
