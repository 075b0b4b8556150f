-- What churn.attach and a first scoring leave behind, on a rival's table.
ALTER TABLE "@schema@".customers
    ADD COLUMN complaint_count integer NOT NULL DEFAULT 0,
    ADD COLUMN last_complaint_at timestamptz,
    ADD COLUMN churn_score double precision,
    ADD COLUMN churn_model_version bigint,
    ADD COLUMN churn_scored_at timestamptz;
UPDATE "@schema@".customers p SET
    complaint_count = n.complaints, last_complaint_at = n.latest
FROM (
    SELECT c.customer_id, count(*) AS complaints, max(c.complained_at) AS latest
    FROM "@schema@".complaints c
    GROUP BY 1
) n
WHERE p.customer_id = n.customer_id;
UPDATE "@schema@".customers p SET
    churn_score = o.churn_score, churn_model_version = o.churn_model_version,
    churn_scored_at = o.churn_scored_at
FROM "@ours@".customers o
WHERE o.customer_id = p.customer_id;
