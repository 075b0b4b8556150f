"""Debian 13 in a directory, without installing one."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest
from pgchurn.loader import distribution

from tests.databases import CHECKOUT
from tests.debian13 import __main__ as debian13
from tests.debian13 import root as root_module
from tests.debian13.root import build, entering, environment, make, refresh

COPY = "srv/pgchurn"


@pytest.fixture
def as_root(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(root_module.shutil, "which", lambda name: f"/usr/sbin/{name}")


@pytest.fixture
def programs(monkeypatch):
    """The programs that were run, none of which has run."""
    run = []

    def pretend(*command, failure):
        run.append(" ".join(map(str, command)))
        if "debootstrap" in command:
            (command[-1] / "usr/sbin").mkdir(parents=True)
        return ""

    monkeypatch.setattr(distribution, "run", pretend)
    return run


@pytest.fixture
def root(tmp_path):
    return tmp_path / "debian13"


def test_debian_is_installed_and_starts_no_services(as_root, programs, root):
    build(root)

    assert "debootstrap --variant=minbase" in programs[0]
    assert (root / "usr/sbin/policy-rc.d").stat().st_mode & 0o111
    assert [path.name for path in root.parent.iterdir()] == ["debian13"]


def test_a_whole_debian_is_used_again(as_root, programs, root):
    root.mkdir()

    build(root)

    assert not any("debootstrap" in program for program in programs)


def test_an_interrupted_installation_is_begun_anew(as_root, programs, root):
    torn = root.with_name("debian13.unfinished") / "etc/torn"
    torn.mkdir(parents=True)

    build(root)

    assert any("debootstrap" in program for program in programs)
    assert not (root / "etc/torn").exists()


@pytest.fixture
def answers(monkeypatch, root):
    """Say how `build` ends and whether the tests pass."""
    monkeypatch.setattr(debian13, "root_directory", lambda: root)
    monkeypatch.setattr(debian13, "refresh", lambda root: None)

    def answer(unavailable=None, passing=True):
        def pretend_to_build(root):
            if unavailable:
                raise root_module.Unavailable(unavailable)

        monkeypatch.setattr(debian13, "build", pretend_to_build)
        monkeypatch.setattr(debian13, "succeeds", lambda root, script: passing)

    return answer


@pytest.mark.parametrize("passing, status", [(True, 0), (False, 1)])
@pytest.mark.parametrize("options", [[], ["--if-possible"]])
def test_the_exit_status_is_that_of_the_tests(passing, status, options, answers):
    answers(passing=passing)

    assert debian13.main(options) == status


@pytest.mark.parametrize("options, status", [([], 1), (["--if-possible"], 0)])
def test_where_there_can_be_no_debian_one_line_says_so(
    options, status, answers, capsys
):
    answers(unavailable="not here")

    assert debian13.main(options) == status

    assert capsys.readouterr().err == "pgchurn: not here\n"


def test_an_ordinary_user_is_told_that_root_can(monkeypatch, root):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(root_module.Unavailable, match="only root"):
        build(root)


@pytest.mark.parametrize(
    "error",
    [
        distribution.SetupError("debootstrap failed\nI: Retrieving\nE: no mirror"),
        FileNotFoundError("No such file or directory: 'unshare'"),
    ],
)
def test_what_keeps_debian_away_is_one_line(error, as_root, monkeypatch, root):
    def fail(*command, failure):
        raise error

    monkeypatch.setattr(distribution, "run", fail)

    with pytest.raises(root_module.Unavailable) as refused:
        build(root)

    message = str(refused.value)
    assert "\n" not in message
    assert message.endswith(str(error).splitlines()[-1])


def test_each_run_begins_with_the_checkout_and_without_data(root):
    (root / "etc").mkdir(parents=True)
    state = root_module.private_server.state_directory(Path("/") / COPY, user_id=0)
    state = root / state.relative_to("/")
    for folder in (root / COPY / "removed", state / "data", state / "venv"):
        folder.mkdir(parents=True)

    refresh(root)

    assert (root / COPY / "Makefile").read_bytes() == (
        CHECKOUT / "Makefile"
    ).read_bytes()
    assert not (root / COPY / ".git").exists()
    assert not (root / COPY / "removed").exists()
    assert [path.name for path in state.iterdir()] == ["venv"]


def test_arguments_reach_pytest_unchanged():
    arguments = "-k 'a or $b' \"tests/it's\""

    line = make("test", ARGS=arguments)

    assert shlex.split(line)[2] == f"ARGS={arguments.replace('$', '$$')}"


def test_the_short_form_names_tests_that_there_are():
    assert [name for name in debian13.QUICK if not (CHECKOUT / name).exists()] == []


def test_programs_hear_of_indexes_and_not_of_the_callers_database(monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere")

    told = environment()

    assert told["PIP_INDEX_URL"] == "https://index.example"
    assert told["HTTPS_PROXY"] == "http://proxy.example"
    assert "DATABASE_URL" not in told


BIND_AND_RUN = 'mount --bind / "$0" && exec "$@"'


def entering_this_machine(root, *command):
    """Return the command that runs another in the machine's own root directory."""
    bind = ["unshare", "--mount", "sh", "-c", BIND_AND_RUN, root]
    return [*bind, *entering(root, "sh", "-c", *command)]


@pytest.fixture
def permitted(tmp_path):
    """A directory to bind the machine's root directory to, where that is permitted."""
    root = tmp_path / "root"
    root.mkdir()
    command = entering_this_machine(root, "true")
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("this user may have no namespaces and mounts here")
    return root


def test_a_command_sees_no_process_but_its_own(permitted):
    listing = entering_this_machine(permitted, "echo /proc/[0-9]*")

    listed = subprocess.run(listing, capture_output=True, text=True, check=True)

    assert len(listed.stdout.split()) < 5


def test_a_command_that_fails_says_so(permitted):
    assert subprocess.run(entering_this_machine(permitted, "exit 3")).returncode == 3


def test_nothing_is_left_of_a_command_that_is_killed(permitted):
    mounts = Path("/proc/mounts").read_text()
    ticking = entering_this_machine(permitted, "yes & wait")
    process = subprocess.Popen(ticking, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"y\n"

    process.kill()

    # The output ends when the last who could write to it is gone.
    process.communicate(timeout=10)
    assert Path("/proc/mounts").read_text() == mounts
