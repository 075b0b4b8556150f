DROP FUNCTION churn.load_examination();
DROP VIEW churn.health;
DROP PROCEDURE churn.repair;
-- Written by this revision's templates for every attachment.
DO $generated$
DECLARE
    attachment_id integer;
BEGIN
    FOR attachment_id IN
        SELECT a.attachment_id FROM churn.attachments a WHERE a.detached_at IS NULL
    LOOP
        EXECUTE pg_catalog.format(
            'DROP FUNCTION churn.repair_profiles_%1$s, churn.marked_profiles_%1$s',
            attachment_id
        );
    END LOOP;
END
$generated$;
DROP FUNCTION
    churn.check_batches,
    churn.mark_for_rescoring,
    churn.marks_of,
    churn.set_score_timeout,
    churn.wrong_profiles;
DROP TABLE churn.rescoring_marks;
ALTER TABLE churn.attachments DROP COLUMN score_timeout;
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
DROP FUNCTION
    churn.register_model,
    churn.activate_model,
    churn.check_statement,
    churn.check_activation,
    churn.active_statement;
ALTER TABLE churn.models
    DROP COLUMN statement,
    DROP COLUMN statement_signature,
    DROP COLUMN statement_key;
DROP FUNCTION
    churn_trust.keys_in_force,
    churn_trust.trust_key,
    churn_trust.revoke_key;
DROP TABLE churn_trust.trusted_keys;
DROP FUNCTION churn_trust.refuse_key_change;
DROP SCHEMA churn_trust;
