"""A data scientist's own predictions, compared with what the database will give."""

import csv
from collections.abc import Iterator, Sequence
from heapq import nlargest
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from pgchurn.loader.database import Connection
from pgchurn.loader.errors import MOST_LISTED, LoaderError, listed
from pgchurn.loader.files import read_file
from pgchurn.loader.models.candidate import Candidate
from pgchurn.loader.models.profile import Profile
from pgchurn.plpython.runtime.signature import Signature

TOLERANCE = 1e-9
# XGBoost gives single precision.
SINGLE_TOLERANCE = 1e-6
COMPARED_AT_ONCE = 10_000
PROBABILITY = "probability"


def read_expectations(
    connection: Connection, profile: Profile, source: str
) -> dict[str, float]:
    """Return expected probabilities by key, as text.

    Parameters
    ----------
    connection : psycopg2 connection
    profile : Profile
    source : str
        A column of the profile, or else a CSV file.

    Raises
    ------
    LoaderError
        If it is neither, or has no probability.
    """
    if source in profile.kinds:
        expected = profile.column(connection, source)
    elif Path(source).exists():
        expected = read_csv(source, profile.key)
    else:
        raise LoaderError(
            f"{source!r} is no column of {profile.name}, and there is no such file"
        )
    if not expected:
        raise LoaderError(f"{source} holds no probability to compare with")
    return expected


def read_csv(path: str, key: str) -> dict[str, float]:
    """Return the probabilities in a CSV file by key.

    A header names the key as the profile does, and "probability"; of two columns
    without these names, or without a header, the first is the key.
    """
    lines = read_file(path).decode("utf-8-sig").splitlines()
    rows = [row for row in csv.reader(lines) if row]
    places = (0, 1)
    if rows and not is_number(rows[0][-1]):
        header = rows.pop(0)
        if {key, PROBABILITY} <= set(header):
            places = (header.index(key), header.index(PROBABILITY))
        elif len(header) != 2:
            raise LoaderError(
                f"{path} has columns {', '.join(header)}: call two of them {key} and "
                f"{PROBABILITY}"
            )
    expected = {}
    for row in rows:
        if len(row) <= max(places) or not is_number(row[places[1]]):
            raise LoaderError(f"{path} has no key and probability in {','.join(row)!r}")
        expected[row[places[0]]] = float(row[places[1]])
    return expected


def is_number(text: str) -> bool:
    """Return whether a text is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


class Difference(NamedTuple):
    """A row whose probability is not the expected one."""

    size: float
    key: str
    expected: float
    # None: the model cannot score the row.
    found: float | None
    values: dict[str, Any]


def check_expectations(
    connection: Connection,
    profile: Profile,
    candidate: Candidate,
    signature: Signature,
    expected: dict[str, float],
) -> None:
    """Refuse a model that does not give the expected probabilities.

    Parameters
    ----------
    connection : psycopg2 connection
    profile : Profile
    candidate : Candidate
    signature : Signature
    expected : dict of str to float
        By key.

    Raises
    ------
    LoaderError
        With the rows that differ most, and the values that the model was given.
    """
    kinds = {feature.name: feature.kind for feature in signature.features}
    allowed = SINGLE_TOLERANCE if candidate.is_single else TOLERANCE
    absent = set(expected)
    worst: list[Difference] = []
    count = 0
    remaining = iter(expected)
    while batch := list(islice(remaining, COMPARED_AT_ONCE)):
        keys, frame = profile.rows(connection, kinds, batch)
        absent -= set(keys)
        found = candidate.score(signature, keys, frame)
        wrong = list(differences(keys, frame, found, expected, allowed))
        count += len(wrong)
        worst = nlargest(MOST_LISTED, [*worst, *wrong], key=lambda one: one.size)
    if absent:
        raise LoaderError(
            f"{len(absent):,} of {len(expected):,} keys to compare are not in "
            f"{profile.name}: {listed(absent)}"
        )
    if worst:
        raise LoaderError(
            f"the model gives other probabilities than expected in {count:,} of "
            f"{len(expected):,} rows; those that differ most:\n"
            + "\n".join(map(described, worst))
            + "\nThe values are what the model reads from the table: compare them with "
            "what it was fitted on."
        )


def differences(
    keys: Sequence[str],
    frame: pd.DataFrame,
    found: dict[str, float],
    expected: dict[str, float],
    allowed: float,
) -> Iterator[Difference]:
    """Yield the rows whose probability differs by more than is allowed.

    Yields
    ------
    Difference
    """
    for place, key in enumerate(keys):
        size = abs(found[key] - expected[key]) if key in found else float("inf")
        # Written so that NaN fails it.
        if not size <= allowed:
            values = frame.iloc[place].to_dict()
            yield Difference(size, key, expected[key], found.get(key), values)


def described(row: Difference) -> str:
    """Return the line of an error message about a row."""
    found = "none" if row.found is None else f"{row.found:.9f}"
    values = ", ".join(
        f"{name} {'null' if value != value else repr(value)}"
        for name, value in row.values.items()
    )
    return f"  {row.key}: {row.expected:.9f} expected, {found} found; {values}"
