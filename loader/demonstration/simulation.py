"""Customers, complaints and churn out of a seeded generator, for the demonstration.

Nothing here is anyone's data. What drives churn is written down in `churn_log_odds`,
so that a model trained on the result can be compared with the truth.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
from numpy.random import Generator

DAYS_PER_YEAR = 365
DAYS_PER_MONTH = 365.25 / 12
LONGEST_TENURE_MONTHS = 72
SECONDS_PER_DAY = 24 * 60 * 60

REGION_SHARES = {
    "north": 0.22,
    "south": 0.20,
    "east": 0.18,
    "west": 0.18,
    "central": 0.15,
    "islands": 0.07,
}
CONTRACTS = ("month to month", "one year", "two year")
PAYMENT_METHOD_SHARES = {
    "credit card": 0.30,
    "bank transfer": 0.25,
    "electronic check": 0.30,
    "mailed check": 0.15,
}
INTERNET_SERVICE_SHARES = {"none": 0.20, "dsl": 0.35, "fiber": 0.45}
CHANNEL_SHARES = {"phone": 0.45, "email": 0.25, "chat": 0.20, "store": 0.10}
SUBJECTS = (
    "bill higher than agreed",
    "connection drops in the evening",
    "slow internet",
    "technician did not come",
    "charged twice",
    "waited too long on the phone",
    "price increase",
    "contract change not carried out",
)

# Easily recognised, and otherwise customers like any other: the ones to complain in
# the demonstration. No generated name has one of these last names.
KNOWN_CUSTOMERS = pd.DataFrame(
    {
        "customer_name": [
            "Ada Lovelace",
            "Grace Hopper",
            "Alan Turing",
            "Edgar Codd",
            "Barbara Liskov",
        ],
        "tenure_months": [14, 26, 18, 31, 22],
        "contract": [
            "month to month",
            "one year",
            "month to month",
            "one year",
            "month to month",
        ],
        "internet_service": ["dsl", "fiber", "dsl", "fiber", "dsl"],
        "support_calls": [1, 0, 2, 1, 1],
        "late_payments": [0, 1, 1, 0, 0],
        "complaints": [0, 1, 0, 0, 1],
    }
)

FIRST_NAMES = """
    Aaron Abigail Adam Aisha Alice Amara Amir Ana Andre Anita Anna Anton Beatriz Ben
    Bianca Boris Camila Carlos Carmen Cecilia Chen Chloe Clara Daniel Darius David
    Diana Diego Dina Elena Eli Emil Emma Erik Esther Eva Fatima Felix Fiona Frank
    Gabriel Gina Hana Hassan Helen Henry Hugo Ines Irene Isaac Ivan Jack Jana Jasmin
    Joel Jonas Jorge Julia Karim Karin Kenji Lara Laura Leila Leo Lina Louis Lucia
    Marco Maria Mark Marta Maya Mei Mila Milan Nadia Naomi Nico Nina Noah Nora Olga
    Oliver Omar Paul Petra Priya Rafael Rania Rosa Samir Sara Sofia Tara Theo Tomas
    Vera Victor Yara Yusuf Zoe
""".split()
LAST_NAMES = """
    Abbott Adeyemi Ahmed Alvarez Andersson Baker Bauer Becker Bennett Bianchi Brooks
    Campbell Carter Castro Chang Cohen Cooper Costa Cruz Dahl Davies Diaz Dubois
    Edwards Eriksen Evans Farah Fernandez Fischer Fleming Flores Foster Fuchs Garcia
    Gomez Gray Green Gupta Haddad Hansen Harris Hoffman Horvat Hughes Ibrahim Ito
    Ivanov Jackson Jansen Jensen Johnson Kaplan Kaya Keller Khan Kim Klein Kovacs
    Kumar Larsen Lee Lewis Lopez Mahmoud Marino Martin Mbeki Mendoza Meyer Moreau
    Morgan Mueller Nakamura Nguyen Nielsen Novak Okafor Olsen Ortiz Park Patel
    Pereira Peters Petrov Popescu Reyes Ricci Rossi Russo Sanchez Sato Schmidt Silva
    Singh Smith Suzuki Tanaka Torres Vargas Weber Wilson Yilmaz Young Zhang
