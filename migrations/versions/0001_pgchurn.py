"""All of pgchurn: roles, schemas, tables, functions, and churn.customers attached."""

from alembic import op

revision = "0001_pgchurn"
down_revision = None
branch_labels = None
depends_on = None

BEFORE_FUNCTIONS = (
    *("prerequisites", "roles", "schemas", "result_types", "attachments", "models"),
    *(
        "deployments",
        "releases",
        "experiments",
        "queue",
        "rescoring",
        "predictions",
        "outbox",
        "outcomes",
    ),
    *("monitoring", "retraining", "learning", "trusted_keys"),
)
AFTER_FUNCTIONS = ("result_checks", "event_triggers", "customers")


def upgrade():
    """Check the server, then create everything."""
    for name in BEFORE_FUNCTIONS:
        op.run_file(f"{revision}/tables/{name}.sql")
    op.install_functions(revision)
    for name in AFTER_FUNCTIONS:
        op.run_file(f"{revision}/tables/{name}.sql")


def downgrade():
    """Detach every table, then drop everything but roles that something else uses."""
    op.run_file(f"{revision}/tables/detach.sql")
    op.restore_functions(revision)
    op.run_file(f"{revision}/tables/drop.sql")
