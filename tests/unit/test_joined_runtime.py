"""The runtime's modules, joined into one text for the server."""

import ast
import importlib
import re

import pytest
from pgchurn.plpython import render
from pgchurn.plpython.runtime import EXAMINATION_MODULES, MODULES, PICKLE_MODULES

from tests.databases import CHECKOUT

FROZEN = CHECKOUT / "migrations" / "frozen"
RUNTIME = CHECKOUT / "plpython" / "runtime"


def test_a_frozen_file_holds_no_placeholder_of_the_source():
    for path in FROZEN.rglob("*.sql"):
        text = path.read_text(encoding="utf-8")
        assert "@runtime_key@" not in text
        assert "@runtime_source@" not in text
        assert "@pickle_reader_source@" not in text
        assert "@examination_source@" not in text


def top_level_names(path):
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets)


def test_no_name_is_used_twice_across_the_modules_that_are_joined():
    names = [name for m in MODULES for name in top_level_names(RUNTIME / f"{m}.py")]

    assert sorted(names) == sorted(set(names))


def test_every_module_of_the_runtime_is_joined():
    assert {p.stem for p in RUNTIME.glob("*.py")} == {*MODULES, "__init__"}


def test_every_module_of_the_runtime_imports_on_its_own():
    for module in MODULES:
        importlib.import_module(f"pgchurn.plpython.runtime.{module}")


def test_the_joined_runtime_runs_without_a_package_on_disk():
    source = "\n\n".join(
        (
            render.runtime_source(),
            render.pickle_reader_source(),
            render.examination_source(),
        )
    )

    assert "from ." not in re.sub(r"``.*?``|#.*", "", source, flags=re.S)
    scope = {}
    exec(compile(source, "runtime", "exec"), scope)
    assert callable(scope["Session"])
    assert callable(scope["answer"])


def test_the_modules_are_joined_in_the_order_in_which_they_need_each_other():
    for position, module in enumerate(MODULES):
        for node in ast.parse((RUNTIME / f"{module}.py").read_text()).body:
            if isinstance(node, ast.ImportFrom) and node.level:
                assert node.module.rpartition(".")[2] in MODULES[:position]


@pytest.mark.parametrize("part", ["runtime_source", "pickle_reader_source"])
def test_the_runtime_key_names_the_content(monkeypatch, part):
    before = render.runtime_key()

    monkeypatch.setattr(render, part, lambda: "something else")

    assert render.runtime_key() != before


def test_the_joined_runtime_does_not_end_its_own_dollar_quote():
    assert "$python$" not in render.runtime_source()
    assert "$python$" not in render.pickle_reader_source()
    assert "$python$" not in render.examination_source()


def test_what_reads_a_pickle_needs_nothing_of_the_runtime_but_its_refusals():
    for module in PICKLE_MODULES:
        for node in ast.parse((RUNTIME / f"{module}.py").read_text()).body:
            if isinstance(node, ast.ImportFrom) and node.level:
                names = {alias.name for alias in node.names}
                needed = node.module.rpartition(".")[2]
                assert needed in PICKLE_MODULES or names == {"ScoringError"}


def test_the_runtime_needs_of_what_reads_a_pickle_the_estimator_alone():
    for module in set(MODULES) - {*PICKLE_MODULES, *EXAMINATION_MODULES}:
        for node in ast.parse((RUNTIME / f"{module}.py").read_text()).body:
            if isinstance(node, ast.ImportFrom):
                needed = node.module.rpartition(".")[2]
                if needed in PICKLE_MODULES:
                    assert [alias.name for alias in node.names] == ["load_estimator"]
