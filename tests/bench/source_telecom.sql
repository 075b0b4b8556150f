CREATE SCHEMA "@schema@";
CREATE TABLE "@schema@".customers (LIKE churn.customers INCLUDING ALL);
ALTER TABLE "@schema@".customers
    DROP COLUMN complaint_count,
    DROP COLUMN last_complaint_at,
    DROP COLUMN churn_score,
    DROP COLUMN churn_model_version,
    DROP COLUMN churn_scored_at;
CREATE TABLE "@schema@".complaints (LIKE churn.complaints INCLUDING ALL);
