CREATE OR REPLACE VIEW churn.retraining_policies (
    profile, every, min_new_outcomes, on_drift, on_performance, training_window, set_by, set_at,
    since, new_outcomes, due
) AS
    SELECT a.profile, p.every, p.min_new_outcomes, p.on_drift, p.on_performance,
           p.training_window, p.set_by, p.set_at, d.since, d.new_outcomes, d.reason AS due
    FROM churn_internal.retraining_plans p
    JOIN churn.attachments a USING (attachment_id)
    CROSS JOIN LATERAL churn_internal.retraining_due(p.attachment_id) d;
COMMENT ON VIEW churn.retraining_policies IS
    'When profiles are retrained, as churn.set_retraining was told, and which are due.';
COMMENT ON COLUMN churn.retraining_policies.profile IS 'The attached profile table.';
COMMENT ON COLUMN churn.retraining_policies.every IS
    'How long after the last time; null: time alone does not ask for it.';
COMMENT ON COLUMN churn.retraining_policies.min_new_outcomes IS
    'Of how many customers more it has to be known what became of them; null: of any.';
COMMENT ON COLUMN churn.retraining_policies.on_drift IS
    'Whether alerts on features and scores ask for it.';
COMMENT ON COLUMN churn.retraining_policies.on_performance IS
    'Whether alerts on performance and calibration do.';
COMMENT ON COLUMN churn.retraining_policies.training_window IS
    'Over how long a time the customers were scored who are trained on; null: any.';
COMMENT ON COLUMN churn.retraining_policies.set_by IS 'Who said so.';
COMMENT ON COLUMN churn.retraining_policies.set_at IS 'When.';
COMMENT ON COLUMN churn.retraining_policies.since IS
    'Until when what the version in force was trained on, or retrained on the last time, was '
    'known; null: no version is in force.';
COMMENT ON COLUMN churn.retraining_policies.new_outcomes IS
    'Of how many customers it has become known since what became of them.';
COMMENT ON COLUMN churn.retraining_policies.due IS
    'Why it is to be retrained now; null: it is not.';
GRANT SELECT ON churn.retraining_policies TO churn_loader, churn_scorer;
