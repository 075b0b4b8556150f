"""Scoring a whole table from the client, batch by batch."""

from psycopg2 import sql

from loader import output
from loader.database import queries


def rescore_profiles(connection, profile, batch_size):
    """Score every row, committing after each batch; return how many there were."""
    statement = sql.SQL(queries()["rescore_next"]).format(
        function=sql.Identifier(f"rescore_profiles_{profile.attachment_id}")
    )
    count = sql.SQL("SELECT count(*) FROM {}").format(sql.SQL(profile.name))
    with connection.cursor() as cursor:
        cursor.execute(count)
        (rows,) = cursor.fetchone()
        after = None
        with output.progress_bar(rows, "row", f"scoring {profile.name}") as bar:
            while True:
                cursor.execute(statement, {"after": after, "batch_size": batch_size})
                (after,) = cursor.fetchone()
                connection.commit()
                if after is None:
                    return rows
                bar.update(batch_size)
