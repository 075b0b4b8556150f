"""A shop's tables as companies have them, of an owner who is no superuser.

The clients have a history that nobody but the owner may write, and clerks who may do
nothing but complain.
"""

import contextlib

from tests.company import MODEL
from tests.models import deploy

OWNER, CLERK = "pgchurn_test_shop", "pgchurn_test_clerk"
CLIENTS = '"Odd Shop"."Cli ""ents"'
CALLS = '"Odd Shop".calls'
COMPLAIN = f"INSERT INTO {CALLS} (client) VALUES (1)"
COMPLAIN_OFTEN = (
    f"INSERT INTO {CALLS} (client) SELECT 1 + i % 4 FROM generate_series(1, 9) i"
)

TABLES = f"""
    CREATE ROLE {OWNER};
    CREATE ROLE {CLERK};
    CREATE SCHEMA "Odd Shop" AUTHORIZATION {OWNER};
    CREATE SCHEMA shop_private AUTHORIZATION {OWNER};
    SET LOCAL search_path = "Odd Shop", shop_private, public;
    SET LOCAL ROLE {OWNER};
    GRANT USAGE ON SCHEMA "Odd Shop" TO {CLERK};
    CREATE TABLE "Cli ""ents" (id integer PRIMARY KEY, usage double precision,
        plan text, name text DEFAULT 'x', "ver sion" integer NOT NULL DEFAULT 0);
    CREATE TABLE calls (client integer REFERENCES "Cli ""ents" ON DELETE CASCADE,
        at timestamptz DEFAULT now());
    CREATE INDEX ON calls (client);
    GRANT INSERT ON calls TO {CLERK};
    INSERT INTO "Cli ""ents" SELECT i, i, substr('abc', 1 + i % 3, 1)
        FROM generate_series(1, 12) i;
    CREATE TABLE shop_private.history (who name, session name, row jsonb);
    CREATE SEQUENCE shop_private.revisions;
    RESET ROLE
"""

TRIGGER = """
    CREATE FUNCTION shop_private.{name}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN {body} END $$;
    CREATE {kind} TRIGGER "{name} it" {timing} ON "Cli ""ents" {deferred}
        FOR EACH {level} EXECUTE FUNCTION {name}()
"""


def trigger(name, timing, body, level="ROW", deferred=""):
    """Return the SQL of a trigger whose names are found along the search_path."""
    return TRIGGER.format(
        name=name,
        timing=timing,
        body=body,
        level=level,
        kind="CONSTRAINT" if deferred else "",
        deferred=deferred,
    )


def function(name, body, options="LANGUAGE plpgsql"):
    """Return the SQL of a helper in a schema that only the owner may use."""
    return (
        f"CREATE FUNCTION shop_private.{name}(value integer) RETURNS boolean {options}"
        f" AS $$ BEGIN {body} END $$;"
    )


@contextlib.contextmanager
def owner(session):
    """Act as the owner of the tables."""
    with session.role(OWNER):
        session.run('SET LOCAL search_path = "Odd Shop", shop_private, public')
        yield
    session.run("RESET search_path")


def attach_shop(session, objects=""):
    """Create and attach the tables, and put something on the clients."""
    session.run(TABLES)
    session.run(
        "SELECT churn.attach('\"Cli \"\"ents\"', 'id', 'calls', 'client', 'at',"
        " write_search_path => '\"Odd Shop\", shop_private, public')"
    )
    session.run("RESET search_path")
    put_on_clients(session, objects)


def open_shop(session, objects=""):
    """Create and attach the tables, deploy a model, put something on the clients."""
    attach_shop(session)
    deploy(session, MODEL, CLIENTS, "id")
    put_on_clients(session, objects)


def put_on_clients(session, objects):
    """Run what the owner of the tables has on them, if anything."""
    if objects:
        with owner(session):
            session.run(objects)


def complain(session, statement=COMPLAIN):
    """Complain as a clerk, who may do nothing else."""
    with session.role(CLERK):
        session.run(statement)
