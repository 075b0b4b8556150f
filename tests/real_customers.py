"""The Iranian Churn data set, as a company's own table and its complaints."""

import csv

from psycopg2 import sql

from tests.databases import CHECKOUT

DATA = CHECKOUT.parent / "shared" / "data" / "iranian_churn.csv"
NOT_FEATURES = ("Complains", "FN", "FP")
LABEL = "Churn"
PROFILE = 'telecom."Iranian Customers"'


def read_data():
    with DATA.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def load(owner):
    """Load the data under its own column names, complaints as rows of a table."""
    rows = read_data()
    columns = [name for name in rows[0] if name not in NOT_FEATURES]
    definitions = sql.SQL(", ").join(
        sql.SQL("{} double precision").format(sql.Identifier(name)) for name in columns
    )
    table = sql.SQL(PROFILE)
    owner.run("CREATE SCHEMA telecom")
    owner.run(
        sql.SQL(
            "CREATE TABLE {} (customer bigint PRIMARY KEY, {});"
            "CREATE TABLE telecom.complaints ("
            " customer bigint NOT NULL REFERENCES {}, at timestamptz DEFAULT now());"
            "CREATE INDEX ON telecom.complaints (customer)"
        ).format(table, definitions, table)
    )
    lines = (
        "\t".join([str(number), *(row[name] for name in columns)]) + "\n"
        for number, row in enumerate(rows)
    )
    owner.copy(f"COPY {PROFILE} FROM STDIN", lines)
    complained = [n for n, row in enumerate(rows) if row["Complains"] == "1"]
    owner.run("INSERT INTO telecom.complaints (customer) SELECT unnest(%s)", complained)
    owner.run(
        "SELECT churn.attach(%s, 'customer', 'telecom.complaints', 'customer', 'at')",
        PROFILE,
    )
    return columns, complained
