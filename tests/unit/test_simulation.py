from datetime import date

import numpy as np
import pandas as pd
import pytest
from pgchurn.loader.demonstration.simulation import KNOWN_CUSTOMERS, simulate
from pgchurn.loader.models.training import train

PROFILE_COLUMNS = [
    "customer_id",
    "customer_name",
    "signed_up_on",
    "age",
    "region",
    "contract",
    "payment_method",
    "internet_service",
    "paperless_billing",
    "has_dependents",
    "tenure_months",
    "monthly_charges",
    "total_charges",
    "data_usage_gb",
    "support_calls",
    "late_payments",
    "churned",
]

KINDS = {
    "complaint_count": "number",
    "tenure_months": "number",
    "monthly_charges": "number",
    "support_calls": "number",
    "late_payments": "number",
    "has_dependents": "boolean",
    "contract": "text",
    "payment_method": "text",
    "internet_service": "text",
}


@pytest.fixture(scope="module")
def simulation():
    """Return the simulation of the demonstration."""
    return simulate()


@pytest.fixture(scope="module")
def profiles(simulation):
    """Return the profiles with the number of complaints of each customer."""
    counts = simulation.complaints["customer_id"].value_counts()
    customer_id = simulation.profiles["customer_id"]
    return simulation.profiles.assign(
        complaint_count=customer_id.map(counts).fillna(0).astype("int64")
    )


def test_the_same_seed_gives_the_same_customers_and_another_seed_others():
    once, again, other = simulate(300, seed=7), simulate(300, seed=7), simulate(300)
    pd.testing.assert_frame_equal(once.profiles, again.profiles)
    pd.testing.assert_frame_equal(once.complaints, again.complaints)
    assert not once.profiles["age"].equals(other.profiles["age"])


def test_profiles_have_the_columns_of_the_customers_table(simulation):
    assert list(simulation.profiles.columns) == PROFILE_COLUMNS
    assert simulation.profiles["customer_id"].tolist() == list(range(1, 5001))


def test_every_customer_has_a_name_of_their_own():
    names = simulate(200_000).profiles["customer_name"]
    assert names.is_unique
    assert names.str.fullmatch(r"[A-Z][a-z]+( [A-Z]\.)? [A-Z][a-z]+( \d+)?").all()


@pytest.mark.parametrize("seed", range(5))
def test_the_known_customers_are_ordinary_and_still_undecided(seed):
    simulation = simulate(seed=seed)
    known = simulation.profiles.head(5)
    assert known["customer_name"].tolist() == [
        "Ada Lovelace",
        "Grace Hopper",
        "Alan Turing",
        "Edgar Codd",
        "Barbara Liskov",
    ]
    assert known["churned"].isna().all()
    counts = simulation.complaints["customer_id"].value_counts()
    complaints = known["customer_id"].map(counts).fillna(0)
    assert complaints.tolist() == KNOWN_CUSTOMERS["complaints"].tolist()
    assert complaints.isin([0, 1]).all()


def test_no_one_else_has_the_last_name_of_a_known_customer():
    names = simulate(50_000).profiles["customer_name"]
    known = KNOWN_CUSTOMERS["customer_name"].str.split().str[-1]
    assert names.str.contains("|".join(known)).sum() == len(known)


@pytest.mark.parametrize("customers", [1, 3, 5, 6])
def test_a_handful_of_customers_can_be_simulated(customers):
    simulation = simulate(customers)
    assert len(simulation.profiles) == customers
    assert simulation.complaints["customer_id"].isin(range(1, customers + 1)).all()


@pytest.mark.parametrize("seed", range(5))
def test_a_quarter_churns_and_a_fifth_is_undecided(seed):
    churned = simulate(seed=seed).profiles["churned"]
    assert churned.mean() == pytest.approx(0.25, abs=0.03)
    assert churned.isna().mean() == pytest.approx(0.2, abs=0.02)


def test_the_share_of_the_undecided_can_be_chosen():
    churned = simulate(500, unknown_share=0).profiles["churned"]
    assert churned.isna().sum() == len(KNOWN_CUSTOMERS)


def test_categories_are_those_of_the_design(profiles):
    assert profiles["region"].nunique() == 6
    assert set(profiles["contract"]) == {"month to month", "one year", "two year"}
    assert profiles["payment_method"].nunique() == 4
    assert set(profiles["internet_service"]) == {"none", "dsl", "fiber"}


def test_blanks_are_where_a_real_table_has_them(profiles):
    blank = profiles.drop(columns="churned").isna().mean()
    columns = ["age", "has_dependents", "total_charges"]
    assert sorted(blank[blank > 0].index) == columns
    assert (blank[columns] < 0.12).all()
    never_billed = profiles["tenure_months"] == 0
    assert never_billed.any()
    assert profiles["total_charges"].isna().equals(never_billed)


def test_amounts_fit_the_columns_they_are_written_to(profiles):
    for column in ("monthly_charges", "total_charges"):
        amounts = profiles[column].dropna()
        assert (amounts > 0).all()
        assert (amounts == amounts.round(2)).all()
    assert (profiles["data_usage_gb"] >= 0).all()
    assert profiles["age"].dropna().between(18, 90).all()


def test_tenure_is_the_months_completed_since_signing_up(profiles):
    today = pd.Timestamp("2026-01-01")
    days = (today - profiles["signed_up_on"]).dt.days
    assert (days >= 1).all()
    assert ((days / 30.4375).astype(int) == profiles["tenure_months"]).all()
    assert profiles["tenure_months"].max() <= 72


def test_complaints_fall_within_the_year_and_after_signing_up():
    simulation = simulate(2000, reference_date=date(2025, 7, 1))
    complaints = simulation.complaints.merge(simulation.profiles, on="customer_id")
    complained_at = complaints["complained_at"]
    assert str(complained_at.dt.tz) == "UTC"
    assert complained_at.max() < pd.Timestamp("2025-07-01", tz="UTC")
    assert complained_at.min() >= pd.Timestamp("2024-07-01", tz="UTC")
    assert (complained_at >= complaints["signed_up_on"].dt.tz_localize("UTC")).all()
    assert complained_at.is_monotonic_increasing
    assert complaints["channel"].isin(["phone", "email", "chat", "store"]).all()
    assert (complaints["subject"].str.len() > 0).all()


def test_the_more_complaints_the_more_churn(profiles):
    complaint_count = profiles["complaint_count"].clip(upper=3)
    share = profiles.groupby(complaint_count)["churned"].mean().astype("float64")
    assert share.is_monotonic_increasing
    assert share[1] - share[0] > 0.12
    # Each complaint adds less than the one before, on the scale of log-odds.
    log_odds = np.log(share / (1 - share))
    assert log_odds[1] - log_odds[0] > log_odds[3] - log_odds[2] > 0


def test_churn_can_be_learnt_though_not_perfectly(profiles):
    known = profiles[profiles["churned"].notna()]
    result = train(known, known["churned"], KINDS, "logistic_regression")
    assert 0.8 < result.comparison.scores[0].roc_auc.mean < 0.9
    assert 0.8 < result.evaluation.roc_auc < 0.9


def test_nonsense_is_refused():
    with pytest.raises(ValueError, match="customers must be at least 1, not 0"):
        simulate(0)
    with pytest.raises(ValueError, match="unknown_share must be from 0 to 1, not 20"):
        simulate(unknown_share=20)
