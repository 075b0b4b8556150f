"""Two companies with the same tables, of which one has pgchurn and the other has not.

What an application does is done to both, and then everything that it could see is
compared: what its statements return or fail with, its rows, and what its triggers were
given. The other company counts the complaints itself, by an UPDATE of the owner's.
"""

import contextlib
import functools

import pandas as pd
import psycopg2

from tests.company import MODEL
from tests.kinds.kind import CALLS, CLERK, CLIENTS, OWNER
from tests.models import TOLERANCE, activate, client_value, register_once

OUTPUTS = ("last_complaint_at", "churn_score", "churn_model_version", "churn_scored_at")

# Who does what. The second time, in queued mode, it is done to the next 12 clients.
OPERATIONS = {
    "insert": (
        CLERK,
        f"INSERT INTO {CALLS} (client, at) VALUES (client_no(1 + @r@), '2025-01-01')",
    ),
    "insert of many": (
        CLERK,
        f"INSERT INTO {CALLS} (client, at) SELECT client_no(1 + i % 4 + @r@),"
        " timestamptz '2025-01-02' + i * interval '1 hour'"
        " FROM generate_series(1, 9) i",
    ),
    "copy": (CLERK, None),
    "insert of nobody's": (CLERK, f"INSERT INTO {CALLS} (client) VALUES (NULL)"),
    "insert of a stranger's": (
        CLERK,
        f"INSERT INTO {CALLS} (client) VALUES (client_no(99))",
    ),
    "update of a complaint's key": (
        OWNER,
        f"UPDATE {CALLS} SET client = client_no(5 + @r@)"
        " WHERE client = client_no(1 + @r@)",
    ),
    "update of complaints": (
        OWNER,
        f"UPDATE {CALLS} SET note = 'y', at = at + interval '1 day'"
        " WHERE client IN (client_no(2 + @r@), client_no(5 + @r@))",
    ),
    "update of a feature": (
        OWNER,
        f'UPDATE {CLIENTS} SET usage = usage + 10 WHERE "Id" = client_no(1 + @r@)',
    ),
    "update of many features": (
        OWNER,
        f"UPDATE {CLIENTS} SET usage = usage + 1, plan = 'c' WHERE \"Id\" IN"
        " (client_no(2 + @r@), client_no(3 + @r@), client_no(7 + @r@))",
    ),
    "update of something else": (
        OWNER,
        f"UPDATE {CLIENTS} SET name = 'y' WHERE \"Id\" = client_no(2 + @r@)",
    ),
    "insert of profiles": (
        OWNER,
        f'INSERT INTO {CLIENTS} ("Id", usage, plan)'
        " SELECT client_no(i + @r@), i, 'a' FROM generate_series(31, 32) i",
    ),
    "insert of a profile by its default": (
        OWNER,
        f"INSERT INTO {CLIENTS} (usage, plan) VALUES (3, 'b')",
    ),
    "update of a key": (
        OWNER,
        f'UPDATE {CLIENTS} SET "Id" = client_no(51 + @r@)'
        ' WHERE "Id" = client_no(8 + @r@)',
    ),
    "update of a key that is referenced": (
        OWNER,
        f'UPDATE {CLIENTS} SET "Id" = client_no(52 + @r@)'
        ' WHERE "Id" = client_no(4 + @r@)',
    ),
    "delete of complaints": (
        OWNER,
        f"DELETE FROM {CALLS} WHERE client = client_no(2 + @r@)",
    ),
    "delete of a profile": (
        OWNER,
        f'DELETE FROM {CLIENTS} WHERE "Id" = client_no(12 + @r@)',
    ),
    "delete of a profile that is referenced": (
        OWNER,
        f'DELETE FROM {CLIENTS} WHERE "Id" = client_no(3 + @r@)',
    ),
    "truncate": (OWNER, f"TRUNCATE {CALLS}"),
    "insert again": (
        CLERK,
        f"INSERT INTO {CALLS} (client, at) SELECT client_no(1 + i % 3 + @r@),"
        " '2025-03-03' FROM generate_series(1, 4) i",
    ),
}

