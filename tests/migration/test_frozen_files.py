from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from pgchurn.plpython import freeze

from tests.databases import CHECKOUT

FROZEN = CHECKOUT / "migrations" / "frozen"


@pytest.fixture(scope="module")
def scripts():
    config = Config()
    config.set_main_option("script_location", str(CHECKOUT / "migrations"))
    return ScriptDirectory.from_config(config)


def test_the_source_equals_the_newest_frozen_copy():
    assert freeze.outdated_files() == []


def test_frozen_files_are_what_they_were():
    lines = (FROZEN / "DIGESTS").read_text(encoding="utf-8").splitlines()
    recorded = {path: digest for digest, path in (line.split("  ") for line in lines)}

    assert freeze.digests() == recorded
    assert set(recorded) == {str(p.relative_to(FROZEN)) for p in FROZEN.rglob("*.sql")}


def test_there_is_one_head_and_one_base(scripts):
    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1


def test_a_revision_is_named_like_its_file(scripts):
    for script in scripts.walk_revisions():
        assert Path(script.path).stem == script.revision


def test_every_frozen_file_is_installed_by_its_revision(scripts):
    for script in scripts.walk_revisions():
        text = Path(script.path).read_text(encoding="utf-8")
        for path in (FROZEN / script.revision).glob("*.sql"):
            assert path.name in text, path


def test_migrations_need_their_own_frozen_files_only():
    for path in (CHECKOUT / "migrations").rglob("*.py"):
        assert "plpython" not in path.read_text(encoding="utf-8"), path
