"""The demonstration of a year: a model that goes out of date, and who notices."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from pgchurn.loader import output
from pgchurn.loader.database import (
    PINNED,
    Connection,
    connect,
    fetch_all,
    fetch_value,
    queries,
)
from pgchurn.loader.demonstration.changing_customers import (
    HORIZON,
    MONTHS,
    Calendar,
    ChangingCustomers,
    simulate_change,
)
from pgchurn.loader.demonstration.walkthrough import copy_in
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.models.profile import Profile, features_frame
from pgchurn.loader.models.training import TrainingResult, train
from pgchurn.loader.models.training_run import register_trained, train_and_register
from pgchurn.loader.operations.monitoring import Span, monitor
from pgchurn.loader.operations.rescoring import Pace, rescore_profiles

TABLE = "life_cycle.customers"
COMPLAINTS = "life_cycle.complaints"
# What is quick to train and to explain; this is not about the best model.
ALGORITHM = "logistic_regression"
CUSTOMERS_BEFORE = 4_000
CUSTOMERS_A_DAY = 100
WINDOW = timedelta(days=7)


def run_life_cycle(
    url: str | None,
    daily: int = CUSTOMERS_A_DAY,
    window: timedelta = WINDOW,
    *,
    now: datetime | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Go through a year of made-up customers who change, in a schema of its own.

    Parameters
    ----------
    url : str or None
        As `database_url` takes it; a superuser's.
    daily : int, default=100
        How many customers are scored on each day of the year.
    window : datetime.timedelta, default=7 days
        Of monitoring.
    now : datetime.datetime, optional
        With its time zone: by when everything is known; by default now.
    seed : int, default=0
        Of the customers.

    Returns
    -------
    dict
        ``versions``, the champion's and the challenger's; ``calendar``, times by what
        happens then; ``months``, a dict each; ``alerts`` in the order in which they
        were opened; ``retrained``, what the challenger was trained on; ``comparison``,
        the evidence.

    Raises
    ------
    LoaderError
        If the schema is there already.
    """
    with closing(connect(url)) as connection:
        now = now or fetch_value(connection, "clock")
        calendar = Calendar.until(now.astimezone(UTC))
        create_tables(connection)
        customers = simulate_change(calendar, CUSTOMERS_BEFORE, daily, seed)
        champion = train_champion(url, connection, customers, calendar)
        log_scores(connection, customers, calendar)
        go_through(url, calendar, window)
        alerts = fetch_all(connection, "life_cycle_alerts", table=TABLE)
        connection.rollback()
        retrained = retrain(connection, calendar, alerts)
        challenger = retrained["version"]
        since = calendar.year_ends + timedelta(days=1)
        output.message(
            f"comparing versions {champion} and {challenger} on customers since "
            f"{since:%Y-%m-%d}"
        )
        evidence = fetch_all(
            connection,
            "life_cycle_compare",
            table=TABLE,
            champion=champion,
            challenger=challenger,
            since=since,
        )
        return {
            "versions": {"champion": champion, "challenger": challenger},
            "calendar": {
                "year begins": calendar.start,
                "customers use more data": calendar.input_changes,
                "a competitor begins": calendar.relation_changes,
                "year ends": calendar.year_ends,
            },
            "months": months(connection, calendar),
            "alerts": alerts,
            "retrained": retrained,
            "comparison": evidence,
        }


def create_tables(connection: Connection) -> None:
    """Create and attach the demonstration's own tables."""
    if fetch_value(connection, "life_cycle_is_there"):
        raise LoaderError(
            "there is a schema life_cycle already; if it is the demonstration's, make "
            f"room with: SELECT churn.detach('{TABLE}'); DROP SCHEMA life_cycle CASCADE"
        )
    run(connection, "life_cycle_create")
    connection.commit()


def run(connection: Connection, name: str, **parameters: object) -> None:
    """Run a named statement that returns nothing of interest."""
    with connection.cursor() as cursor:
        cursor.execute(PINNED + queries()[name], parameters)


def train_champion(
    url: str | None,
    connection: Connection,
    customers: ChangingCustomers,
    calendar: Calendar,
) -> int:
    """Load all customers, and train and activate on those from before the year."""
    copy_in(connection, TABLE, customers.profiles)
    copy_in(connection, COMPLAINTS, customers.complaints)
    connection.commit()
    in_year = len(customers.profiles) - CUSTOMERS_BEFORE
    output.message(
        f"made up {CUSTOMERS_BEFORE:,} customers of whom it is known by "
        f"{calendar.start:%Y-%m-%d} whether they left, and {in_year:,} since"
    )
    trained = train_and_register(
        connection,
        TABLE,
        "churned",
        algorithm=ALGORITHM,
        trained_until=calendar.start,
    )
    fetch_value(
        connection,
        "activate_model",
        version=trained["version"],
        allow_older=False,
        allow_expired=False,
    )
    connection.commit()
    score_everybody(url)
    return trained["version"]


