"""Every role, every function: nothing crashes, grows, or tells what a table holds.

Each role calls each function of pgchurn's schemas with arguments of the right types
drawn at random. An attached table holds numbers and texts that nothing else does, and
the model refuses the texts, so that whatever quotes a value is found out.
"""

import re

from tests.models import activate, fit, pipeline_for, register, rescore_in_place
from tests.own_server import as_server, own_server
from tests.soak.bars import Bar
from tests.soak.databases import trained_database
from tests.soak.random_calls import LIMITS, POOLS, Caller, crashes

CALLS = 20_000
MEGABYTES = 100
# Of these, the last two may read the table.
ROLES = (
    "churn_loader",
    "churn_scorer",
    "churn_application",
    "soak_nobody",
    "churn_owner",
    "soak_keeper",
)
READERS = ("churn_owner", "soak_keeper")
SECRETS = ("73519028", "k3pt-to-ourselves")
VAULT = f"""
    CREATE ROLE soak_nobody;
    CREATE ROLE soak_keeper;
    CREATE SCHEMA vault AUTHORIZATION soak_keeper;
    GRANT USAGE ON SCHEMA vault TO PUBLIC;
    SET ROLE soak_keeper;
    CREATE TABLE vault.clients (id integer PRIMARY KEY, usage float8, plan text);
    CREATE TABLE vault.calls (client integer);
    CREATE INDEX ON vault.calls (client);
    GRANT INSERT ON vault.calls TO PUBLIC;
    INSERT INTO vault.clients SELECT i, i, 'a' FROM generate_series(11, 40) i;
    INSERT INTO vault.clients
    SELECT i, {SECRETS[0]} + i / 16.0, '{SECRETS[1]} ' || i
    FROM generate_series(1, 10) i;
    INSERT INTO vault.calls SELECT i FROM generate_series(1, 40) i;
    RESET ROLE;
    SELECT churn.attach('vault.clients', 'id', 'vault.calls', 'client');
"""
KINDS = {"usage": "number", "plan": "text"}
# What loads all that a session can load, so that only what comes on top is counted: the
# packages, the active versions, and what those need that are kept on their pickles.
FRESH = """
    DO LANGUAGE plpython3u 'import numpy, sklearn, pandas, onnxruntime';
    SELECT churn.warm();
    SELECT churn.predict(m.version, to_jsonb(c))
    FROM churn.models m
    JOIN churn.customers c ON c.customer_id = 1
    WHERE m.compiled IS NULL
"""
FUNCTIONS = """
    SELECT format('%I.%I', n.nspname, f.proname), f.prokind = 'p',
           ARRAY(SELECT format_type(a.type, NULL)
                 FROM unnest(f.proargtypes) WITH ORDINALITY a (type, place)
                 ORDER BY a.place)
    FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace
    WHERE n.nspname IN ('churn', 'churn_internal', 'churn_runtime', 'churn_trust')
      AND f.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
    ORDER BY f.proname, f.oid::regprocedure::text
"""
LAYOUTS = (
    """'[["usage"], ["plan"]]'""",
    "'[[], []]'",
    "repeat('[', 100000)",
    "'[[1], {}]'",
    """(SELECT json_build_array(array_agg(repeat('x', 60) || i), '{}'::text[])::text
        FROM generate_series(1, 2000) i)""",
)
# What a row of the table is made of, and what is read of it.
STORED = (
    """(SELECT churn_internal.array_image(array_agg(ARRAY[c.usage]))
        FROM vault.clients c)""",
    "(SELECT array_agg(ARRAY[c.plan]) FROM vault.clients c)",
)
# The header of an array that says more than there is.
FORGED = (
    r"'\x0200000000000000bd020000ffffff7f010000000100000001000000'",
    r"'\x0200000000000000bd02000000000000ffffff7f0100000001000000'",
    r"'\x0200000000000000bd020000ffffff7fffffff7f0100000001000000'",
    r"'\x0100000000000000bd020000ffffff7f010000000000000000000000'",
    r"decode(repeat('ff', 1000000), 'hex')",
)
ROW = "(SELECT c FROM vault.clients c WHERE c.id = {})"
MORE = {
    "text": (*LAYOUTS, "'1'", "'2'", "'search_path'", "repeat('a', 1000000)"),
    "bytea": FORGED,
    "text[]": ("'{1,2,3,4,5}'", "array_fill('1'::text, ARRAY[20000])"),
    "double precision[]": ("array_fill('NaN'::float8, ARRAY[200000])",),
    "jsonb": ("""'{"usage": 1, "plan": "mine"}'""", "to_jsonb(repeat('x', 1000000))"),
    "regclass": ("'vault.clients'", "'vault.calls'"),
    "oid": ("'vault.clients'::regclass",),
    "churn.attachments": (
        "(SELECT a FROM churn.attachments a WHERE a.attachment_id = 2)",
    ),
    "vault.clients": ("NULL", "ROW(1, 'NaN', NULL, 0, NULL, NULL, NULL, NULL)"),
    "vault.clients[]": ("NULL", "'{}'", "ARRAY[NULL]::vault.clients[]"),
    "oid[]": ("NULL", "'{}'", "'{25,701}'", "array_fill(25::oid, ARRAY[10000])"),
    "boolean[]": ("NULL", "'{t,f,NULL}'"),
    "integer[]": ("NULL", "'{1,2}'"),
    "interval": ("NULL", "'1 s'", "'-1 s'", "'100000 years'"),
    "xid": ("NULL", "'3'"),
    "tid": ("NULL", "'(0,1)'"),
    "tid[]": ("NULL", "'{\"(0,1)\"}'"),
    "refcursor": ("NULL", "'none'"),
}
ARGUMENTS = {
    kind: (*POOLS.get(kind, ()), *MORE.get(kind, ())) for kind in (*POOLS, *MORE)
}
# What the roles that may read the table could pass besides.
READ = {
    "bytea": STORED[:1],
    "text[]": STORED[1:],
    "vault.clients": (ROW.format(1), ROW.format(20)),
}


