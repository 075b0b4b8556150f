"""A Debian 13 in a directory, to run programs in."""

import contextlib
import fcntl
import os
import shlex
import shutil
import subprocess
from pathlib import Path

from pgchurn.loader import distribution, private_server

from tests.checkout import copy_checkout
from tests.databases import CHECKOUT

SUITE = "trixie"
# `make` runs what is tried; with the certificates, pip trusts whom this machine trusts.
PACKAGES = ("ca-certificates", "make")
# Whoever runs in them can leave nothing behind: no process, no mount, no shared memory.
# And they end with this process, whatever ends it.
NAMESPACES = (
    *("setpriv", "--pdeathsig", "KILL"),
    *("unshare", "--mount", "--pid", "--ipc", "--fork", "--kill-child"),
)
ENTER = Path(__file__).with_name("enter.sh")
CERTIFICATES = Path("usr/local/share/ca-certificates")
# Without it, a package that brings a server starts one.
START_NO_SERVICES = "#!/bin/sh\nexit 101\n"
ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
}
# Where the caller says how to reach the package indexes.
PASSED_ON = ("http_proxy", "https_proxy", "no_proxy")
COPY = Path("srv/pgchurn")
# Beside the checkout, where the tests of real data look for it.
DATA = Path("shared/data")


class Unavailable(RuntimeError):
    """There can be no Debian 13 here; the message says why, in one line."""


def root_directory():
    """Return where the root directory is: with the checkout's other state."""
    return private_server.state_directory() / "debian13"


@contextlib.contextmanager
def locked(root):
    """Keep a second run in the same checkout waiting until this one is through."""
    root.parent.mkdir(parents=True, exist_ok=True)
    with open(root.with_name(f"{root.name}.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(root):
    """Install a Debian 13, unless a whole one is there.

    Parameters
    ----------
    root : pathlib.Path
        A directory that only `build` makes.
    """
    if os.geteuid() != 0:
        raise Unavailable("only root can install a Debian 13 in a directory")
    try:
        if not root.exists():
            install(root)
        # On another day the machine may not let anybody in any more.
        distribution.run(*entering(root, "true"), failure="it cannot be entered")
    except (distribution.SetupError, OSError) as error:
        failure, *output = str(error).splitlines()
        reason = ": ".join([failure, *output[-1:]])
        raise Unavailable(f"Debian 13 cannot be tried here: {reason}") from error


def install(root):
    """Install a Debian 13 in a directory that does not exist.

    Renamed when it is whole, so that an interrupted one is not taken for that.
    """
    if shutil.which("debootstrap") is None:
        distribution.update_package_lists()
        distribution.install_packages(["debootstrap"])
    unfinished = root.with_name(f"{root.name}.unfinished")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    distribution.report(f"installing Debian 13 in {root}, which takes a few minutes")
    include = f"--include={','.join(PACKAGES)}"
    distribution.run(
        *(*NAMESPACES, "debootstrap", "--variant=minbase", include, SUITE, unfinished),
        failure="debootstrap failed",
    )
    policy = unfinished / "usr/sbin/policy-rc.d"
    policy.write_text(START_NO_SERVICES)
    policy.chmod(0o755)
    trusted = Path("/") / CERTIFICATES
    if trusted.exists():
        shutil.copytree(trusted, unfinished / CERTIFICATES, dirs_exist_ok=True)
    distribution.run(
        *entering(unfinished, "update-ca-certificates"),
        failure="the certificates cannot be installed",
    )
    unfinished.rename(root)


def refresh(root):
    """Copy the checkout into the root directory, and begin with an empty database."""
    for network in ("etc/resolv.conf", "etc/hosts"):
        shutil.copyfile(Path("/") / network, root / network)
    copy = root / COPY
    state = private_server.state_directory(Path("/") / COPY, user_id=0)
    for former in (copy, copy.parent / DATA, root / state.relative_to("/") / "data"):
        if former.exists():
            shutil.rmtree(former)
    copy_checkout(copy)
    if (CHECKOUT.parent / DATA).is_dir():
        shutil.copytree(CHECKOUT.parent / DATA, copy.parent / DATA)


def succeeds(root, script):
    """Run a shell script in the copy of the checkout, and tell whether all went well.

    Parameters
    ----------
    root : pathlib.Path
    script : str
        For ``sh``, which ends with the first line that fails.
    """
    command = entering(root, "sh", "-euc", f"cd /{COPY}\n{script}")
    return subprocess.run(command, env=environment()).returncode == 0


def entering(root, *command):
    """Return the command that runs another in the root directory."""
    return [*NAMESPACES, "sh", ENTER, root, *command]


def environment():
    """Return the environment of programs in the root directory, not the caller's."""
    passed = {
        name: value
        for name, value in os.environ.items()
        if name.lower() in PASSED_ON or name.startswith("PIP_")
    }
    return {**ENVIRONMENT, **passed}


def make(target, **variables):
    """Return the line of a shell script that makes a target."""
    settings = [
        # A dollar is the shell's to make of what it likes, not make's.
        f"{name}={value.replace('$', '$$')}"
        for name, value in variables.items()
    ]
    return shlex.join(["make", target, *settings])
