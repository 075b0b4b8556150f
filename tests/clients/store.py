"""A store whose application talks to its database by a client of its choice.

The tables belong to the role that the application logs in as. A DBA, a superuser, has
attached them.
"""

import contextlib
import os

import psycopg2
from pgchurn.loader.models.candidate import Candidate
from pgchurn.loader.models.profile import Profile
from pgchurn.loader.models.registration import register
from psycopg2.extensions import parse_dsn

from tests.company import MODEL
from tests.databases import CHECKOUT, database_name
from tests.models import activate, assert_fresh, quoted

FOLDER = CHECKOUT / "tests/clients"
# Odd, and found by all clients along the search_path.
SCHEMA = 'Odd "Store"'
CUSTOMERS = f"{quoted(SCHEMA)}.customers"
COMPLAINTS = f"{quoted(SCHEMA)}.complaints"
HISTORY = f"{quoted(SCHEMA)}.customer_history"
PASSWORD = "secret"

FAILED = "SELECT reason, customers FROM churn.health WHERE reason IS NOT NULL"
COUNTED = f"""
    SELECT p.name, count(c.id) FROM {CUSTOMERS} p
    LEFT JOIN {COMPLAINTS} c ON c.customer_id = p.id
    GROUP BY p.name
"""
# Versions of a row that were followed by another than the history says. A column that
# was added meanwhile is no difference.
GAPS = f"""
    SELECT customer_id, latter, follows
    FROM (
        SELECT h.customer_id, h.latter, lead(h.former, 1, to_jsonb(p)) OVER (
            PARTITION BY h.customer_id ORDER BY h.number
        ) AS follows
        FROM {HISTORY} h LEFT JOIN {CUSTOMERS} p ON p.id = h.customer_id
    ) versions
    WHERE coalesce(NOT follows @> latter, latter IS DISTINCT FROM follows)
"""
COMPLAINT_HISTORY = f"""
    SELECT complaint_id FROM {quoted(SCHEMA)}.complaint_history
    GROUP BY complaint_id
    HAVING sum(CASE operation WHEN 'INSERT' THEN 1 ELSE -1 END) > 0
    ORDER BY complaint_id
"""


class Store:
    """The store's database, and what its application needs to get there.

    Parameters
    ----------
    database : tests.databases.Database
        Migrated.
    role : str
        Whom the application logs in as.

    Attributes
    ----------
    environment : dict of str to str
        That of the application's programs, in libpq's terms.
    """

    def __init__(self, database, role):
        parts = parse_dsn(database.url)
        self.database = database
        self.role = role
        self.environment = {
            **{
                n: v
                for n, v in os.environ.items()
                if not n.startswith(("PG", "DATABASE"))
            },
            "PGHOST": parts["host"],
            "PGPORT": parts["port"],
            "PGDATABASE": database.name,
            "PGUSER": role,
            "PGPASSWORD": PASSWORD,
        }
        self.superuser = database.session(autocommit=True)
        # A setting of the database, which no clone of it takes over.
        self.superuser.run(
            f"ALTER ROLE {role} IN DATABASE {database.name}"
            f" SET search_path = {quoted(SCHEMA)}"
        )

    def create_schema(self):
        """Create the schema of the application."""
        self.superuser.run(f"CREATE SCHEMA {quoted(SCHEMA)} AUTHORIZATION {self.role}")

    def run_file(self, name):
        """Run a file of SQL as the application's role."""
        environment = self.environment
        with contextlib.closing(
            psycopg2.connect(
                host=environment["PGHOST"],
                port=environment["PGPORT"],
                dbname=environment["PGDATABASE"],
                user=environment["PGUSER"],
                password=environment["PGPASSWORD"],
            )
        ) as connection:
            connection.cursor().execute((FOLDER / name).read_text(encoding="utf-8"))
            connection.commit()

    def attach(self):
        """Attach the tables and activate a model, as a DBA does."""
        self.superuser.run(
            "SELECT churn.attach(%s, 'id', %s, 'customer_id', 'complained_at',"
            " write_search_path => %s)",
            *(CUSTOMERS, COMPLAINTS, quoted(SCHEMA)),
        )
        with contextlib.closing(psycopg2.connect(self.database.url)) as connection:
            profile = Profile.find(connection, CUSTOMERS)
            connection.rollback()
            registered = register(
                connection,
                profile,
                Candidate(MODEL.artifact, MODEL.pipeline),
                MODEL.kinds,
                metrics={},
                provenance={"from": "tests"},
            )
        activate(self.superuser, registered["version"])
        self.superuser.run("CALL churn.rescore(%s)", CUSTOMERS)

    def assert_right(self, kept):
        """Compare everything with the application's own books.

        Parameters
        ----------
        kept : dict of str to int
            How many complaints each customer has, by name.
        """
        session = self.superuser
        assert dict(session.run(COUNTED)) == kept
        assert session.run(FAILED) == [("the file is closed", 1)]
        session.run(f"DROP TRIGGER closed ON {CUSTOMERS}")
        session.run(f"CALL churn.repair('{CUSTOMERS}')")
        session.run("SELECT churn.work()")

        assert_fresh(session, MODEL, CUSTOMERS, "id")
        stored = f"SELECT name, complaint_count FROM {CUSTOMERS}"
        assert dict(session.run(stored)) == kept
        assert session.value("SELECT sum(waiting) FROM churn.queue") == 0
        assert session.value("SELECT sum(waiting) FROM churn.health") == 0
        self.assert_history_complete()

    def assert_history_complete(self):
        """See that the histories have every write, and that the owner wrote them."""
        session = self.superuser
        assert session.run(GAPS) == []
        assert session.column(f"SELECT DISTINCT written_by FROM {HISTORY}") == [
            self.role
        ]
        assert session.column(COMPLAINT_HISTORY) == session.column(
            f"SELECT id FROM {COMPLAINTS} ORDER BY id"
        )


@contextlib.contextmanager
def application_role(server):
    """Make a role that may log in, and calls churn.score; drop it at the end."""
    role = database_name("store")
    with server.migrating(), _superuser(server) as cursor:
        cursor.execute(
            f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}' IN ROLE churn_scorer"
        )
    try:
        yield role
    finally:
        with server.migrating(), _superuser(server) as cursor:
            cursor.execute(f"DROP ROLE {role}")


@contextlib.contextmanager
def _superuser(server):
    with contextlib.closing(psycopg2.connect(server.url)) as connection:
        connection.autocommit = True
        yield connection.cursor()
