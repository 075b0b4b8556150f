"""The sandbox, with workers in the runtime's place that do as they like."""

import contextlib
import json
import math
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pgchurn.plpython.runtime import sandbox
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.sandbox import (
    module_source,
    module_sources,
    run_in_sandbox,
)

EXPLAINED = {"explanation_problem": None, "reference": None}
SCORED = {"replayed": None, "parity": None, "rows_compared": 0, "problem": None}
RESPONSE = {**SCORED, **EXPLAINED, "sizes": [None, None]}
RESULT = {**SCORED, **EXPLAINED, "compiled": None, "explanation": None}
LONGEST = 20
NO_MODEL = [b"", None, None, None]


def responding(response):
    """Return a worker that responds with a text."""
    return f"def respond(*request): print({response!r}, end='', flush=True)"


def doing(*statements):
    """Return a worker that runs statements, and responds with what is in `found`."""
    body = "\n    ".join(("import json, os, sys", "found = ''", *statements))
    return (
        f"def respond(request, *parts):\n    {body}\n"
        f"    result = {{**{RESPONSE!r}, 'problem': str(found)}}\n"
        "    print(json.dumps({'result': result}))\n"
    )


def evaluating(statement):
    """Return the runtime's own worker, which runs a statement instead of evaluating."""
    evaluate = f"def evaluate(request, *parts):\n    {statement}\n"
    return f"{module_source('sandbox_worker')}\n\n{evaluate}"


def evaluated(worker, request=None, parts=(), rows=0, interrupts=lambda: None):
    """Have something evaluated, and check that no process is left of it."""
    sources = {**module_sources("sandbox_worker"), "sandbox_worker": worker}
    before = children()
    try:
        return run_in_sandbox(sources, request, list(parts), rows, interrupts)
    finally:
        assert children() == before


def children():
    """Return the processes that this one has started, zombies included."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/status"):
        # It may have ended since it was listed.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            lines = status.read_text(encoding="utf-8", errors="replace").splitlines()
            if f"PPid:\t{os.getpid()}" in lines:
                found.add(status.parent.name)
    return found


def found(*statements, **given):
    """Return the text that a worker found."""
    return evaluated(doing(*statements), **given)["problem"]


def refusal(worker, **given):
    """Return how a worker's candidate is refused."""
    with pytest.raises(ScoringError) as raised:
        evaluated(worker, **given)
    assert raised.value.detail
    assert raised.value.hint
    return raised.value


def test_a_result_comes_back():
    result = {
        "replayed": [0.25, 1.0],
        "parity": math.inf,
        "rows_compared": 7,
        "problem": "half\ud800 zero\0",
        "explanation_problem": "half\ud800 zero\0",
        "reference": {"rows": 7},
        "sizes": [None, None],
    }

    worker = responding(json.dumps({"result": result}))

    expected = {
        **RESULT,
        "replayed": [0.25, 1.0],
        "parity": math.inf,
        "rows_compared": 7,
        "problem": "half? zero?",
        "explanation_problem": "half? zero?",
        "reference": '{"rows": 7}',
    }
    assert evaluated(worker, rows=2) == expected


WRITING = (
    "import sys\n"
    "def respond(request, content):\n"
    "    sys.stdout.buffer.write(content)\n"
    "    sys.stdout.flush()\n"
)


def followed_by(forms, sizes):
    """Return a response that bytes follow, in which forms have these sizes."""
    return json.dumps({"result": {**RESPONSE, "sizes": sizes}}).encode() + b"\n" + forms


@pytest.mark.parametrize("explanation", [None, b"", b"\n\x00" * 1_000])
def test_the_forms_follow_the_result_byte_for_byte(explanation):
    compiled = bytes(range(256)) * 1_000 + b"\n\n"
    size = None if explanation is None else len(explanation)
    response = followed_by(compiled + (explanation or b""), [len(compiled), size])

    found = evaluated(WRITING, parts=[response])

    assert found == {**RESULT, "compiled": compiled, "explanation": explanation}


@pytest.mark.parametrize(
    "sizes", [[3], [3, 3, 0], [4, 1], [2, 1], [-1, 5], None, [1, "x"]]
)
def test_forms_of_other_sizes_than_they_are_said_to_have_are_no_response(sizes):
    refused = refusal(WRITING, parts=[followed_by(b"1234", sizes)])

    assert "Its response cannot be read" in refused.detail


def test_the_request_and_all_parts_arrive():
    parts = [b"pickle", None, b"", bytes(range(256)) * 200_000]

    text = found(
        "found = [request, *(p if p is None else (len(p), sum(p)) for p in parts)]",
        request={"it": ["is", None, "\u00e9"]},
        parts=parts,
    )

    sizes = [None if part is None else (len(part), sum(part)) for part in parts]
    assert text == str([{"it": ["is", None, "\u00e9"]}, *sizes])