""".split()
INITIALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, eq=False)
class Simulation:
    """Simulated customers and their complaints.

    Attributes
    ----------
    profiles : pandas.DataFrame of shape (customers, 17)
        One row per customer, columns as in ``churn.customers``. Missing values are
        pandas' own (NaN or NA), which `DataFrame.to_csv` writes as empty fields.
        ``churned`` is missing where the outcome is not known yet.
    complaints : pandas.DataFrame of shape (n_complaints, 4)
        One row per complaint in order of time: ``customer_id``, ``complained_at``
        (UTC, to the second), ``channel``, ``subject``.
    """

    profiles: pd.DataFrame
    complaints: pd.DataFrame


def simulate(
    customers: int = 5_000,
    *,
    seed: int = 0,
    reference_date: date = date(2026, 1, 1),
    unknown_share: float = 0.2,
) -> Simulation:
    """Simulate the customers of a telecom operator.

    The first customers are `KNOWN_CUSTOMERS`: they have stayed for over a year, have
    complained once or never, and their outcome is not known yet.

    Parameters
    ----------
    customers : int, default=5_000
        Number of customers, at least one.
    seed : int, default=0
        Seed of all that is random: the same arguments give the same data.
    reference_date : datetime.date, default=2026-01-01
        The day, from midnight UTC, on which everything is looked at. Customers have
        signed up before it, and complaints fall within the year before it.
    unknown_share : float, default=0.2
        Share of the customers whose outcome is not known yet, 0 to 1.

    Returns
    -------
    Simulation

    Raises
    ------
    ValueError
        If `customers` is below one or `unknown_share` is not a share.
    """
    if customers < 1:
        raise ValueError(f"customers must be at least 1, not {customers}")
    if not 0 <= unknown_share <= 1:
        raise ValueError(f"unknown_share must be from 0 to 1, not {unknown_share}")
    rng = np.random.default_rng(seed)
    profiles = _simulate_profiles(rng, customers, reference_date)
    days = (np.datetime64(reference_date, "s") - profiles["signed_up_on"]).dt.days
    days_observed = days.clip(upper=DAYS_PER_YEAR).to_numpy()
    counts = _draw_complaint_counts(rng, profiles, days_observed)
    complaints = _draw_complaints(rng, profiles, counts, days_observed, reference_date)
    churned = _draw_churn(rng, profiles, counts, unknown_share)
    # Blanks last: what the operator does not know still made the customer stay or go.
    profiles = _leave_blanks(rng, profiles).assign(churned=churned)
    return Simulation(profiles=profiles, complaints=complaints)


def _simulate_profiles(
    rng: Generator, customers: int, reference_date: date
) -> pd.DataFrame:
    drawn = _draw_attributes(rng, customers)
    days = _days_as_customer(rng, drawn["tenure_months"])
    monthly_charges = _monthly_charges(rng, drawn)
    return pd.DataFrame(
        {
            "customer_id": np.arange(1, customers + 1),
            "customer_name": drawn["customer_name"],
            "signed_up_on": np.datetime64(reference_date, "s")
            - days.astype("timedelta64[D]"),
            "age": rng.normal(45, 15, customers).clip(18, 90).astype("int64"),
            "region": _choose(rng, customers, REGION_SHARES),
            "contract": drawn["contract"],
            "payment_method": _choose(rng, customers, PAYMENT_METHOD_SHARES),
            "internet_service": drawn["internet_service"],
            "paperless_billing": rng.random(customers) < 0.6,
            "has_dependents": rng.random(customers) < 0.3,
            "tenure_months": drawn["tenure_months"],
            "monthly_charges": monthly_charges,
            "total_charges": _total_charges(
                rng, monthly_charges, drawn["tenure_months"]
            ),
            "data_usage_gb": _data_usage_gb(rng, drawn["internet_service"]),
            "support_calls": drawn["support_calls"],
            "late_payments": drawn["late_payments"],
        }
    )


def _draw_attributes(rng: Generator, customers: int) -> dict[str, np.ndarray]:
    tenure_months = rng.gamma(1.2, 22, customers).astype("int64")
    tenure_months = tenure_months.clip(max=LONGEST_TENURE_MONTHS)
    attributes = {
        "customer_name": _draw_names(rng, customers),
        "tenure_months": tenure_months,
        "contract": _draw_contracts(rng, tenure_months),
        "internet_service": _choose(rng, customers, INTERNET_SERVICE_SHARES),
        "support_calls": rng.poisson(rng.gamma(1.5, 0.9, customers)),
        "late_payments": rng.poisson(rng.gamma(0.6, 1.2, customers)),
    }
    known = KNOWN_CUSTOMERS.head(customers)
    for name, values in attributes.items():
        values[: len(known)] = known[name]
    return attributes


def _draw_names(rng: Generator, customers: int) -> np.ndarray:
    names = pd.DataFrame(
        {
            "first": rng.choice(np.array(FIRST_NAMES, dtype=object), customers),
            "last": rng.choice(np.array(LAST_NAMES, dtype=object), customers),
        }
    )
    repeats = names.groupby(["first", "last"]).cumcount()
    return np.array(
        [
            _full_name(first, last, repeat)
            for first, last, repeat in zip(names["first"], names["last"], repeats)
        ],
        dtype=object,
    )


def _full_name(first: str, last: str, repeat: int) -> str:
    # The first of a name is plain, the next 26 have an initial, then numbers join in.
    if repeat == 0:
        return f"{first} {last}"
    number, letter = divmod(repeat - 1, len(INITIALS))
    name = f"{first} {INITIALS[letter]}. {last}"
    return name if number == 0 else f"{name} {number + 1}"


def _draw_contracts(rng: Generator, tenure_months: np.ndarray) -> np.ndarray:
    # The longer someone has stayed, the likelier a longer contract.
    leaning = rng.normal(0, 1, len(tenure_months)) + tenure_months / 30
    return np.array(CONTRACTS, dtype=object)[np.digitize(leaning, (0.9, 2.0))]


def _choose(rng: Generator, size: int, shares: Mapping[str, float]) -> np.ndarray:
    values = np.array(list(shares), dtype=object)
    return rng.choice(values, size, p=list(shares.values()))


def _days_as_customer(rng: Generator, tenure_months: np.ndarray) -> np.ndarray:
    # Of the month begun, at most 28 days: so the months completed are tenure_months.
    completed = np.ceil(tenure_months * DAYS_PER_MONTH).astype("int64")
    return completed + rng.integers(1, 29, len(tenure_months))


def _by_category(values: npt.ArrayLike, numbers: Mapping[str, float]) -> np.ndarray:
    return pd.Series(values).map(numbers).to_numpy(dtype="float64")


def _monthly_charges(rng: Generator, drawn: Mapping[str, np.ndarray]) -> np.ndarray:
    service = _by_category(
        drawn["internet_service"], {"none": 22.0, "dsl": 52.0, "fiber": 82.0}
    )
    discount = _by_category(
        drawn["contract"], {"month to month": 0.0, "one year": 4.0, "two year": 8.0}
    )
    noise = rng.normal(0, 6, len(service))
    return (service - discount + noise).clip(9.99).round(2)


def _total_charges(
    rng: Generator, monthly_charges: np.ndarray, tenure_months: np.ndarray
) -> np.ndarray:
    # Prices have risen: the average month cost a little less than today's.
    paid = monthly_charges * tenure_months * rng.uniform(0.9, 1.0, len(tenure_months))
    return np.where(tenure_months > 0, paid.round(2), np.nan)


def _data_usage_gb(rng: Generator, internet_service: np.ndarray) -> np.ndarray:
    mean = _by_category(internet_service, {"none": 0.0, "dsl": 60.0, "fiber": 140.0})
    return (mean * rng.gamma(2.0, 0.5, len(mean))).round(3)


def _draw_complaint_counts(
    rng: Generator, profiles: pd.DataFrame, days_observed: np.ndarray
) -> np.ndarray:
    per_year = _by_category(
        profiles["internet_service"], {"none": 0.3, "dsl": 0.5, "fiber": 0.8}
    )
    # Some people complain more readily than others.
    per_year = per_year * rng.gamma(1.0, 1.0, len(profiles))
    counts = rng.poisson(per_year * days_observed / DAYS_PER_YEAR)
    known = KNOWN_CUSTOMERS["complaints"].head(len(profiles))
    counts[: len(known)] = known
    return counts


def _draw_complaints(
    rng: Generator,
    profiles: pd.DataFrame,
    counts: np.ndarray,
    days_observed: np.ndarray,
    reference_date: date,
) -> pd.DataFrame:
    size = counts.sum()
    seconds_observed = np.repeat(days_observed * SECONDS_PER_DAY, counts)
    seconds_ago = 1 + (rng.random(size) * seconds_observed).astype("int64")
    complained_at = np.datetime64(reference_date, "s") - seconds_ago.astype(
        "timedelta64[s]"
    )
    complaints = pd.DataFrame(
        {
            "customer_id": np.repeat(profiles["customer_id"].to_numpy(), counts),
            "complained_at": pd.Series(complained_at).dt.tz_localize("UTC"),
            "channel": _choose(rng, size, CHANNEL_SHARES),
            "subject": rng.choice(np.array(SUBJECTS, dtype=object), size),
        }
    )
    return complaints.sort_values(["complained_at", "customer_id"], ignore_index=True)


def churn_log_odds(profiles: pd.DataFrame, complaint_counts: np.ndarray) -> np.ndarray:
    """Return the log-odds of churn, the truth that a model is to find.

    Parameters
    ----------
    profiles : pandas.DataFrame of shape (n_customers, n_columns)
        Without missing values in the columns used.
    complaint_counts : numpy.ndarray of int, shape (n_customers,)
        Complaints within the year.

    Returns
    -------
    numpy.ndarray of float, shape (n_customers,)
    """
    return (
        -2.0
        + _by_category(
            profiles["contract"],
            {"month to month": 0.0, "one year": -1.5, "two year": -2.8},
        )
        + _by_category(
            profiles["internet_service"], {"none": -0.6, "dsl": 0.0, "fiber": 0.6}
        )
        + 0.4 * (profiles["payment_method"] == "electronic check")
        - 0.4 * profiles["has_dependents"]
        - 0.03 * (profiles["tenure_months"] - 24)
        + 0.15 * profiles["support_calls"]
        + 0.4 * profiles["late_payments"]
        # +1.5 for the first complaint, +0.9 for the second, ever less for more.
        + 1.5 * np.log2(1 + complaint_counts)
    ).to_numpy()


def _draw_churn(
    rng: Generator,
    profiles: pd.DataFrame,
    complaint_counts: np.ndarray,
    unknown_share: float,
) -> pd.Series:
    probability = 1 / (1 + np.exp(-churn_log_odds(profiles, complaint_counts)))
    churned = pd.Series(rng.random(len(profiles)) < probability, dtype="boolean")
    unknown = rng.random(len(profiles)) < unknown_share
    unknown[: len(KNOWN_CUSTOMERS)] = True
    return churned.mask(unknown)


def _leave_blanks(rng: Generator, profiles: pd.DataFrame) -> pd.DataFrame:
    """Return the profiles with the gaps that any real table has."""
    return profiles.assign(
        age=profiles["age"].astype("Int64").mask(rng.random(len(profiles)) < 0.05),
        has_dependents=profiles["has_dependents"]
        .astype("boolean")
        .mask(rng.random(len(profiles)) < 0.08),
    )
