"""Running a function in a child process with limits, and watching what it does."""

import faulthandler
import functools
import gc
import json
import os
import pickle
import resource
import select
import signal
import sys
import time
from dataclasses import dataclass

from threadpoolctl import threadpool_limits

MEMORY = 256 * 2**20
# What no reading of a pickle does: see "Audit events table" in Python's documentation.
WATCHED = (
    "ctypes.dlopen",
    "exec",
    "os.",
    "shutil.",
    "socket.",
    "subprocess.",
    "urllib.",
    "pty.",
    "marshal.",
    "import",
    "open",
    "compile",
)
# Not harmful, and done by looking for modules.
UNWATCHED = ("os.listdir", "os.scandir", "os.putenv", "os.unsetenv")


class Interfered(BaseException):
    """What the watched function was about to do, and was kept from."""


@dataclass
class Outcome:
    """How a function ended.

    Attributes
    ----------
    kind : {"returned", "raised", "crashed", "hung"}
    said : str or dict
        What it returned, as JSON; the exception's name and text; the signal.
    did : list of str
        The audit events that it caused.
    seconds : float
        Of processor time: the machine may be busy with something else.
    """

    kind: str
    said: object
    did: list
    seconds: float


def confined(function, *arguments, memory=MEMORY, seconds=10):
    """Call a function in a child process.

    The child may take so much memory (RLIMIT_AS) beyond what this process, from which
    it is forked, has mapped with all its libraries loaded. Events that would run
    programs, open files or use the network are recorded and raise.

    Parameters
    ----------
    function : callable
        Of the arguments; returns what JSON can hold.
    """
    reading, writing = os.pipe()
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(reading)
        run_confined(function, arguments, memory, writing)
    os.close(writing)
    said = b""
    deadline = start + seconds
    while True:
        left = max(0, deadline - time.monotonic())
        ready, _, _ = select.select([reading], [], [], left)
        part = os.read(reading, 65536) if ready else None
        if not part:
            break
        said += part
    taken = time.monotonic() - start
    if part is None:
        os.kill(child, signal.SIGKILL)
    os.close(reading)
    _, status = os.waitpid(child, 0)
    if part is None:
        return Outcome("hung", "", [], taken)
    if not said:
        return Outcome("crashed", f"wait status {status}", [], taken)
    found = json.loads(said)
    return Outcome(found["kind"], found["said"], found["did"], found["seconds"])


def run_confined(function, arguments, memory, writing):
    """Be the child: call the function, say how it went, and end."""
    did = []
    # A crash is an outcome like any other: pytest's handler would print its stack.
    faulthandler.disable()
    # Else Python would look through all that this process has inherited, for garbage.
    gc.freeze()
    # OpenMP's threads are not there any more after a fork, and would be waited for.
    threadpool_limits(1)
    try:
        limit = mapped_bytes() + memory
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        watching = [True]

        def watch(event, details):
            if not watching[0] or not event.startswith(WATCHED) or event in UNWATCHED:
                return
            if event == "import" and details[0] in sys.modules:
                return
            did.append(f"{event} {str(details)[:200]}")
            raise Interfered(event)

        sys.addaudithook(watch)
        start = time.process_time()
        try:
            kind, said = "returned", function(*arguments)
        except BaseException as error:
            kind, said = "raised", {"type": type(error).__name__, "text": str(error)}
        seconds = time.process_time() - start
        watching[0] = False
        answer = {"kind": kind, "said": said, "did": did, "seconds": seconds}
        os.write(writing, json.dumps(answer).encode())
    finally:
        os._exit(0)


@functools.cache
def a_second():
    """Return how long what is to take at most a second may take on this machine.

    A second, or on a slow machine what Python's own unpickler takes for 600,000 lists:
    of two processors that run a loop alike, one may take twice as long for new memory.
    """
    lists = pickle.dumps([[] for _ in range(300_000)])
    return max(1.0, 2 * confined(read_plainly, lists).seconds)


def read_plainly(artifact):
    """Read a pickle as the standard library does, in Python; return its length."""
    # pylint: disable-next=protected-access
    return len(pickle._loads(artifact))


def mapped_bytes():
    """Return the size of this process's address space."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[0]) * resource.getpagesize()
