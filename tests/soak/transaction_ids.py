"""How many transaction ids a statement takes; more than 64 slow everybody down."""

from tests.models import CUSTOMERS
from tests.own_server import as_server, own_server
from tests.soak.bars import Bar
from tests.soak.databases import trained_database

ROWS = 1000
MOST = 10
# Taking no id itself, unlike pg_current_xact_id().
NEXT = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
STATEMENTS = {
    f"over {CUSTOMERS} customers": (
        "INSERT INTO churn.complaints (customer_id)"
        f" SELECT 1 + i %% {CUSTOMERS} FROM generate_series(1, %s) i"
    ),
    "of one customer": (
        "INSERT INTO churn.complaints (customer_id)"
        " SELECT 1 FROM generate_series(1, %s)"
    ),
}


def measure(server, full):
    """Insert on a quiet server and count; both forms are the same."""
    # Autovacuum takes ids too.
    with own_server(autovacuum="off") as own:
        with trained_database(as_server(own), "ids") as database:
            session = database.session(autocommit=True)
            for case, statement in STATEMENTS.items():
                # The first also loads the runtime.
                used = [ids_used(session, statement) for _ in range(2)]
                yield Bar(
                    f"transaction ids of a {ROWS:,}-row INSERT {case}",
                    f"at most {MOST}",
                    f"{used[0]} at first, {used[1]} then",
                    max(used) <= MOST,
                )


def ids_used(session, statement):
    """Return how many transaction ids a statement takes."""
    before = session.value(NEXT)
    session.run(statement, ROWS)
    return session.value(NEXT) - before
