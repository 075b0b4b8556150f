"""The judging process, with programs in the runtime's place that do as they like."""

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
from pgchurn.plpython.render import (
    examination_source,
    pickle_reader_source,
    runtime_source,
)
from pgchurn.plpython.runtime import sandbox as judging
from pgchurn.plpython.runtime.errors import ScoringError
from pgchurn.plpython.runtime.sandbox import judge

WHOLE_PROGRAM = "\n\n".join(
    (runtime_source(), pickle_reader_source(), examination_source(), "")
)
FOUND = {"replayed": None, "parity": None, "rows_compared": 0, "problem": None}
LONGEST = 20
NO_MODEL = [b"", None, None, None]


def answering(verdict):
    """Return a program that answers with a text."""
    return f"def answer(*question): print({verdict!r}, end='', flush=True)"


def doing(*statements):
    """Return a program that runs statements, and answers with what is in `found`."""
    body = "\n    ".join(("import json, os, sys", "found = ''", *statements))
    return (
        f"def answer(question, *parts):\n    {body}\n"
        f"    print(json.dumps({{'found': {{**{FOUND!r}, 'problem': str(found)}}}}))\n"
    )


def judged(program, question=None, parts=(), rows=0, interrupts=lambda: None):
    """Have something judged, and check that no process is left of it."""
    try:
        return judge(program, question, list(parts), rows, interrupts)
    finally:
        with pytest.raises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)


def found(*statements, **given):
    """Return the text that a program found."""
    return judged(doing(*statements), **given)["problem"]


def refusal(program, **given):
    """Return how a program is refused."""
    with pytest.raises(ScoringError) as raised:
        judged(program, **given)
    assert raised.value.detail
    assert raised.value.hint
    return raised.value


def test_what_was_found_comes_back():
    finding = {
        "replayed": [0.25, 1.0],
        "parity": math.inf,
        "rows_compared": 7,
        "problem": "half\ud800 zero\0",
    }

    answer = judged(answering(json.dumps({"found": finding})), rows=2)

    assert answer == {**finding, "problem": "half? zero?"}


def test_the_question_and_all_parts_arrive():
    parts = [b"pickle", None, b"", bytes(range(256)) * 200_000]

    said = found(
        "found = [question, *(p if p is None else (len(p), sum(p)) for p in parts)]",
        question={"it": ["is", None, "\u00e9"]},
        parts=parts,
    )

    sizes = [None if part is None else (len(part), sum(part)) for part in parts]
    assert said == str([{"it": ["is", None, "\u00e9"]}, *sizes])


def test_a_refusal_arrives_with_all_its_parts():
    parts = ["no", "It is so.", "Do that.", "42703"]

    error = refusal(answering(json.dumps({"refused": parts})))

    assert [error.message, error.detail, error.hint, error.sqlstate] == parts


def test_a_candidate_that_prints_is_not_taken_for_the_judge():
    printing = """
def examine_candidate(question, *parts):
    import sys
    print('{"found": 1}', flush=True)
    print("noise" * 100000, file=sys.stderr, flush=True)
    os.write(1, b"more noise")
    return {"replayed": [0.5], "parity": None, "rows_compared": 0, "problem": None}
"""

    answer = judged(WHOLE_PROGRAM + printing, parts=NO_MODEL, rows=1)

    assert answer == {**FOUND, "replayed": [0.5]}


@pytest.mark.parametrize(
    "raised, sqlstate, said",
    [
        ("MemoryError()", "54000", "more memory"),
        ("RecursionError('deep')", "22023", "could not be judged"),
        ("SystemExit(0)", "22023", "could not be judged"),
        ("ScoringError('no', 'So.', 'Do.', '22004')", "22004", "no"),
    ],
)
def test_what_a_candidate_raises_becomes_an_error(raised, sqlstate, said):
    raising = f"\ndef examine_candidate(question, *parts):\n    raise {raised}\n"

    error = refusal(WHOLE_PROGRAM + raising, parts=NO_MODEL)

    assert error.sqlstate == sqlstate
    assert said in error.message


@pytest.mark.parametrize("number", ["SIGSEGV", "SIGABRT", "SIGKILL", "SIGBUS"])
def test_a_crash_is_named(number):
    error = refusal(doing(f"import signal; os.kill(os.getpid(), signal.{number})"))

    assert error.sqlstate == "22023"
    value = getattr(signal, number)
    assert f"signal {int(value)} ({signal.strsignal(value)})" in error.detail


@pytest.mark.parametrize(
    "statement", ["bytearray(8 << 30)", "x = [0]\n    while True: x += x"]
)
def test_memory_is_limited(statement):
    program = f"{doing(statement)}\nanswer_alone = answer\n" + (
        "def answer(*given):\n"
        "    try: answer_alone(*given)\n"
        '    except MemoryError: print(\'{"failed": ["MemoryError", ""]}\')\n'
    )

    error = refusal(program)

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
    monkeypatch.setattr(judging, "JUDGING_SECONDS", 1)
    before = time.monotonic()

    error = refusal(doing(statement))

    assert error.sqlstate == "54000"
    assert error.message == "model takes too long to judge"
    assert time.monotonic() - before < LONGEST


