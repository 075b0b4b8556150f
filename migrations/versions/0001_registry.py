"""Roles, schema and registry: attachments, models, deployments."""

from alembic import op

revision = "0001_registry"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    """Check the server, then create roles, schema and tables."""
    op.run_file("0001_registry/prerequisites.sql")
    op.run_file("0001_registry/roles.sql")
    op.run_file("0001_registry/schema.sql")


def downgrade():
    """Drop tables, schema and the roles that nothing else uses."""
    op.run_file("0001_registry/downgrade.sql")
