"""Models that can be trusted, complaints that are never lost."""

from alembic import op

revision = "0004_trust"
down_revision = "0003_default_attachment"
branch_labels = None
depends_on = None

# In the order in which they refer to each other.
FILES = (
    "load_runtime.sql",
    "score_features.sql",
    "score_features_many.sql",
    "score_changed.sql",
    "score_batch.sql",
    "predict.sql",
    "warm.sql",
    "server_environment.sql",
    "create_attachment_functions.sql",
    "check_model.sql",
    "examine_model.sql",
)

# What this revision replaces, as the revisions before it have it.
FORMER_FILES = tuple(f"0002_scoring/{name}" for name in FILES)


def upgrade():
    """Make room, install every function, and write those of attachments anew."""
    op.run_file("0004_trust/upgrade.sql")
    for name in FILES:
        op.run_file(f"0004_trust/{name}")
    op.run_file("0004_trust/refresh.sql")


def downgrade():
    """Put back what was there before."""
    op.run_file("0004_trust/downgrade.sql")
    for path in FORMER_FILES:
        op.run_file(path)
    op.run_file("0004_trust/refresh.sql")
