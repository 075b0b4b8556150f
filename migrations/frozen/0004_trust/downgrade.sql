DROP TABLE churn.rescoring_marks;
DROP FUNCTION churn.note_recount(bigint);
DROP FUNCTION churn.has_recounted(bigint);
-- One trigger did the work of the two that score updated profiles.
DO $drop$
DECLARE
    derived record;
BEGIN
    FOR derived IN
        SELECT t.tgname, n.nspname, c.relname
        FROM pg_catalog.pg_trigger t
        JOIN churn.attachments a ON a.profile = t.tgrelid
        JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE t.tgname = pg_catalog.format('pgchurn_%s_profile_derived', a.attachment_id)
    LOOP
        EXECUTE pg_catalog.format('DROP TRIGGER %I ON %I.%I', derived.tgname,
                                  derived.nspname, derived.relname);
    END LOOP;
END
$drop$;
