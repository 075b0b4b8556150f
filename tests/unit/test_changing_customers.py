"""The made-up customers of a year: when they change, and in what."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from pgchurn.loader.demonstration.changing_customers import (
    HORIZON,
    Calendar,
    simulate_change,
)

NOW = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
BEFORE, DAILY = 4_000, 100


@pytest.fixture(scope="module")
def calendar():
    return Calendar.until(NOW)


@pytest.fixture(scope="module")
def customers(calendar):
    return simulate_change(calendar, BEFORE, DAILY)


def scored(customers, since, until):
    """Return who is scored in some time, and which of them leave."""
    profiles = customers.profiles
    chosen = profiles[
        (profiles["scored_at"] >= since) & (profiles["scored_at"] < until)
    ]
    return chosen, chosen["customer_id"].isin(customers.leavers["customer_id"])


def test_everything_is_known_by_now(calendar, customers):
    assert calendar.ends + HORIZON <= NOW < calendar.ends + HORIZON + timedelta(days=1)
    assert customers.leavers["known_at"].max() < NOW
    assert customers.profiles["scored_at"].max() < calendar.ends


def test_another_day_tells_the_same_story_a_day_later(customers):
    later = simulate_change(Calendar.until(NOW + timedelta(days=1)), BEFORE, DAILY)

    for name in ("profiles", "complaints", "leavers"):
        one, other = getattr(customers, name), getattr(later, name)
        for column in one:
            shift = timedelta(days=1) if column.endswith("_at") else None
            expected = one[column] if shift is None else one[column] + shift
            pd.testing.assert_series_equal(other[column], expected)


def test_only_who_was_there_before_the_year_is_known_from_the_beginning(
    calendar, customers
):
    profiles = customers.profiles
    is_before = profiles["scored_at"] < calendar.start

    assert is_before.sum() == BEFORE
    assert (profiles["churned"].notna() == is_before).all()
    # Their horizon was over by then.
    assert profiles["scored_at"][is_before].max() + HORIZON < calendar.start
    told = profiles["customer_id"].isin(customers.leavers["customer_id"])
    assert not (told & is_before).any()


def test_who_leaves_is_known_to_within_the_horizon(customers):
    scored_at = customers.profiles.set_index("customer_id")["scored_at"]
    leavers = customers.leavers.set_index("customer_id")["known_at"]

    after = leavers - scored_at[leavers.index]

    assert after.min() > timedelta(0)
    assert after.max() <= HORIZON


def test_one_input_changes_in_the_seventh_month_and_no_other(calendar, customers):
    before, _ = scored(customers, calendar.start, calendar.input_changes)
    after, _ = scored(customers, calendar.input_changes, calendar.year_ends)

    assert after["data_usage_gb"].mean() > 1.7 * before["data_usage_gb"].mean()
    for name in ("tenure_months", "monthly_charges", "support_calls", "late_payments"):
        shift = after[name].mean() - before[name].mean()
        assert abs(shift) < 0.03 * before[name].std()


def test_who_leaves_changes_in_the_ninth_month_and_how_many_do_not(calendar, customers):
    def leaving(since, until):
        chosen, left = scored(customers, since, until)
        return left.groupby(chosen["contract"]).mean(), left.mean()

    before, share_before = leaving(calendar.start, calendar.relation_changes)
    after, share_after = leaving(calendar.relation_changes, calendar.ends)

    assert before["month to month"] > 0.15 > 0.05 > before["two year"]
    assert after["two year"] > 0.3 > 0.1 > after["month to month"]
    assert abs(share_after - share_before) < 0.015


def test_complaints_are_from_before_their_customers_are_scored(customers):
    scored_at = customers.profiles.set_index("customer_id")["scored_at"]
    complaints = customers.complaints

    ago = scored_at[complaints["customer_id"]].to_numpy() - (
        complaints["complained_at"].to_numpy()
    )

    assert (ago > np.timedelta64(0, "s")).all()
    assert len(complaints) > 10_000
