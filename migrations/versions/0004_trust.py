"""Models that can be trusted, complaints that are never lost."""

from alembic import op

revision = "0004_trust"
down_revision = "0003_default_attachment"
branch_labels = None
depends_on = None

# What is new in this revision, in the order in which it refers to each other.
NEW_FILES = (
    "refuse_key_change.sql",
    "keys_in_force.sql",
    "trust_key.sql",
    "revoke_key.sql",
    "check_statement.sql",
    "check_activation.sql",
    "active_statement.sql",
)

# What it replaces.
FILES = (
    "load_runtime.sql",
    "score_features.sql",
    "score_features_many.sql",
    "score_changed.sql",
    "score_batch.sql",
    "predict.sql",
    "warm.sql",
    "server_environment.sql",
    "check_model.sql",
    "examine_model.sql",
    "register_model.sql",
    "activate_model.sql",
)

# The same as the revisions before it have it.
FORMER_FILES = tuple(f"0002_scoring/{name}" for name in FILES)


def upgrade():
    """Make room, install every function, and write those of attachments anew."""
    op.run_file("0004_trust/upgrade.sql")
    for name in (*NEW_FILES, *FILES):
        op.run_file(f"0004_trust/{name}")
    op.run_file("0004_trust/refresh.sql")


def downgrade():
    """Put back what was there before."""
    op.run_file("0004_trust/downgrade.sql")
    for path in FORMER_FILES:
        op.run_file(path)
    op.run_file("0004_trust/refresh.sql")
