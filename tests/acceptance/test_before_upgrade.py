"""`pgchurn doctor --before-upgrade`, before the libraries are replaced."""

import json

import numpy
import pytest
import sklearn
from pgchurn.loader.command_line import main

from tests.models import activate, fit, not_compilable, populate, register


@pytest.fixture
def customers(owner):
    """Customers, whom a pickled version scores that is active."""
    populate(owner, compile_form=False)
    return owner


@pytest.fixture
def compiled(customers, pgchurn, tmp_path):
    """A compiled version."""
    file = tmp_path / "model.pkl"
    file.write_bytes(fit(seed=1).artifact)
    return pgchurn("register", str(file))["version"]


def effects(pgchurn, status):
    """Return what is said of each version, and by the status."""
    printed = pgchurn("doctor", "--before-upgrade", status=status)
    rows = printed if status == 0 else json.loads(printed.out)
    return {row["version"]: row for row in rows}


def test_an_active_version_on_its_pickle_would_stop(customers, compiled, pgchurn):
    active = customers.value("SELECT version FROM churn.active_deployments")

    said = effects(pgchurn, status=1)

    assert said[active] == {
        "version": active,
        "profile": "churn.customers",
        "use": "active",
        "made": f"scikit-learn {sklearn.__version__}, numpy {numpy.__version__}",
        "goes_on": False,
        "to_do": "register it compiled and activate that, or train anew after",
    }
    assert (said[compiled]["use"], said[compiled]["goes_on"]) == (None, True)
    assert said[compiled]["to_do"] == "nothing"


def test_a_compiled_version_goes_on(customers, compiled, pgchurn):
    former = customers.value("SELECT version FROM churn.active_deployments")
    activate(customers, compiled)

    said = effects(pgchurn, status=0)

    assert said[compiled]["use"] == "active"
    assert (said[former]["use"], said[former]["goes_on"]) == ("previous", False)
    assert said[former]["to_do"] == "nothing, but pgchurn rollback is refused"


def test_why_a_version_has_no_compiled_form_is_said(customers, pgchurn):
    model = not_compilable()
    allow = "SELECT churn_trust.allow_pickle(sha256(%s), 'of the tests')"
    customers.run(allow, model.artifact)
    version = register(customers, model, replay={})
    activate(customers, version)

    assert effects(pgchurn, status=1)[version]["to_do"] == (
        "activate a compiled version, or train anew after"
        " (no compiled form: not covered: SimpleImputer for something other than None"
        " or NaN)"
    )


def test_deleted_versions_are_left_out(customers, pgchurn):
    unused = register(customers, fit(seed=3))
    assert unused in effects(pgchurn, status=1)

    pgchurn("delete", str(unused))

    assert unused not in effects(pgchurn, status=1)


def test_without_a_model_nothing_changes(empty_database, capsys):
    command = ["doctor", "--before-upgrade", "--database-url", empty_database.url]

    assert main(command) == 0

    assert capsys.readouterr().out == "no models are registered: nothing changes\n"


def test_it_is_told_as_a_table(customers, compiled, empty_database, capsys):
    command = ["doctor", "--before-upgrade", "--database-url", empty_database.url]

    assert main(command) == 1

    heading, _, first, second = capsys.readouterr().out.splitlines()
    assert heading.split() == ["version", "profile", "use", "made", "goes_on", "to_do"]
    assert "NO" in first and "yes" in second


def test_doctor_lists_what_scores_from_its_pickle(customers, pgchurn):
    (found,) = (row for row in pgchurn("doctor") if row["check"] == "pickles")

    assert found["ok"]
    assert found["found"] == "scoring from their pickles: 1 (active)"
