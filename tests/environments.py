"""Environments of Python beside the checkout's, for packages that must not touch it."""

import shutil
import sys

from pgchurn.loader import distribution, private_server


def python_of(name):
    """Return where the interpreter of an environment is, or would be."""
    return private_server.plain_state_directory() / name / "bin/python"


def is_installed(name, requirements):
    """Return whether an environment has been made of exactly these requirements."""
    stamp = _stamp(name)
    return stamp.exists() and stamp.read_text(encoding="utf-8") == requirements


def install(name, requirements, title):
    """Make an environment, unless it is there.

    Parameters
    ----------
    name : str
        Of the environment's folder.
    requirements : str
        Lines as pip takes them from a file.
    title : str
        What is installed, for people to read.
    """
    if is_installed(name, requirements):
        return
    distribution.report(f"installing {title}")
    environment = private_server.plain_state_directory() / name
    shutil.rmtree(environment, ignore_errors=True)
    failure = f"{title} could not be installed"
    distribution.run(sys.executable, "-m", "venv", environment, failure=failure)
    wanted = environment / "requirements.txt"
    wanted.write_text(requirements, encoding="utf-8")
    pip = (python_of(name), "-m", "pip", "--quiet", "--no-input")
    distribution.run(*pip, "install", "-r", wanted, failure=failure)
    # Written last, so that what was interrupted is not taken for whole.
    _stamp(name).write_text(requirements, encoding="utf-8")


def exit_status(*installs):
    """Install packages; return the exit status, having said why some are missing."""
    try:
        for install_them in installs:
            install_them()
    except distribution.SetupError as error:
        distribution.report(error)
        return 1
    return 0


def _stamp(name):
    return private_server.plain_state_directory() / name / "installed"
