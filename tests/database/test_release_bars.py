"""What a release is promised to stop, on as many customers as a step has."""

import pytest

from tests.models import activate, fit, fit_matrix, register_once
from tests.statements import version

ADVANCE = "SELECT result, detail FROM churn.advance_releases()"
MORE = """
    INSERT INTO churn.customers (
        customer_id, age, monthly_charges, data_usage_gb, contract, paperless_billing
    )
    SELECT 1000 + i, 20 + i % 50, 10 + i % 90, i % 7, 'one year', i % 2 = 0
    FROM generate_series(1, 600) i
"""
COMPLAIN = (
    "INSERT INTO churn.complaints (customer_id) SELECT customer_id FROM churn.customers"
)
THERE = "churn.customers", "customer_id"
RELEASE = (
    "SELECT churn.release('churn.customers', %s, steps => '{50,100}', hold => '0 s',"
    " min_customers => 100, limits => %s)"
)
LENIENT = (
    '{"time_ratio": 1000, "row_microseconds": 1e9, "flip_rate": 1, "mean_shift": 1,'
    ' "unseen_rate": 1}'
)


@pytest.mark.parametrize("refused", [6, 0], ids=["1 %", "none"])
def test_a_challenger_that_fails_on_one_row_in_a_hundred_is_rolled_back(
    session, refused
):
    champion = register_once(session, fit({"age": "number"}))
    activate(session, champion)
    model = fit({"tenure_months": "number"}, refuses_null=("tenure_months",))
    session.run("UPDATE churn.customers SET tenure_months = 5")
    challenger = register_once(session, model)
    session.run(MORE)
    session.run(
        "UPDATE churn.customers SET tenure_months = CASE WHEN customer_id > %s"
        " THEN 5 END WHERE customer_id > 1000",
        1000 + refused,
    )
    session.run(RELEASE, challenger, LENIENT)
    before = session.value("SELECT count(*) FROM churn.complaints")

    session.run(COMPLAIN)

    ((result, detail),) = session.run(ADVANCE)
    assert session.value("SELECT count(*) FROM churn.complaints") == before + 640
    assert result == ("failure" if refused else "success"), detail
    assert version(session) == (champion if refused else challenger)


def test_a_model_as_good_as_the_other_is_let_through(session):
    challenger = register_once(session, fit(seed=3), "churn.customers", "customer_id")
    session.run(MORE)
    session.run(RELEASE, challenger, LENIENT)
    session.run(COMPLAIN)

    assert session.run(ADVANCE) == [("success", None)]


def test_one_that_flips_two_in_five_is_rolled_back(session):
    champion = version(session)
    session.run(MORE)
    # Everybody is above the threshold by it.
    model = fit_matrix(("age",))
    model.pipeline[-1].coef_ *= 0
    model.pipeline[-1].intercept_[:] = 9
    challenger = register_once(session, model, replay={})
    shadow = RELEASE.replace("{50,100}", "{0,100}")
    session.run(shadow, challenger, '{"time_ratio": 1000, "mean_shift": 1}')
    before = session.value("SELECT count(*) FROM churn.complaints")

    session.run(COMPLAIN)
    threshold = session.value(
        "SELECT percentile_cont(0.4) WITHIN GROUP (ORDER BY churn_score)"
        " FROM churn.customers"
    )
    session.run("SELECT churn.set_outbox(%s, 'threshold', %s)", THERE[0], threshold)

    ((result, detail),) = session.run(ADVANCE)
    ((value, found),) = session.run(
        "SELECT value, result FROM churn.release_evidence WHERE guardrail = 'flip_rate'"
    )
    assert value == pytest.approx(0.4, abs=0.05)
    assert (result, found) == ("failure", "failure"), detail
    assert version(session) == champion
    assert session.value("SELECT count(*) FROM churn.complaints") == before + 640


def test_one_that_takes_many_times_as_long_is_rolled_back(session):
    champion = version(session)
    # The same model, once from its compiled form and once from its pickle.
    challenger = register_once(session, fit(seed=0), compile_form=False)
    before = session.value("SELECT count(*) FROM churn.complaints")
    session.run(RELEASE, challenger, "{}")

    session.run(COMPLAIN)

    ((result, detail),) = session.run(ADVANCE)
    assert (result, version(session)) == ("failure", champion)
    assert "times as long" in detail
    assert session.value("SELECT count(*) FROM churn.complaints") == before + 40
