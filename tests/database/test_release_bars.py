"""What a release is promised to stop, on as many customers as a step has."""

import pytest

from tests.models import activate, fit, register, register_once
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
RELEASE = (
    "SELECT churn.release('churn.customers', %s, steps => '{50,100}', hold => '0 s',"
    " min_customers => 100, limits => %s)"
)
LENIENT = '{"time_ratio": 1000, "flip_rate": 1, "mean_shift": 1, "unseen_rate": 1}'


@pytest.mark.parametrize("refused", [6, 0], ids=["1 %", "none"])
def test_a_challenger_that_fails_on_one_row_in_a_hundred_is_rolled_back(
    session, refused
):
    champion = register(session, fit({"age": "number"}))
    activate(session, champion)
    model = fit({"tenure_months": "number"}, refuses_null=("tenure_months",))
    session.run("UPDATE churn.customers SET tenure_months = 5")
    challenger = register(session, model)
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
