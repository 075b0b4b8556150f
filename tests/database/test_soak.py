"""The short form of every bar that `make soak` measures in full.

Bars that others look after in a test of their own are not among them.
"""

import importlib

import pytest

from tests.soak import databases


@pytest.fixture
def cloned(server, migrated, monkeypatch):
    monkeypatch.setitem(databases.TEMPLATES, server.url, migrated.template_dbname)
    return server


@pytest.mark.parametrize(
    "name",
    [
        "writers",
        "permutations",
        "kills",
        "activations",
        "transaction_ids",
        "dumps",
        "sessions",
        "sequences",
        "random_calls",
        "replica",
        "failures",
    ],
)
def test_the_bars_are_met(cloned, name):
    module = importlib.import_module(f"tests.soak.{name}")

    bars = list(module.measure(cloned, full=False))

    assert bars
    assert [bar for bar in bars if not bar.ok] == []
