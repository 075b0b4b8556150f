CREATE OR REPLACE FUNCTION churn_internal.template_publish_scores() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$ SELECT $template$
CREATE OR REPLACE FUNCTION churn_internal."publish_scores_@id@"() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- So that every digit of a score is written, whatever the session has its floats print.
SET extra_float_digits = 1
-- A session keeps the plan that it made for its first statement: made for one row, it
-- compared each of a thousand rows with all the others.
SET enable_nestloop = off AS $function$
#variable_conflict use_column
DECLARE
    own boolean := false;
    payloads text[];
BEGIN
    IF @guarded@ AND current_setting('churn.writing', true) <> '' THEN
        BEGIN
            own := abs(currval('churn_internal.own_writes'))
                = churn_internal.own_write(@id@, pg_trigger_depth() - 1);
        EXCEPTION WHEN object_not_in_prerequisite_state THEN
            -- Somebody pretends: this session has not written any profile yet.
        END;
    END IF;
    IF @guarded@ AND NOT own THEN
        RETURN NULL;
    END IF;
    IF @writes_outbox@ THEN
        INSERT INTO churn.outbox (
            attachment_id, profile, key, former_score, score, former_version, version,
            scored_at, cause
        )
        SELECT @id@, @profile_name@, n.@key@, f.churn_score, n.churn_score,
               f.churn_model_version, n.churn_model_version, n.churn_scored_at,
               CASE
                   WHEN f.churn_model_version <> n.churn_model_version THEN 'version'
                   ELSE 'data'
               END
        FROM updated n
        JOIN former f ON f.@key@ @equals_key@ n.@key@
        WHERE f.churn_scored_at IS DISTINCT FROM n.churn_scored_at
          AND (@is_written@);
    END IF;
    IF @notifies@ THEN
        -- The server refuses a notification of 8000 bytes. A key takes six times its
        -- length in JSON at most, when all of it is control characters.
        payloads := ARRAY(
            SELECT CASE
                WHEN octet_length(n.@key@::text) <= 1000 THEN json_build_object(
                    'profile', @profile_name@, 'key', n.@key@::text,
                    'former_score', f.churn_score, 'score', n.churn_score,
                    'version', n.churn_model_version, 'cause', CASE
                        WHEN f.churn_model_version <> n.churn_model_version THEN 'version'
                        ELSE 'data'
                    END
                )
                ELSE json_build_object(
                    'profile', @profile_name@, 'key_md5', md5(n.@key@::text),
                    'former_score', f.churn_score, 'score', n.churn_score,
                    'version', n.churn_model_version, 'cause', CASE
                        WHEN f.churn_model_version <> n.churn_model_version THEN 'version'
                        ELSE 'data'
                    END
                )
            END
            FROM updated n
            JOIN former f ON f.@key@ @equals_key@ n.@key@
            WHERE f.churn_scored_at IS DISTINCT FROM n.churn_scored_at
              AND (@is_told@)
            LIMIT 1001
        );
        IF cardinality(payloads) <= 1000 THEN
            PERFORM pg_notify('churn_scores', p.payload)
            FROM unnest(payloads) p (payload);
        ELSE
            -- One for all of them, and no listener has to keep up with a whole table.
            PERFORM pg_notify('churn_scores', json_build_object(
                'profile', @profile_name@, 'rows', count(*),
                'scored_from', min(n.churn_scored_at),
                'scored_to', max(n.churn_scored_at),
                'version', max(n.churn_model_version), 'by_another_version', count(*)
                    FILTER (WHERE f.churn_model_version <> n.churn_model_version)
            )::text)
            FROM updated n
            JOIN former f ON f.@key@ @equals_key@ n.@key@
            WHERE f.churn_scored_at IS DISTINCT FROM n.churn_scored_at
              AND (@is_told@);
        END IF;
    END IF;
    RETURN NULL;
END $function$;
COMMENT ON FUNCTION churn_internal."publish_scores_@id@" IS @publish_comment@;
ALTER FUNCTION churn_internal."publish_scores_@id@" OWNER TO churn_owner;
REVOKE ALL ON FUNCTION churn_internal."publish_scores_@id@" FROM PUBLIC;
$template$ $body$;
COMMENT ON FUNCTION churn_internal.template_publish_scores IS 'Template: see churn_trust.fill_template.';
