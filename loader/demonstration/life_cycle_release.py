"""The demonstration of what a year ends with: a better model gets in, a broken not."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from pgchurn.loader import output
from pgchurn.loader.database import Connection, connect, fetch_all, fetch_value
from pgchurn.loader.demonstration.changing_customers import (
    Calendar,
    simulate_arrivals,
)
from pgchurn.loader.demonstration.life_cycle import (
    ALGORITHM,
    COMPLAINTS,
    CUSTOMERS_A_DAY,
    TABLE,
    matured_rows,
    register_matured,
    run,
    score_everybody,
)
from pgchurn.loader.demonstration.walkthrough import copy_in
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.models.training import train

STEPS = "0,10,50,100"
# Of one that nobody has tried in the shadow before.
HASTY_STEPS = "10,50,100"
# Customers whom each step scores at least; those of some days come at once.
FEWEST_CUSTOMERS = 100
DAYS_AT_ONCE = 5


def run_releases(
    url: str | None,
    year: dict[str, Any],
    daily: int = CUSTOMERS_A_DAY,
    seed: int = 0,
) -> dict[str, Any]:
    """Release the model that the year has trained, and then a broken one.

    Parameters
    ----------
    url : str or None
        As `database_url` takes it; a superuser's.
    year : dict
        What `run_life_cycle` has returned.
    daily : int, default=100
        How many customers come on each day.
    seed : int, default=0
        Of the customers, and of who is in which arm.

    Returns
    -------
    dict
        ``promoted`` and ``broken``, of a release each: ``version``, ``state``,
        ``reason``, and ``steps``, a dict for each lot of customers: the ``share`` in
        percent, how many ``customers`` came, how many the new version had scored by
        then in this step, and what came ``then``; ``scored`` by the broken one when it
        was taken back, and ``still_scored`` when workers had been there; how many
        ``complaints`` there are, and how many of them are ``counted``.
    """
    calendar = Calendar(year["calendar"]["year begins"].astimezone(UTC))
    lots = lots_of(*simulate_arrivals(calendar, daily, seed), daily * DAYS_AT_ONCE)
    challenger = year["versions"]["challenger"]
    with closing(connect(url)) as connection:
        # Which customers are in which arm goes by this.
        run(connection, "life_cycle_seed", seed=seed)
        output.message(f"releasing version {challenger} in steps of {STEPS} percent")
        promoted = release(connection, challenger, STEPS, lots)
        score_everybody(url)
        broken = train_broken(connection, year["retrained"])
        output.message(f"releasing version {broken}, trained on the wrong outcomes")
        withdrawn = release(connection, broken, HASTY_STEPS, lots)
        scored = fetch_value(connection, "life_cycle_scored_by", version=broken)
        drain(connection)
        return {
            "promoted": promoted,
            "broken": withdrawn,
            "scored": scored,
            "still_scored": fetch_value(
                connection, "life_cycle_scored_by", version=broken
            ),
            **fetch_all(connection, "life_cycle_complaints")[0],
        }


def lots_of(
    profiles: pd.DataFrame, complaints: pd.DataFrame, size: int
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Yield customers with their complaints, so many at a time."""
    for first in range(0, len(profiles), size):
        some = profiles.iloc[first : first + size]
        yield some, complaints[complaints["customer_id"].isin(some["customer_id"])]


def release(
    connection: Connection,
    version: int,
    steps: str,
    lots: Iterator[tuple[pd.DataFrame, pd.DataFrame]],
) -> dict[str, Any]:
    """Have customers come until a release has ended; return how it went."""
    release_id = fetch_value(
        connection,
        "start_release",
        table=TABLE,
        version=version,
        steps=steps,
        hold="0 s",
        min_customers=FEWEST_CUSTOMERS,
        on_guardrail="rollback",
        limits="{}",
    )
    connection.commit()
    taken = []
    for profiles, complaints in lots:
        before = shown(connection, release_id)
        copy_in(connection, TABLE, profiles.assign(scored_at=datetime.now(UTC)))
        copy_in(connection, COMPLAINTS, complaints)
        connection.commit()
        now = shown(connection, release_id)
        fetch_all(connection, "advance_releases")
        connection.commit()
        after = shown(connection, release_id)
        taken.append(
            {
                "share": before["share"],
                "customers": len(profiles),
                "of_challenger": now["challenger_customers"],
                "then": f"{after['share']:g} %" if goes_on(after) else after["state"],
            }
        )
        if not goes_on(after):
            return {
                "version": version,
                "state": after["state"],
                "reason": after["reason"],
                "steps": taken,
            }
    raise LoaderError(
        f"release {release_id} has not come to an end: {after['missing']}"
    )


def goes_on(release: dict[str, Any]) -> bool:
    """Return whether a release is under way."""
    return release["ended_at"] is None


def shown(connection: Connection, release_id: int) -> dict[str, Any]:
    """Return where a release stands."""
    found = fetch_all(connection, "life_cycle_release", release_id=release_id)
    connection.rollback()
    return found[0]


def train_broken(connection: Connection, retrained: dict[str, Any]) -> int:
    """Register a model that was trained with those who stayed taken for leavers."""
    profile, frame, kinds, labels = matured_rows(
        connection, retrained["scored_since"], retrained["scored_until"]
    )
    trained = train(frame, 1 - labels, kinds, ALGORITHM)
    return register_matured(
        connection, profile, trained, frame, retrained["trained_until"]
    )


def drain(connection: Connection) -> None:
    """Score whoever waits, as pgchurn work does."""
    while fetch_all(connection, "work", table=TABLE, batch_size=10_000)[0]["scored"]:
        connection.commit()
    connection.commit()
