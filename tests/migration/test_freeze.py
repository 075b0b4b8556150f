"""make freeze and make release-digests, on a copy of the migrations."""

import hashlib

import pytest
from pgchurn.migrations import frozen_files
from pgchurn.plpython import freeze

WORK = "functions/work.sql"
ATTACH = "functions/attach.sql"


@pytest.fixture
def living(revisions, monkeypatch):
    """The living source, which is what the newest revision has; for changing."""
    head = revisions.names[-1]
    files = {
        name: frozen_files.read(f"{head}/{name}") for name in frozen_files.copies(head)
    }
    monkeypatch.setattr(freeze, "living_files", lambda: files)
    return files


@pytest.fixture
def head(revisions):
    return revisions.names[-1]


def content(revisions):
    """Return every file of the frozen folder."""
    return {
        path.relative_to(revisions.frozen).as_posix(): path.read_text(encoding="utf-8")
        for path in revisions.frozen.rglob("*")
        if path.is_file()
    }


def test_there_is_nothing_to_do_where_nothing_changed(revisions, living):
    before = content(revisions)

    assert freeze.outdated_copies() == {}
    assert freeze.freeze() == []
    assert content(revisions) == before


def test_what_changed_is_copied(revisions, living, head):
    before = content(revisions)
    living[WORK] = "changed"
    living["templates/new.sql"] = "new"

    assert freeze.outdated_copies() == {WORK: "changed", "templates/new.sql": "new"}
    assert freeze.freeze() == [f"{head}/{WORK}", f"{head}/templates/new.sql"]
    assert content(revisions) == before | {
        f"{head}/{WORK}": "changed",
        f"{head}/templates/new.sql": "new",
    }
    assert freeze.freeze() == []


def test_what_lives_no_more_is_taken_out_of_the_only_revision(revisions, living, head):
    before = content(revisions)
    del living[WORK]

    assert freeze.freeze() == [f"{head}/{WORK}"]

    del before[f"{head}/{WORK}"]
    assert content(revisions) == before


def test_only_the_newest_revision_is_written(revisions, living, head):
    second = revisions.add(1)
    before = content(revisions)
    living[WORK] = "changed"
    living["runtime/new.sql"] = "new"

    assert freeze.freeze() == [f"{second}/{WORK}", f"{second}/runtime/new.sql"]
    assert content(revisions) == before | {
        f"{second}/{WORK}": "changed",
        f"{second}/runtime/new.sql": "new",
    }
    assert frozen_files.copies(second) == ["runtime/new.sql", WORK]
    assert frozen_files.newest(WORK, before=second) == f"{head}/{WORK}"


def test_what_lives_no_more_is_dropped_by_a_later_revision(revisions, living):
    second = revisions.add(1)
    text = living.pop(WORK)

    assert freeze.freeze() == [f"{second}/{WORK}"]
    assert revisions.read(WORK) == frozen_files.DROPPED
    assert freeze.freeze() == []

    third = revisions.add(2)
    assert freeze.freeze() == []
    living[WORK] = text
    assert freeze.freeze() == [f"{third}/{WORK}"]


def test_what_is_again_as_it_was_needs_no_copy(revisions, living):
    second = revisions.add(1)
    before = content(revisions)
    text = living[WORK]
    living[WORK] = "changed"
    del living[ATTACH]
    freeze.freeze()

    living[WORK] = text
    living[ATTACH] = frozen_files.read(frozen_files.newest(ATTACH, before=second))

    assert freeze.freeze() == [f"{second}/{ATTACH}", f"{second}/{WORK}"]
    assert content(revisions) == before


def test_what_a_revision_does_once_is_left_alone(revisions, living, head):
    revisions.write(f"{head}/tables/more.sql", "CREATE TABLE churn.more ();")
    before = content(revisions)

    assert freeze.freeze() == []
    assert content(revisions) == before


def test_a_release_records_the_digest_of_every_file(revisions, living, head):
    released = freeze.release()

    assert released == sorted(content(revisions).keys() - {"DIGESTS"})
    text = frozen_files.read(f"{head}/{WORK}")
    assert freeze.released_digests() == freeze.current_digests()
    assert (
        freeze.released_digests()[f"{head}/{WORK}"]
        == hashlib.sha256(text.encode()).hexdigest()
    )
    # As sha256sum --check reads it.
    assert f"  {head}/{WORK}\n" in freeze.digests_file().read_text(encoding="utf-8")


def test_digests_only_ever_grow(revisions, living):
    freeze.release()
    before = freeze.digests_file().read_text(encoding="utf-8")
    assert freeze.release() == []
    assert freeze.digests_file().read_text(encoding="utf-8") == before

    second = revisions.add(1)
    living[WORK] = "changed"
    freeze.freeze()

    assert freeze.release() == [f"{second}/{WORK}"]
    assert freeze.digests_file().read_text(encoding="utf-8").startswith(before)
    assert len(freeze.released_digests()) == len(before.splitlines()) + 1


def test_a_released_revision_is_not_written(revisions, living, head):
    freeze.release()
    before = content(revisions)
    living[WORK] = "changed"

    with pytest.raises(freeze.FreezeError) as refused:
        freeze.freeze()

    assert f"revision {head} is released and never changes" in str(refused.value)
    assert "alembic -c setup.cfg revision --rev-id" in str(refused.value)
    assert content(revisions) == before


def test_nor_is_anything_removed_from_it(revisions, living):
    freeze.release()
    before = content(revisions)
    del living[WORK]

    with pytest.raises(freeze.FreezeError):
        freeze.freeze()

    assert content(revisions) == before


def test_a_revision_after_the_release_is_written(revisions, living):
    freeze.release()
    second = revisions.add(1)
    living[WORK] = "changed"

    assert freeze.freeze() == [f"{second}/{WORK}"]


@pytest.mark.parametrize("what", ["changed", "removed", "added"])
def test_what_was_released_cannot_be_released_otherwise(revisions, living, head, what):
    freeze.release()
    before = freeze.digests_file().read_text(encoding="utf-8")
    name = f"{head}/functions/{'more' if what == 'added' else 'work'}.sql"
    if what == "removed":
        (revisions.frozen / name).unlink()
    else:
        revisions.write(name, "otherwise")

    assert freeze.changed_since_release() == [name]
    with pytest.raises(freeze.FreezeError) as refused:
        freeze.release()

    assert str(refused.value) == f"released files are not what they were: {name}"
    assert freeze.digests_file().read_text(encoding="utf-8") == before


def test_what_is_not_frozen_cannot_be_released(revisions, living):
    living[WORK] = "changed"

    with pytest.raises(freeze.FreezeError) as refused:
        freeze.release()

    assert str(refused.value) == f"not frozen yet, see make freeze: {WORK}"
    assert not freeze.digests_file().exists()


def test_the_command_prints_what_it_wrote_or_why_it_did_not(
    revisions, living, head, capsys
):
    living[WORK] = "changed"

    assert freeze.main([]) == 0
    assert capsys.readouterr().out == f"{head}/{WORK}\n"
    assert freeze.main(["--release"]) == 0
    assert f"{head}/{ATTACH}\n" in capsys.readouterr().out
    living[WORK] = "changed again"
    assert freeze.main([]) == 1
    assert capsys.readouterr().err.startswith(f"pgchurn: revision {head} is released")


def test_without_a_release_nothing_has_to_be_what_it_was(revisions, living, head):
    revisions.write(f"{head}/{WORK}", "otherwise")

    assert freeze.released_digests() == {}
    assert freeze.changed_since_release() == []
