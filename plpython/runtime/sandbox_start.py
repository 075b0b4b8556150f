"""The program of the sandbox: it limits itself, and then imports what it needs.

Its text is handed to Python on the command line, with its parent and its limits as an
argument. Everything else comes over standard input: a line of JSON, and then the parts
of the request, one after the other.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from typing import Any

PR_SET_PDEATHSIG = 1


def limit_this_process(limits: dict[str, tuple[int, int]]) -> None:
    """Set limits, as far down as those that are set already."""
    for name, (soft, hard) in limits.items():
        kind = getattr(resource, name)
        most = resource.getrlimit(kind)[1]
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        resource.setrlimit(kind, (soft, hard))


def end_with_parent(parent: int) -> None:
    """Have this process killed when its parent ends.

    A parent that ended before this was called sends no signal, but then there is
    another parent.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def main() -> None:
    """Answer the request on standard input."""
    # Before anything is read.
    parent, limits = json.loads(sys.argv[1])
    limit_this_process(limits)
    end_with_parent(parent)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    header = json.loads(sys.stdin.buffer.readline())
    parts = [
        None if size is None else sys.stdin.buffer.read(size)
        for size in header["sizes"]
    ]
    if list(sys.version_info) != header["python"]:
        os._exit(header["other_python"])
    sys.path[:] = header["path"]
    sources = header["sources"]
    try:
        scope: dict[str, Any] = {"__name__": "finder"}
        exec(sources["finder"], scope)
        scope["install"](sources.get)
        from churn_runtime.sandbox_worker import (  # type: ignore[import-not-found]
            respond,
        )
    except Exception as error:
        print(json.dumps({"failed": [type(error).__name__, str(error)]}), flush=True)
        os._exit(0)
    respond(header["request"], *parts)


if __name__ == "__main__":
    main()
