"""Importing the runtime where there is no package on disk, as a session does."""

import ast
import subprocess
import sys
import textwrap

import pytest
from pgchurn.plpython.render_runtime import RUNTIME, module_names

INSTALLING = f"""
import pathlib, sys
def source_of(name):
    path = pathlib.Path({str(RUNTIME)!r}) / f"{{name}}.py"
    return path.read_text() if path.exists() else None
finder = {{"__name__": "finder"}}
exec(source_of("finder"), finder)
install = finder["install"]
install(source_of)
"""


def printed(program, *arguments, folder="/"):
    """Return what a program prints that runs with the finder installed."""
    done = subprocess.run(
        [sys.executable, "-c", INSTALLING + textwrap.dedent(program), *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_every_module_imports_on_its_own():
    program = """
        import importlib
        for name in sys.argv[1:]:
            install(source_of)
            print(importlib.import_module(f"churn_runtime.{name}").__name__)
        """

    assert printed(program, *module_names()).splitlines() == [
        f"churn_runtime.{name}" for name in module_names()
    ]


def test_a_module_that_is_not_there_is_missed_as_any_other():
    program = """
        try:
            import churn_runtime.no_such_module
        except ModuleNotFoundError as error:
            print(error.name)
        """

    assert printed(program) == "churn_runtime.no_such_module"


def test_nobodys_folder_comes_before_the_package(tmp_path):
    (tmp_path / "churn_runtime").mkdir()
    (tmp_path / "churn_runtime" / "errors.py").write_text("print('mine')")

    assert printed("import churn_runtime.errors", folder=tmp_path) == ""


def test_a_traceback_shows_module_line_and_source():
    program = """
        import traceback
        from churn_runtime.signature import Signature
        try:
            Signature.from_json("{")
        except Exception:
            print(traceback.format_exc())
        """

    said = printed(program)

    assert 'File "churn_runtime/signature.py", line ' in said
    assert "json.loads(document)" in said


def test_installing_again_forgets_the_former_modules_and_their_lines():
    program = """
        import traceback
        import churn_runtime.errors as former
        def line_of_a_failure():
            try:
                import churn_runtime.failing
            except ValueError as error:
                return traceback.extract_tb(error.__traceback__)[-1].line
        texts = {"failing": "raise ValueError(1)"}
        install(texts.get)
        print("churn_runtime.errors" in sys.modules, line_of_a_failure())
        install({"failing": "raise ValueError(2)"}.get)
        print(line_of_a_failure())
        print(sum(hasattr(one, "package") for one in sys.meta_path))
        """

    assert printed(program).splitlines() == [
        "False raise ValueError(1)",
        "raise ValueError(2)",
        "1",
    ]


def test_a_module_whose_import_fails_is_not_left_half_loaded():
    program = """
        texts = {"whole": "value = 1", "broken": "from .whole import value\\n1 / 0"}
        install(texts.get)
        try:
            import churn_runtime.broken
        except ZeroDivisionError:
            print(sorted(name for name in sys.modules if "churn_runtime" in name))
        """

    assert printed(program) == "['churn_runtime', 'churn_runtime.whole']"


def test_a_session_imports_what_scoring_needs_and_no_more():
    program = """
        from types import SimpleNamespace
        from churn_runtime.session import Session
        session = Session(SimpleNamespace(SPIError=OSError))
        print(*sorted(name for name in sys.modules if "churn_runtime." in name))
        heavy = {"numpy", "sklearn", "pandas", "onnxruntime", "cryptography"}
        print((heavy | {"subprocess"}) & set(sys.modules))
        """
    needed = (
        "arms batches bounded_cache errors features numpy_later pacing registry scoring"
    )

    modules, heavy = printed(program).splitlines()

    assert modules.replace("churn_runtime.", "") == f"{needed} session signature"
    assert heavy == "set()"


@pytest.mark.parametrize("module", module_names())
def test_a_module_imports_others_relatively_by_name(module):
    # Under any name of the package, and so that the sandbox sees what it is to be sent.
    source = (RUNTIME / f"{module}.py").read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level:
            assert node.level == 1
            assert node.module in module_names()
        elif isinstance(node, (ast.ImportFrom, ast.Import)):
            named = [alias.name for alias in node.names]
            for name in (getattr(node, "module", None), *named):
                assert not str(name).startswith(("pgchurn", "plpython"))
