import pytest
from pgchurn.migrations import frozen_files

from tests.revisions import Revisions


@pytest.fixture
def revisions(tmp_path, monkeypatch):
    """A copy of the migrations, in force for this test."""
    copied = Revisions(tmp_path / "migrations")
    monkeypatch.setattr(frozen_files, "FROZEN", copied.frozen)
    return copied
