"""An experiment under way: who is exposed in which arm, and customers of the past."""

START = "SELECT churn.start_experiment('churn.customers', %s{})"
STOP = "SELECT churn.stop_experiment('churn.customers', %s)"
LATEST = "SELECT {} FROM churn.experiments ORDER BY experiment_id DESC LIMIT 1"
# Customers who were exposed in the past, and of whom every so many left.
EXPOSE = """
    INSERT INTO churn.exposures (
        attachment_id, experiment_id, key, version, covariate, exposed_at
    )
    SELECT p.attachment_id, p.experiment_id, %(name)s || i,
           CASE WHEN %(challenged)s THEN p.challenger ELSE p.champion END,
           i %% 10 / 10.0,
           now() + %(at)s::interval + i * interval '1 second'
    FROM (SELECT * FROM churn_internal.experiment_plans
          ORDER BY experiment_id DESC LIMIT 1) p, generate_series(1, %(customers)s) i
"""
LEAVE = """
    INSERT INTO churn.outcomes (attachment_id, key, outcome, known_at, source)
    SELECT p.attachment_id, %(name)s || i, true,
           now() + %(at)s::interval + interval '5 days', 'call'
    FROM (SELECT * FROM churn_internal.experiment_plans
          ORDER BY experiment_id DESC LIMIT 1) p, generate_series(1, %(leavers)s) i
"""
# Logged scores of the last months, evenly spread, and who left ten days later.
LOG = """
    INSERT INTO churn.predictions
    SELECT a.attachment_id, 'past ' || i, 1,
           CASE WHEN i %% 5 = 1 THEN 0.4 ELSE 0.05 END, '{}', 'batch',
           now() - interval '300 days' + i * interval '300 days' / %(customers)s
    FROM churn_internal.attachment_of('churn.customers') a,
         generate_series(1, %(customers)s) i;
    INSERT INTO churn.outcomes (attachment_id, key, outcome, known_at, source)
    SELECT p.attachment_id, p.key, true, p.predicted_at + interval '10 days', 'call'
    FROM churn.predictions p WHERE p.key LIKE 'past %%1'
"""


def start(session, challenger, **options):
    """Start an experiment, always with the same arms; return its number."""
    session.run("SELECT setseed(0.5)")
    options = {"expected": 40, **options}
    given = "".join(f", {name} => %s" for name in options)
    return session.value(START.format(given), challenger, *options.values())


def latest(session, *columns):
    """Return some columns of the latest experiment."""
    return session.row(LATEST.format(", ".join(columns)))


def exposures(session):
    """Return the version of whose arm customers were exposed, by key."""
    rows = session.run("SELECT key, version FROM churn.exposures")
    assert len(rows) == len(dict(rows))
    return dict(rows)


def expose(session, challenged, customers, leavers, at="-100 days"):
    """Expose customers of an arm in the past, and have some of them leave."""
    # Digits, as keys are.
    name = f"9{challenged:d}{at.strip('- days')}0"
    parameters = {
        "name": name,
        "challenged": challenged,
        "customers": customers,
        "leavers": leavers,
        "at": at,
    }
    with session.connection.cursor() as cursor:
        cursor.execute(EXPOSE, parameters)
        cursor.execute(LEAVE, parameters)
    return name


def log(session, customers):
    """Log scores of customers, of whom a tenth leaves."""
    with session.connection.cursor() as cursor:
        cursor.execute(LOG, {"customers": customers})
