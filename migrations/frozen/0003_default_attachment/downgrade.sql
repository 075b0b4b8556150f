-- What scored this profile goes with it.
DROP FUNCTION churn.score_customer(bigint);
SELECT churn.detach(a.profile) FROM churn.attachments a
WHERE a.profile = 'churn.customers'::regclass AND a.detached_at IS NULL;
-- An attachment without models has no history to keep.
DELETE FROM churn.attachments a
WHERE a.profile = 'churn.customers'::regclass
  AND NOT EXISTS (SELECT FROM churn.models m WHERE m.attachment_id = a.attachment_id);
DROP TABLE churn.complaints, churn.customers;
