"""What more than one test module says to the default tables."""

INSERT = "INSERT INTO churn.complaints (customer_id) VALUES (%s)"
HEALTH = (
    "SELECT sqlstate, customers, waiting, failures FROM churn.health"
    " ORDER BY sqlstate, reason"
)
REPAIR = "CALL churn.repair('churn.customers', %s)"
INFINITE = "data_usage_gb = 'infinity'"
SOUND = "data_usage_gb = 2"


def overwrite(session, change, customers="customer_id = 1"):
    """Change profiles as no trigger sees it."""
    session.run("SET session_replication_role = replica")
    session.run(f"UPDATE churn.customers SET {change} WHERE {customers}")
    session.run("RESET session_replication_role")


def version(session):
    return session.value("SELECT version FROM churn.active_deployments")


def retire(session):
    """Leave the profile without an active model, as before the first activation."""
    session.run("SET session_replication_role = replica")
    session.run("DELETE FROM churn.deployments")
    session.run("RESET session_replication_role")
