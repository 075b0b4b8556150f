"""Simulated customers in tables that every side of a comparison is filled from."""

import io
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pgchurn.loader.demonstration.simulation import simulate
from psycopg2 import sql

from tests.bench.bench import sql_file

KINDS = {
    "age": "number",
    "region": "text",
    "contract": "text",
    "payment_method": "text",
    "internet_service": "text",
    "paperless_billing": "boolean",
    "has_dependents": "boolean",
    "tenure_months": "number",
    "monthly_charges": "number",
    "total_charges": "number",
    "data_usage_gb": "number",
    "support_calls": "number",
    "late_payments": "number",
    "complaint_count": "number",
}
SQL_TYPES = {"number": "double precision", "boolean": "boolean", "text": "text"}
# Of five columns three are numbers: about as in churn.customers.
KIND_CYCLE = ("number", "number", "number", "boolean", "text")


@dataclass(frozen=True, eq=False)
class Source:
    """Customers without output columns, and their complaints.

    Attributes
    ----------
    schema : str
        Where the tables ``customers`` and ``complaints`` are.
    rows : int
        Customers, numbered from 1.
    kinds : dict of str to {"number", "boolean", "text"}
        Kind of each feature, complaint_count among them.
    frame : pandas.DataFrame of shape (rows, n_columns)
        The features.
    churned : numpy.ndarray of bool, shape (rows,)
    """

    schema: str
    rows: int
    kinds: dict
    frame: pd.DataFrame
    churned: np.ndarray


def telecom_source(bench, rows):
    """Create customers with the columns of ``churn.customers``."""
    simulation = simulate(rows, unknown_share=0)
    schema = "source_telecom"
    bench.execute(sql_file("source_telecom.sql", schema=schema))
    return filled(bench, schema, simulation.profiles, simulation.complaints, KINDS)


def wide_source(bench, rows, features):
    """Create customers of any number of features, complaint_count among them."""
    rng = np.random.default_rng(features)
    kinds = {
        f"{KIND_CYCLE[i % len(KIND_CYCLE)]}_{i + 1}": KIND_CYCLE[i % len(KIND_CYCLE)]
        for i in range(features - 1)
    }
    values = {
        "number": lambda: rng.gamma(2, 10, rows).round(2),
        "boolean": lambda: rng.random(rows) < 0.4,
        "text": lambda: rng.choice(list("abcde"), rows),
    }
    profiles = pd.DataFrame({name: values[kind]() for name, kind in kinds.items()})
    profiles.insert(0, "customer_id", np.arange(1, rows + 1))
    complaints = pd.DataFrame(
        {
            "customer_id": rng.integers(1, rows + 1, rows // 2),
            "complained_at": "2026-01-01 00:00:00+00",
            "channel": "phone",
            "subject": "slow internet",
        }
    )
    log_odds = (profiles["number_1"] - profiles["number_2"]) / 10
    profiles["churned"] = rng.random(rows) < 1 / (1 + np.exp(-log_odds))
    schema = f"source_of_{features}"
    bench.execute(sql_file("source_wide.sql", schema=schema))
    columns = ", ".join(f"ADD {name} {SQL_TYPES[kind]}" for name, kind in kinds.items())
    bench.execute(f"ALTER TABLE {schema}.customers {columns}")
    kinds["complaint_count"] = "number"
    return filled(bench, schema, profiles, complaints, kinds)


def filled(bench, schema, profiles, complaints, kinds):
    """Copy frames into a source's tables and return the source."""
    copy_in(bench, schema, "customers", profiles)
    copy_in(bench, schema, "complaints", complaints)
    bench.execute(f"ANALYZE {schema}.customers, {schema}.complaints")
    counts = complaints["customer_id"].value_counts()
    frame = profiles.assign(
        complaint_count=profiles["customer_id"].map(counts).fillna(0)
    )
    # The customers of the demonstration have no outcome yet: five of them.
    churned = frame["churned"].eq(True).fillna(False).to_numpy(dtype=bool)
    return Source(schema, len(frame), kinds, frame, churned)


def copy_in(bench, schema, table, frame):
    """COPY a frame into a table."""
    statement = sql.SQL("COPY {}.{} ({}) FROM STDIN WITH (FORMAT csv, HEADER)").format(
        sql.Identifier(schema),
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, frame.columns)),
    )
    with bench.admin.cursor() as cursor:
        cursor.copy_expert(statement, io.StringIO(frame.to_csv(index=False)))