@pytest.mark.parametrize(
    "said",
    [
        "",
        "\n",
        "noise",
        "[]",
        "null",
        "{}",
        '{"found": null}',
        '{"found": {}}',
        '{"found": {"replayed": 1, "parity": 0, "rows_compared": 0, "problem": null}}',
        '{"found": {"replayed": [null], "parity": 0, "rows_compared": 0,'
        ' "problem": null}}',
        '{"found": {"replayed": [], "parity": 0, "rows_compared": 0, "problem": 5}}',
        '{"refused": ["no"]}',
        '{"refused": ["no", null, null, "57014"]}',
        '{"refused": ["no", null, null, "53200"]}',
        '{"refused": ["no", null, null, "00000"]}',
        '{"refused": ["no", null, null, "x"]}',
        '{"refused": ["no", null, null, null]}',
        '{"refused": [null, null, null, "22023"]}',
        '{"unheard of": []}',
        '{"found": {}, "refused": []}',
        "[" * 50_000,
        "9" * 5_000,
    ],
)
def test_an_answer_that_is_no_verdict_is_refused(said):
    assert refusal(answering(said)).message == "model could not be judged"


def test_an_answer_without_an_end_is_cut_off():
    error = refusal(doing("while True: print('x' * 1000)"))

    assert "more than a judge" in error.detail


def test_long_texts_are_cut_short():
    said = {"refused": ["no", "x" * 50_000, "Do that.", "22023"]}

    assert len(refusal(answering(json.dumps(said))).detail) < 5_000


def test_a_program_that_cannot_be_read_is_named():
    error = refusal("import no_such_module")

    assert "ModuleNotFoundError" in error.detail


def test_a_child_that_does_not_listen_keeps_nobody_waiting(monkeypatch):
    monkeypatch.setattr(judging, "python_program", lambda: "/bin/false")

    error = refusal("", parts=[bytes(50_000_000)])

    assert "exit status 1" in error.detail


def test_a_python_that_is_not_there_is_asked_for(monkeypatch):
    monkeypatch.setattr(judging.sys, "base_exec_prefix", "/nowhere")
    monkeypatch.setattr("sysconfig.get_config_var", lambda name: "/nowhere/else")

    error = refusal("")

    assert error.sqlstate == "55000"
    assert "/nowhere/bin/python3" in error.detail


def test_the_child_has_no_descriptor_but_its_pipes():
    with open(os.devnull) as inherited:
        os.set_inheritable(inherited.fileno(), True)

        said = found(
            "names = os.listdir('/proc/self/fd')",
            "found = sorted(n for n in names if os.path.exists(f'/proc/self/fd/{n}'))",
        )

    # The listing's own is gone when they are looked at.
    assert set(eval(said)) <= {"0", "1", "2"}


def test_the_child_has_limits_and_a_clean_environment(monkeypatch):
    monkeypatch.setenv("A_SECRET", "known")
    names = ["AS", "CPU", "CORE", "FSIZE", "NOFILE", "NPROC"]

    said = found(
        "import resource, signal",
        f"kinds = [getattr(resource, 'RLIMIT_' + name) for name in {names}]",
        "limits = [resource.getrlimit(kind) for kind in kinds]",
        "masked = signal.pthread_sigmask(signal.SIG_BLOCK, [])",
        "found = (limits, dict(os.environ), os.getcwd(), os.getsid(0) == os.getpid(),",
        "         masked, sys.path)",
    )

    limits, environment, folder, alone, masked, path = eval(said)
    assert all(hard >= soft >= 0 for soft, hard in limits)
    assert [hard - soft for soft, hard in limits] == [0, 1, 0, 0, 0, 0]
    assert limits[0][0] < 2 << 30
    assert [soft for soft, _ in limits[2:]] == [0, 0, 64, 0]
    assert "A_SECRET" not in environment
    assert environment["OMP_NUM_THREADS"] == "1"
    assert (folder, alone, masked, path) == ("/", True, set(), sys.path)


def test_the_child_writes_no_file(tmp_path):
    path = str(tmp_path / "written")

    said = found(
        "try:",
        f"    with open({path!r}, 'w') as file: file.write('x')",
        "except OSError as error: found = error.strerror",
    )

    assert said == os.strerror(27)
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
        judged(doing(statement), interrupts=interrupts)


def test_interrupts_are_let_in_often():
    calls = []

    found(
        "import time; time.sleep(1)", interrupts=lambda: calls.append(time.monotonic())
    )

    assert max(b - a for a, b in zip(calls, calls[1:])) < 0.5


PARENT = """
import sys
from pgchurn.plpython.runtime.sandbox import judge
judge("def answer(*question):\\n    import time; time.sleep(600)", None, [], 0,
      lambda: print("waiting", flush=True))
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
