"""Evaluating a candidate in a process of its own, before anything that serves reads it.

What a client sends may crash, hang or fill the memory of whatever reads it, and the
crash of one backend restarts every session of the server. So the backend starts the
distribution's Python with nothing but pipes to it, sets limits on it, and sends it the
modules of the runtime, the candidate and the rows; the child evaluates them
(``sandbox_worker``) and responds with a line of JSON, the compiled form and the
explanation form. The child
is the same user as the server: this guards against what a candidate does to the process
that reads it. Against code in a pickle the strict loader guards, in the child as in
every session.
"""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .errors import ScoringError, plain_text
from .form import MOST_BYTES

if TYPE_CHECKING:
    from subprocess import Popen

# Importing scikit-learn, pandas and ONNX Runtime takes 1 s, evaluating 11,000 rows of
# the usual models another; a cold or busy machine is given its time.
SECONDS = 60
# A row of the slowest forests takes 3 ms, and a row that the pickle refuses is found by
# halving.
SECONDS_PER_ROW = 0.02
# Address space, of which the libraries reserve 400 MB; the rest is for the arrays of a
# call of the model.
MEMORY = 1_536 << 20
# A pickle becomes objects of a few times its size, and is in memory beside them.
MEMORY_PER_BYTE = 16
# How long a cancel waits at most, in seconds.
WAITING_SECONDS = 0.05
PIPE_CHUNK = 1 << 16
# What is told of typical rows takes 20 kB for each text, and there are 1,600 columns.
MOST_REFERENCE_BYTES = 32 << 20
# A response is a number for each replayed row, few words, what is typical, and the two
# forms.
RESPONSE_BYTES = (1 << 16) + MOST_REFERENCE_BYTES + 2 * MOST_BYTES
RESPONSE_BYTES_PER_ROW = 32
OTHER_PYTHON = 3
FORMS = ("compiled", "explanation")
RESULT = (
    *("replayed", "parity", "rows_compared", "problem"),
    *("explanation_problem", "reference"),
    *FORMS,
)
# Classes that tell of the server or of nothing: never a candidate's.
IMPOSSIBLE_SQLSTATES = ("00", "01", "02", "40", "53", "57")

# The module that the child runs first, and those that it needs before it imports any.
PROGRAM = "sandbox_start"
FINDER = "finder"
IMPORTED = re.compile(r"^\s*from \.(\w+) import ", re.MULTILINE)

# One thread, no reports to ONNX Runtime's maker, and no semaphores of joblib's.
ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "ORT_DISABLE_TELEMETRY": "1",
    "JOBLIB_MULTIPROCESSING": "0",
}


def module_source(name: str) -> str:
    """Return the text of a module of the runtime, from wherever it is imported."""
    # Imported here, since a session that only scores never needs it.
    from importlib.util import find_spec

    name = f"{__package__}.{name}"
    return find_spec(name).loader.get_source(name)  # type: ignore[union-attr]


def module_sources(worker: str) -> dict[str, str]:
    """Return the texts of a module, and of all that it may import of the runtime."""
    sources: dict[str, str] = {}
    wanted = [FINDER, worker]
    while wanted:
        name = wanted.pop()
        if name not in sources:
            sources[name] = module_source(name)
            wanted += IMPORTED.findall(sources[name])
    return sources


def run_in_sandbox(
    sources: dict[str, str],
    request: dict[str, Any],
    parts: Sequence[bytes | None],
    rows: int,
    check_for_interrupts: Callable[[], object],
) -> dict[str, Any]:
    """Have a candidate evaluated by a child process.

    The child may import ``sources`` and is given what ``sandbox_worker.respond`` takes,
    with so many rows to score, and to respond with at most. ``check_for_interrupts`` is
    called some twenty times a second; whatever it raises ends the child.

    Raised is what the child refused with; SQLSTATE 54000, of limits that a program sets
    itself, when the candidate exceeds one; else 22023 when it ended without a response.
    """
    header = {
        "python": list(sys.version_info),
        "other_python": OTHER_PYTHON,
        "path": sys.path,
        "sources": sources,
        "sizes": [None if part is None else len(part) for part in parts],
        "request": request,
    }
    content = [json.dumps(header).encode() + b"\n", *filter(None, parts)]
    seconds = int(SECONDS + rows * SECONDS_PER_ROW)
    most = RESPONSE_BYTES + RESPONSE_BYTES_PER_ROW * rows
    child = start_child(limits_for(sum(map(len, filter(None, parts))), seconds))
    try:
        response = communicate(child, content, seconds, most, check_for_interrupts)
    finally:
        # Whatever happened, no process is left behind, and no zombie.
        child.kill()
        child.wait()
        child.stdin.close()  # type: ignore[union-attr]
        child.stdout.close()  # type: ignore[union-attr]
    return read_response(child.returncode, response, seconds)


