"""How the sub-commands are found, what they take, and what they import."""

import subprocess
import sys
from importlib import metadata

import pytest
from pgchurn.loader.command_line import COMMANDS, build_parser, main

NOWHERE = "host=/nowhere dbname=none"
# Enough of each command to get as far as its connection.
READ_NO_MODEL = {
    "activate": ["1"],
    "rollback": [],
    "release": ["status"],
    "experiment": ["status"],
    "delete": ["1", "2"],
    "models": [],
    "show": ["1"],
    "compare": ["1", "2", "--since", "2026-01-31T00:00:00+00:00"],
    "rescore": [],
    "work": [],
    "verify": [],
    "explain": ["1"],
    "why": ["1"],
    "monitor": [],
    "metrics": [],
    "listen": [],
    "doctor": [],
    "migrate": [],
    "downgrade": ["base"],
}
# What reads models, and what computes the curves of a report.
USE_NUMPY = {
    *("train", "register", "recalibrate", "retrain", "learn", "sign", "report", "demo"),
}
USE_NO_DATABASE = {"dashboard"}
IMPORTS = """
import sys
from pgchurn.loader.command_line import main
main(sys.argv[1:])
print(*sorted({"numpy", "pandas", "sklearn", "onnxruntime"} & set(sys.modules)))
"""


def test_every_command_is_a_file_of_its_name():
    assert {name: module.__name__ for name, module in COMMANDS.items()} == {
        name: f"pgchurn.loader.commands.{name}" for name in COMMANDS
    }
    assert COMMANDS.keys() == READ_NO_MODEL.keys() | USE_NUMPY | USE_NO_DATABASE


@pytest.mark.parametrize("name", READ_NO_MODEL)
def test_commands_that_read_no_model_spare_scikit_learn(name):
    arguments = [name, *READ_NO_MODEL[name], "--database-url", NOWHERE]

    done = subprocess.run(
        [sys.executable, "-c", IMPORTS, *arguments], capture_output=True, text=True
    )

    assert "connection to server" in done.stderr
    assert done.stdout == "\n"


def test_the_version_is_that_of_the_installed_package(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out == f"pgchurn {metadata.version('pgchurn')}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["work", "--batch-size", "x"], "must be a whole number"),
        (["work", "--batch-size", "0"], "must be at least 1"),
        (["explain", "--top", "0"], "must be at least 1"),
        (["work", "--poll", "soon"], "must be a number"),
        (["work", "--poll", "nan"], "must be more than 0"),
        (["sign", "m.pkl", "--expires", "soon"], "must be a date such as 2026-12-31"),
    ],
)
def test_what_an_argument_must_be_is_said_in_words(arguments, message, capsys):
    with pytest.raises(SystemExit):
        build_parser().parse_args(arguments)

    option = arguments[-2]
    assert capsys.readouterr().err.endswith(f"error: argument {option}: {message}\n")
