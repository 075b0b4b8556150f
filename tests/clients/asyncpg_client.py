"""The store by asyncpg: ``asyncpg_client.py use MODE``.

Prints how many complaints each customer has, as JSON.
"""

import asyncio
import json
import sys

import asyncpg

COMPLAIN = (
    "INSERT INTO complaints (customer_id, reference, text)"
    " VALUES ($1, $2, $3) RETURNING id"
)
UPSERT = (
    "INSERT INTO complaints (customer_id, reference) VALUES ($1, $2)"
    " ON CONFLICT (reference) DO UPDATE SET customer_id = excluded.customer_id"
)
COMPUTED = """
    SELECT c.id, c.complaint_count, c.churn_score, churn.score(c) AS computed,
           (SELECT count(*) FROM complaints p WHERE p.customer_id = c.id) AS counted
    FROM customers c WHERE name <> 'closed' ORDER BY c.id
"""
KEPT = """
    SELECT c.name, count(p.id) FROM customers c
    LEFT JOIN complaints p ON p.customer_id = c.id GROUP BY c.name
"""


async def assert_fresh(connection, inline):
    for row in await connection.fetch(COMPUTED):
        assert row["complaint_count"] == row["counted"], row
        if inline:
            assert isinstance(row["churn_score"], float), row
            assert abs(row["churn_score"] - row["computed"]) < 1e-9, row


async def complain_by_prepared_statements(connection):
    statement = await connection.prepare(COMPLAIN)
    for number in range(12):
        await statement.fetchval(1, f"prepared {number}", "slow")
    made = await statement.fetchmany([(2, f"several {i}", "") for i in range(5)])
    assert len({row["id"] for row in made}) == 5
    await connection.executemany(
        COMPLAIN, [(3 + i % 4, f"many {i}", "") for i in range(40)]
    )
    # The first two have been complaints of others.
    await connection.executemany(
        UPSERT, [(7, "many 0"), (7, "many 1"), (7, "many new")]
    )


async def complain_by_copy(connection):
    await connection.copy_records_to_table(
        "complaints",
        records=[(8 + i % 3, f"copied {i}") for i in range(30)],
        columns=["customer_id", "reference"],
    )


async def undo_in_part(connection):
    async with connection.transaction():
        await connection.execute(COMPLAIN, 10, "kept", "")
        try:
            async with connection.transaction():
                await connection.execute(
                    "UPDATE customers SET usage = 77 WHERE id = 10"
                )
                await connection.execute(COMPLAIN, 10, "undone", "")
                await connection.execute(COMPLAIN, 10, "refused", "abuse")
        except asyncpg.PostgresError as error:
            assert error.sqlstate == "ST001", error
        else:
            raise AssertionError("not refused")
        await connection.execute(COMPLAIN, 11, "kept as well", "")


async def read_by_a_cursor(connection):
    """Complain between two pieces, which still shows what was there at first."""
    async with connection.transaction():
        cursor = await connection.cursor(COMPUTED)
        first = await cursor.fetch(3)
        await connection.execute(COMPLAIN, 4, "while it is read", "")
        rest = await cursor.fetch(100)
    assert len(first + rest) == 12


async def change_customers(connection):
    async with connection.transaction(isolation="repeatable_read"):
        await connection.execute("SELECT FROM customers WHERE id = 5 FOR UPDATE")
        await connection.execute("UPDATE customers SET usage = $1 WHERE id = 5", 60.5)
        await connection.execute(COMPLAIN, 5, "while locked", "")
    await connection.execute("DELETE FROM complaints WHERE reference = 'prepared 3'")
    await connection.execute("DELETE FROM customers WHERE id = 6")
    await connection.execute(
        "UPDATE complaints SET customer_id = 12 WHERE customer_id = 3"
    )


async def hear_of_a_warning(connection):
    heard = []
    connection.add_log_listener(lambda _, message: heard.append(message))
    await connection.execute(COMPLAIN, 13, "closed", "")
    # Listeners are called in turn with what else there is to do.
    await asyncio.sleep(0)
    (warning,) = heard
    assert warning.severity_en == "WARNING"
    assert warning.detail == "the file is closed"


async def complain_at_once(inline):
    """Let the sessions of a pool complain about the same customers at once."""
    # No statement is prepared for longer than it runs, as behind a pooler.
    async with asyncpg.create_pool(
        min_size=4, max_size=4, statement_cache_size=0
    ) as pool:
        await asyncio.gather(
            *(pool.fetchval(COMPLAIN, 1 + i % 2, f"at once {i}", "") for i in range(40))
        )
        async with pool.acquire() as connection:
            await assert_fresh(connection, inline)
            return dict(await connection.fetch(KEPT))


async def use(mode):
    inline = mode == "inline"
    connection = await asyncpg.connect()
    await complain_by_prepared_statements(connection)
    await complain_by_copy(connection)
    await assert_fresh(connection, inline)
    await undo_in_part(connection)
    await read_by_a_cursor(connection)
    await change_customers(connection)
    await hear_of_a_warning(connection)
    await assert_fresh(connection, inline)
    await connection.close()
    print(json.dumps(await complain_at_once(inline)))


if __name__ == "__main__":
    asyncio.run(use(sys.argv[2]))
