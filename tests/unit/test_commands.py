"""Where the command line finds what its sub-commands do."""

import subprocess
import sys

from loader.command_line import build_parser, function_of


def test_every_command_has_a_function_of_its_name():
    (names,) = (action.choices for action in build_parser()._actions if action.choices)

    assert {name: function_of(name).__name__ for name in names} == {n: n for n in names}


def test_commands_that_read_no_model_spare_scikit_learn():
    program = "import loader.commands, sys; print('sklearn' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True
    )

    assert done.stdout == "False\n"
