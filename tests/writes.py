"""Evidence of how often a statement writes each row."""


def record_writes(session, table="churn.customers", key="customer_id"):
    """Record every row version that an UPDATE makes from here on."""
    session.run(f"""
        CREATE TEMPORARY TABLE recorded_writes (key text) ON COMMIT DROP;
        CREATE FUNCTION pg_temp.record_write() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN
            INSERT INTO pg_temp.recorded_writes VALUES (to_jsonb(NEW) ->> '{key}');
            RETURN NULL;
        END
        $$;
        CREATE TRIGGER record_write AFTER UPDATE ON {table}
            FOR EACH ROW EXECUTE FUNCTION pg_temp.record_write();
        """)


def writes(session):
    """Return how often each key was written."""
    return dict(session.run("SELECT key, count(*) FROM recorded_writes GROUP BY key"))
