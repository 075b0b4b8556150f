import pytest

from tests.models import (
    assert_fresh,
    default_model,
    deploy,
    divergences,
    expected_scores,
    fit,
)

MODEL = default_model()
STRICT = fit(seed=2, refuses_null=("age",))
PROFILE = (
    "SELECT complaint_count, churn_score, churn_model_version, churn_scored_at"
    " FROM churn.customers WHERE customer_id = %s"
)


def spoil(session, customer, change="data_usage_gb = 'infinity'"):
    session.run(f"UPDATE churn.customers SET {change} WHERE customer_id = %s", customer)


def raise_on_error(session):
    session.run("SELECT churn.set_on_error('churn.customers', 'raise')")


def test_an_infinite_feature_keeps_the_complaint_and_the_old_score(session):
    before = session.row(PROFILE, 1)
    spoil(session, 1)
    session.take_notices()

    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")

    after = session.row(PROFILE, 1)
    assert after == (before[0] + 1, *before[1:])
    warning = session.take_notices()
    assert 'feature "data_usage_gb" is infinite' in warning
    assert "could not score 1 row:" in warning


def test_an_infinite_feature_is_told_beside_one_that_is_null(session):
    before = session.row(PROFILE, 1)
    spoil(session, 1, "data_usage_gb = '-infinity', age = NULL, total_charges = NULL")
    session.take_notices()

    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")

    assert session.row(PROFILE, 1) == (before[0] + 1, *before[1:])
    assert 'feature "data_usage_gb" is infinite' in session.take_notices()


def test_a_row_of_nulls_is_scored_alone_as_among_others(session):
    nulls = "age = NULL, data_usage_gb = 'NaN', paperless_billing = NULL"
    spoil(session, 1, nulls)
    spoil(session, 3, nulls)

    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")

    assert_fresh(session, MODEL)


def test_a_row_that_fails_leaves_the_search_path_as_it_was(session):
    session.run("SET LOCAL search_path = churn, public")
    spoil(session, 1)

    session.run("INSERT INTO complaints (customer_id) VALUES (1)")

    assert session.value("SHOW search_path") == "churn, public"
    session.run("INSERT INTO complaints (customer_id) VALUES (3)")
    assert [row[0] for row in divergences(session)] == ["1"]


def test_verify_names_the_row_whose_score_was_kept(session):
    spoil(session, 1)

    assert [row[:2] for row in divergences(session)] == [("1", "churn_score")]


def test_one_spoilt_row_does_not_cost_the_others_their_score(session):
    before = session.row(PROFILE, 3)
    spoil(session, 3)
    session.take_notices()

    session.run(
        "INSERT INTO churn.complaints (customer_id) SELECT generate_series(1, 30)"
    )

    assert session.row(PROFILE, 3) == (before[0] + 1, *before[1:])
    assert [row[:2] for row in divergences(session)] == [("3", "churn_score")]
    assert "could not score 1 row:" in session.take_notices()


def test_a_row_that_is_mended_is_scored_again(session):
    spoil(session, 3)
    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (3)")

    spoil(session, 3, "data_usage_gb = 1")

    assert_fresh(session, MODEL)


def test_a_success_that_is_rolled_back_leaves_the_next_one_its_version(session):
    spoil(session, 1)
    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")
    session.run("SAVEPOINT success")
    session.run("INSERT INTO churn.complaints (customer_id) VALUES (3)")
    session.run("ROLLBACK TO SAVEPOINT success")
    before = session.row(PROFILE, 3)

    session.run("INSERT INTO churn.complaints (customer_id) VALUES (3)")

    after = session.row(PROFILE, 3)
    assert after[1] != before[1]
    assert after[3] > before[3]


def test_all_rows_can_be_spoilt(session):
    session.run("UPDATE churn.customers SET data_usage_gb = '-infinity'")

    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1), (3)")

    assert len(divergences(session)) == 40
    assert {row[1] for row in divergences(session)} == {"churn_score"}


def test_more_spoilt_rows_than_are_searched_for_leave_the_counts_right(session):
    session.run(
        "INSERT INTO churn.customers (customer_id, data_usage_gb)"
        " SELECT i, CASE WHEN i % 2 = 0 THEN 'infinity'::float8 ELSE 1 END"
        " FROM generate_series(1000, 1999) i"
    )

    session.run(
        "INSERT INTO churn.complaints (customer_id) SELECT generate_series(1000, 1999)"
    )

    assert {row[1] for row in divergences(session)} <= {"churn_score"}


@pytest.mark.parametrize("customers", ["(1)", "(1), (3)"])
def test_the_complaint_is_refused_where_the_company_wants_that(session, customers):
    spoil(session, 1)
    raise_on_error(session)

    refused = session.refusal(
        f"INSERT INTO churn.complaints (customer_id) VALUES {customers}"
    )

    assert refused.sqlstate == "22023"
    assert refused.message == 'feature "data_usage_gb" is infinite'
    assert refused.hint == "Store a finite number, or NULL when it is not known."
    assert session.row(PROFILE, 3)[0] == 0


def test_the_change_of_a_profile_is_refused_where_the_company_wants_that(session):
    raise_on_error(session)

    refused = session.refusal("UPDATE churn.customers SET data_usage_gb = 'infinity'")

    assert refused.sqlstate == "22023"


@pytest.mark.parametrize("customers", ["(7)", "(7), (3)"])
def test_a_null_that_the_signature_refuses(session, customers):
    deploy(session, STRICT, replay={"1": float(strict_score(session))})
    insert = f"INSERT INTO churn.complaints (customer_id) VALUES {customers}"
    session.take_notices()

    session.run(insert)
    assert 'feature "age" is null' in session.take_notices()
    assert session.row(PROFILE, 7)[0] == 1

    raise_on_error(session)
    refused = session.refusal(insert)
    assert refused.sqlstate == "22004"
    assert (
        refused.message == 'feature "age" is null, and the model does not accept that'
    )
    assert "imputes" in refused.hint


def strict_score(session):
    return expected_scores(session, STRICT)["1"]


def test_the_failure_policy_has_two_values(session):
    refused = session.refusal("SELECT churn.set_on_error('churn.customers', 'ignore')")

    assert refused.sqlstate == "22023"
    assert refused.message == "unknown failure policy ignore"
    assert refused.hint == "Pass keep or raise."


@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize("customers", ["(1)", "(1), (3)"])
def test_a_number_too_large_for_a_float_does_not_cost_a_complaint(
    session, bare, active, customers
):
    session = session if active else bare
    session.run(
        "INSERT INTO churn.customers (customer_id) VALUES (1), (3)"
        " ON CONFLICT DO NOTHING"
    )
    session.run("ALTER TABLE churn.customers ADD COLUMN budget numeric")
    with session.savepoint():
        session.run("UPDATE churn.customers SET budget = 1e400 WHERE customer_id = 1")

    session.run(f"INSERT INTO churn.complaints (customer_id) VALUES {customers}")

    assert session.row(PROFILE, 1)[0] == 1


def test_verify_lists_a_spoilt_row_also_where_complaints_are_refused(session):
    spoil(session, 1)
    raise_on_error(session)

    assert [row[:2] for row in divergences(session)] == [("1", "churn_score")]


def test_a_score_that_asks_for_a_spoilt_row_is_an_error(session):
    spoil(session, 1)

    refused = session.refusal("SELECT churn.score_customer(1)")

    assert refused.sqlstate == "22023"
    assert refused.message == 'feature "data_usage_gb" is infinite'
