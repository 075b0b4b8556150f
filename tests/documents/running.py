"""What runs the examples of a page: one psql and one shell for all of them."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from tests.databases import CHECKOUT, postgresql_program

MARK = "the end of an example"
# Far longer than any example takes.
PATIENCE = 300


class Runner:
    """Runs the examples of one page.

    Parameters
    ----------
    database : Database
    directory : pathlib.Path
        Where what the examples write goes.
    """

    def __init__(self, database, directory):
        for entry in CHECKOUT.iterdir():
            if entry.name != ".git":
                (directory / entry.name).symlink_to(entry)
        options = {
            "cwd": directory,
            "env": environment(database),
        }
        # Without notes on where in a function an error came up, and without its own
        # prompt and settings.
        self.psql = Conversation(
            [
                *(postgresql_program("psql"), "--no-psqlrc", "--quiet"),
                *("--set", "SHOW_CONTEXT=never", "--dbname", database.url),
            ],
            options,
        )
        self.shell = Conversation(["bash", "--noprofile", "--norc"], options)

    def run(self, step):
        """Run a step; return what it prints and whether it went well."""
        if step.language == "sql":
            printed = self.psql.say(f"{step.command}\n\\echo {MARK}\n")
            return printed, "ERROR:" not in printed
        command = step.command
        if step.language == "python":
            command = f"{sys.executable} - <<'PYTHON'\n{command}\nPYTHON"
        # In braces, so that what is exported stays, and without the shell's own input.
        printed = self.shell.say(
            f"{{ {command}\n}} </dev/null 2>&1\n"
            f"status=$?; echo; echo $status; echo {MARK}\n"
        )
        printed, status = printed.rstrip("\n").rsplit("\n", 1)
        return printed, status == "0"

    def close(self):
        """End both."""
        self.psql.close()
        self.shell.close()


class Conversation:
    """A program that is told what to do line by line.

    Parameters
    ----------
    command : list of str
    options : dict
        For ``subprocess.Popen``.
    """

    def __init__(self, command, options):
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            **options,
        )

    def say(self, text):
        """Send text that ends with the mark; return what is printed before it."""
        timer = threading.Timer(PATIENCE, self.kill)
        timer.start()
        try:
            self.process.stdin.write(text)
            self.process.stdin.flush()
            lines = []
            for line in self.process.stdout:
                if line.rstrip("\n") == MARK:
                    return "".join(lines)
                lines.append(line)
            raise AssertionError(f"ended or took too long:\n{text}\n{''.join(lines)}")
        finally:
            timer.cancel()

    def kill(self):
        """End the program and what it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def close(self):
        """End the program."""
        self.kill()
        self.process.communicate()


def environment(database):
    """Return the environment in which a reader would work on a database."""
    programs = [Path(sys.executable).parent, Path(postgresql_program("psql")).parent]
    # A reader's make is told nothing by the make that runs the tests.
    own = ("MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS")
    inherited = {k: v for k, v in database.environment().items() if k not in own}
    return {
        **inherited,
        "PATH": os.pathsep.join([*map(str, programs), os.environ["PATH"]]),
        "PAGER": "cat",
        "TERM": "dumb",
    }
