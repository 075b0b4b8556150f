-- What scored this profile goes with it.
DROP FUNCTION churn.score_customer(bigint);
SELECT churn.detach(a.profile) FROM churn.attachments a
WHERE a.profile = 'churn.customers'::regclass AND a.detached_at IS NULL;
DROP TABLE churn.complaints, churn.customers;
