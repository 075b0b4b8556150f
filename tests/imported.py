"""What a session of the server has imported."""

MODULES = """
    CREATE OR REPLACE FUNCTION pg_temp.modules() RETURNS text[]
    LANGUAGE plpython3u AS $$
        import sys
        return sorted(sys.modules)
    $$
"""


def imported_modules(session):
    """Return the names of the modules that a session's Python has imported."""
    session.run(MODULES)
    return session.value("SELECT pg_temp.modules()")


def modules_of_scoring(session):
    """Return what a session has imported that has scored, and done nothing else."""
    session.run("INSERT INTO churn.complaints (customer_id) VALUES (1)")
    session.run("SELECT churn.score(c) FROM churn.customers c")
    return imported_modules(session)
