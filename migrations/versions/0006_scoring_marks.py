"""Marks that cost a burst of complaints less."""

from alembic import op

revision = "0006_scoring_marks"
down_revision = "0005_peaks"
branch_labels = None
depends_on = None

# In the order in which they refer to each other.
FILES = (
    "check_batch_size.sql",
    "check_batches.sql",
    "enqueue_profiles.sql",
    "record_failures.sql",
    "create_write_profiles.sql",
    "create_rescore_profiles.sql",
    "create_repair_functions.sql",
    "create_work_profiles.sql",
    "create_complaints_changed.sql",
    "create_profiles_changed.sql",
    "create_attachment_functions.sql",
    "queue.sql",
    "wrong_profiles.sql",
    "set_scoring_mode.sql",
    "detach.sql",
    "work.sql",
    "rescore_batch.sql",
    "fit_prediction_log.sql",
)
# What this revision has replaced, as the revisions before it have it.
FORMER_FILES = (
    "0004_trust/check_batches.sql",
    "0005_peaks/enqueue_profiles.sql",
    "0005_peaks/record_failures.sql",
    "0005_peaks/create_write_profiles.sql",
    "0005_peaks/create_rescore_profiles.sql",
    "0005_peaks/create_repair_functions.sql",
    "0005_peaks/create_work_profiles.sql",
    "0005_peaks/create_complaints_changed.sql",
    "0005_peaks/create_profiles_changed.sql",
    "0005_peaks/create_attachment_functions.sql",
    "0005_peaks/queue.sql",
    "0004_trust/wrong_profiles.sql",
    "0005_peaks/set_scoring_mode.sql",
    "0005_peaks/detach.sql",
    "0005_peaks/work.sql",
    "0005_peaks/rescore_batch.sql",
    "0005_peaks/fit_prediction_log.sql",
)


def upgrade():
    """Make room, install every function, and write those of attachments anew."""
    op.run_file("0006_scoring_marks/pending_profiles.sql")
    for name in FILES:
        op.run_file(f"0006_scoring_marks/{name}")
    op.run_file("0006_scoring_marks/refresh.sql")


def downgrade():
    """Put back what was there before."""
    op.run_file("0006_scoring_marks/downgrade.sql")
    for path in FORMER_FILES:
        op.run_file(path)
    op.run_file("0006_scoring_marks/refresh.sql")
    op.run_file("0006_scoring_marks/drop.sql")
