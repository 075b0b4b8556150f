"""The scoring runtime and the functions of the SQL interface."""

from alembic import op

revision = "0002_scoring"
down_revision = "0001_registry"
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
    "active_deployments.sql",
    "active_deployment.sql",
    "attachment_of.sql",
    "refuse_change.sql",
    "column_kind.sql",
    "layout.sql",
    "key_type.sql",
    "table_name.sql",
    "to_double.sql",
    "complaint_time.sql",
    "feature_arrays.sql",
    "fill_template.sql",
    "create_from_template.sql",
    "create_attachment_functions.sql",
    "create_attachment_triggers.sql",
    "create_profile_update_trigger.sql",
    "refresh_attachment.sql",
    "follow_altered_tables.sql",
    "check_attachable.sql",
    "attach.sql",
    "revoke_from_owner.sql",
    "detach.sql",
    "set_on_error.sql",
    "check_model.sql",
    "lock_deployments.sql",
    "evaluate_candidate.sql",
    "register_model.sql",
    "activate_model.sql",
    "rollback_model.sql",
    "rescore.sql",
    "verify.sql",
    "event_triggers.sql",
)


def upgrade():
    """Install every function, then the event triggers that call some of them."""
    for name in FILES:
        op.run_file(f"0002_scoring/{name}")


def downgrade():
    """Detach what is attached and drop every function."""
    op.run_file("0002_scoring/downgrade.sql")
