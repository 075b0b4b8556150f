"""SQL thrown at the interface at random: refused or answered, the server lives on.

Two throw it: sqlsmith, Debian's package, which makes up queries from the catalog, and a
caller of our own, since a made-up query seldom reaches a function of ours with
arguments that it looks at.
"""

import os
import random
import re
import shutil
import subprocess

import psycopg2
from psycopg2.extensions import make_dsn

from tests.own_server import as_server, own_server
from tests.soak.bars import Bar
from tests.soak.databases import trained_database

QUERIES = 20_000
# Half of the queries, and half of the calls, each.
USERS = ("postgres", "tester")
ROLE = """
    CREATE ROLE tester LOGIN;
    GRANT churn_scorer, churn_loader, churn_application TO tester;
    CREATE TABLE IF NOT EXISTS public.company (id text PRIMARY KEY, usage numeric);
    CREATE TABLE IF NOT EXISTS public.calls (client text, at timestamp);
    INSERT INTO public.company VALUES ('1', 'NaN'), ('2', NULL), ('', 1e300);
    SELECT churn.attach('public.company', 'id', 'public.calls', 'client', 'at');
    GRANT SELECT, INSERT, UPDATE, DELETE ON public.company, public.calls TO tester;
"""
# A backend that ended by itself or by a signal that nobody here sent.
CRASH = re.compile(
    r"server process .* (?:was terminated by signal|exited with exit code)|PANIC: "
)
# Bounds what one call may take: what is slow, or large, is no crash.
LIMITS = "SET statement_timeout = '2s'; SET lock_timeout = '1s'; SET work_mem = '4MB'"
LONGEST_SQLSMITH = 900

