-- Nothing unique and no foreign key: every first complaint of a customer would pay for
-- them. A row is made under the lock of its customer's profile, which says whether there is
-- one already.
CREATE TABLE churn_internal.pending_profiles (
    attachment_id integer NOT NULL,
    key text COLLATE "C" NOT NULL,
    enqueued_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- So that its rows can be deleted where all tables are published.
ALTER TABLE churn_internal.pending_profiles REPLICA IDENTITY FULL;
CREATE INDEX pending_profiles_enqueued_idx
    ON churn_internal.pending_profiles (attachment_id, enqueued_at);
COMMENT ON TABLE churn_internal.pending_profiles IS
    'Customers who changed in queued mode since they were scored. churn.work and '
    'churn.repair score them and delete their rows.';
COMMENT ON COLUMN churn_internal.pending_profiles.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn_internal.pending_profiles.key IS 'The profile row''s key, as text.';
COMMENT ON COLUMN churn_internal.pending_profiles.enqueued_at IS 'When the customer was enqueued.';
COMMENT ON INDEX churn_internal.pending_profiles_enqueued_idx IS
    'So that who has waited longest comes first.';
ALTER TABLE churn_internal.pending_profiles OWNER TO churn_owner;
GRANT SELECT ON churn_internal.pending_profiles TO churn_loader, churn_scorer;

-- No foreign key, since every row would lock that of its attachment; rows of attachments
-- are never deleted.
CREATE TABLE churn_internal.failed_profiles (
    attachment_id integer NOT NULL,
    key text COLLATE "C" NOT NULL,
    version bigint,
    sqlstate text,
    reason text,
    failures bigint NOT NULL DEFAULT 0,
    first_failed_at timestamptz,
    last_failed_at timestamptz,
    enqueued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    uncounted boolean NOT NULL DEFAULT false,
    PRIMARY KEY (attachment_id, key)
);
CREATE INDEX failed_profiles_due_idx ON churn_internal.failed_profiles (attachment_id, due_at);
COMMENT ON TABLE churn_internal.failed_profiles IS
    'Customers without a score that is theirs: those whose last score failed, and those '
    'who changed in queued mode and have none. churn.work and churn.repair score them and '
    'delete their rows. A failure counts until the customer is scored after it.';
COMMENT ON COLUMN churn_internal.failed_profiles.attachment_id IS 'The attachment of the profile.';
COMMENT ON COLUMN churn_internal.failed_profiles.key IS 'The profile row''s key, as text.';
COMMENT ON COLUMN churn_internal.failed_profiles.version IS
    'The version that failed, the last time.';
COMMENT ON COLUMN churn_internal.failed_profiles.sqlstate IS
    'What kind of failure it was; null: it has not failed.';
COMMENT ON COLUMN churn_internal.failed_profiles.reason IS 'The message that came with it.';
COMMENT ON COLUMN churn_internal.failed_profiles.failures IS
    'How often it failed; 0: the customer merely waits.';
COMMENT ON COLUMN churn_internal.failed_profiles.first_failed_at IS 'When it failed first.';
COMMENT ON COLUMN churn_internal.failed_profiles.last_failed_at IS 'When it failed last.';
COMMENT ON COLUMN churn_internal.failed_profiles.enqueued_at IS
    'When the customer was enqueued, or failed first.';
COMMENT ON COLUMN churn_internal.failed_profiles.due_at IS
    'When churn.work may try it: after a failure in ever longer pauses, an hour at most.';
COMMENT ON COLUMN churn_internal.failed_profiles.uncounted IS
    'Whether the row itself was not written, so that complaints may be missing in it.';
ALTER TABLE churn_internal.failed_profiles OWNER TO churn_owner;
GRANT SELECT ON churn_internal.failed_profiles TO churn_loader, churn_scorer;

-- A session remembers what it has set a sequence to, and nobody but its owner can set this
-- one: a setting anybody may SET, and Python takes longer to ask, and to start.
CREATE UNLOGGED SEQUENCE churn_internal.own_writes MINVALUE -9223372036854775807 START 1;
COMMENT ON SEQUENCE churn_internal.own_writes IS
    'What the session has set it to is the write of a profile as its owner that is under way '
    'in it: see churn_internal.own_write. What others have set it to says nothing.';
ALTER SEQUENCE churn_internal.own_writes OWNER TO churn_owner;