def measure(server, full):
    """Call everything as everybody, on a server of the soak's own."""
    with own_server(restart_after_crash="off") as own:
        with trained_database(as_server(own), "roles") as database:
            session = database.session()
            session.run(VAULT)
            model = fit(KINDS, pipeline_for(KINDS, handle_unknown="error"))
            activate(
                session, register(session, model, "vault.clients", "id", replay={})
            )
            rescore_in_place(session, "vault.clients")
            session.commit()
            started = session.value("SELECT pg_postmaster_start_time()")
            session.close()
            callers = [
                RoleCaller(database, role, seed) for seed, role in enumerate(ROLES)
            ]
            calls = CALLS // len(ROLES) + 1 if full else 40
            for caller in callers:
                for _ in range(calls):
                    caller.call()
            yield from bars(own, database, callers, started)


def bars(own, database, callers, started):
    """Yield what came of the calls."""
    made = sum(caller.answered + caller.refused for caller in callers)
    what = (
        f"{made:,} calls by {len(ROLES)} roles of {len(callers[0].functions)} functions"
    )
    found = crashes(own)
    session = database.session()
    restarted = session.value("SELECT pg_postmaster_start_time()") != started
    session.close()
    yield Bar(
        what,
        "no server crash",
        f"{len(found)} crashes{': ' + found[0] if found else ''}; "
        f"{sum(caller.answered for caller in callers):,} answered",
        not found and not restarted,
    )
    largest = max(callers, key=lambda caller: caller.most)
    yield Bar(
        f"{what}: memory beside a fresh session's",
        f"at most {MEGABYTES} MB",
        f"{largest.most:.0f} MB, as {largest.user} by {largest.greediest}",
        largest.most <= MEGABYTES,
    )
    told = [said for caller in callers for said in caller.told]
    yield Bar(
        f"{what}: what is told of a table that the role may not read",
        "nothing",
        f"{len(told)} values{': ' + told[0] if told else ''}",
        not told,
    )


class RoleCaller(Caller):
    """A session that calls as a role, and looks at what comes of it.

    Attributes
    ----------
    most : float
        Megabytes that its sessions took at most beyond those of a fresh one.
    greediest : str
        What was called then.
    told : list of str
        What errors and notices have said that they should not.
    """

    def __init__(self, database, user, seed):
        self.most, self.greediest, self.told = 0.0, "nothing", []
        super().__init__(database, user, seed)
        self.pools = ARGUMENTS
        if user in READERS:
            self.pools = {
                kind: (*pool, *READ.get(kind, ())) for kind, pool in ARGUMENTS.items()
            }

    def open(self):
        """Open the session, and take its measure."""
        self.session = self.database.session(autocommit=True)
        self.functions = self.session.run(FUNCTIONS)
        self.session.run(FRESH)
        self.session.run(LIMITS)
        self.before = self.megabytes()
        self.session.run(f"SET SESSION AUTHORIZATION {self.user}")

    def call(self):
        """Call the next function, and look."""
        self.error = ""
        super().call()
        if self.session.connection.closed:
            return
        said = self.error + self.session.take_notices()
        if self.user not in READERS and any(secret in said for secret in SECRETS):
            self.told.append(f"{self.called} as {self.user}: {said[:300]}")
        grown = self.megabytes() - self.before
        if grown > self.most:
            self.most, self.greediest = grown, self.called

    def statement(self, name, is_procedure, types):
        """Return a call with arguments."""
        self.called = name
        return super().statement(name, is_procedure, types)

    def refuse(self, error):
        """Keep what a call was refused with."""
        diagnostics = error.diag
        self.error = "\n".join(
            str(part)
            for part in (
                error,
                diagnostics.message_detail,
                diagnostics.message_hint,
                diagnostics.context,
            )
        )

    def megabytes(self):
        """Return the most memory that the session's process has had."""
        with open(f"/proc/{self.session.backend}/status", encoding="ascii") as status:
            found = re.search(r"^VmHWM:\s+(\d+) kB$", status.read(), re.MULTILINE)
        return int(found[1]) / 1024
