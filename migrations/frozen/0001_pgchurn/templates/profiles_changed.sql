CREATE OR REPLACE FUNCTION churn_internal.template_profiles_changed() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
CREATE OR REPLACE FUNCTION churn_internal."profiles_changed_@id@"() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $function$
#variable_conflict use_variable
DECLARE
    -- Told by the role that writes, or where pgchurn writes as the table's owner by memory
    -- of its own: a setting anybody may SET.
    own boolean := false;
    nestloop CONSTANT text := current_setting('enable_nestloop');
    active record;
    keys @common_type@[];
    complaints bigint[];
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
    IF NOT own THEN
        ignored := set_config('churn.score_cause', 'profile', true);
    END IF;
    IF TG_OP = 'INSERT' THEN
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
    ignored := set_config('enable_nestloop', 'off', true);
    -- Only rows in which something that scoring reads or writes has changed; of what
    -- pgchurn itself wrote, only rows in which that changed features in turn. What the
    -- version in force does not read leaves its scores as they are, not those of others.
    -- Complaints are counted anew where the key, the counter or what tells who is pending
    -- was overwritten. When a row was scored is no part of it: should no role tell pgchurn's
    -- own writes, after a restore under other owners, it ends with the first that changes
    -- nothing.
    SELECT n.keys, n.complaints INTO keys, complaints
    FROM (
        SELECT array_agg(p.@key@::@common_type@ ORDER BY p.@key@) AS keys,
               array_agg(
                   CASE WHEN own
                             OR (f.complaint_count, f.last_complaint_at, f.churn_score,
                                 f.churn_model_version)
                                IS NOT DISTINCT FROM
                                (p.complaint_count, p.last_complaint_at, p.churn_score,
                                 p.churn_model_version)
                        THEN 0::bigint END
                   ORDER BY p.@key@
               ) AS complaints
        FROM updated p
        LEFT JOIN former f ON f.@key@ @equals_key@ p.@key@
        WHERE f.@key@ IS NULL
           OR @changed_features@ && CASE
                  WHEN p.churn_model_version = active.version THEN active.features
                  ELSE @carried@
              END
           OR (NOT own
               AND (f.complaint_count, f.last_complaint_at, f.churn_score, f.churn_model_version)
                   IS DISTINCT FROM
                   (p.complaint_count, p.last_complaint_at, p.churn_score, p.churn_model_version))
    ) n;
    ignored := set_config('enable_nestloop', nestloop, true);
    -- What is written on trial, and taken back, is not scored in turn.
    IF keys IS NOT NULL
        AND NOT (own AND current_setting('churn.writing', true) = 'on trial')
    THEN
        PERFORM churn_internal."write_profiles_@id@"(keys, complaints, NULL, @queued@, true);
    END IF;
    RETURN NULL;
END $function$;
COMMENT ON FUNCTION churn_internal."profiles_changed_@id@" IS @profile_comment@;
ALTER FUNCTION churn_internal."profiles_changed_@id@" OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal."profiles_changed_@id@" FROM PUBLIC;
$template$ $body$;
COMMENT ON FUNCTION churn_internal.template_profiles_changed IS 'Template: see churn_trust.fill_template.';
