"""Models that can be trusted, complaints that are never lost."""

from alembic import op

revision = "0004_trust"
down_revision = "0003_default_attachment"
branch_labels = None
depends_on = None

# In the order in which they refer to each other.
FILES = (
    "load_runtime.sql",
    "load_examination.sql",
    "score_features.sql",
    "score_features_many.sql",
    "score_changed.sql",
    "score_batch.sql",
    "predict.sql",
    "warm.sql",
    "server_environment.sql",
    "create_attachment_functions.sql",
    "check_model.sql",
    "evaluate_candidate.sql",
    "refuse_key_change.sql",
    "keys_in_force.sql",
    "trust_key.sql",
    "revoke_key.sql",
    "check_attestation.sql",
    "check_activation.sql",
    "active_attestation.sql",
    "register_model.sql",
    "activate_model.sql",
    "key_type.sql",
    "feature_arrays.sql",
    "lock_deployments.sql",
    "note_recount.sql",
    "has_recounted.sql",
    "record_failures.sql",
    "create_attachment_functions.sql",
    "create_profile_update_trigger.sql",
    "attach.sql",
    "detach.sql",
    "marks_of.sql",
    "health.sql",
    "set_score_timeout.sql",
    "check_batches.sql",
    "rescore.sql",
    "wrong_profiles.sql",
    "repair.sql",
)

# Of these, what no revision before this one had.
NEW_FILES = (
    "load_examination.sql",
    "refuse_key_change.sql",
    "keys_in_force.sql",
    "trust_key.sql",
    "revoke_key.sql",
    "check_attestation.sql",
    "check_activation.sql",
    "active_attestation.sql",
    "note_recount.sql",
    "has_recounted.sql",
    "record_failures.sql",
    "marks_of.sql",
    "health.sql",
    "set_score_timeout.sql",
    "check_batches.sql",
    "wrong_profiles.sql",
    "repair.sql",
)

# The others as the revisions before this one have them.
FORMER_FILES = tuple(f"0002_scoring/{name}" for name in FILES if name not in NEW_FILES)


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
