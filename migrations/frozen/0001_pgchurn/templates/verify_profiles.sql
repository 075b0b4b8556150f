CREATE OR REPLACE FUNCTION churn_internal.template_verify_profiles() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
-- STABLE: all of its statements see the snapshot of the query that calls it, so that
-- what others commit meanwhile is not taken for a divergence.
CREATE OR REPLACE FUNCTION churn_internal."verify_profiles_@id@"()
RETURNS TABLE (key text, column_name text, stored text, expected text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $function$
#variable_conflict use_variable
DECLARE
    batch_size CONSTANT integer := least(10000, @most_rows@);
    batch @common_type@[];
    active record;
    trusted_keys CONSTANT text[] := @trusted_keys@;
    named record;
    carried churn.attachments;
    profiles record;
    scores double precision[];
BEGIN
    SELECT * INTO active FROM churn_internal.active_deployment(@id@);
    FOR batch IN
        SELECT array_agg(b.key)
        FROM (
            SELECT p.@key@ AS key,
                   (row_number() OVER (ORDER BY p.@key@) - 1) / batch_size AS number
            FROM @profile@ p
        ) b
        GROUP BY b.number ORDER BY b.number
    LOOP
        RETURN QUERY
        SELECT p.@key@::text, wrong.column_name, wrong.stored, wrong.expected
        FROM @profile@ p
        LEFT JOIN (
            SELECT c.@complaint_key@::@common_order@ AS key, count(*) AS complaints,
                   max(@complaint_time@) AS latest
            FROM @complaints@ c
            WHERE c.@complaint_key@::@reference_order@
                  @reference_equals@ ANY (batch)
            GROUP BY 1
        ) counted ON p.@key@ @equals_common@ counted.key
        CROSS JOIN LATERAL (VALUES
            ('complaint_count', p.complaint_count::text,
             coalesce(counted.complaints, 0)::text),
            ('last_complaint_at', p.last_complaint_at::text,
             CASE WHEN counted.complaints > 0 THEN (@expected_latest@)::text END)
        ) wrong (column_name, stored, expected)
        WHERE p.@key@ @equals_common@ ANY (batch)
          AND wrong.stored IS DISTINCT FROM wrong.expected;

        -- A score is compared with what the version that it names would give, no score
        -- at all with what the version that scores the
        -- customer would.
        FOR named IN
            SELECT v.version, m.artifact_sha256, m.deleted_at, array_agg(p.@key@) AS keys
            FROM @profile@ p
            CROSS JOIN LATERAL (SELECT CASE
                WHEN num_nonnulls(p.churn_model_version, p.churn_score) > 0
                    THEN p.churn_model_version
                WHEN churn_internal.in_arm(p.@key@::text, active.salt, active.share)
                    THEN active.challenger
                ELSE active.version
            END) v (version)
            LEFT JOIN churn.models m ON m.version = v.version
            WHERE p.@key@ @equals_common@ ANY (batch)
              AND num_nonnulls(v.version, p.churn_score) > 0
            GROUP BY 1, 2, 3
        LOOP
            IF named.artifact_sha256 IS NULL OR named.deleted_at IS NOT NULL THEN
                RETURN QUERY
                SELECT k.key::text, 'churn_model_version', named.version::text,
                       'a registered version'
                FROM unnest(named.keys) k (key);
                IF named.deleted_at IS NOT NULL THEN
                    PERFORM churn_internal.warn(
                        format('model version %s was deleted on %s', named.version,
                               to_char(named.deleted_at, 'YYYY-MM-DD')),
                        format('Rows that name it: %s.', cardinality(named.keys)),
                        format('CALL churn.repair(%L) scores them anew.', @profile_name@)
                    );
                END IF;
                CONTINUE;
            END IF;
            SELECT * INTO carried FROM churn_internal.with_columns(
                (SELECT a FROM churn.attachments a WHERE a.attachment_id = @id@),
                (SELECT churn_internal.feature_names(m.signature)
                 FROM churn.models m WHERE m.version = named.version)
            );
            SELECT * INTO profiles
            FROM churn_internal.read_profiles(carried, named.keys::text[]);
            scores := churn_internal.score_batch(
                @id@, named.version, named.artifact_sha256, trusted_keys,
                churn_internal.layout(carried), profiles.numbers, profiles.texts,
                on_error => 'keep'
            );
            RETURN QUERY
            SELECT p.@key@::text, 'churn_score', p.churn_score::text, s.score::text
            FROM @profile@ p
            JOIN unnest(profiles.keys, scores) s (key, score)
                ON p.@key@ @equals_key@ s.key::@key_order@
            WHERE (abs(p.churn_score - s.score) <= 1e-9) IS NOT TRUE
              AND num_nonnulls(p.churn_score, s.score) > 0;
        END LOOP;
    END LOOP;
END $function$;
COMMENT ON FUNCTION churn_internal."verify_profiles_@id@" IS @verify_comment@;
ALTER FUNCTION churn_internal."verify_profiles_@id@" OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal."verify_profiles_@id@" FROM PUBLIC;
$template$ $body$;
COMMENT ON FUNCTION churn_internal.template_verify_profiles IS 'Template: see churn_trust.fill_template.';
