"""Where the command line finds what its sub-commands do."""

import subprocess
import sys

import pytest
from pgchurn.loader.command_line import build_parser, function_of


def test_every_command_has_a_function_of_its_name():
    (names,) = (action.choices for action in build_parser()._actions if action.choices)

    assert {name: function_of(name).__name__ for name in names} == {n: n for n in names}


def test_commands_that_read_no_model_spare_scikit_learn():
    program = "import loader.commands, sys; print('sklearn' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True
    )

    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["work", "--batch-size", "x"], "must be a whole number"),
        (["work", "--batch-size", "0"], "must be at least 1"),
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
