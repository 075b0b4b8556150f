"""How the runtime's modules become one text."""

import ast
import collections

from pgchurn.plpython.render import (
    examination_source,
    pickle_reader_source,
    runtime_source,
)


def test_no_two_modules_define_the_same_name():
    # Whoever judges a candidate reads all of them into the same scope.
    sources = (runtime_source(), pickle_reader_source(), examination_source())
    body = ast.parse("\n\n".join(sources)).body
    defined = collections.Counter(
        name for statement in body for name in defined_names(statement)
    )

    assert [name for name, times in defined.items() if times > 1] == []


def defined_names(statement):
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        return [node.id for node in statement.targets if isinstance(node, ast.Name)]
    return []