def test_a_refusal_arrives_with_all_its_parts():
    parts = ["no", "It is so.", "Do that.", "42703"]

    error = refusal(responding(json.dumps({"refused": parts})))

    assert [error.message, error.detail, error.hint, error.sqlstate] == parts


def test_what_a_candidate_prints_is_no_response():
    worker = evaluating(
        """import sys
    print('{"result": 1}', flush=True)
    print("noise" * 100000, file=sys.stderr, flush=True)
    os.write(1, b"more noise")
    result = {"parity": None, "rows_compared": 0, "problem": None}
    explained = {"explanation_problem": None, "reference": None}
    return {**result, **explained, "replayed": [0.5]}, b"a form", None
"""
    )

    result = evaluated(worker, parts=NO_MODEL, rows=1)

    assert result == {**RESULT, "replayed": [0.5], "compiled": b"a form"}


@pytest.mark.parametrize(
    "raised, sqlstate, part",
    [
        ("MemoryError()", "54000", "more memory"),
        ("RecursionError('deep')", "22023", "could not be evaluated"),
        ("SystemExit(0)", "22023", "could not be evaluated"),
        ("ScoringError('no', 'So.', 'Do.', '22004')", "22004", "no"),
    ],
)
def test_what_a_candidate_raises_becomes_an_error(raised, sqlstate, part):
    error = refusal(evaluating(f"raise {raised}"), parts=NO_MODEL)

    assert error.sqlstate == sqlstate
    assert part in error.message


@pytest.mark.parametrize("number", ["SIGSEGV", "SIGABRT", "SIGKILL", "SIGBUS"])
def test_a_crash_is_named(number):
    error = refusal(doing(f"import signal; os.kill(os.getpid(), signal.{number})"))

    assert error.sqlstate == "22023"
    value = getattr(signal, number)
    assert f"signal {int(value)} ({signal.strsignal(value)})" in error.detail


@pytest.mark.parametrize(
    "statement", ["return bytearray(8 << 30)", "x = [0]\n    while True: x += x"]
)
def test_memory_is_limited(statement):
    error = refusal(evaluating(statement), parts=NO_MODEL)

    assert error.sqlstate == "54000"
    assert "more memory" in error.message


@pytest.mark.parametrize(
    "statement",
    [
        "while True: pass",
        "import time; time.sleep(600)",
        "os.close(1); import time; time.sleep(600)",
    ],
    ids=["busy", "asleep", "hung up"],
)
def test_time_is_limited(monkeypatch, statement):
    monkeypatch.setattr(sandbox, "SECONDS", 1)
    before = time.monotonic()

    error = refusal(doing(statement))

    assert error.sqlstate == "54000"
    assert error.message == "model takes too long to evaluate"
    assert time.monotonic() - before < LONGEST


@pytest.mark.parametrize(
    "response",
    [
        "",
        "\n",
        "noise",
        "[]",
        "null",
        "{}",
        '{"result": null}',
        '{"result": {}}',
        '{"result": {"replayed": 1, "parity": 0, "rows_compared": 0, "problem": null}}',
        '{"result": {"replayed": [null], "parity": 0, "rows_compared": 0,'
        ' "problem": null}}',
        '{"result": {"replayed": [], "parity": 0, "rows_compared": 0, "problem": 5}}',
        '{"refused": ["no"]}',
        '{"refused": ["no", null, null, "57014"]}',
        '{"refused": ["no", null, null, "53200"]}',
        '{"refused": ["no", null, null, "00000"]}',
        '{"refused": ["no", null, null, "x"]}',
        '{"refused": ["no", null, null, null]}',
        '{"refused": [null, null, null, "22023"]}',
        '{"unheard of": []}',
        '{"result": {}, "refused": []}',
        "[" * 50_000,
        "9" * 5_000,
    ],
)
def test_a_response_that_cannot_be_read_is_refused(response):
    assert refusal(responding(response)).message == "model could not be evaluated"


def test_a_response_without_an_end_is_cut_off():
    error = refusal(doing("while True: print('x' * 1000)"))

    assert "longer than any result" in error.detail


def test_long_texts_are_cut_short():
    response = {"refused": ["no", "x" * 50_000, "Do that.", "22023"]}

    assert len(refusal(responding(json.dumps(response))).detail) < 5_000


def test_a_worker_that_cannot_be_imported_is_named():
    error = refusal("import no_such_module")

    assert "ModuleNotFoundError" in error.detail


