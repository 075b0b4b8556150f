"""What tests of alerts say: windows as churn.monitor measures them, open alerts."""

CUSTOMERS = "churn.customers"
# As odd as the names of tables and columns can be.
ODD_TABLE = '"na""me \'%\n\\ é"."ta""ble %s\n"'
ODD_NAME = 'na"me \'%\n\\é {a="b"} $c'
MEASURE = """
    INSERT INTO churn.monitor_results (
        attachment_id, version, since, until, metric, feature, value, lower, upper,
        "limit", n, verdict, detail
    )
    SELECT a.attachment_id, %s, d.day - interval '1 day', d.day, %s, %s, %s, %s, %s,
           %s, %s, %s, %s
    FROM churn_internal.attachment_of(%s::regclass) a,
         LATERAL (SELECT timestamptz '2026-01-01 00:00+00' + %s * interval '1 day')
            d (day)
"""
UPDATE = """
    SELECT churn_internal.update_alerts(
        a.attachment_id, timestamptz '2026-01-01 00:00+00' + %s * interval '1 day'
    )
    FROM churn_internal.attachment_of(%s::regclass) a
"""
ALERTS = """
    SELECT extract(day FROM l.opened_at - timestamptz '2026-01-01 00:00+00')::integer,
           extract(day FROM l.resolved_at - timestamptz '2026-01-01 00:00+00')::integer
    FROM churn.alerts l
    WHERE l.metric = %s AND l.feature IS NOT DISTINCT FROM %s
    ORDER BY l.alert_id
"""
VERDICTS = {"f": "finding", "o": "ok", "i": "ok", "t": "too few", "n": "not judged"}
# Of a limit of 0.1: what is out, hardly inside, clearly inside.
VALUES = {"f": 0.3, "o": 0.09, "i": 0.01, "t": 0.5, "n": 0.5}


def attach_odd_table(session):
    """Create a table of that name, and attach it."""
    schema = ODD_TABLE.rpartition('."ta')[0]
    session.run(f"CREATE SCHEMA {schema}")
    session.run(f"CREATE TABLE {ODD_TABLE} (id text PRIMARY KEY, usage real)")
    session.run(f"CREATE TABLE {schema}.calls (client text)")
    attach = "SELECT churn.attach(%s, 'id', %s, 'client')"
    session.run(attach, ODD_TABLE, f"{schema}.calls")


def measure(
    session,
    day,
    letter,
    metric="psi",
    feature="age",
    version=1,
    profile=CUSTOMERS,
    band=(None, None),
    limit=None,
    detail="in words",
    n=500,
):
    """Insert what a window that ends on a day has come to.

    The letter is f for a finding, o for ok and i for ok and clearly inside the limit, t
    for too few, n for not judged.
    """
    if band == (None, None):
        limit = 0.1
    session.run(
        MEASURE,
        *(version, metric, feature, VALUES[letter], *band, limit, n),
        *(VERDICTS[letter], detail, profile, day),
    )


def update(session, day, profile=CUSTOMERS):
    """Update the alerts as churn.monitor does it at the end of a window."""
    session.run(UPDATE, day, profile)


def watch(session, letters, first_day=1, **measured):
    """Measure windows of a day each, and update the alerts after each of them."""
    for day, letter in enumerate(letters, first_day):
        measure(session, day, letter, **measured)
        update(session, day, measured.get("profile", CUSTOMERS))


def alerts(session, metric="psi", feature="age"):
    """Return on which days alerts were opened and resolved; None: they are open."""
    return session.run(ALERTS, metric, feature)