def score_everybody(url: str | None) -> None:
    """Have the version in force score all customers."""
    pace = Pace(1, 10_000, rows_per_second=None, restart=False)
    rescore_profiles(url, TABLE, pace)


def log_scores(
    connection: Connection, customers: ChangingCustomers, calendar: Calendar
) -> None:
    """Log what the version said of each customer of the year, and who left."""
    horizon = f"{HORIZON.days} days"
    run(connection, "life_cycle_log", start=calendar.start, horizon=horizon)
    leavers = customers.leavers.assign(profile=TABLE, outcome=True)
    copy_in(
        connection,
        "churn.known_outcomes",
        leavers.rename(columns={"customer_id": "key"}),
    )
    connection.commit()
    output.message(
        f"logged their scores, of whom {len(leavers):,} left within {horizon}"
    )


def go_through(url: str | None, calendar: Calendar, window: timedelta) -> None:
    """Monitor the year, window by window, as it would have been monitored then."""
    span = Span(
        calendar.start.isoformat(),
        calendar.year_ends.isoformat(),
        f"{window.days} days",
    )
    output.message(
        f"monitoring from {calendar.start:%Y-%m-%d} to {calendar.year_ends:%Y-%m-%d}, "
        f"in windows of {window.days} days"
    )
    done = monitor(url, [TABLE], span, findings_only=True)
    for failure in done.failures:
        raise LoaderError(failure["error"])


def retrain(
    connection: Connection, calendar: Calendar, alerts: list[dict[str, Any]]
) -> dict[str, Any]:
    """Train anew on the customers of whom it is known by the end of the year."""
    since = min(
        (one["first_since"] for one in alerts if one["needs_outcomes"]),
        default=calendar.start,
    )
    until = calendar.year_ends - HORIZON
    profile, frame, kinds, labels = matured_rows(connection, since, until)
    output.message(
        f"training anew on {len(frame):,} customers, scored from {since:%Y-%m-%d} to "
        f"{until:%Y-%m-%d}"
    )
    trained = train(frame, labels, kinds, ALGORITHM, progress=output.message)
    return {
        "version": register_matured(
            connection, profile, trained, frame, calendar.year_ends
        ),
        "customers": len(frame),
        "left": int(labels.sum()),
        "scored_since": since,
        "scored_until": until,
        "trained_until": calendar.year_ends,
    }


def register_matured(
    connection: Connection,
    profile: Profile,
    trained: TrainingResult,
    frame: pd.DataFrame,
    trained_until: datetime,
) -> int:
    """Register what was trained on `matured_rows`; return its version."""
    registered = register_trained(
        connection,
        profile,
        trained,
        frame,
        provenance={"source": "pgchurn demo --life-cycle", "table": "churn.matured"},
        trained_until=trained_until,
    )
    return registered["version"]


def matured_rows(
    connection: Connection, since: datetime, until: datetime
) -> tuple[Profile, pd.DataFrame, dict[str, str], np.ndarray]:
    """Return the table, what was logged in some time, its kinds, and who left."""
    profile = Profile.find(connection, TABLE)
    kinds, _ = profile.usable_features("churned", [], [])
    rows = fetch_all(
        connection, "life_cycle_matured", table=TABLE, since=since, until=until
    )
    connection.rollback()
    kinds = {name: kind for name, kind in kinds.items() if name in rows[0]["features"]}
    frame = frame_of([row["features"] for row in rows], kinds)
    return profile, frame, kinds, np.array([row["outcome"] for row in rows])


def frame_of(documents: list[dict[str, Any]], kinds: dict[str, str]) -> pd.DataFrame:
    """Return logged features as a frame."""
    return features_frame(kinds, ([one[name] for one in documents] for name in kinds))


def months(connection: Connection, calendar: Calendar) -> list[dict[str, Any]]:
    """Return what was found of each month of the year."""
    return [
        {
            "month": number,
            **fetch_all(
                connection,
                "life_cycle_month",
                table=TABLE,
                since=calendar.month(number),
                until=calendar.month(number + 1),
            )[0],
        }
        for number in range(1, MONTHS + 1)
    ]