def test_a_child_that_does_not_listen_keeps_nobody_waiting(monkeypatch):
    monkeypatch.setattr(sandbox, "python_program", lambda: "/bin/false")

    error = refusal("", parts=[bytes(50_000_000)])

    assert "exit status 1" in error.detail


def test_a_python_that_is_not_there_is_asked_for(monkeypatch):
    monkeypatch.setattr(sandbox.sys, "base_exec_prefix", "/nowhere")
    monkeypatch.setattr("sysconfig.get_config_var", lambda name: "/nowhere/else")

    error = refusal("")

    assert error.sqlstate == "55000"
    assert "/nowhere/bin/python3" in error.detail


def test_the_child_has_no_descriptor_but_its_pipes():
    with open(os.devnull) as inherited:
        os.set_inheritable(inherited.fileno(), True)

        text = found(
            "names = os.listdir('/proc/self/fd')",
            "found = sorted(n for n in names if os.path.exists(f'/proc/self/fd/{n}'))",
        )

    # The listing's own is gone when they are looked at.
    assert set(eval(text)) <= {"0", "1", "2"}


def test_the_child_has_limits_and_a_clean_environment(monkeypatch):
    monkeypatch.setenv("A_SECRET", "known")
    names = ["AS", "CPU", "CORE", "FSIZE", "NOFILE", "NPROC"]

    text = found(
        "import resource, signal",
        f"kinds = [getattr(resource, 'RLIMIT_' + name) for name in {names}]",
        "limits = [resource.getrlimit(kind) for kind in kinds]",
        "masked = signal.pthread_sigmask(signal.SIG_BLOCK, [])",
        "found = (limits, dict(os.environ), os.getcwd(), os.getsid(0) == os.getpid(),",
        "         masked, sys.path)",
    )

    limits, environment, folder, alone, masked, path = eval(text)
    assert all(hard >= soft >= 0 for soft, hard in limits)
    assert [hard - soft for soft, hard in limits] == [0, 1, 0, 0, 0, 0]
    assert limits[0][0] < 2 << 30
    assert [soft for soft, _ in limits[2:]] == [0, 0, 64, 0]
    assert "A_SECRET" not in environment
    assert environment["OMP_NUM_THREADS"] == "1"
    assert (folder, alone, masked, path) == ("/", True, set(), sys.path)


def test_the_child_writes_no_file(tmp_path):
    path = str(tmp_path / "written")

    text = found(
        "try:",
        f"    with open({path!r}, 'w') as file: file.write('x')",
        "except OSError as error: found = error.strerror",
    )

    assert text == os.strerror(27)
    assert Path(path).stat().st_size == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may start as many as it likes")
def test_the_child_starts_no_process():
    assert "BlockingIOError" in found(
        "try: os.fork()", "except OSError as error: found = repr(error)"
    )


@pytest.mark.parametrize("statement", ["import time; time.sleep(600)", "while 1: pass"])
def test_an_interrupt_ends_the_child_and_passes_as_it_is(statement):
    calls = []

    def interrupts():
        calls.append(time.monotonic())
        if len(calls) > 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluated(doing(statement), interrupts=interrupts)


def test_interrupts_are_checked_for_often():
    calls = []

    found(
        "import time; time.sleep(1)", interrupts=lambda: calls.append(time.monotonic())
    )

    assert max(b - a for a, b in zip(calls, calls[1:])) < 0.5


PARENT = """
from pgchurn.plpython.runtime.sandbox import module_sources, run_in_sandbox
worker = "def respond(*request):\\n    import time; time.sleep(600)"
sources = {**module_sources("sandbox_worker"), "sandbox_worker": worker}
run_in_sandbox(sources, None, [], 0, lambda: print("waiting", flush=True))
"""


def test_the_child_does_not_outlive_a_parent_that_is_killed():
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True
    ) as parent:
        children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
        until(lambda: parent.stdout.readline() and children.read_text())
        (child,) = children.read_text().split()
        parent.kill()
        parent.stdout.close()

    until(lambda: not runs(child))


def runs(process):
    """Return whether a process is there and no zombie."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False
    return "\nState:\tZ" not in status


def until(true):
    """Wait for something that comes true."""
    deadline = time.monotonic() + LONGEST
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_limits_are_those_of_the_child_alone():
    before = resource.getrlimit(resource.RLIMIT_AS)

    found()

    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_the_sandbox_is_sent_what_its_worker_imports_and_no_more():
    sources = module_sources("sandbox_worker")

    needed = {
        "finder",
        "sandbox_worker",
        "strict_pickle",
        "compile_model",
        "form_parts",
    }
    assert needed <= set(sources)
    assert not {"session", "scoring", "sandbox", "admission"} & set(sources)
    for name, source in sources.items():
        assert source == module_source(name)
