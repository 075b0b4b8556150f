CREATE OR REPLACE FUNCTION churn.set_write_search_path(profile regclass, write_search_path text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    attachment churn.attachments := churn_internal.attachment_of(profile);
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)
    THEN
        RAISE insufficient_privilege USING
            MESSAGE = 'the search_path of writes is set by a superuser',
            DETAIL = 'What it finds runs with the rights of the table''s owner.';
    END IF;
    UPDATE churn.attachments a
    SET write_search_path = churn_internal.checked_search_path(
        set_write_search_path.write_search_path
    )
    WHERE a.attachment_id = attachment.attachment_id;
    PERFORM churn_internal.refresh_attachment(attachment.attachment_id);
    PERFORM churn_internal.check_writing(attachment.attachment_id);
END $body$;
COMMENT ON FUNCTION churn.set_write_search_path IS
    'With which search_path triggers, checks and the like of a profile run when pgchurn '
    'writes it.';
