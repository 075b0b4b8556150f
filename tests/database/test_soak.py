"""The short form of every bar that `make soak` measures in full."""

import importlib

import pytest

from tests.soak import databases
from tests.soak.bars import MODULES

# Bars that tests of their own look after.
ELSEWHERE = {
    "corpus": "unit/test_strict_pickle.py",
    "fuzz": "unit/test_fuzz.py",
    "fuzz_boosters": "unit/test_fuzz.py",
    "fuzz_compiled": "unit/test_fuzz.py",
    "fuzz_explanations": "unit/test_fuzz.py",
    "fuzz_onnx": "unit/test_fuzz.py",
    "fuzz_state": "unit/test_fuzz.py",
    "boosters": "unit/test_boosters_against_libraries.py",
    "exports": "unit/test_onnx_against_exporters.py",
}


@pytest.fixture
def cloned(server, migrated, monkeypatch):
    monkeypatch.setitem(databases.TEMPLATES, server.url, migrated.template_dbname)
    return server


@pytest.mark.parametrize("name", [name for name in MODULES if name not in ELSEWHERE])
def test_the_bars_are_met(cloned, name):
    module = importlib.import_module(f"tests.soak.{name}")

    bars = list(module.measure(cloned, full=False))

    assert bars
    assert [bar for bar in bars if not bar.ok] == []
