-- Customers whose last change in the history is not what their profile is.
SELECT count(*)
FROM (
    SELECT DISTINCT ON (new_row->>'customer_id') new_row
    FROM "@schema@".history
    ORDER BY new_row->>'customer_id', history_id DESC
) h
JOIN "@schema@".customers c ON c.customer_id = (h.new_row->>'customer_id')::bigint
WHERE to_jsonb(c) IS DISTINCT FROM h.new_row
