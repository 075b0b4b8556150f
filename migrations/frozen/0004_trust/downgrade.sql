DROP VIEW churn.health;
DROP PROCEDURE churn.repair;
-- Triggers and functions that only this revision's templates write.
DO $generated$
DECLARE
    generated record;
BEGIN
    FOR generated IN
        SELECT t.tgname, n.nspname, c.relname
        FROM pg_catalog.pg_trigger t
        JOIN churn.attachments a ON a.profile = t.tgrelid
        JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE t.tgname = pg_catalog.format('pgchurn_%s_profile_derived', a.attachment_id)
    LOOP
        EXECUTE pg_catalog.format('DROP TRIGGER %I ON %I.%I', generated.tgname,
                                  generated.nspname, generated.relname);
    END LOOP;
    FOR generated IN
        SELECT a.attachment_id FROM churn.attachments a WHERE a.detached_at IS NULL
    LOOP
        EXECUTE pg_catalog.format(
            'DROP FUNCTION churn.repair_profiles_%1$s, churn.marked_profiles_%1$s',
            generated.attachment_id
        );
    END LOOP;
END
$generated$;
DROP FUNCTION
    churn.active_statement,
    churn.check_activation,
    churn.check_batches,
    churn.check_statement,
    churn.has_recounted,
    churn.load_examination,
    churn.mark_for_rescoring,
    churn.marks_of,
    churn.note_recount,
    churn.set_score_timeout,
    churn.wrong_profiles,
    churn_trust.keys_in_force,
    churn_trust.revoke_key,
    churn_trust.trust_key;
-- Their parameters are others before this revision.
DROP FUNCTION churn.activate_model, churn.register_model;
DROP TABLE churn.rescoring_marks;
DROP TABLE churn_trust.trusted_keys;
DROP FUNCTION churn_trust.refuse_key_change;
DROP SCHEMA churn_trust;
ALTER TABLE churn.attachments DROP COLUMN score_timeout;
ALTER TABLE churn.models
    DROP COLUMN statement,
    DROP COLUMN statement_signature,
    DROP COLUMN statement_key;