def limits_for(size: int, seconds: int) -> dict[str, tuple[int, int]]:
    """Return the child's limits, soft and hard, for parts of so many bytes."""
    memory = MEMORY + MEMORY_PER_BYTE * size
    return {
        "RLIMIT_AS": (memory, memory),
        # Not the same, or the signal that tells of time would be any kill.
        "RLIMIT_CPU": (seconds, seconds + 1),
        "RLIMIT_CORE": (0, 0),
        "RLIMIT_FSIZE": (0, 0),
        "RLIMIT_NOFILE": (64, 64),
        # Of all of the user's processes, which are more than none: no other one starts.
        "RLIMIT_NPROC": (0, 0),
    }


def start_child(limits: dict[str, tuple[int, int]]) -> "Popen[bytes]":
    """Start the child, which holds no descriptor but its pipes.

    It is in a session of its own, because pg_cancel_backend signals a backend's whole
    process group.
    """
    import subprocess

    return subprocess.Popen(
        [python_program(), "-I", "-S", "-B", "-c", module_source(PROGRAM)]
        + [json.dumps([os.getpid(), limits])],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=ENVIRONMENT,
        start_new_session=True,
    )


def python_program() -> str:
    """Return the path of the Python program that PL/Python embeds the library of.

    ``sys.executable`` is no help: an embedded Python takes it from the PATH.
    """
    import sysconfig

    name = "python{}.{}".format(*sys.version_info)
    folders = (
        os.path.join(sys.base_exec_prefix, "bin"),
        sysconfig.get_config_var("BINDIR"),
    )
    paths = [os.path.join(folder, name) for folder in folders if folder]
    for path in paths:
        if os.access(path, os.X_OK):
            return path
    raise ScoringError(
        f"there is no {name} to evaluate the model with",
        detail=f"It was looked for at {' and '.join(dict.fromkeys(paths))}.",
        hint=f"Install the distribution's {name}, whose library PL/Python embeds.",
        sqlstate="55000",
    )


def communicate(
    child: "Popen[bytes]",
    content: Sequence[bytes],
    seconds: int,
    most: int,
    check_for_interrupts: Callable[[], object],
) -> bytes:
    """Send all that there is to send, and return what comes back until the child ends.

    Both at once, so that neither side waits for the other to read.
    """
    import selectors
    import subprocess

    deadline = time.monotonic() + seconds

    def pause() -> None:
        check_for_interrupts()
        if time.monotonic() > deadline:
            raise too_slow(seconds)

    requests, responses = child.stdin, child.stdout
    assert requests is not None and responses is not None
    unsent = [memoryview(part) for part in reversed(content)]
    response = bytearray()
    with selectors.DefaultSelector() as selector:
        os.set_blocking(requests.fileno(), False)
        selector.register(requests, selectors.EVENT_WRITE)
        selector.register(responses, selectors.EVENT_READ)
        while True:
            pause()
            ready = [key.fileobj for key, _ in selector.select(WAITING_SECONDS)]
            if requests in ready:
                try:
                    sent = os.write(requests.fileno(), unsent[-1][:PIPE_CHUNK])
                except BrokenPipeError:
                    # It ended before it had read all: its status says how.
                    unsent.clear()
                else:
                    unsent[-1] = unsent[-1][sent:]
                    if not unsent[-1]:
                        unsent.pop()
                if not unsent:
                    selector.unregister(requests)
                    requests.close()
            if responses in ready:
                part = os.read(responses.fileno(), PIPE_CHUNK)
                if not part:
                    break
                response += part
                if len(response) > most:
                    raise no_response("Its response is longer than any result.")
    while True:
        pause()
        try:
            child.wait(WAITING_SECONDS)
            return bytes(response)
        except subprocess.TimeoutExpired:
            # It closed its output and goes on: to the deadline.
            continue