# The application's own rows, and what its triggers were given when it was not told of
# a count or a score only.
STATE = f"""
    SELECT jsonb_build_object(
        'clients', ARRAY(
            SELECT (to_jsonb(p) - @stamps@)::text FROM {CLIENTS} p ORDER BY 1
        ),
        'complaints', ARRAY(SELECT to_jsonb(c)::text FROM {CALLS} c ORDER BY 1),
        'history', ARRAY(
            SELECT concat_ws(' ', h.who, h.what, h.old - @counts@, h.new - @counts@)
            FROM history h
            WHERE h.what !~ 'UPDATE'
               OR h.old - @counts@ <> h.new - @counts@
            ORDER BY 1
        ),
        'strangers', ARRAY(
            SELECT DISTINCT h.who FROM history h WHERE h.who <> '{OWNER}'
        ),
        'log', ARRAY(SELECT l::text FROM call_log l ORDER BY 1)
    )
"""
COUNTS = f"""
    SELECT array_agg(p."Id"::text), array_agg(c.complaints::integer)
    FROM {CLIENTS} p
    CROSS JOIN LATERAL (
        SELECT count(*) FROM {CALLS} c WHERE c.client = p."Id"
    ) c (complaints)
    WHERE p.complaint_count <> c.complaints
"""
COUNT = f"""
    UPDATE {CLIENTS} p SET complaint_count = k.complaints
    FROM unnest(%s::text[], %s::integer[]) k (key, complaints)
    WHERE p."Id"::text = k.key
"""
HEALTH = f"""
    SELECT ARRAY(SELECT concat_ws(' ', v.key, v.column_name, v.stored, v.expected)
                 FROM churn.verify(%s::regclass) v),
           ARRAY(SELECT "the row"."Id"::text FROM {CLIENTS} "the row"
                 WHERE (abs(churn_score - churn.score("the row")) < 1e-9) IS NOT TRUE),
           ARRAY(SELECT m.key FROM churn_internal.pending_profiles m
                 WHERE m.attachment_id = %s),
           ARRAY(SELECT m.key FROM churn_internal.failed_profiles m
                 WHERE m.attachment_id = %s)
"""
# As a client reads them: char(n) comes with its blanks, an enum as its label.
SCORED = f"""
    SELECT ARRAY(SELECT m.key FROM churn_internal.pending_profiles m
                 WHERE m.attachment_id = %s),
           ARRAY(SELECT m.key FROM churn_internal.failed_profiles m
                 WHERE m.attachment_id = %s),
           (SELECT json_agg(json_build_array(
                "Id"::text, churn_score, usage::float8,
                CASE WHEN plan IS NOT NULL THEN concat(plan) END, complaint_count
            )) FROM {CLIENTS})
"""
HELPERS = f"""
    CREATE TABLE history (who name, what text, old jsonb, new jsonb);
    CREATE TABLE call_log (who name, what text, old jsonb, new jsonb);
    GRANT INSERT ON call_log TO {CLERK};
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO history VALUES (current_user,
            concat_ws(' ', TG_OP, TG_WHEN, TG_LEVEL), to_jsonb(OLD), to_jsonb(NEW));
        RETURN coalesce(NEW, OLD);
    END $$;
    CREATE FUNCTION note_call() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO call_log VALUES (current_user,
            concat_ws(' ', TG_OP, TG_WHEN, TG_LEVEL), to_jsonb(OLD), to_jsonb(NEW));
        RETURN coalesce(NEW, OLD);
    END $$;
"""
COLUMNS = f"""
    ALTER TABLE {CLIENTS} ADD complaint_count integer NOT NULL DEFAULT 0,
        ADD last_complaint_at timestamptz, ADD churn_score double precision,
        ADD churn_model_version bigint, ADD churn_scored_at timestamptz
"""


