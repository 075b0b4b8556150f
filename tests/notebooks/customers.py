"""Made-up customers, as notebooks hold them and as the database gives them."""

import functools

import numpy as np
import pandas as pd
from pgchurn.loader.models.profile import features_frame

TRAINING_ROWS = 300
NEW_ROWS = 300
# What a column of the database's is to a model; None: no model takes it.
KINDS = {
    "customer": "text",
    "joined": None,
    "gender": "text",
    "senior": "number",
    "partner": "text",
    "tenure": "number",
    "contract": "text",
    "internet": "text",
    "payment": "text",
    "city": "text",
    "paperless": "boolean",
    "monthly": "number",
    "total": "number",
    "calls": "number",
}
EVERYTHING = tuple(KINDS)
FEATURES = EVERYTHING[2:]
TEXTS = ("gender", "partner", "contract", "internet", "payment", "city")
NUMBERS = ("senior", "tenure", "monthly", "total", "calls")
# Those in which something is missing.
GAPS = ("internet", "city", "total", "calls")
WHOLE_NUMBERS = NUMBERS[:3]
# Texts and numbers in which nothing is missing.
WHOLE = ("gender", "partner", "contract", "payment", *WHOLE_NUMBERS)


@functools.cache
def customers(rows=TRAINING_ROWS, seed=7):
    """Return customers as ``read_csv`` gives them, and who churned.

    Returns
    -------
    pandas.DataFrame of shape (rows, 14)
        With the key, a date, texts, a boolean, whole numbers and gaps.
    pandas.Series of shape (rows,)
        Of "Yes" and "No".
    """
    rng = np.random.default_rng(seed)
    cities = ["Porto", "Ghent", "Turku", "Lyon", "Graz", "Split", "Gdynia"]
    shares = [0.3, 0.3, 0.2, 0.14, 0.03, 0.02, 0.01]
    tenure = rng.integers(1, 72, rows)
    monthly = np.round(rng.uniform(15, 120, rows), 2)
    methods = ["card", "bank transfer (automatic)", "electronic check", "mailed check"]
    frame = pd.DataFrame(
        {
            "customer": [f"C-{seed}-{number:05}" for number in range(rows)],
            "joined": pd.Timestamp("2026-01-01") - pd.to_timedelta(30 * tenure, "D"),
            "gender": rng.choice(["female", "male"], rows),
            "senior": rng.integers(0, 2, rows),
            "partner": rng.choice(["Yes", "No"], rows),
            "tenure": tenure,
            "contract": rng.choice(["Month-to-month", "One year", "Two year"], rows),
            "internet": rng.choice(["DSL", "Fiber optic", "None at all"], rows),
            "payment": rng.choice(methods, rows),
            "city": rng.choice(cities, rows, p=shares),
            "paperless": rng.random(rows) < 0.6,
            "monthly": monthly,
            "total": np.round(tenure * monthly * rng.uniform(0.9, 1.1, rows), 2),
            "calls": rng.poisson(1.5, rows),
        }
    )
    odds = (
        frame["calls"]
        + frame["monthly"] / 60
        - frame["tenure"] / 20
        + 1.5 * (frame["contract"] == "Month-to-month")
        - frame["paperless"] * (frame["internet"] == "DSL")
        - 2
    )
    churned = np.where(rng.random(rows) < 1 / (1 + np.exp(-odds)), "Yes", "No")
    for name in GAPS:
        frame[name] = frame[name].mask(rng.random(rows) < 0.08)
    return frame, pd.Series(churned, name="churned")


@functools.cache
def new_customers():
    """Return customers of after the training, some with texts that it never saw."""
    frame, _ = customers(NEW_ROWS, seed=8)
    frame = frame.copy()
    frame.loc[3::17, "payment"] = "barter"
    frame.loc[5::23, "city"] = "Atlantis"
    frame.loc[7::41, "contract"] = "Ten years"
    return frame


def as_read(frame):
    """Return a frame as ``read_csv`` has made it."""
    return frame


def as_categories(frame):
    """Return a frame whose texts are of the type category."""
    return frame.astype({name: "category" for name in TEXTS if name in frame})


def as_nullable(frame):
    """Return a frame whose numbers and booleans are of pandas' own types.

    scikit-learn cannot compare texts with ``pandas.NA``, so they stay as they are.
    """
    kinds = dict.fromkeys(("monthly", "total"), "Float64")
    kinds |= dict.fromkeys(("senior", "tenure", "calls"), "Int64")
    kinds["paperless"] = "boolean"
    return frame.astype({name: kind for name, kind in kinds.items() if name in frame})


def as_queried(frame):
    """Return a frame as a query of the database gives it: None for a missing text."""
    texts = [name for name in frame if KINDS[name] == "text"]
    objects = frame[texts].astype(object)
    return frame.assign(**objects.where(objects.notna(), None))


def as_values(frame):
    """Return a frame as a matrix without names, as ``values`` gives it."""
    return frame.to_numpy()


def as_smaller(frame):
    """Return a frame whose whole numbers were made smaller, to save memory."""
    smaller = {"tenure": "int8", "senior": "uint8"}
    return frame.astype({name: kind for name, kind in smaller.items() if name in frame})


def as_single_precision(frame):
    """Return a frame whose numbers are of half the length, digits lost with it."""
    numbers = [name for name in ("tenure", "monthly", "total") if name in frame]
    return frame.astype(dict.fromkeys(numbers, "float32"))


def as_stored(frame, kinds):
    """Return a frame as the client reads it from the table.

    Parameters
    ----------
    frame : pandas.DataFrame
    kinds : dict of str to {"number", "boolean", "text"}
        Of the columns that are read.
    """
    columns = (
        [None if value != value or value is None else value for value in frame[name]]
        for name in kinds
    )
    return features_frame(kinds, columns)
