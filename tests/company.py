"""A company's tables of its own, and a model for them."""

from tests.models import fit, quoted

KINDS = {"usage": "number", "plan": "text", "complaint_count": "number"}
MODEL = fit(KINDS)
ATTACH = "SELECT churn.attach(%s::regclass, %s, %s::regclass, %s, %s)"
CLIENTS = ("company.clients", "id", "company.calls", "client", "at")
MADE_KEYS = {
    "uuid": "('00000000-0000-0000-0000-' || lpad(i::text, 12, '0'))::uuid",
    "text": "'key ' || i",
    "varchar(20)": "'Key' || i",
    "char(8)": "'k' || i",
    "public.code": "'k' || i",
    'text COLLATE "C"': "'K' || i",
}


def create_tables(session, names=CLIENTS, key_type="integer", complaint_columns=""):
    """Create a company's tables, with 12 clients."""
    profile, key, complaints, complaint_key, at = names
    time_column = f", {quoted(at)} timestamptz DEFAULT now()" if at else ""
    session.run(
        f"CREATE SCHEMA IF NOT EXISTS {profile.rpartition('.')[0]};"
        f"CREATE TABLE {profile} ({quoted(key)} {key_type} PRIMARY KEY,"
        " usage double precision, plan text);"
        f"CREATE TABLE {complaints} ({quoted(complaint_key)} {key_type}"
        f" REFERENCES {profile}{time_column}{complaint_columns});"
        f"INSERT INTO {profile} SELECT {MADE_KEYS.get(key_type, 'i')}, i,"
        " substr('abc', 1 + i % 3, 1) FROM generate_series(1, 12) i"
    )


def attach(session, names=CLIENTS):
    return session.value(ATTACH, *names)