class Company:
    """One of the two."""

    def __init__(self, session, schema, kind):
        self.session, self.schema, self.kind = session, schema, kind
        self.attachment = None

    def become(self, role=None):
        """Act as a role, with the company's names to be found; none: the superuser."""
        self.session.run(
            f'RESET ROLE; SET search_path = "{self.schema}", public;'
            + (f" SET ROLE {role}" if role else "")
        )

    def run(self, statements, role=None):
        """Run statements of a kind of object."""
        self.become(role)
        for statement in statements if isinstance(statements, tuple) else (statements,):
            if statement:
                self.session.run(
                    statement.replace("@key@", self.kind.key)
                    .replace("@spelling@", self.kind.spelling)
                    .replace("@schema@", self.schema)
                )

    def open(self):
        """Create the tables and what is on them."""
        self.session.run(
            f'RESET ROLE; CREATE SCHEMA "{self.schema}" AUTHORIZATION {OWNER};'
            f'GRANT USAGE ON SCHEMA "{self.schema}" TO {CLERK}'
        )
        self.run(
            (
                self.kind.types,
                "CREATE FUNCTION client_no(i integer) RETURNS"
                f" {self.kind.key.partition(' COLLATE')[0]} LANGUAGE sql"
                " IMMUTABLE AS $$ SELECT (@spelling@)::@key@ $$",
                self.kind.clients,
                self.kind.fill,
                self.kind.calls,
                HELPERS,
                f"GRANT INSERT ON {CALLS} TO {CLERK}",
                self.kind.objects,
            ),
            OWNER,
        )

    def open_counting(self):
        """Create the tables, and columns like pgchurn's, of a company without it."""
        self.open()
        self.run(COLUMNS, OWNER)
        self.count()
        self.put_later()

    def leave(self):
        """Take everything away again, whatever depends on it."""
        self.run(self.kind.at_end)
        self.session.run(
            "RESET ROLE; RESET search_path; SET session_replication_role = replica;"
            f'DROP SCHEMA IF EXISTS "{self.schema}" CASCADE;'
            "UPDATE churn.attachments SET detached_at = now(), dropped_at = now(),"
            " profile_name = 'gone', complaints_name = 'gone'"
            f" WHERE attachment_id = {self.attachment or 0};"
            "RESET session_replication_role"
        )

    def attach(self):
        """Attach the tables and have them scored."""
        self.become()
        self.attachment = self.session.value(
            f"SELECT churn.attach('{CLIENTS}', 'Id', '{CALLS}', 'client', 'at')"
        )
        activate(self.session, register_once(self.session, MODEL, CLIENTS, "Id"))
        self.session.run(f"UPDATE {CLIENTS} SET churn_score = -1")
        self.put_later()

    def put_later(self):
        """Put on the tables what needs pgchurn's columns, and begin the history."""
        self.run(self.kind.later, OWNER)
        self.run((self.kind.by_superuser, "TRUNCATE history, call_log"))

    def do(self, role, statement, shift):
        """Do what an application does, and return what it is told.

        The clients are those after the number ``shift``. No statement: COPY.
        """
        self.become()
        keys = self.session.row(
            f"SELECT client_no(2 + {shift})::text, client_no(6 + {shift})::text"
        )
        self.become(role)
        try:
            if statement is None:
                lines = [f"{escaped(key)}\t2025-02-02\n" for key in (*keys, keys[0])]
                self.session.copy(f"COPY {CALLS} (client, at) FROM STDIN", lines)
                return "COPY"
            with self.session.connection.cursor() as cursor:
                cursor.execute(statement.replace("@r@", str(shift)))
                return cursor.statusmessage
        except psycopg2.Error as error:
            return f"{error.pgcode} {error.diag.constraint_name}"

    def forge(self):
        """Overwrite counts and scores as no trigger sees it; return whose, as text."""
        self.session.run("SET session_replication_role = replica")
        self.become(OWNER)
        keys = self.session.column(
            f"UPDATE {CLIENTS} SET complaint_count = 50, churn_score = 0.5"
            ' WHERE "Id" IN (client_no(5), client_no(7), client_no(17), client_no(19))'
            ' RETURNING "Id"::text'
        )
        self.session.run("RESET ROLE; RESET session_replication_role")
        return set(keys)

    def count(self):
        """Count complaints as a company without pgchurn would."""
        self.become()
        keys, counts = self.session.row(COUNTS)
        if not keys:
            return
        self.become(OWNER)
        if not self.kind.forbids:
            self.session.run(COUNT, keys, counts)
            return
        for key, complaints in zip(keys, counts):
            with contextlib.suppress(psycopg2.Error):
                self.session.run(COUNT, [key], [complaints])

    def state(self):
        """Return everything that the application could see."""
        self.become()
        stamps = list(OUTPUTS + self.kind.stamps)
        if self.kind.forbids:
            stamps.append("complaint_count")
        return self.session.value(
            STATE.replace("@stamps@", array(stamps)).replace(
                "@counts@", array([*stamps, "complaint_count"])
            )
        )

    def work(self):
        """Score whoever waits."""
        for _ in range(3):
            self.session.run(
                "RESET ROLE; SELECT churn.work(profile => %s)", self.profile
            )

    @property
    def profile(self):
        """The clients, by the name that everybody finds."""
        return f'"{self.schema}".{CLIENTS}'

    def unscored(self):
        """Return whose scores are not what a client computes, and who is marked."""
        self.become()
        pending, failed, clients = self.session.row(
            SCORED, self.attachment, self.attachment
        )
        wrong = [
            key
            for key, score, *features in clients or []
            if score is None or abs(score - probability(*features)) > TOLERANCE
        ]
        return {"badly scored": wrong, "pending": pending, "failed": failed}

    def unhealthy(self):
        """Return what pgchurn itself finds wrong with its counts and scores."""
        self.become()
        found = self.session.row(HEALTH, self.profile, self.attachment, self.attachment)
        return dict(zip(("wrong", "badly scored", "pending", "failed"), found))


@functools.cache
def probability(usage, plan, complaint_count):
    """Return what a client computes; most of a company's clients are like others'."""
    values = client_value(usage, "number"), client_value(plan, "text"), complaint_count
    frame = pd.DataFrame([values], columns=list(MODEL.kinds)).astype({"plan": object})
    return float(MODEL.probabilities(frame)[0])


def array(names):
    """Return SQL of an array of names."""
    return "ARRAY[{}]".format(", ".join(f"'{name}'" for name in names))


def escaped(text):
    """Return a value for COPY."""
    return text.replace("\\", "\\\\").replace("\t", "\\t")