NUMBERS = (
    "NULL",
    "0",
    "1",
    "2",
    "-1",
    "2147483647",
    "-2147483648",
    "42",
)
BIG_NUMBERS = (*NUMBERS, "9223372036854775807", "-9223372036854775808")
DOUBLES = (*NUMBERS, "'NaN'", "'Infinity'", "'-Infinity'", "1e308", "5e-324")
TEXTS = (
    "NULL",
    "''",
    "'keep'",
    "'raise'",
    "'age'",
    "'customer_id'",
    "'\"; DROP TABLE x'",
    "'%s %I $1'",
    "repeat('x', 100000)",
    "E'\\u00e9\\n\\t\\\\'",
    "'no such thing'",
)
RELATIONS = (
    "NULL",
    "'churn.customers'",
    "'churn.complaints'",
    "'public.company'",
    "0",
    "'pg_catalog.pg_class'",
    "'churn.models'",
    "'churn.active_deployments'",
    "4294967295",
)
BYTES = (
    "NULL",
    "''",
    "'\\x00'",
    "decode(repeat('80', 10000), 'hex')",
    "(SELECT m.artifact FROM churn.models m LIMIT 1)",
    "churn_internal.array_image(ARRAY[[1.0, 2.0], [3.0, 4.0]]::float8[])",
    "churn_internal.array_image(ARRAY['NaN']::float8[])",
    "substr((SELECT m.artifact FROM churn.models m LIMIT 1), 1, 500)",
)
DOCUMENTS = (
    "NULL",
    "'null'",
    "'{}'",
    "'[]'",
    "'1'",
    "'\"text\"'",
    "'{\"age\": 1e308}'",
    "jsonb_build_object('age', repeat('9', 500)::numeric)",
    '\'{"features": [], "classes": [], "positive_class": 0, "named_columns": 1}\'',
    "(SELECT m.signature FROM churn.models m LIMIT 1)",
    "(SELECT to_jsonb(c) FROM churn.customers c LIMIT 1)",
    "(repeat('[', 6000) || repeat(']', 6000))",
)
# What may stand for an argument of a type; others get NULL.
POOLS = {
    "bigint": BIG_NUMBERS,
    "integer": NUMBERS,
    "double precision": DOUBLES,
    "numeric": (*DOUBLES, "1e5000", "-1e-5000"),
    "text": TEXTS,
    "name": TEXTS,
    "regclass": RELATIONS,
    "oid": RELATIONS,
    "bytea": BYTES,
    "json": DOCUMENTS,
    "jsonb": DOCUMENTS,
    "boolean": ("NULL", "true", "false"),
    "timestamp with time zone": ("NULL", "now()", "'infinity'", "'-infinity'"),
    "churn.attachments": (
        "NULL",
        "(SELECT a FROM churn.attachments a LIMIT 1)",
        "ROW(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
        "ROW(99, 'pg_class'::regclass, 'oid', 0::regclass, 'x', NULL, 'keep',"
        " '{}', '{}', 'x', now(), NULL)",
    ),
    "churn.customers": (
        "NULL",
        "(SELECT c FROM churn.customers c LIMIT 1)",
        "jsonb_populate_record(NULL::churn.customers, '{}')",
        "jsonb_populate_record(NULL::churn.customers,"
        ' \'{"customer_id": 1, "age": -1, "data_usage_gb": "Infinity"}\')',
        "jsonb_populate_record((SELECT c FROM churn.customers c LIMIT 1),"
        ' \'{"contract": "never seen", "complaint_count": 2147483647}\')',
    ),
    "public.company": (
        "NULL",
        "(SELECT c FROM public.company c LIMIT 1)",
        "ROW('', 'NaN', 0, NULL, NULL, NULL, NULL)",
    ),
    "text[]": (
        "NULL",
        "'{}'",
        "'{NULL}'",
        "'{a,b}'",
        "'{{a,b},{c,NULL}}'",
        "'{1,2,3}'",
    ),
    "double precision[]": (
        "NULL",
        "'{}'",
        "'{NULL}'",
        "'{NaN,Infinity,1}'",
        "'{{1,2},{3,4}}'",
        "array_fill(1.0::float8, ARRAY[1000])",
    ),
    "bigint[]": ("NULL", "'{}'", "'{NULL}'", "'{1,2,3}'", "'{3,3,3}'", "'{{1},{2}}'"),
    "timestamp with time zone[]": ("NULL", "'{}'", "'{NULL}'", "'{infinity}'"),
    "churn.customers[]": (
        "NULL",
        "'{}'",
        "ARRAY[NULL]::churn.customers[]",
        "(SELECT array_agg(c) FROM churn.customers c)",
    ),
    "public.company[]": (
        "NULL",
        "'{}'",
        "(SELECT array_agg(c) FROM public.company c)",
    ),
}
# Triggers cannot be called; functions of the interface and behind it can.
FUNCTIONS = """
    SELECT format('%I.%I', n.nspname, f.proname), f.prokind = 'p',
           ARRAY(SELECT replace(format_type(a.type, NULL), '"', '')
                 FROM unnest(f.proargtypes) WITH ORDINALITY a (type, place)
                 ORDER BY a.place)
    FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace
    WHERE n.nspname IN ('churn', 'churn_internal')
      AND f.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
    ORDER BY f.proname, f.oid::regprocedure::text
"""


