"""`pgchurn delete`, and what the other commands say of deleted versions."""

import pytest
from pgchurn.loader.command_line import main

from tests.models import activate, fit, populate, register_once, rescore_in_place


@pytest.fixture
def versions(owner):
    """Four versions: replaced long ago, replaced, active, and never deployed."""
    populate(owner)
    made = [owner.value("SELECT version FROM churn.active_deployments")]
    for seed in (1, 2):
        made.append(register_once(owner, fit(seed=seed)))
        activate(owner, made[-1])
    rescore_in_place(owner, "churn.customers")
    return [*made, register_once(owner, fit(seed=3))]


def test_versions_are_deleted_with_their_rows_or_without(versions, pgchurn):
    replaced, _, _, unused = versions

    assert pgchurn("delete", str(unused), str(replaced)) == [
        {"version": replaced, "row_kept": True},
        {"version": unused, "row_kept": False},
    ]

    listed = {model["version"]: model for model in pgchurn("models")}
    assert listed.keys() == set(versions[:3])
    assert listed[replaced]["deleted_at"] is not None
    assert listed[versions[1]]["deleted_at"] is None
    shown = pgchurn("show", str(replaced))
    assert shown["deleted_at"] is not None
    assert shown["deleted_by"] == "postgres"
    assert len(shown["sha256"]) == 64


def test_it_is_told_in_words(versions, empty_database, capsys):
    command = ["delete", str(versions[0]), str(versions[3])]

    assert main([*command, "--database-url", empty_database.url]) == 0

    assert capsys.readouterr().out == (
        f"Version {versions[0]} is deleted; its row stays, because deployments or"
        f" logged scores name it.\nVersion {versions[3]} is deleted.\n"
    )


def test_none_is_deleted_where_one_is_refused(versions, pgchurn):
    printed = pgchurn("delete", *map(str, versions), status=1)

    assert f"model version {versions[1]} is the one to go back to" in printed.err
    assert "HINT:  Call churn.activate_model with another version first" in printed.err
    assert all(model["deleted_at"] is None for model in pgchurn("models"))


def test_who_asks_for_a_deleted_version_is_told(versions, pgchurn):
    pgchurn("delete", str(versions[0]))

    printed = pgchurn("activate", str(versions[0]), status=1)

    assert f"model version {versions[0]} was deleted on" in printed.err
    assert "deleted_at IS NULL lists them" in printed.err


def test_a_dropped_table_is_shown_by_its_name(versions, owner, pgchurn):
    owner.run(
        "DROP FUNCTION churn.score_customer;"
        "SELECT churn.detach('churn.customers');"
        "DROP TABLE churn.complaints, churn.customers"
    )

    assert {model["profile"] for model in pgchurn("models")} == {"churn.customers"}
    shown = pgchurn("show", str(versions[0]))
    assert shown["profile"] == "churn.customers"
    assert shown["detached_at"] is not None
