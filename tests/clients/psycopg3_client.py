"""The store by psycopg 3: ``psycopg3_client.py use MODE``.

Prints how many complaints each customer has, as JSON.
"""

import json
import sys

import psycopg

COMPLAIN = (
    "INSERT INTO complaints (customer_id, reference, text)"
    " VALUES (%s, %s, %s) RETURNING id"
)
COMPUTED = (
    "SELECT c.id, c.complaint_count, c.churn_score, churn.score(c)"
    " FROM customers c WHERE c.name <> 'closed' ORDER BY c.id"
)


def assert_fresh(connection, inline):
    counted = dict(
        connection.execute(
            "SELECT customer_id, count(*) FROM complaints GROUP BY customer_id"
        )
    )
    for key, count, stored, computed in connection.execute(COMPUTED):
        assert count == counted.get(key, 0), key
        if inline:
            assert isinstance(stored, float) and abs(stored - computed) < 1e-9, key


def history(connection, key):
    statement = "SELECT count(*) FROM customer_history WHERE customer_id = %s"
    return connection.execute(statement, [key]).fetchone()[0]


def complain_by_prepared_statements(connection):
    before = history(connection, 1)
    # Prepared from the sixth on, as a loop has it.
    for number in range(12):
        connection.execute(COMPLAIN, [1, f"loop {number}", "slow"])
    assert history(connection, 1) == before + 12
    connection.execute(COMPLAIN, [2, "prepared at once", ""], prepare=True)
    connection.execute(COMPLAIN, [2, "never prepared", ""], prepare=False)
    with connection.cursor(binary=True) as cursor:
        cursor.execute("SELECT churn_score FROM customers WHERE id = %b", [1])
        assert isinstance(cursor.fetchone()[0], float)


def complain_by_executemany(connection):
    with connection.cursor() as cursor:
        rows = [(3 + i % 4, f"many {i}", "") for i in range(40)]
        cursor.executemany(COMPLAIN, rows, returning=True)
        made = [cursor.fetchone()[0]]
        while cursor.nextset():
            made.append(cursor.fetchone()[0])
        assert len(set(made)) == 40
        upsert = COMPLAIN.replace(
            "RETURNING",
            "ON CONFLICT (reference) DO UPDATE SET customer_id ="
            " excluded.customer_id RETURNING",
        )
        # The first two have been complaints of others.
        cursor.executemany(
            upsert, [(7, "many 0", ""), (7, "many 1", ""), (7, "many new", "")]
        )


def complain_by_copy(connection):
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY complaints (customer_id, reference) FROM STDIN") as copy,
    ):
        for number in range(30):
            copy.write_row((8 + number % 3, f"copied {number}"))


def complain_in_a_pipeline(connection):
    with connection.pipeline(), connection.transaction():
        made = [
            connection.execute(COMPLAIN, [9, f"pipeline {i}", ""]) for i in range(10)
        ]
        connection.execute("UPDATE customers SET usage = usage + 1 WHERE id = 9")
    assert len({cursor.fetchone()[0] for cursor in made}) == 10

    # One that fails takes the pipeline's transaction with it, and nothing more.
    try:
        with connection.pipeline(), connection.transaction():
            connection.execute(COMPLAIN, [9, "lost with the next", ""])
            connection.execute(COMPLAIN, [9, "refused", "abuse"])
            connection.execute(COMPLAIN, [9, "behind it", ""])
    except psycopg.Error as error:
        assert error.sqlstate in ("ST001", None), error
    else:
        raise AssertionError("not refused")
    connection.execute(COMPLAIN, [9, "after the refusal", ""])


def undo_in_part(connection):
    with connection.transaction():
        connection.execute(COMPLAIN, [10, "kept", ""])
        try:
            with connection.transaction():
                connection.execute("UPDATE customers SET usage = 77 WHERE id = 10")
                connection.execute(COMPLAIN, [10, "undone", ""])
                connection.execute(COMPLAIN, [10, "refused", "abuse"])
        except psycopg.Error as error:
            assert error.sqlstate == "ST001"
        with connection.transaction(force_rollback=True):
            connection.execute(COMPLAIN, [10, "undone as well", ""])
        connection.execute(COMPLAIN, [11, "kept as well", ""])


def read_by_a_cursor_of_the_server(connection):
    """Complain between two pieces, which still shows what was there at first."""
    with (
        connection.transaction(),
        connection.cursor("scores", scrollable=True) as cursor,
    ):
        cursor.itersize = 3
        cursor.execute(COMPUTED)
        first = cursor.fetchmany(3)
        connection.execute(COMPLAIN, [4, "while it is read", ""])
        rest = cursor.fetchall()
    assert len(first + rest) == 11
    with connection.cursor("held", withhold=True) as cursor:
        cursor.execute(COMPUTED)
        assert len(cursor.fetchall()) == 11


def change_customers(connection):
    with connection.transaction():
        connection.execute("SELECT FROM customers WHERE id = 5 FOR UPDATE")
        connection.execute("UPDATE customers SET plan = 'c', usage = 60 WHERE id = 5")
        connection.execute(COMPLAIN, [5, "while locked", ""])
    connection.execute("DELETE FROM complaints WHERE reference = 'loop 3'")
    connection.execute("DELETE FROM customers WHERE id = 6")
    connection.execute("UPDATE complaints SET customer_id = 12 WHERE customer_id = 3")


def hear_of_a_warning(connection):
    heard = []
    # Read at once: the notice is gone when its statement is.
    connection.add_notice_handler(
        lambda notice: heard.append((notice.severity, notice.message_detail))
    )
    connection.execute(COMPLAIN, [13, "closed", ""])
    assert heard == [("WARNING", "the file is closed")], heard


def use(mode):
    inline = mode == "inline"
    with psycopg.connect(autocommit=True) as connection:
        complain_by_prepared_statements(connection)
        complain_by_executemany(connection)
        complain_by_copy(connection)
        assert_fresh(connection, inline)
        complain_in_a_pipeline(connection)
        undo_in_part(connection)
        change_customers(connection)
        read_by_a_cursor_of_the_server(connection)
        hear_of_a_warning(connection)
        assert_fresh(connection, inline)
    # At once, as behind no pooler; and never, as behind one of transactions.
    for threshold in (0, None):
        with psycopg.connect(prepare_threshold=threshold) as connection:
            for number in range(3):
                connection.execute(COMPLAIN, [4, f"{threshold} {number}", ""])
                connection.commit()
            connection.execute(COMPLAIN, [4, "rolled back", ""])
            connection.rollback()
            assert_fresh(connection, inline)
            kept = connection.execute(
                "SELECT c.name, count(p.id) FROM customers c"
                " LEFT JOIN complaints p ON p.customer_id = c.id GROUP BY c.name"
            ).fetchall()
    print(json.dumps(dict(kept)))


if __name__ == "__main__":
    use(sys.argv[2])
