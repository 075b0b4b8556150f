CREATE OR REPLACE FUNCTION churn_internal.label_expression(
    type oid, modifier integer, value text
) RETURNS text
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    -- As as_text in loader/models/labels.py has them. No label of a customer can fail to be
    -- read.
    SELECT format(
        CASE
            WHEN k.kind = 'text' THEN 'pg_catalog.lower(%1$s COLLATE pg_catalog."default")'
            WHEN b.type IN ('real'::regtype, 'double precision'::regtype, 'numeric'::regtype)
                -- As a numeric even 1e300 has its digits written out.
                THEN 'CASE WHEN %1$s = pg_catalog.trunc(%1$s::pg_catalog.numeric) '
                     'THEN pg_catalog.trunc(%1$s::pg_catalog.numeric)::pg_catalog.text '
                     'ELSE %1$s::pg_catalog.text END'
            WHEN k.kind IS NOT NULL THEN '%1$s::pg_catalog.text'
        END,
        churn_internal.label_value(
            label_expression.type, label_expression.modifier, label_expression.value
        )
    )
    FROM churn_internal.base_type(label_expression.type) b (type),
         churn_internal.column_kind(label_expression.type) k (kind);
END;
COMMENT ON FUNCTION churn_internal.label_expression IS
    'SQL of a label of this type as lower-case text, a whole number without its decimals; '
    'null: nothing of this type can be a label.';
