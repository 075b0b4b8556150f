"""Peaks, whole tables, and whoever listens downstream."""

from alembic import op

revision = "0005_peaks"
down_revision = "0004_trust"
branch_labels = None
depends_on = None

# In the order in which they refer to each other.
FILES = (
    "load_runtime.sql",
    "load_pickle_reader.sql",
    "score_features.sql",
    "score_features_many.sql",
    "score_changed.sql",
    "score_batch.sql",
    "predict.sql",
    "warm.sql",
    "server_environment.sql",
    "check_model.sql",
    "evaluate_candidate.sql",
    "check_attestation.sql",
    "check_activation.sql",
    "create_score_function.sql",
    "create_score_many_function.sql",
    "create_read_profiles.sql",
    "create_write_profiles.sql",
    "create_rescore_profiles.sql",
    "create_repair_functions.sql",
    "create_verify_profiles.sql",
    "create_complaints_changed.sql",
    "create_profiles_changed.sql",
    "queue_lock.sql",
    "wake_workers.sql",
    "enqueue_profiles.sql",
    "record_failures.sql",
    "marks_of.sql",
    "set_scoring_mode.sql",
    "create_work_profiles.sql",
    "create_log_predictions.sql",
    "check_publishing.sql",
    "create_publish_scores.sql",
    "set_notifications.sql",
    "set_outbox.sql",
    "expire_outbox.sql",
    "create_attachment_functions.sql",
    "work.sql",
    "queue.sql",
    "key_order.sql",
    "end_rescoring.sql",
    "abandon_rescoring.sql",
    "begin_rescoring.sql",
    "note_worker.sql",
    "reserve_batch.sql",
    "wait_for_batch.sql",
    "rescore_batch.sql",
    "rescore.sql",
    "rescore_progress.sql",
    "detach.sql",
    "fit_prediction_log.sql",
    "create_prediction_partitions.sql",
    "set_prediction_log.sql",
    "expire_predictions.sql",
    "why_changed.sql",
    "query_columns.sql",
    "query_statement.sql",
    "fetch_rows.sql",
    "predict_many.sql",
    "predict_query.sql",
)

# What this revision has replaced, as the revisions before it have it.
FORMER_FILES = (
    "0004_trust/load_runtime.sql",
    "0004_trust/score_features.sql",
    "0004_trust/score_features_many.sql",
    "0004_trust/score_changed.sql",
    "0004_trust/score_batch.sql",
    "0004_trust/predict.sql",
    "0004_trust/warm.sql",
    "0004_trust/server_environment.sql",
    "0004_trust/check_model.sql",
    "0004_trust/evaluate_candidate.sql",
    "0004_trust/check_attestation.sql",
    "0004_trust/check_activation.sql",
    "0004_trust/create_attachment_functions.sql",
    "0004_trust/record_failures.sql",
    "0004_trust/marks_of.sql",
    "0004_trust/rescore.sql",
    "0004_trust/detach.sql",
)


def upgrade():
    """Make room, install every function, and write those of attachments anew."""
    op.run_file("0005_peaks/queued_mode.sql")
    op.run_file("0005_peaks/rescoring.sql")
    op.run_file("0005_peaks/prediction_log.sql")
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
