"""The demonstration: made-up customers, a trained model, complaints, new scores."""

import io
import time
from contextlib import closing
from typing import Any

import pandas as pd
from pgchurn.loader import output
from pgchurn.loader.database import Connection, connect, fetch_all, fetch_value, queries
from pgchurn.loader.demonstration.simulation import KNOWN_CUSTOMERS, simulate
from pgchurn.loader.errors import LoaderError
from pgchurn.loader.models.reports import training_report
from pgchurn.loader.models.training_run import train_and_register
from pgchurn.loader.operations.rescoring import Pace, rescore_profiles
from psycopg2 import sql

TABLE = "churn.customers"
CUSTOMERS = 5_000
TRY_NEXT = """\
Try next, in psql (in a checkout: `make psql`):
  SELECT customer_name, complaint_count, churn_score FROM churn.customers
    ORDER BY churn_score DESC LIMIT 5;
  INSERT INTO churn.complaints (customer_id, subject)
    SELECT customer_id, 'still no answer' FROM churn.customers
    WHERE customer_name = 'Ada Lovelace';
  SELECT churn.score(jsonb_populate_record(c, '{"contract": "two year"}'))
    FROM churn.customers c WHERE customer_name = 'Ada Lovelace';
  SELECT * FROM churn.verify('churn.customers');"""
NAMES = KNOWN_CUSTOMERS["customer_name"].tolist()


def run_demo(url: str | None) -> dict[str, Any]:
    """Load, train, activate, complain; return what became of the scores.

    Parameters
    ----------
    url : str or None
        As `database_url` takes it.

    Returns
    -------
    dict
        ``training``, as `train_and_register` returns it, and ``complaints``, a dict
        each.
    """
    with closing(connect(url)) as connection:
        load_customers(connection)
        trained = train_and_register(connection, TABLE, "churned")
        fetch_value(
            connection,
            "activate_model",
            version=trained["version"],
            allow_older=False,
            allow_expired=False,
        )
        connection.commit()
        pace = Pace(1, CUSTOMERS, rows_per_second=None, restart=False)
        rescore_profiles(url, TABLE, pace)
        rows = [complain(connection, customer) for customer in scores(connection)]
    return {"training": trained, "complaints": rows}


def load_customers(connection: Connection) -> None:
    """Fill the default tables, or use the demonstration's customers that are there."""
    found = fetch_all(connection, "demo_customers", names=NAMES)[0]
    if found["known"] == len(NAMES):
        output.message(f"using the {found['customers']:,} customers that are there")
        return
    if found["customers"]:
        raise LoaderError(
            f"{TABLE} holds {found['customers']:,} customers that are not the "
            "demonstration's; run it on another database"
        )
    simulation = simulate(CUSTOMERS)
    copy_in(connection, "churn.customers", simulation.profiles)
    copy_in(connection, "churn.complaints", simulation.complaints)
    connection.commit()
    output.message(
        f"made up {len(simulation.profiles):,} customers and "
        f"{len(simulation.complaints):,} complaints"
    )


def copy_in(connection: Connection, table: str, frame: pd.DataFrame) -> None:
    """COPY a frame into a table, named with its schema."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN WITH (FORMAT csv, HEADER)").format(
        sql.Identifier(*table.split(".")),
        sql.SQL(", ").join(map(sql.Identifier, frame.columns)),
    )
    with connection.cursor() as cursor:
        cursor.copy_expert(statement, io.StringIO(frame.to_csv(index=False)))


def scores(connection: Connection) -> list[dict[str, Any]]:
    """Return the known customers with their complaints and scores."""
    return fetch_all(connection, "demo_scores", names=NAMES)


def complain(connection: Connection, before: dict[str, Any]) -> dict[str, Any]:
    """Insert a complaint of one customer; return what changed, and how long it took."""
    with connection.cursor() as cursor:
        started = time.perf_counter()
        cursor.execute(
            queries()["demo_complain"], {"customer_id": before["customer_id"]}
        )
        connection.commit()
        seconds = time.perf_counter() - started
    after = next(
        row for row in scores(connection) if row["customer_id"] == before["customer_id"]
    )
    return {
        "customer": before["customer_name"],
        "complaints": f"{before['complaint_count']} -> {after['complaint_count']}",
        "score before": before["churn_score"],
        "score after": after["churn_score"],
        "INSERT took": f"{seconds * 1000:.1f} ms",
    }


def demo_report(result: dict[str, Any]) -> str:
    """Return the report on the demonstration."""
    return "\n".join(
        [
            training_report(result["training"]).rsplit("\n", 1)[0],
            "",
            "One complaint each, by a plain INSERT:",
            output.table(result["complaints"]),
            "",
            TRY_NEXT,
        ]
    )
