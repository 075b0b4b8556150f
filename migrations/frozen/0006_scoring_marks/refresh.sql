-- The functions that churn.attach wrote, written by this revision's templates.
SELECT churn.refresh_attachment(a.attachment_id)
FROM churn.attachments a WHERE a.detached_at IS NULL;
