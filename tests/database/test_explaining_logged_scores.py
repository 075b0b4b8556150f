"""Why a logged score was what it was, and why it changed."""

import json

import pytest
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.neighbors import KNeighborsClassifier

from tests.models import (
    KINDS,
    activate,
    default_model,
    deploy,
    fit,
    fit_matrix,
    other_model,
    pipeline_for,
    register_once,
    rescore_in_place,
    unexplained,
)

WHY = "SELECT * FROM churn.why_changed('churn.customers', %s)"
LOGGED = "SELECT * FROM churn.explain_prediction('churn.customers', %s)"
LOGGED_AT = "SELECT * FROM churn.explain_prediction('churn.customers', %s, %s)"
LOG = "SELECT churn.set_prediction_log('churn.customers', 1)"
COMPLAIN = "INSERT INTO churn.complaints (customer_id) VALUES (1)"
CHANGE = "UPDATE churn.customers SET {} WHERE customer_id = 1"
AT = "SELECT predicted_at::text FROM churn.predictions WHERE key = '1' ORDER BY 1"


def boosting(seed=0):
    classifier = GradientBoostingClassifier(random_state=0)
    return fit(pipeline=pipeline_for(KINDS, classifier), seed=seed)


@pytest.fixture
def version(session):
    """Have boosted trees active, every score logged, and two of customer 1."""
    version = register_once(session, boosting())
    activate(session, version)
    session.run(LOG)
    session.run(COMPLAIN)
    session.run(COMPLAIN)
    return version


def causes(rows):
    """Return the points of what contributed to a change."""
    return {what: points for what, _, _, points in rows[4:]}


def change(rows):
    """Return by how much a score changed."""
    what, former, current, points = rows[0]
    assert what == "score"
    assert points == float(current) - float(former)
    return points


def test_a_logged_score_is_explained_under_the_version_that_gave_it(session, version):
    former = session.run(LOGGED, "1")
    activate(session, register_once(session, other_model()))
    session.run(COMPLAIN)

    assert session.run(LOGGED, "1") != former
    assert session.run(LOGGED_AT, "1", session.column(AT)[1]) == former
    assert len(former) == len(KINDS)


def test_points_add_up_to_the_logged_score(session, version):
    base = session.value("SELECT probability FROM churn.explain_base(%s)", version)
    for at in session.column(AT):
        score = session.value(
            "SELECT score FROM churn.predictions WHERE key = '1' AND predicted_at = %s",
            at,
        )
        points = [row[3] for row in session.run(LOGGED_AT, "1", at)]
        assert base + sum(points) == pytest.approx(score, rel=0, abs=1e-12)


def test_what_is_explained_is_what_was_logged_and_not_what_the_row_is_now(
    session, version
):
    session.run("SET LOCAL session_replication_role = replica")
    session.run(CHANGE.format("complaint_count = 99"))

    values = {row[0]: row[1] for row in session.run(LOGGED, "1")}

    assert values["complaint_count"] == "2"


def test_only_the_largest_are_told_when_asked_for(session, version):
    rows = session.run(
        "SELECT * FROM churn.explain_prediction('churn.customers', '1', top_k => 1)"
    )

    assert rows[:1] == session.run(LOGGED, "1")[:1]
    assert [row[0] for row in rows[1:]] == [None]


@pytest.mark.parametrize(
    "key, at", [("1", "2001-01-01"), ("77", "infinity"), (None, None)]
)
def test_a_score_that_is_not_logged_is_refused(session, version, key, at):
    refused = session.refusal(LOGGED_AT, key, at)

    assert refused.sqlstate == "P0002"
    shown = "null" if key is None else key
    assert refused.message.startswith(f"no score of customer {shown} is logged at ")
    assert refused.hint


def test_where_nothing_is_logged_the_hint_is_to_log(session):
    refused = session.refusal(LOGGED, "1")

    assert "churn.set_prediction_log('churn.customers', 1)" in refused.hint


def test_a_log_that_is_not_of_the_version_is_not_explained(session, version):
    session.run("UPDATE churn.predictions SET score = score / 2")

    refused = session.refusal(LOGGED, "1")

    assert refused.sqlstate == "22000"
    assert refused.message == (
        f"model version {version} does not give the logged score again"
    )
    assert session.refusal(WHY, "1").sqlstate == "22000"


def test_one_cause_has_the_whole_change(session, version):
    rows = session.run(WHY, "1")

    assert causes(rows) == {"complaint_count": change(rows)}


def test_causes_add_up_to_the_change_the_largest_first(session, version):
    session.run(
        CHANGE.format(
            "age = 20, contract = 'two year', monthly_charges = 99,"
            " data_usage_gb = NULL, paperless_billing = true"
        )
    )

    rows = session.run(WHY, "1")

    found = causes(rows)
    assert set(found) == {
        "age",
        "contract",
        "monthly_charges",
        "data_usage_gb",
        "paperless_billing",
    }
    assert sum(found.values()) == pytest.approx(change(rows), rel=0, abs=1e-12)
    sizes = [abs(points) for points in found.values()]
    assert sizes == sorted(sizes, reverse=True)


