"""The rivals for whole tables: out to the client, through the model, and back in."""

import tempfile

import pandas

from tests.bench.features import select_list


def rescore(connection, model):
    """Score every customer on the search path at the client, in one transaction."""
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE scores (customer_id bigint, score float8)"
            " ON COMMIT DROP"
        )
        copy_scores(cursor, model)
        cursor.execute("ANALYZE scores")
        cursor.execute(
            "UPDATE customers c SET churn_score = s.score,"
            " churn_scored_at = clock_timestamp()"
            " FROM scores s WHERE s.customer_id = c.customer_id"
        )


def score_into_table(connection, model):
    """Score every customer on the search path at the client, into a new table."""
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE scores (customer_id bigint, score float8)")
        copy_scores(cursor, model)


def copy_scores(cursor, model):
    """Copy customers out, and into the table ``scores`` what the model says of them."""
    with tempfile.TemporaryFile() as file:
        cursor.copy_expert(
            f"COPY (SELECT customer_id, {select_list(model.kinds)} FROM customers)"
            " TO STDOUT WITH (FORMAT csv, HEADER)",
            file,
        )
        file.seek(0)
        types = {
            name: "object" if kind == "text" else "float64"
            for name, kind in model.kinds.items()
        }
        profiles = pandas.read_csv(file, dtype=types)
        profiles["score"] = model.probabilities(profiles[list(model.kinds)])

        file.seek(0)
        file.truncate()
        profiles[["customer_id", "score"]].to_csv(file, index=False)
        file.seek(0)
        cursor.copy_expert("COPY scores FROM STDIN WITH (FORMAT csv, HEADER)", file)
