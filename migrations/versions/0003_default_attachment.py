"""The default profile and complaints tables, attached to each other."""

from alembic import op

revision = "0003_default_attachment"
down_revision = "0002_scoring"
branch_labels = None
depends_on = None


def upgrade():
    """Create churn.customers and churn.complaints and attach them."""
    op.run_file("0003_default_attachment/tables.sql")
    op.run_file("0003_default_attachment/score_customer.sql")


def downgrade():
    """Detach and drop them."""
    op.run_file("0003_default_attachment/downgrade.sql")
