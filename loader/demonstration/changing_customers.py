"""Made-up customers of a year and more in which their behaviour changes, twice.

Nothing here is anyone's data. In the seventh month customers begin to use more data,
which has nothing to do with leaving. In the ninth a competitor begins to buy customers
out of long contracts: then what the features say of leaving is something else, though
the features are as they were.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from pgchurn.loader.demonstration.simulation import churn_log_odds, simulate

MONTHS = 12
# All as long, so that the story is the same whenever it is told.
MONTH = timedelta(days=30)
# Of the year, counted from 1, in which each change begins.
INPUT_CHANGES_IN = 7
RELATION_CHANGES_IN = 9
# After the year, in which customers are scored on whom two models are compared.
MONTHS_AFTER = 2
HORIZON = timedelta(days=90)

# The keys of those who come last begin after this, beyond all others.
ARRIVALS_FROM = 1_000_000

CHANGED_FEATURE = "data_usage_gb"
# So many times as much data as before.
MORE_DATA = 1.8
# Fewer leave than of the customers of `simulate`.
LOWER_LOG_ODDS = 1.2
# What the competitor adds to the log odds of leaving; who pays monthly gets an offer to
# stay, so that about as many leave as before.
BOUGHT_OUT = {"month to month": -3.0, "one year": 2.0, "two year": 4.2}

COLUMNS = [
    *("customer_id", "contract", "payment_method", "internet_service"),
    *("has_dependents", "tenure_months", "monthly_charges", "data_usage_gb"),
    *("support_calls", "late_payments"),
]


@dataclass(frozen=True)
class Calendar:
    """When what happens.

    Attributes
    ----------
    start : datetime.datetime
        When the year begins, with a time zone.
    """

    start: datetime

    @classmethod
    def until(cls, now: datetime) -> "Calendar":
        """Return the latest one of which everything is known by now.

        It begins at midnight, and is the same from day to day but for that.
        """
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return cls(midnight - HORIZON - (MONTHS + MONTHS_AFTER) * MONTH)

    def month(self, number: int) -> datetime:
        """Return when a month begins, counted from 1."""
        return self.start + (number - 1) * MONTH

    @property
    def input_changes(self) -> datetime:
        """When customers begin to use more data."""
        return self.month(INPUT_CHANGES_IN)

    @property
    def relation_changes(self) -> datetime:
        """When the competitor begins."""
        return self.month(RELATION_CHANGES_IN)

    @property
    def year_ends(self) -> datetime:
        """When the year is over."""
        return self.month(MONTHS + 1)

    @property
    def ends(self) -> datetime:
        """When the last customers are scored."""
        return self.month(MONTHS + 1 + MONTHS_AFTER)


@dataclass(frozen=True, eq=False)
class ChangingCustomers:
    """Customers before, in and after the year, each of whom is scored once.

    Attributes
    ----------
    profiles : pandas.DataFrame of shape (n_customers, 12)
        ``COLUMNS``, ``scored_at``, and ``churned``, which is known of those who were
        there before the year, and missing of all others.
    complaints : pandas.DataFrame of shape (n_complaints, 2)
        ``customer_id`` and ``complained_at``, before ``scored_at``.
    leavers : pandas.DataFrame of shape (n_leavers, 2)
        ``customer_id`` and ``known_at`` of those who leave within the horizon.
    """

    profiles: pd.DataFrame
    complaints: pd.DataFrame
    leavers: pd.DataFrame


def simulate_change(
    calendar: Calendar, before: int, daily: int, seed: int = 0
) -> ChangingCustomers:
    """Simulate customers whose behaviour changes.

    Parameters
    ----------
    calendar : Calendar
    before : int
        How many are scored, and known, before the year.
    daily : int
        How many are scored on each day from then on.
    seed : int, default=0
        The same arguments give the same data.
    """
    rng = np.random.default_rng(seed)
    days = (calendar.ends - calendar.start).days
    scored_at = np.concatenate(
        [
            seconds_of(calendar.start - HORIZON) - rng.uniform(1, 180, before) * 86_400,
            seconds_of(calendar.start)
            + np.sort(rng.uniform(0, days, daily * days)) * 86_400,
        ]
    ).astype("int64")
    simulation = simulate(
        len(scored_at), seed=seed, reference_date=calendar.start.date()
    )
    everybody, complaints = simulation.profiles, simulation.complaints
    profiles = everybody[COLUMNS].assign(scored_at=moments(scored_at))
    uses_more = scored_at >= seconds_of(calendar.input_changes)
    usage = profiles[CHANGED_FEATURE]
    profiles[CHANGED_FEATURE] = usage.mask(uses_more, (usage * MORE_DATA).round(3))

    counts = complaints.groupby("customer_id").size()
    counts = counts.reindex(profiles["customer_id"], fill_value=0).to_numpy()
    known = everybody.assign(has_dependents=everybody["has_dependents"].fillna(False))
    odds = churn_log_odds(known, counts) - LOWER_LOG_ODDS
    is_bought = scored_at >= seconds_of(calendar.relation_changes)
    odds = odds + is_bought * profiles["contract"].map(BOUGHT_OUT).to_numpy(float)
    leaves = rng.random(len(odds)) < 1 / (1 + np.exp(-odds))

    is_before = np.arange(len(profiles)) < before
    churned = pd.Series(leaves, dtype="boolean").mask(~is_before)
    left_after = rng.uniform(1, HORIZON.days, len(odds)) * 86_400
    known_at = moments((scored_at + left_after).astype("int64"))
    is_told = leaves & ~is_before
    return ChangingCustomers(
        profiles.assign(churned=churned),
        complaints_before(complaints, profiles["scored_at"], calendar.start),
        pd.DataFrame(
            {
                "customer_id": profiles["customer_id"][is_told],
                "known_at": known_at[is_told],
            }
        ),
    )


def simulate_arrivals(
    calendar: Calendar, daily: int, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Simulate who comes after everybody else: as different as they were by then.

    Parameters
    ----------
    calendar, daily, seed
        As `simulate_change` takes them. There are arrivals of `HORIZON`.

    Returns
    -------
    profiles : pandas.DataFrame of shape (n_customers, 11)
        ``COLUMNS`` and ``scored_at``, from when everybody else had come.
    complaints : pandas.DataFrame of shape (n_complaints, 2)
    """
    later = simulate_change(Calendar(calendar.start + HORIZON), 0, daily, seed + 1)
    profiles = later.profiles[later.profiles["scored_at"] >= calendar.ends]
    complaints = later.complaints
    complaints = complaints[complaints["customer_id"].isin(profiles["customer_id"])]
    return (
        profiles.drop(columns="churned").assign(
            customer_id=profiles["customer_id"] + ARRIVALS_FROM
        ),
        complaints.assign(customer_id=complaints["customer_id"] + ARRIVALS_FROM),
    )


def complaints_before(
    complaints: pd.DataFrame, scored_at: pd.Series, reference: datetime
) -> pd.DataFrame:
    """Return complaints as long before each customer is scored as before a time."""
    places = complaints["customer_id"].to_numpy() - 1
    naive = scored_at.dt.tz_localize(None).to_numpy()
    shift = naive[places] - np.datetime64(reference.replace(tzinfo=None))
    moved = complaints["complained_at"].dt.tz_localize(None) + shift
    return pd.DataFrame(
        {
            "customer_id": complaints["customer_id"],
            "complained_at": moved.dt.tz_localize("UTC"),
        }
    )


def seconds_of(time: datetime) -> int:
    """Return seconds since 1970."""
    return int(time.timestamp())


def moments(seconds: np.ndarray) -> pd.Series:
    """Return seconds since 1970 as times in UTC."""
    return pd.Series(pd.to_datetime(seconds, unit="s", utc=True))
