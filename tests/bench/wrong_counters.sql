SELECT count(*)
FROM "@schema@".customers p
LEFT JOIN (
    SELECT c.customer_id, count(*) AS complaints, max(c.complained_at) AS latest
    FROM "@schema@".complaints c
    GROUP BY 1
) n ON n.customer_id = p.customer_id
WHERE (p.complaint_count, p.last_complaint_at)
      IS DISTINCT FROM (coalesce(n.complaints, 0), n.latest)
