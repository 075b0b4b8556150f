CREATE OR REPLACE VIEW churn.retraining_requests (
    request_id, profile, reason, requested_by, requested_at, attempts, taken_by, taken_at,
    waiting, version, finished_at, decision, decision_reason, release_id, evidence
) AS
    SELECT r.request_id, a.profile, r.reason, r.requested_by, r.requested_at, r.attempts,
           r.taken_by, r.taken_at, r.waiting, r.version, r.finished_at, r.decision,
           r.decision_reason, r.release_id, r.evidence
    FROM churn_internal.retrainings r
    JOIN churn.attachments a USING (attachment_id);
COMMENT ON VIEW churn.retraining_requests IS
    'Every request to retrain a profile: who asked and why, who took it, and what was decided.';
COMMENT ON COLUMN churn.retraining_requests.request_id IS 'Ascends.';
COMMENT ON COLUMN churn.retraining_requests.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.retraining_requests.reason IS 'Why it was asked for.';
COMMENT ON COLUMN churn.retraining_requests.requested_by IS 'Who asked.';
COMMENT ON COLUMN churn.retraining_requests.requested_at IS 'When.';
COMMENT ON COLUMN churn.retraining_requests.attempts IS 'How often it was taken.';
COMMENT ON COLUMN churn.retraining_requests.taken_by IS 'Who took it last.';
COMMENT ON COLUMN churn.retraining_requests.taken_at IS 'When.';
COMMENT ON COLUMN churn.retraining_requests.waiting IS
    'What it waits for, or what the last attempt has failed by; null: nothing.';
COMMENT ON COLUMN churn.retraining_requests.version IS
    'The version that was registered for it; null: none.';
COMMENT ON COLUMN churn.retraining_requests.finished_at IS 'When it ended; null: it is open.';
COMMENT ON COLUMN churn.retraining_requests.decision IS
    'released, kept (the version in force stays), or cancelled; null: it is open.';
COMMENT ON COLUMN churn.retraining_requests.decision_reason IS 'Why, in words.';
COMMENT ON COLUMN churn.retraining_requests.release_id IS
    'The release that was started; null: none was.';
COMMENT ON COLUMN churn.retraining_requests.evidence IS
    'What it was decided by: cohorts, comparison, calibration.';
GRANT SELECT ON churn.retraining_requests TO churn_loader, churn_scorer;
