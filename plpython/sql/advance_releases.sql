CREATE OR REPLACE FUNCTION churn.advance_releases(profile regclass DEFAULT NULL)
RETURNS TABLE (
    release_id bigint, challenger bigint, share double precision, result text, detail text
)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
DECLARE
    wanted CONSTANT integer := CASE
        WHEN advance_releases.profile IS NOT NULL
            THEN (churn_internal.attachment_of(advance_releases.profile)).attachment_id
    END;
    attachment churn.attachments;
    current churn.deployments;
    plan churn_internal.release_plans;
    step integer;
    customers record;
    failures text;
    doubts text;
    due boolean;
BEGIN
    FOR attachment IN
        SELECT a.*
        FROM churn.attachments a
        WHERE a.detached_at IS NULL AND (wanted IS NULL OR a.attachment_id = wanted)
          AND 'release' = (
            SELECT d.action FROM churn.deployments d
            WHERE d.attachment_id = a.attachment_id
            ORDER BY d.deployment_id DESC LIMIT 1
        )
        ORDER BY a.attachment_id
        -- Another worker is at it, or somebody activates.
        FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        SELECT d.* INTO current
        FROM churn.deployments d WHERE d.attachment_id = attachment.attachment_id
        ORDER BY d.deployment_id DESC LIMIT 1;
        CONTINUE WHEN current.action <> 'release';
        SELECT p.* INTO plan
        FROM churn_internal.release_plans p WHERE p.release_id = current.release_id;
        step := (
            SELECT count(*) FROM churn.deployments d
            WHERE d.release_id = plan.release_id AND d.action = 'release'
        );
        due := clock_timestamp() >= current.deployed_at + plan.hold;
        -- Not at each call of a worker that has nothing else to do.
        CONTINUE WHEN plan.measured_at > clock_timestamp()
            - least(plan.hold / 20, interval '1 minute');

        release_id := plan.release_id;
        challenger := plan.challenger;
        share := plan.steps[step];
        SELECT string_agg(m.detail, '; ' ORDER BY m.evidence_id)
                   FILTER (WHERE m.result = 'failure'),
               string_agg(m.detail, '; ' ORDER BY m.evidence_id)
                   -- Labels may take a quarter of a year, and no step waits for them.
                   FILTER (WHERE m.result = 'inconclusive' AND m.guardrail <> 'paired_loss')
        INTO failures, doubts
        FROM (
            SELECT r.* FROM churn_internal.measure_release(plan, step, current.deployed_at) r
            UNION ALL
            SELECT l.* FROM churn_internal.measure_loss(plan, step) l
        ) m;
        SELECT c.* INTO customers
        FROM churn_internal.step_customers(plan, current.deployed_at) c;
        detail := concat_ws(
            '; ', doubts,
            CASE WHEN plan.held_at IS NOT NULL THEN 'it is held' END,
            CASE WHEN NOT due THEN format(
                'it holds until %s', to_char(current.deployed_at + plan.hold,
                                             'YYYY-MM-DD HH24:MI:SSOF')
            ) END,
            CASE
                WHEN CASE
                    WHEN current.share IS NULL THEN customers.by_champion
                    ELSE customers.by_challenger
                END < plan.min_customers
                    THEN format(
                        'it needs %s customers, and has %s', plan.min_customers,
                        CASE
                            WHEN current.share IS NULL THEN customers.by_champion
                            ELSE customers.by_challenger
                        END
                    )
            END
        );
        result := CASE
            WHEN failures IS NOT NULL THEN 'failure'
            WHEN detail <> '' THEN 'inconclusive'
            ELSE 'success'
        END;
        IF result = 'failure' THEN
            detail := failures;
        ELSIF result = 'success' AND step < cardinality(plan.steps) THEN
            BEGIN
                PERFORM churn_internal.take_step(plan, step + 1);
                share := plan.steps[step + 1];
            -- OTHERS are no cancels. It has expired meanwhile, its key is not trusted, it has
            -- lost its bytes.
            EXCEPTION WHEN OTHERS THEN
                IF SQLSTATE ~ '^(40|57)' THEN
                    RAISE;
                END IF;
                result := 'failure';
                detail := SQLERRM;
            END;
        END IF;
        IF result <> 'inconclusive' THEN
            INSERT INTO churn.release_evidence (
                release_id, step, measured_at, guardrail, n, result, detail
            )
            VALUES (
                plan.release_id, step, now(), 'step',
                coalesce(customers.by_challenger, 0), result, nullif(detail, '')
            );
        END IF;
        IF result = 'failure' AND plan.on_guardrail = 'rollback' THEN
            PERFORM churn_internal.end_release(attachment.attachment_id, 'withdraw', detail);
            share := 0;
        ELSIF result = 'failure' THEN
            UPDATE churn_internal.release_plans p SET
                held_at = coalesce(p.held_at, now()),
                held_by = coalesce(p.held_by, session_user),
                held_reason = advance_releases.detail
            WHERE p.release_id = plan.release_id;
        END IF;
        detail := nullif(detail, '');
        RETURN NEXT;
    END LOOP;
END $body$;
COMMENT ON FUNCTION churn.advance_releases IS
    'Measures the guardrails of the releases that are under way, and takes the next step of '
    'those that may, or rolls them back; returns what each has come to: success, failure or '
    'inconclusive. Waits for no lock.';
GRANT EXECUTE ON FUNCTION churn.advance_releases TO churn_loader;
