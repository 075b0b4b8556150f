CREATE OR REPLACE FUNCTION churn_internal.customer_of_row(
    attachment churn.attachments, OUT customer text, OUT equals text
)
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT CASE
               WHEN k.one_text IS NOT FALSE THEN '%s.key'
               ELSE format(
                   '%%s.key::%s', churn_internal.type_name(k.key_type, k.key_collation)
               )
           END,
           CASE
               WHEN k.one_text IS NOT FALSE THEN '='
               ELSE coalesce(churn_internal.operator_name(k.equals_key), '=')
           END
    FROM churn_internal.key_comparison(
        (attachment).profile, (attachment).profile_key, (attachment).complaints,
        (attachment).complaint_key
    ) k;
END;
COMMENT ON FUNCTION churn_internal.customer_of_row IS
    'SQL of what rows of the log, of outcomes and of actions are of one customer by, to be '
    'formatted with the name of such a row, and the operator that compares it: equal keys that '
    'have different texts are one customer.';
