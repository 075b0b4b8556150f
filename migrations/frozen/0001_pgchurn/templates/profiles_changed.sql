CREATE OR REPLACE FUNCTION churn_internal.template_profiles_changed() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
CREATE OR REPLACE FUNCTION churn_internal."profiles_changed_@id@"() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $function$
#variable_conflict use_variable
DECLARE
    -- Told by the role that writes, or where pgchurn writes as the table's owner by memory
    -- of its own: a setting anybody may SET.
    own boolean;
    nestloop text;
    active record;
    changed record;
    single boolean;
    moved record;
    labels record;
    ignored text;
BEGIN
    -- Written out in each trigger: a function of it took a twentieth of the whole INSERT.
    IF @guarded@ AND current_setting('churn.writing', true) <> '' THEN
        BEGIN
            own := abs(currval('churn_internal.own_writes'))
                = churn_internal.own_write(@id@, pg_trigger_depth() - 1);
        EXCEPTION WHEN object_not_in_prerequisite_state THEN
            -- Somebody pretends: this session has not written any profile yet.
        END;
    END IF;
    IF own AND NOT @derives@ THEN
        RETURN NULL;
    END IF;
    IF own IS NOT TRUE THEN
        own := false;
        ignored := set_config('churn.score_cause', 'profile', true);
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF @records_labels@ THEN
            PERFORM churn_internal.record_labels(
                @id@, array_agg(p.@key@::text COLLATE "default"),
                array_agg(@present_outcome@),
                array_agg(true)
            )
            FROM inserted p HAVING count(*) > 0;
        END IF;
        PERFORM churn_internal."write_profiles_@id@"(n.keys, NULL, NULL, @queued@, true)
        FROM (
            SELECT array_agg(p.@key@::@common_type@ ORDER BY p.@key@) AS keys
            FROM inserted p
        ) n
        WHERE n.keys IS NOT NULL;
        RETURN NULL;
    END IF;
    SELECT d.version, churn_internal.feature_names(m.signature) AS features INTO active
    FROM churn_internal.active_deployment(@id@) d JOIN churn.models m ON m.version = d.version;
    -- A session keeps the plan that it made for its first statement: made for one row, it
    -- compared each of 10,000 rows with all the others, which took 9 s instead of 0.1. Not as
    -- a setting of the function, since what that calls would be planned without them, too.
    nestloop := current_setting('enable_nestloop');
    ignored := set_config('enable_nestloop', 'off', true);
    -- Only rows in which something that scoring reads or writes has changed, or what the
    -- label says; of what pgchurn itself wrote, only rows in which that changed features or
    -- labels in turn. What the version in force does not read leaves its scores as they are,
    -- not those of others. Complaints are counted anew where the key, the counter or what
    -- tells who is pending was overwritten. When a row was scored is no part of it: should no
    -- role tell pgchurn's own writes, after a restore under other owners, it ends with the
    -- first that changes nothing.
    SELECT array_agg(n.key ORDER BY n.key) FILTER (WHERE n.scores) AS keys,
           array_agg(CASE WHEN n.kept THEN 0::bigint END ORDER BY n.key)
               FILTER (WHERE n.scores) AS complaints,
           bool_or(n.is_new) AS has_new, bool_or(n.relabels) AS has_relabelled
    INTO changed
    FROM (
        SELECT p.@key@::@common_type@ AS key, f.@key@ IS NULL AS is_new,
               own
               OR (f.complaint_count, f.last_complaint_at, f.churn_score,
                   f.churn_model_version)
                  IS NOT DISTINCT FROM
                  (p.complaint_count, p.last_complaint_at, p.churn_score,
                   p.churn_model_version) AS kept,
               f.@key@ IS NULL
               OR @changed_features@ && CASE
                      WHEN p.churn_model_version = active.version THEN active.features
                      ELSE @carried@
                  END
               OR (NOT own
                   AND (f.complaint_count, f.last_complaint_at, f.churn_score,
                        f.churn_model_version)
                       IS DISTINCT FROM
                       (p.complaint_count, p.last_complaint_at, p.churn_score,
                        p.churn_model_version)) AS scores,
               f.@key@ IS NOT NULL AND @relabels@ AS relabels
        FROM updated p
        LEFT JOIN former f ON f.@key@ @equals_key@ p.@key@
        -- So that each row is compared once.
        OFFSET 0
    ) n
    WHERE n.scores OR n.relabels;
    IF changed.has_new THEN
        -- Which key has become which is certain of a single row, and of others where all the
        -- rest of the row tells.
        single := (SELECT count(*) = 1 FROM former);
        SELECT array_agg(f.key) FILTER (WHERE p.key IS NOT NULL) AS former_keys,
               array_agg(p.key) FILTER (WHERE p.key IS NOT NULL) AS present_keys,
               array_agg(f.key) FILTER (WHERE p.key IS NULL) AS lost_keys
        INTO moved
        FROM (
            SELECT f.@key@::text COLLATE "default" AS key, i.image,
                   count(*) OVER (PARTITION BY i.image) AS alike
            FROM former f
            CROSS JOIN LATERAL (
                SELECT CASE WHEN single THEN '' ELSE @former_image@ END
            ) i (image)
            WHERE NOT EXISTS (
                SELECT FROM updated p WHERE p.@key@ @equals_key@ f.@key@
            )
        ) f
        LEFT JOIN (
            SELECT p.@key@::text COLLATE "default" AS key, i.image,
                   count(*) OVER (PARTITION BY i.image) AS alike
            FROM updated p
            CROSS JOIN LATERAL (
                SELECT CASE WHEN single THEN '' ELSE @present_image@ END
            ) i (image)
            WHERE NOT EXISTS (
                SELECT FROM former f WHERE f.@key@ @equals_key@ p.@key@
            )
        ) p ON p.image = f.image AND p.alike = 1 AND f.alike = 1;
    END IF;
    IF @records_labels@ AND (changed.has_new OR changed.has_relabelled) THEN
        SELECT array_agg(p.@key@::text COLLATE "default") AS keys,
               array_agg(@present_outcome@) AS outcomes,
               array_agg(f.@key@ IS NULL) AS are_new
        INTO labels
        FROM updated p
        LEFT JOIN former f ON f.@key@ @equals_key@ p.@key@
        WHERE f.@key@ IS NULL OR @relabels@;
    END IF;
    ignored := set_config('enable_nestloop', nestloop, true);
    IF changed.has_new THEN
        PERFORM churn_internal.move_history(
            @id@, moved.former_keys, moved.present_keys, moved.lost_keys
        );
    END IF;
    IF @records_labels@ AND (changed.has_new OR changed.has_relabelled) THEN
        PERFORM churn_internal.record_labels(
            @id@, labels.keys, labels.outcomes, labels.are_new
        );
    END IF;
    -- What is written on trial, and taken back, is not scored in turn.
    IF changed.keys IS NOT NULL
        AND NOT (own AND current_setting('churn.writing', true) = 'on trial')
    THEN
        PERFORM churn_internal."write_profiles_@id@"(
            changed.keys, changed.complaints, NULL, @queued@, true
        );
    END IF;
    RETURN NULL;
END $function$;
COMMENT ON FUNCTION churn_internal."profiles_changed_@id@" IS @profile_comment@;
ALTER FUNCTION churn_internal."profiles_changed_@id@" OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal."profiles_changed_@id@" FROM PUBLIC;
$template$ $body$;
COMMENT ON FUNCTION churn_internal.template_profiles_changed IS 'Template: see churn_trust.fill_template.';
