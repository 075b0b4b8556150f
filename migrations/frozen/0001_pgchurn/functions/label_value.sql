CREATE OR REPLACE FUNCTION churn_internal.label_value(type oid, modifier integer, value text)
RETURNS text
LANGUAGE sql STABLE PARALLEL UNSAFE
-- Casts to the base type run nothing of the owner of a domain or an enum.
RETURN CASE churn_internal.column_kind(type)
    WHEN 'text' THEN churn_internal.feature_expression(type, modifier, value)
    ELSE format('%s::%s', value, churn_internal.type_name(churn_internal.base_type(type)))
END;
COMMENT ON FUNCTION churn_internal.label_value IS
    'SQL of a label of this type as a boolean, a number, or a text.';
