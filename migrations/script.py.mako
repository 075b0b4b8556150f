"""${message}."""

from alembic import op

revision = "${up_revision}"
down_revision = "${down_revision}"
branch_labels = None
depends_on = None


def upgrade():
    """Install what this revision brings."""
    op.install_functions(revision)


def downgrade():
    """Put back what was there before it."""
    op.restore_functions(revision)