def test_causes_are_the_mean_over_both_orders_of_changing_two(session, version):
    """By churn.predict, which knows nothing of explanations."""
    former = session.value(
        "SELECT features::jsonb FROM churn.predictions WHERE key = '1'"
        " ORDER BY predicted_at DESC LIMIT 1"
    )
    session.run(CHANGE.format("contract = 'two year', monthly_charges = 99"))

    def score(**changed):
        return session.value(
            "SELECT churn.predict(%s, %s::jsonb || %s::jsonb)",
            *(version, json.dumps(former), json.dumps(changed)),
        )

    neither, both = score(), score(contract="two year", monthly_charges=99)
    contract, charges = score(contract="two year"), score(monthly_charges=99)
    assert causes(session.run(WHY, "1")) == pytest.approx(
        {
            "contract": (contract - neither + both - charges) / 2,
            "monthly_charges": (charges - neither + both - contract) / 2,
        },
        rel=0,
        abs=1e-12,
    )


def test_another_model_has_what_the_former_row_gets_of_it(session, version):
    former = session.row(
        "SELECT score, features::jsonb::text FROM churn.predictions WHERE key = '1'"
        " ORDER BY predicted_at DESC LIMIT 1"
    )
    other = register_once(session, boosting(seed=1))
    activate(session, other)
    session.run(COMPLAIN)

    rows = session.run(WHY, "1")

    again = session.value("SELECT churn.predict(%s, %s)", other, former[1])
    found = causes(rows)
    assert set(found) == {"another model", "complaint_count"}
    assert found["another model"] == pytest.approx(again - former[0], rel=0, abs=1e-12)
    assert sum(found.values()) == pytest.approx(change(rows), rel=0, abs=1e-12)


def test_another_model_alone_has_the_whole_change(session, version):
    activate(session, register_once(session, other_model()))
    rescore_in_place(session, "churn.customers")

    rows = session.run(WHY, "1")

    assert causes(rows) == pytest.approx({"another model": change(rows)})


def test_a_feature_that_only_the_new_version_reads_belongs_to_another_model(session):
    session.run("ALTER TABLE churn.customers ADD COLUMN plan text DEFAULT 'a'")
    kinds = {"age": "number", "complaint_count": "number"}
    deploy(session, fit(kinds))
    session.run(LOG)
    session.run(COMPLAIN)
    deploy(session, fit({**kinds, "plan": "text"}))
    session.run(COMPLAIN)
    session.run("DELETE FROM churn.predictions WHERE cause <> 'complaint'")

    rows = session.run(WHY, "1")

    found = causes(rows)
    assert found["plan"] == 0
    assert sum(found.values()) == pytest.approx(change(rows), rel=0, abs=1e-12)


@pytest.mark.parametrize("features", [12, 13, 40])
def test_many_causes_add_up_as_well(session, features):
    names = [f"n{number}" for number in range(features)]
    session.run(
        "ALTER TABLE churn.customers "
        + ", ".join(f"ADD COLUMN {name} float8 DEFAULT 10" for name in names)
    )
    kinds = dict.fromkeys(names, "number")
    classifier = GradientBoostingClassifier(random_state=0)
    deploy(session, fit(kinds, pipeline_for(kinds, classifier)))
    session.run(LOG)
    for value in (20, 80):
        changes = ", ".join(f"{name} = {value} + {i}" for i, name in enumerate(names))
        session.run(CHANGE.format(changes))

    rows = session.run(WHY, "1")

    assert len(causes(rows)) == features
    assert sum(causes(rows).values()) == pytest.approx(change(rows), rel=0, abs=1e-12)
    assert session.run(WHY, "1") == rows


@pytest.mark.parametrize(
    "make",
    [
        lambda: fit_matrix(("age", "monthly_charges"), KNeighborsClassifier()),
        unexplained,
    ],
    ids=["explained by subsets", "without an explanation"],
)
def test_a_change_is_explained_of_every_kind_of_model(make, session):
    deploy(session, make())
    session.run(LOG)
    session.run(CHANGE.format("age = 3, monthly_charges = 90"))
    session.run(CHANGE.format("age = 90, monthly_charges = 3"))

    rows = session.run(WHY, "1")

    assert set(causes(rows)) == {"age", "monthly_charges"}
    assert sum(causes(rows).values()) == pytest.approx(change(rows), rel=0, abs=1e-12)


def test_of_a_deleted_version_the_change_is_told_without_its_causes(session):
    deploy(session, default_model())
    session.run(LOG)
    session.run(COMPLAIN)
    session.run(COMPLAIN)
    version = session.value("SELECT version FROM churn.active_deployments")
    session.run("SELECT churn.set_prediction_log('churn.customers', 0)")
    for seed in (1, 2):
        activate(session, register_once(session, fit(seed=seed)))
    rescore_in_place(session, "churn.customers")
    session.run("SELECT churn.delete_model(%s)", version)
    session.take_notices()

    rows = session.run(WHY, "1")

    assert causes(rows) == {"complaint_count": None}
    assert rows[0][3] is not None
    assert (
        f"the change is not explained: model version {version} was deleted on "
    ) in session.take_notices()
    assert session.refusal(LOGGED, "1").sqlstate == "55000"


def test_a_scorer_may_ask_why(session, version):
    with session.role("churn_scorer"):
        assert session.run(WHY, "1")
        assert session.run(LOGGED, "1")
