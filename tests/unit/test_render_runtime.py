"""How a module of the runtime becomes a function in the server."""

import re

import pytest
from pgchurn.migrations.frozen_files import handover
from pgchurn.plpython import render_runtime
from pgchurn.plpython.render_runtime import module_names, render_module


@pytest.mark.parametrize("name", module_names())
def test_the_body_of_the_function_is_the_module_to_the_letter(name):
    source = (render_runtime.RUNTIME / f"{name}.py").read_text(encoding="utf-8")
    sql = render_module(name)

    assert sql.startswith(f"CREATE OR REPLACE FUNCTION churn_runtime.{name}()")
    assert sql.split("$python$")[1] == f"\n{source}"


def test_the_comment_is_the_first_line_of_the_docstring():
    assert (
        "COMMENT ON FUNCTION churn_runtime.pickle_scan IS "
        "'Scanning a pickle''s opcodes without executing one.';"
    ) in render_module("pickle_scan")


def test_only_the_owner_may_do_anything_with_it():
    sql = render_module("features")

    assert handover(sql) == (
        "ALTER ROUTINE churn_runtime.features OWNER TO churn_owner;\n"
        "REVOKE ALL ON ROUTINE churn_runtime.features FROM PUBLIC;\n"
    )
    assert not re.search("^GRANT", sql, re.MULTILINE)


@pytest.mark.parametrize(
    "text", ["x = '$python$'\n", "from __future__ import annotations\n"]
)
def test_what_cannot_be_the_body_of_a_function_is_refused(tmp_path, monkeypatch, text):
    (tmp_path / "module.py").write_text(text)
    monkeypatch.setattr(render_runtime, "RUNTIME", tmp_path)

    with pytest.raises(ValueError, match="module module holds"):
        render_module("module")
