"""``pgchurn explain``."""

from argparse import ArgumentParser, Namespace
from contextlib import closing
from typing import Any

from pgchurn.loader import output
from pgchurn.loader.commands.options import add_format, add_table, positive_integer
from pgchurn.loader.database import Connection, connect, fetch_all
from pgchurn.loader.errors import LoaderError
from psycopg2 import sql
from psycopg2.extras import RealDictCursor

HELP = "Show why a customer has the score that the active version gives."


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_format(parser)
    add_table(parser)
    parser.add_argument(
        "--top",
        type=positive_integer,
        metavar="N",
        help="the features that contribute most (default: all)",
    )
    parser.add_argument("key", metavar="KEY", help="the customer's key")


def run(options: Namespace) -> int:
    """Show a customer's score and what each feature contributes to it."""
    with closing(connect(options.database_url)) as connection:
        # Of one version, whatever is activated meanwhile.
        connection.set_session(isolation_level="REPEATABLE READ")
        (attachment,) = fetch_all(connection, "attachment", table=options.table)
        rows = explained(connection, attachment, options.key, options.top)
        if not rows:
            raise LoaderError(
                f"{attachment['profile']} has no customer with the key {options.key!r}"
            )
        (start,) = fetch_all(
            connection, "explained_from", attachment_id=attachment["attachment_id"]
        )
    scores = {row.pop("score") for row in rows}
    result = {
        "key": options.key,
        "version": start["version"],
        "score": scores.pop(),
        "base": start["base"],
        "base_probability": start["probability"],
        "features": rows,
    }
    output.print_result(result, options.format, report)
    return 0


def explained(
    connection: Connection, attachment: dict[str, Any], key: str, top: int | None
) -> list[dict[str, Any]]:
    """Return a customer's score and explanation; no rows: there is no such customer."""
    statement = sql.SQL(
        "SELECT churn.score(p) AS score, e.* FROM {} p"
        " CROSS JOIN LATERAL churn.explain(p, {}) e WHERE p.{} {} {}::{}"
    ).format(
        sql.SQL(attachment["profile"]),
        sql.Literal(top),
        sql.Identifier(attachment["profile_key"]),
        sql.SQL(attachment["equals_key"]),
        sql.Literal(key),
        sql.SQL(attachment["key_type"]),
    )
    with connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(statement)
        return [dict(row) for row in cursor]


def report(result: dict[str, Any]) -> str:
    """Return an explanation as people read it."""
    points = sum(row["points"] for row in result["features"])
    lines = [
        f"Version {result['version']} gives {result['key']} the score "
        f"{result['score']:.4f}: {result['base_probability']:.4f} without any feature, "
        f"and {points:+.4f} by what it is.",
        output.table(
            [
                {
                    "feature": row["feature"] or "what is left",
                    "value": row["value"],
                    "typical": row["typical"],
                    "points": f"{row['points']:+.4f}",
                    "contribution": f"{row['contribution']:+.4f}",
                }
                for row in result["features"]
            ]
        ),
        *(row["reason"] for row in result["features"]),
    ]
    return "\n".join(lines)
