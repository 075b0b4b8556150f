"""Judging a candidate in a process of its own, before anything that serves reads it.

What a client sends may crash, hang or fill the memory of whatever reads it, and the
crash of one backend restarts every session of the server. So the backend starts the
distribution's Python with nothing but pipes to it, lays limits on it, and hands it the
runtime, the candidate and the rows; the child examines (``examination``) and answers
with one line of JSON. The child is the same user as the server: this guards against
what a candidate does to the process that reads it. Against code in a pickle the strict
loader guards, in the child as in every session.
"""

import json
import os
import re
import sys
import textwrap
import time

from .errors import ScoringError

# Importing scikit-learn, pandas and ONNX Runtime takes 1 s, judging 11,000 rows of the
# usual models another; a cold or busy machine is given its time.
JUDGING_SECONDS = 60
# A row of the slowest forests takes 3 ms, and a row that the pickle refuses is found by
# halving.
JUDGING_SECONDS_PER_ROW = 0.02
# Address space, of which the libraries reserve 400 MB; the rest is for the arrays of a
# call of the model.
JUDGING_MEMORY = 1_536 << 20
# A pickle becomes objects of a few times its size, and is in memory beside them.
JUDGING_MEMORY_PER_BYTE = 16
# How long a cancel waits at most, in seconds.
JUDGING_SLICE = 0.05
PIPE_CHUNK = 1 << 16
# An answer is a number for each replayed row, and few words.
ANSWER_BYTES = 1 << 16
ANSWER_BYTES_PER_ROW = 32
LONGEST_TEXT = 4_000
OTHER_PYTHON = 3
# Classes that tell of the server or of nothing: never a candidate's.
IMPOSSIBLE_SQLSTATES = ("00", "01", "02", "40", "53", "57")

# What the child runs. The limits come before anything is read. A parent that ended
# before prctl was called sent no signal, but the child has another parent then.
CHILD = """
import ctypes, json, os, resource, signal, sys
parent, limits = json.loads(sys.argv[1])
for name, (soft, hard) in limits.items():
    most = resource.getrlimit(getattr(resource, name))[1]
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    resource.setrlimit(getattr(resource, name), (soft, hard))
PR_SET_PDEATHSIG = 1
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
if os.getppid() != parent:
    os._exit(1)
signal.pthread_sigmask(signal.SIG_SETMASK, [])
header = json.loads(sys.stdin.buffer.readline())
if list(sys.version_info) != header["python"]:
    os._exit(header["other_python"])
sys.path[:] = header["path"]
program, *parts = [
    None if size is None else sys.stdin.buffer.read(size) for size in header["sizes"]
]
scope = {"GD": {}, "plpy": None, "__name__": "pgchurn"}
try:
    exec(program, scope)
except Exception as error:
    print(json.dumps({"failed": [type(error).__name__, str(error)]}), flush=True)
    os._exit(0)
scope["answer"](header["question"], *parts)
"""

# One thread, no reports to ONNX Runtime's maker, and no semaphores of joblib's.
CHILD_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "ORT_DISABLE_TELEMETRY": "1",
    "JOBLIB_MULTIPROCESSING": "0",
}


def judge(program, question, parts, rows, let_interrupts_in):
    """Have a candidate examined by a child process.

    Parameters
    ----------
    program : str
        The text of the runtime.
    question : dict
        What ``examination.answer`` takes first, fit for JSON.
    parts : list of bytes or None
        What it takes besides.
    rows : int
        How many rows there are to score, and at most to answer with.
    let_interrupts_in : callable
        Called some twenty times a second; whatever it raises ends the child.

    Returns
    -------
    dict
        What ``examination.examine_candidate`` found.

    Raises
    ------
    ScoringError
        What the child refused with; with SQLSTATE 54000, of limits that a program sets
        itself, when the candidate exceeds one; else 22023 when the child ended or
        answered as no judge does.
    """
    parts = [program.encode(), *parts]
    size = sum(len(part) for part in parts if part is not None)
    seconds = int(JUDGING_SECONDS + rows * JUDGING_SECONDS_PER_ROW)
    memory = JUDGING_MEMORY + JUDGING_MEMORY_PER_BYTE * size
    limits = {
        "RLIMIT_AS": (memory, memory),
        # Not the same, or the signal that tells of time would be any kill.
        "RLIMIT_CPU": (seconds, seconds + 1),
        "RLIMIT_CORE": (0, 0),
        "RLIMIT_FSIZE": (0, 0),
        "RLIMIT_NOFILE": (64, 64),
        # Of all of the user's processes, which are more than none: no other one starts.
        "RLIMIT_NPROC": (0, 0),
    }
    header = {
        "python": list(sys.version_info),
        "other_python": OTHER_PYTHON,
        "path": sys.path,
        "sizes": [None if part is None else len(part) for part in parts],
        "question": question,
    }
    content = [json.dumps(header).encode() + b"\n", *filter(None, parts)]
    most = ANSWER_BYTES + ANSWER_BYTES_PER_ROW * rows
    child = start_child(limits)
    try:
        said = converse(child, content, seconds, most, let_interrupts_in)
    finally:
        # Whatever happened, no process is left behind, and no zombie.
        child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()
    return verdict(child.returncode, said, seconds)


