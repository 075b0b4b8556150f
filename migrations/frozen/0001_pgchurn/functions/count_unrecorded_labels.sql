CREATE OR REPLACE FUNCTION churn_internal.count_unrecorded_labels(attachment_id integer)
RETURNS bigint
LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT (SELECT count(*) FROM churn_internal.unrecorded_labels(a))
    FROM churn.attachments a
    WHERE a.attachment_id = count_unrecorded_labels.attachment_id
      AND churn_internal.has_label(a);
END;
COMMENT ON FUNCTION churn_internal.count_unrecorded_labels IS
    'How many labels of a profile say what was not recorded last, as after a failure; null: '
    'it has none.';
GRANT EXECUTE ON FUNCTION churn_internal.count_unrecorded_labels TO churn_loader;
