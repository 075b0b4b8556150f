CREATE TABLE churn.attachments (
    attachment_id integer PRIMARY KEY,
    profile regclass NOT NULL,
    profile_key name NOT NULL,
    complaints regclass NOT NULL,
    complaint_key name NOT NULL,
    complaint_time name,
    on_error text NOT NULL DEFAULT 'keep' CHECK (on_error IN ('keep', 'raise')),
    score_timeout interval NOT NULL DEFAULT '5 s',
    scoring_mode text NOT NULL DEFAULT 'inline' CHECK (scoring_mode IN ('inline', 'queued')),
    log_rate double precision NOT NULL DEFAULT 0 CHECK (log_rate BETWEEN 0 AND 1),
    notifications text NOT NULL DEFAULT 'off',
    notification_threshold double precision,
    outbox text NOT NULL DEFAULT 'off',
    outbox_threshold double precision,
    outcome_label name,
    positive_class text,
    horizon interval NOT NULL DEFAULT '90 days' CHECK (horizon > interval '0'),
    number_columns name[] NOT NULL DEFAULT '{}',
    text_columns name[] NOT NULL DEFAULT '{}',
    write_search_path text NOT NULL,
    guarded boolean NOT NULL DEFAULT false,
    complaint_tables regclass[] NOT NULL DEFAULT '{}',
    attached_by name NOT NULL DEFAULT session_user,
    attached_at timestamptz NOT NULL DEFAULT now(),
    detached_at timestamptz,
    profile_name text,
    complaints_name text,
    dropped_at timestamptz,
    CONSTRAINT attachments_notifications_check CHECK (
        notifications IN ('off', 'every', 'threshold')
        AND (notifications = 'threshold') = (notification_threshold IS NOT NULL)
    ),
    CONSTRAINT attachments_outbox_check CHECK (
        outbox IN ('off', 'every', 'threshold')
        AND (outbox = 'threshold') = (outbox_threshold IS NOT NULL)
    ),
    CONSTRAINT attachments_detached_check CHECK (
        num_nulls(detached_at, profile_name, complaints_name) IN (0, 3)
        AND (detached_at IS NOT NULL OR dropped_at IS NULL)
    )
);
CREATE UNIQUE INDEX attachments_profile_idx ON churn.attachments (profile)
    WHERE detached_at IS NULL;
COMMENT ON TABLE churn.attachments IS
    'A profile table and its complaints table, wired together by churn.attach.';
COMMENT ON COLUMN churn.attachments.attachment_id IS
    'Ends the names of the functions and triggers that churn.attach created.';
COMMENT ON COLUMN churn.attachments.profile IS 'The table with one row for each customer.';
COMMENT ON COLUMN churn.attachments.profile_key IS 'Its unique key.';
COMMENT ON COLUMN churn.attachments.complaints IS 'The event table.';
COMMENT ON COLUMN churn.attachments.complaint_key IS
    'The column of the event table that holds the profile''s key.';
COMMENT ON COLUMN churn.attachments.complaint_time IS
    'The column of the event table that says when; null: when it was inserted.';
COMMENT ON COLUMN churn.attachments.on_error IS
    'When a model cannot score a complaint: keep the complaint and the old score, or raise.';
COMMENT ON COLUMN churn.attachments.score_timeout IS
    'How long one call of the model may take before it counts as a failure.';
COMMENT ON COLUMN churn.attachments.scoring_mode IS
    'inline: a statement scores the customers that it changes; queued: it enqueues them.';
COMMENT ON COLUMN churn.attachments.log_rate IS
    'Which share of the scores that are stored is appended to churn.predictions, 0 to 1.';
COMMENT ON COLUMN churn.attachments.notifications IS
    'Which stored scores are told by NOTIFY: off, every, or threshold, those that cross it.';
COMMENT ON COLUMN churn.attachments.notification_threshold IS
    'The threshold of notifications; null: not in this mode.';
COMMENT ON COLUMN churn.attachments.outbox IS
    'Which stored scores go to churn.outbox: off, every, or threshold, those that cross it.';
COMMENT ON COLUMN churn.attachments.outbox_threshold IS
    'The threshold of the outbox; null: not in this mode.';
COMMENT ON COLUMN churn.attachments.outcome_label IS
    'The column of the profile whose labels are appended to churn.outcomes; null: none is.';
COMMENT ON COLUMN churn.attachments.positive_class IS
    'The label of who has left, as text; null: true, 1 or a word for yes.';
COMMENT ON COLUMN churn.attachments.horizon IS
    'How long after a prediction a customer who leaves counts for it.';
COMMENT ON COLUMN churn.attachments.number_columns IS
    'The numeric and boolean columns that are features of a version, as scoring passes them.';
COMMENT ON COLUMN churn.attachments.text_columns IS
    'The text columns that are features of a version, as scoring passes them.';
COMMENT ON COLUMN churn.attachments.write_search_path IS
    'The search_path of what others have put on the profile, when pgchurn writes it.';
COMMENT ON COLUMN churn.attachments.guarded IS
    'Whether others have put triggers, checks or the like on the profile, so that it is '
    'written as its owner and what they raise costs no complaint.';
COMMENT ON COLUMN churn.attachments.complaint_tables IS
    'The event table, its partitions and children: when one goes, complaints go with it.';
COMMENT ON COLUMN churn.attachments.attached_by IS 'Who attached it.';
COMMENT ON COLUMN churn.attachments.attached_at IS 'When it was attached, last.';
COMMENT ON COLUMN churn.attachments.detached_at IS
    'When it was detached; the row stays, for the history of its models.';
COMMENT ON COLUMN churn.attachments.profile_name IS
    'What the profile table was called when it was detached; null: it is attached.';
COMMENT ON COLUMN churn.attachments.complaints_name IS
    'What the event table was called when it was detached; null: it is attached.';
COMMENT ON COLUMN churn.attachments.dropped_at IS
    'When the profile table was dropped, after it was detached: no other table takes up '
    'its models.';
ALTER TABLE churn.attachments OWNER TO churn_owner;
GRANT SELECT ON churn.attachments TO churn_loader, churn_scorer;