def measure(server, full):
    """Call the interface at random, on a server of the soak's own."""
    # A crash shall be seen in the log as such, and end the run.
    with own_server(restart_after_crash="off", track_functions="all") as own:
        with trained_database(as_server(own), "random") as database:
            database.session(autocommit=True).run(ROLE)
            database.close()
            calls = QUERIES // 2 if full else 150
            for user in USERS:
                yield calls_bar(own, database, user, calls)
            if not full:
                return
            if not installed():
                yield Bar(
                    f"sqlsmith, {QUERIES:,} statements",
                    "no server crash",
                    "not measured: run as root: apt-get install sqlsmith",
                    False,
                )
                return
            for user in USERS:
                yield sqlsmith_bar(own, database, user, QUERIES // 2)


def installed():
    """Tell whether sqlsmith is there, after installing it where that is allowed."""
    if not shutil.which("sqlsmith") and os.geteuid() == 0:
        install = ("-y", "--no-install-recommends", "install", "sqlsmith")
        for arguments in (("update",), install):
            subprocess.run(
                ["apt-get", "-qq", *arguments],
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                stdout=subprocess.DEVNULL,
            )
    return shutil.which("sqlsmith") is not None


def crashes(own):
    """Return what the server has logged that it should never."""
    found = [line for line in own.log.splitlines() if CRASH.search(line)]
    if own.process.poll() is not None:
        found.append(f"the server ended: {own.log[-300:]}")
    return found


def calls_bar(own, database, user, calls):
    """Call every function with arguments drawn at random."""
    caller = Caller(database, user, seed=calls)
    for _ in range(calls):
        caller.call()
    caller.session.close()
    found = crashes(own)
    return Bar(
        f"{calls:,} calls of {len(caller.functions)} functions with random arguments, "
        f"as {user}",
        "no server crash",
        f"{len(found)} crashes{': ' + found[0] if found else ''}; "
        f"{caller.answered:,} answered, {caller.refused:,} refused",
        not found,
    )


class Caller:
    """A session that calls every function in turn, and forgets what it did.

    Attributes
    ----------
    answered, refused : int
    """

    def __init__(self, database, user, seed):
        self.database = database
        self.user = user
        self.pools = POOLS
        self.random = random.Random(seed)
        self.answered = self.refused = 0
        self.open()
        self.functions = self.session.run(FUNCTIONS)
        self.order = []

    def open(self):
        """Open the session."""
        self.session = self.database.session(autocommit=True)
        self.session.run(LIMITS)
        if self.user != "postgres":
            self.session.run(f"SET SESSION AUTHORIZATION {self.user}")

    def call(self):
        """Call the next function, and roll back."""
        if not self.order:
            self.order = self.random.sample(self.functions, len(self.functions))
        statement = self.statement(*self.order.pop())
        try:
            self.session.run("BEGIN")
            self.session.run(statement)
            self.answered += 1
        except psycopg2.Error as error:
            self.refused += 1
            self.refuse(error)
        if self.session.connection.closed:
            # The server was told to end the session, or it crashed, which its log says.
            self.open()
        else:
            self.session.run("ROLLBACK")

    def refuse(self, error):
        """Do what there is to do about an error."""

    def statement(self, name, is_procedure, types):
        """Return a call with arguments."""
        arguments = ", ".join(
            f"({self.random.choice(self.pools.get(kind, ('NULL',)))})::{kind}"
            for kind in types
        )
        verb = "CALL" if is_procedure else "SELECT * FROM"
        return f"{verb} {name}({arguments})"


def calls_of_ours(database):
    """Return how often functions of ours have been called, by anybody."""
    session = database.session()
    calls = session.value(
        "SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_user_functions"
        " WHERE schemaname IN ('churn', 'churn_internal')"
    )
    session.close()
    return calls


def sqlsmith_bar(own, database, user, queries):
    """Let sqlsmith query the database."""
    limits = "-c statement_timeout=1s -c lock_timeout=1s"
    target = make_dsn(database.url, user=user, options=limits)
    before = calls_of_ours(database)
    done = subprocess.run(
        [
            *("sqlsmith", f"--target={target}", "--seed=1"),
            f"--max-queries={queries}",
        ],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=LONGEST_SQLSMITH,
    )
    found = crashes(own)
    return Bar(
        f"sqlsmith, {queries:,} statements as {user}",
        "no server crash",
        f"{len(found)} crashes{': ' + found[0] if found else ''}; "
        f"{calls_of_ours(database) - before:,} calls of functions of ours, exit "
        f"{done.returncode}",
        not found and done.returncode == 0,
    )
