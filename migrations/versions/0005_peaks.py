"""Peaks, whole tables, and whoever listens downstream."""

from alembic import op

revision = "0005_peaks"
down_revision = "0004_trust"
branch_labels = None
depends_on = None

# In the order in which they refer to each other.
FILES = (
    "create_score_function.sql",
    "create_score_many_function.sql",
    "create_read_profiles.sql",
    "create_write_profiles.sql",
    "create_rescore_profiles.sql",
    "create_repair_functions.sql",
    "create_verify_profiles.sql",
    "create_complaints_changed.sql",
    "create_profiles_changed.sql",
    "check_publishing.sql",
    "create_publish_scores.sql",
    "set_notifications.sql",
    "set_outbox.sql",
    "expire_outbox.sql",
    "create_attachment_functions.sql",
    "detach.sql",
)

# What this revision has replaced, as the revisions before it have it.
FORMER_FILES = (
    "0004_trust/create_attachment_functions.sql",
    "0004_trust/detach.sql",
)


def upgrade():
    """Install every function, and write those of attachments anew."""
    op.run_file("0005_peaks/downstream.sql")
    for name in FILES:
        op.run_file(f"0005_peaks/{name}")
    op.run_file("0005_peaks/refresh.sql")


def downgrade():
    """Put back what was there before."""
    op.run_file("0005_peaks/downgrade.sql")
    for path in FORMER_FILES:
        op.run_file(path)
    op.run_file("0005_peaks/refresh.sql")
