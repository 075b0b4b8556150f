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
<<<<<<< HEAD
    "key_type.sql",
    "feature_arrays.sql",
    "lock_deployments.sql",
    "note_recount.sql",
    "has_recounted.sql",
    "mark_for_rescoring.sql",
    "create_attachment_functions.sql",
    "create_profile_update_trigger.sql",
    "detach.sql",
    "marks_of.sql",
    "health.sql",
    "set_score_timeout.sql",
    "check_batches.sql",
    "rescore.sql",
    "wrong_profiles.sql",
    "repair.sql",
)

# What no revision before this one had.
NEW_FILES = (
    "note_recount.sql",
    "has_recounted.sql",
    "mark_for_rescoring.sql",
    "marks_of.sql",
    "health.sql",
    "set_score_timeout.sql",
    "check_batches.sql",
    "wrong_profiles.sql",
    "repair.sql",
)

# What this revision replaces, as the revisions before it have it.
FORMER_FILES = tuple(f"0002_scoring/{name}" for name in FILES if name not in NEW_FILES)
=======
    "register_model.sql",
    "activate_model.sql",
)

# The same as the revisions before it have it.
FORMER_FILES = tuple(f"0002_scoring/{name}" for name in FILES)
>>>>>>> signing


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