def read_response(status: int, response: bytes, seconds: int) -> dict[str, Any]:
    """Return the child's result, or raise its refusal or an error for how it ended."""
    import signal

    if status == -signal.SIGXCPU:
        raise too_slow(seconds)
    if status < 0:
        name = signal.strsignal(-status) or "unknown"
        raise no_response(f"It was ended by signal {-status} ({name}).")
    if status == OTHER_PYTHON:
        raise no_response(
            f"{python_program()} is not the Python {sys.version.split()[0]} that "
            "PL/Python embeds.",
            hint="Install both from the distribution, and restart the server.",
        )
    if status:
        raise no_response(f"It ended with exit status {status}.")
    readers: dict[str, Callable[[Any], Any]] = {
        "result": result_of,
        "refused": refusal_of,
        "failed": failure_of_child,
    }
    line, _, forms = response.partition(b"\n")
    try:
        # With more than one key there is more than one response.
        ((kind, content),) = json.loads(line).items()
        result = readers[kind](content)
        if isinstance(result, ScoringError):
            raise result
        return result | forms_of(content["sizes"], forms)
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        raise no_response("Its response cannot be read.") from None


def result_of(content: Any) -> dict[str, Any]:
    """Return the result of a candidate that scores, but for its forms."""
    keys = ("replayed", "parity", "rows_compared", "problem")
    replayed, parity, compared, problem = (content[key] for key in keys)
    unexplained, reference = content["explanation_problem"], content["reference"]
    described = None
    if reference is not None:
        # As text: in a database in SQL_ASCII jsonb takes no escapes.
        described = json.dumps(reference, allow_nan=False, ensure_ascii=False)
    if described is not None and (
        type(reference) is not dict or len(described) > MOST_REFERENCE_BYTES
    ):
        raise ValueError("reference")
    return {
        "replayed": replayed and [float(value) for value in replayed],
        "parity": None if parity is None else float(parity),
        "rows_compared": int(compared),
        "problem": None if problem is None else plain_text(problem),
        "explanation_problem": None if unexplained is None else plain_text(unexplained),
        "reference": described,
    }


def forms_of(sizes: Any, content: bytes) -> dict[str, bytes | None]:
    """Return the forms of a candidate, which follow one another."""
    forms: dict[str, bytes | None] = {}
    first = 0
    for name, size in zip(FORMS, sizes, strict=True):
        last = first if size is None else first + abs(size)
        forms[name] = None if size is None else content[first:last]
        first = last
    if first != len(content):
        raise ValueError(sizes)
    return forms


def refusal_of(content: Any) -> ScoringError:
    """Return the child's ScoringError."""
    message, detail, hint, sqlstate = (
        None if text is None else plain_text(text) for text in content
    )
    if not (message and sqlstate and re.fullmatch("[0-9A-Z]{5}", sqlstate)):
        raise ValueError(content)
    if sqlstate.startswith(IMPOSSIBLE_SQLSTATES):
        raise ValueError(content)
    return ScoringError(message, detail, hint, sqlstate)


def failure_of_child(content: Any) -> ScoringError:
    """Return the error for what the child did not expect: memory above all."""
    kind, text = map(plain_text, content)
    if kind == MemoryError.__name__:
        return ScoringError(
            "model needs more memory than a candidate is given",
            detail=f"It is given {MEMORY >> 20} MB, and "
            f"{MEMORY_PER_BYTE} bytes for each byte of its own.",
            hint="Register a smaller model: fewer or shallower trees, or categories.",
            sqlstate="54000",
        )
    return no_response(f"{kind}: {text}.")


def too_slow(seconds: int) -> ScoringError:
    """Return the error for a candidate that takes too long."""
    return ScoringError(
        "model takes too long to evaluate",
        detail=f"It was given {seconds} s.",
        hint="Register a model that scores faster, or replay fewer rows.",
        sqlstate="54000",
    )


def no_response(detail: str, hint: str | None = None) -> ScoringError:
    """Return the error for a child that ended without a response."""
    return ScoringError(
        "model could not be evaluated",
        detail=f"The sandbox has not responded as it should. {detail}",
        hint=hint
        or "Train and register the model again, with the server's package versions.",
    )
