"""``pgchurn retrain``: trained anew on what was logged, released if surely better."""

import pytest

from tests.comparing import trained_model
from tests.models import populate
from tests.retraining import (
    CUSTOMERS,
    REQUESTS,
    champion,
    log_year,
    poor_model,
)

QUICK = ("--algorithm", "logistic_regression")
REQUEST = "SELECT churn.request_retraining(%s::regclass)"
STATE = "SELECT state, champion, challenger FROM churn.releases"
VERSIONS = "SELECT count(*) FROM churn.models"


def retrain(pgchurn, *arguments, status=0):
    """Run the command, which does one request; return what came of it."""
    (one,) = pgchurn("retrain", *QUICK, *arguments, status=status)["requests"]
    return one


@pytest.fixture
def year(owner):
    """A champion that knows nothing, and a year of its scores."""
    populate(owner)
    version = champion(owner, poor_model())
    log_year(owner, poor_model(), version)
    return version


def test_what_surely_does_better_is_released(owner, pgchurn, year):
    request = owner.value(REQUEST, CUSTOMERS)

    one = retrain(pgchurn)

    assert (one["request_id"], one["decision"]) == (request, "released"), one
    assert one["decision_reason"].startswith("challenger better: log loss 0.")
    made = one["version"]
    assert owner.run(REQUESTS) == [
        (request, "released", made, one["release_id"], None, 1)
    ]
    assert owner.run(STATE) == [("under way", year, made)]
    evidence = owner.value("SELECT evidence FROM churn.retraining_requests")
    log_loss = evidence["comparison"][0]
    assert log_loss["upper"] < 0
    provenance = owner.value(
        "SELECT provenance FROM churn.models WHERE version = %s", made
    )
    assert provenance["source"] == "pgchurn retrain"
    assert provenance["trained_on"]["customers"] == 1_200
    # Anybody may compare again, and finds the same.
    again = owner.row(
        "SELECT difference, lower, upper, verdict FROM churn.compare(%s::regclass, %s,"
        " %s, %s::timestamptz, expected => %s) WHERE name = 'log_loss'",
        *(CUSTOMERS, year, made, evidence["spans"]["compared_since"]),
        evidence["expected"],
    )
    assert again == tuple(
        log_loss[name] for name in ("difference", "lower", "upper", "verdict")
    )


def test_who_knows_as_much_is_kept(owner, pgchurn):
    populate(owner)
    version = champion(owner, trained_model())
    log_year(owner, trained_model(), version)
    owner.value(REQUEST, CUSTOMERS)

    one = retrain(pgchurn)

    assert one["decision"] == "kept"
    assert "customers left" in one["decision_reason"]
    assert owner.run(STATE) == []
    assert one["version"] == owner.value("SELECT max(version) FROM churn.models")
