"""${message}."""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade():
    """Install what this revision brings."""
    op.run_file("${up_revision}/upgrade.sql")


def downgrade():
    """Go back to what was before it."""
    op.run_file("${up_revision}/downgrade.sql")
