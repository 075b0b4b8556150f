CREATE OR REPLACE FUNCTION churn_internal.positive_labels(positive_class text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE
-- Without a class those of TEXTS_FOR_CHURNED in loader/models/labels.py.
RETURN CASE
    WHEN positive_class IS NULL
        THEN ARRAY['yes', 'y', 'true', 't', '1', 'churn', 'churned', 'left']
    ELSE ARRAY[lower(positive_class COLLATE "default")]
END;
COMMENT ON FUNCTION churn_internal.positive_labels IS
    'The labels, in lower case, that mean that a customer has left; null: those that do '
    'where nobody says which one.';
