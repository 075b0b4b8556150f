"""Where `pgchurn listen` puts lines: its standard output, or a command."""

import os
import select
import stat
import subprocess
import sys
from collections.abc import Callable
from typing import Protocol

from pgchurn.loader.errors import LoaderError

# Between two signs of life to the server, which gives up after 60 seconds without.
HEARTBEAT = 10
# A pipe that select() calls writable takes this much without making the writer wait.
PIECE = select.PIPE_BUF
# Lines kept in memory until they are written out.
MOST_LINES = 1000


Heartbeat = Callable[[], object]


class Sink(Protocol):
    """Where lines are delivered.

    Attributes
    ----------
    lines : list of str
        Taken, and not delivered yet.
    """

    lines: list[str]

    def add(self, line: str, heartbeat: Heartbeat) -> None:
        """Take a line."""

    def deliver(self, heartbeat: Heartbeat) -> None:
        """Deliver what was taken.

        Parameters
        ----------
        heartbeat : callable
            Called now and then while that takes its time.
        """


class StandardOutput:
    """Writes lines to standard output; what is delivered to a file is on disk."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.descriptor = sys.stdout.fileno()
        found = os.fstat(self.descriptor)
        self.is_file = stat.S_ISREG(found.st_mode)
        if self.is_file and found.st_size > 0:
            self._end_torn_line()

    def add(self, line: str, heartbeat: Heartbeat) -> None:
        """Take a line."""
        self.lines.append(line)
        if len(self.lines) >= MOST_LINES:
            self._write(heartbeat)

    def deliver(self, heartbeat: Heartbeat) -> None:
        """Write out what was taken."""
        self._write(heartbeat)
        if self.is_file:
            os.fsync(self.descriptor)

    def _write(self, heartbeat: Heartbeat) -> None:
        rest = memoryview("".join(self.lines).encode())
        try:
            while rest:
                _, writable, _ = select.select([], [self.descriptor], [], HEARTBEAT)
                if writable:
                    rest = rest[os.write(self.descriptor, rest[:PIECE]) :]
                else:
                    heartbeat()
        except BrokenPipeError:
            raise LoaderError(
                "the reader of the output is gone; what was not confirmed comes again"
            ) from None
        self.lines.clear()

    def _end_torn_line(self) -> None:
        """Keep what a kill left of a line from running into the next one."""
        with open(f"/proc/self/fd/{self.descriptor}", "rb") as file:
            file.seek(-1, os.SEEK_END)
            if file.read() != b"\n":
                os.write(self.descriptor, b"\n")


class Command:
    """Runs a command for each batch of lines, which it reads on its standard input.

    Parameters
    ----------
    command : str
        For the shell.
    """

    def __init__(self, command: str) -> None:
        self.command = command
        self.lines: list[str] = []

    def add(self, line: str, heartbeat: Heartbeat) -> None:
        """Take a line."""
        self.lines.append(line)

    def deliver(self, heartbeat: Heartbeat) -> None:
        """Run the command on what was taken; it must succeed."""
        if not self.lines:
            return
        # In a session of its own, so that Ctrl-C lets it finish.
        with subprocess.Popen(
            self.command, shell=True, stdin=subprocess.PIPE, start_new_session=True
        ) as process:
            lines = "".join(self.lines).encode()
            while True:
                try:
                    process.communicate(lines, timeout=HEARTBEAT)
                    break
                except subprocess.TimeoutExpired:
                    heartbeat()
        if process.returncode:
            raise LoaderError(
                f"the command ended with status {process.returncode}; "
                "what it was given comes again"
            )
        self.lines.clear()
