-- The floor where the profile has triggers of its own: whatever they raise costs no
-- complaint, and nothing is scored.
CREATE FUNCTION "@schema@".count_complaints() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    BEGIN
        UPDATE "@schema@".customers p SET
            complaint_count = p.complaint_count + n.complaints,
            last_complaint_at = greatest(p.last_complaint_at, n.latest)
        FROM (
            SELECT c.customer_id, count(*) AS complaints, max(c.complained_at) AS latest
            FROM inserted c
            GROUP BY c.customer_id
        ) n
        WHERE p.customer_id = n.customer_id;
    EXCEPTION WHEN OTHERS THEN
        RAISE WARNING 'not counted: %', SQLERRM;
    END;
    RETURN NULL;
END
$body$;
CREATE TRIGGER count_complaints AFTER INSERT ON "@schema@".complaints
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION "@schema@".count_complaints();