def start_child(limits):
    """Start the child, which holds no descriptor but its pipes.

    It is in a session of its own, because pg_cancel_backend signals a backend's whole
    process group.
    """
    # Imported here, since a session that only scores never needs it.
    import subprocess

    return subprocess.Popen(
        # PL/Python indents what it runs, and with it the lines of a text.
        [python_program(), "-I", "-S", "-B", "-c", textwrap.dedent(CHILD)]
        + [json.dumps([os.getpid(), limits])],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=CHILD_ENVIRONMENT,
        start_new_session=True,
    )


def python_program():
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
        f"there is no {name} to judge the model with",
        detail=f"It was looked for at {' and '.join(dict.fromkeys(paths))}.",
        hint=f"Install the distribution's {name}, whose library PL/Python embeds.",
        sqlstate="55000",
    )


def converse(child, content, seconds, most, let_interrupts_in):
    """Send all that there is to send, and return what comes back until the child ends.

    Both at once, so that neither side waits for the other to read.
    """
    import selectors
    import subprocess

    deadline = time.monotonic() + seconds

    def pause():
        let_interrupts_in()
        if time.monotonic() > deadline:
            raise too_slow(seconds)

    waiting = [memoryview(part) for part in reversed(content)]
    said = bytearray()
    with selectors.DefaultSelector() as selector:
        os.set_blocking(child.stdin.fileno(), False)
        selector.register(child.stdin, selectors.EVENT_WRITE)
        selector.register(child.stdout, selectors.EVENT_READ)
        while True:
            pause()
            ready = [key.fileobj for key, _ in selector.select(JUDGING_SLICE)]
            if child.stdin in ready:
                try:
                    sent = os.write(child.stdin.fileno(), waiting[-1][:PIPE_CHUNK])
                except BrokenPipeError:
                    # It ended before it had read all: its status says how.
                    waiting.clear()
                else:
                    waiting[-1] = waiting[-1][sent:]
                    if not waiting[-1]:
                        waiting.pop()
                if not waiting:
                    selector.unregister(child.stdin)
                    child.stdin.close()
            if child.stdout in ready:
                part = os.read(child.stdout.fileno(), PIPE_CHUNK)
                if not part:
                    break
                said += part
                if len(said) > most:
                    raise no_verdict("It answered more than a judge has to say.")
    while True:
        pause()
        try:
            child.wait(JUDGING_SLICE)
            return bytes(said)
        except subprocess.TimeoutExpired:
            # It hung up and goes on: to the deadline.
            continue


def verdict(status, said, seconds):
    """Return what the child found, or raise what it says or how it ended."""
    import signal

    if status == -signal.SIGXCPU:
        raise too_slow(seconds)
    if status < 0:
        name = signal.strsignal(-status) or "unknown"
        raise no_verdict(f"It was ended by signal {-status} ({name}).")
    if status == OTHER_PYTHON:
        raise no_verdict(
            f"{python_program()} is not the Python {sys.version.split()[0]} that "
            "PL/Python embeds.",
            hint="Install both from the distribution, and restart the server.",
        )
    if status:
        raise no_verdict(f"It ended with exit status {status}.")
    try:
        # With more than one key there is more than one verdict.
        ((kind, content),) = json.loads(said).items()
        readers = {"found": finding, "refused": refusal, "failed": failure}
        result = readers[kind](content)
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        raise no_verdict("Its answer is no verdict.") from None
    if isinstance(result, ScoringError):
        raise result
    return result


def finding(content):
    """Return what was found of a candidate that scores."""
    keys = ("replayed", "parity", "rows_compared", "problem")
    replayed, parity, compared, problem = (content[key] for key in keys)
    return {
        "replayed": replayed and [float(value) for value in replayed],
        "parity": None if parity is None else float(parity),
        "rows_compared": int(compared),
        "problem": plain_text(problem),
    }


def refusal(content):
    """Return the child's ScoringError."""
    message, detail, hint, sqlstate = map(plain_text, content)
    if not (message and re.fullmatch("[0-9A-Z]{5}", sqlstate)):
        raise ValueError(content)
    if sqlstate.startswith(IMPOSSIBLE_SQLSTATES):
        raise ValueError(content)
    return ScoringError(message, detail, hint, sqlstate)


def failure(content):
    """Return the error for what the child did not expect: memory above all."""
    kind, text = map(plain_text, content)
    if kind == MemoryError.__name__:
        return ScoringError(
            "model needs more memory than a candidate is given",
            detail=f"It is given {JUDGING_MEMORY >> 20} MB, and "
            f"{JUDGING_MEMORY_PER_BYTE} bytes for each byte of its own.",
            hint="Register a smaller model: fewer or shallower trees, or categories.",
            sqlstate="54000",
        )
    return no_verdict(f"{kind}: {text}.")


def plain_text(text):
    """Return a text as PostgreSQL takes it, or None: no zeros, no half characters."""
    if text is None:
        return None
    text = text.replace("\0", "?").encode("utf-8", "replace").decode()
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}..."


def too_slow(seconds):
    """Return the error for a candidate that takes too long."""
    return ScoringError(
        "model takes too long to judge",
        detail=f"It was given {seconds} s.",
        hint="Register a model that scores faster, or replay fewer rows.",
        sqlstate="54000",
    )


def no_verdict(detail, hint=None):
    """Return the error for a child that ended without a verdict."""
    return ScoringError(
        "model could not be judged",
        detail=f"The process that judged it gave no verdict. {detail}",
        hint=hint
        or "Train and register the model again, with the server's package versions.",
    )
