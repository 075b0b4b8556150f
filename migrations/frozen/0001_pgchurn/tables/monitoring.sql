-- Without foreign keys, as churn.predictions: attachments and versions are never deleted.
CREATE TABLE churn.monitor_results (
    result_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attachment_id integer NOT NULL,
    version bigint,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    metric text NOT NULL,
    feature text,
    value double precision,
    lower double precision,
    upper double precision,
    "limit" double precision,
    n bigint NOT NULL CHECK (n >= 0),
    verdict text NOT NULL CHECK (verdict IN ('ok', 'finding', 'too few', 'not judged')),
    detail text,
    measured_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (since < until)
);
CREATE INDEX monitor_results_window_idx
    ON churn.monitor_results (attachment_id, until, metric);
COMMENT ON TABLE churn.monitor_results IS
    'What churn.monitor has measured: a row for each window of time, metric and feature.';
COMMENT ON COLUMN churn.monitor_results.result_id IS 'Tells results apart.';
COMMENT ON COLUMN churn.monitor_results.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn.monitor_results.version IS
    'The version whose scores were looked at; null: no version gave them.';
COMMENT ON COLUMN churn.monitor_results.since IS 'The beginning of the window.';
COMMENT ON COLUMN churn.monitor_results.until IS
    'The end of the window, which is no part of it.';
COMMENT ON COLUMN churn.monitor_results.metric IS
    'What was measured; churn.monitor lists them.';
COMMENT ON COLUMN churn.monitor_results.feature IS
    'Of which feature, or of which bin of scores; null: of none.';
COMMENT ON COLUMN churn.monitor_results.value IS
    'What it was; null: it could not be measured.';
COMMENT ON COLUMN churn.monitor_results.lower IS
    'Where the value is expected, or known to be: from here; null: not known.';
COMMENT ON COLUMN churn.monitor_results.upper IS 'To here; null: not known.';
COMMENT ON COLUMN churn.monitor_results."limit" IS
    'From which value on it can be a finding; null: it is none.';
COMMENT ON COLUMN churn.monitor_results.n IS 'How many rows it was measured on.';
COMMENT ON COLUMN churn.monitor_results.verdict IS
    'ok; finding: too large to be chance, and large enough to matter; too few: rows to tell; '
    'not judged: it is told for information.';
COMMENT ON COLUMN churn.monitor_results.detail IS 'The same in words; null: nothing to add.';
COMMENT ON COLUMN churn.monitor_results.measured_at IS 'When it was measured.';
ALTER TABLE churn.monitor_results OWNER TO churn_owner;
GRANT SELECT ON churn.monitor_results TO churn_loader, churn_scorer;

CREATE TABLE churn.alerts (
    alert_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attachment_id integer NOT NULL,
    version bigint,
    metric text NOT NULL,
    feature text,
    opened_at timestamptz NOT NULL,
    last_finding_at timestamptz NOT NULL,
    value double precision,
    "limit" double precision,
    n bigint NOT NULL,
    windows integer NOT NULL,
    detail text,
    acknowledged_at timestamptz,
    acknowledged_by name,
    resolved_at timestamptz,
    resolution text,
    CHECK (num_nulls(acknowledged_at, acknowledged_by) IN (0, 2)),
    CHECK (num_nulls(resolved_at, resolution) IN (0, 2))
);
-- One for each onset: which makes two monitors at once open one as well.
CREATE UNIQUE INDEX alerts_open_idx
    ON churn.alerts (attachment_id, metric, feature) NULLS NOT DISTINCT
    WHERE resolved_at IS NULL;
COMMENT ON TABLE churn.alerts IS
    'Findings of churn.monitor that lasted: one row from the onset to the end.';
COMMENT ON COLUMN churn.alerts.alert_id IS
    'What churn.acknowledge_alert takes.';
COMMENT ON COLUMN churn.alerts.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn.alerts.version IS
    'The version whose scores were looked at; null: no version gave them.';
COMMENT ON COLUMN churn.alerts.metric IS 'What is out of its limits.';
COMMENT ON COLUMN churn.alerts.feature IS 'Of which feature; null: of none.';
COMMENT ON COLUMN churn.alerts.opened_at IS
    'Until when churn.monitor had looked when it opened it.';
COMMENT ON COLUMN churn.alerts.last_finding_at IS
    'The end of the last window with a finding.';
COMMENT ON COLUMN churn.alerts.value IS
    'What was measured in the last window with a finding.';
COMMENT ON COLUMN churn.alerts."limit" IS 'The limit there; null: there is none.';
COMMENT ON COLUMN churn.alerts.n IS 'How many rows that was measured on.';
COMMENT ON COLUMN churn.alerts.windows IS 'In how many windows there was a finding so far.';
COMMENT ON COLUMN churn.alerts.detail IS 'The finding in words.';
COMMENT ON COLUMN churn.alerts.acknowledged_at IS
    'When somebody took note of it; null: nobody has.';
COMMENT ON COLUMN churn.alerts.acknowledged_by IS 'Who did.';
COMMENT ON COLUMN churn.alerts.resolved_at IS
    'Until when churn.monitor had looked when it was over; null: it is open.';
COMMENT ON COLUMN churn.alerts.resolution IS 'Why it is over; null: it is open.';
ALTER TABLE churn.alerts OWNER TO churn_owner;
GRANT SELECT ON churn.alerts TO churn_loader, churn_scorer;
