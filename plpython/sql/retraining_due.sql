CREATE OR REPLACE FUNCTION churn_internal.retraining_due(
    attachment_id integer, OUT since timestamptz, OUT new_outcomes bigint, OUT reason text,
    OUT alerts bigint[]
)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' AS $body$
#variable_conflict use_column
DECLARE
    attachment churn.attachments;
    policy churn_internal.retraining_plans;
    by_alerts text;
BEGIN
    SELECT a.* INTO attachment
    FROM churn.attachments a WHERE a.attachment_id = retraining_due.attachment_id;
    SELECT p.* INTO policy
    FROM churn_internal.retraining_plans p
    WHERE p.attachment_id = retraining_due.attachment_id;
    SELECT greatest(
        coalesce(churn_internal.trained_until(m.provenance), m.registered_at),
        (SELECT max(r.known_until) FROM churn_internal.retrainings r
         WHERE r.attachment_id = retraining_due.attachment_id
           AND r.decision IN ('released', 'kept'))
    ) INTO since
    FROM churn_internal.active_deployment(attachment.attachment_id) d
    JOIN churn.models m ON m.version = d.version;
    -- Without a version in force there is nothing to do better than.
    IF since IS NULL OR policy IS NULL OR attachment.detached_at IS NOT NULL THEN
        RETURN;
    END IF;
    new_outcomes := (
        SELECT count(*)
        FROM churn.matured(attachment.profile, NULL, since - attachment.horizon) m
    );
    SELECT array_agg(l.alert_id ORDER BY l.alert_id),
           string_agg(
               format('alert %s on %s', l.alert_id, concat_ws(' of ', l.metric, l.feature)),
               ', ' ORDER BY l.alert_id
           )
    INTO alerts, by_alerts
    FROM churn.alerts l
    WHERE l.attachment_id = attachment.attachment_id AND l.resolved_at IS NULL
      AND CASE
          WHEN churn_internal.needs_outcomes(l.metric) OR starts_with(l.metric, 'estimated_')
              THEN policy.on_performance
          ELSE policy.on_drift
      END
      AND NOT EXISTS (
        SELECT FROM churn_internal.retrainings r
        WHERE r.attachment_id = l.attachment_id AND l.alert_id = ANY (r.alerts)
    );
    reason := nullif(concat_ws(
        '; ',
        CASE
            WHEN now() >= since + coalesce(policy.every, interval '0')
                 AND new_outcomes >= coalesce(policy.min_new_outcomes, 0)
                 AND (policy.every IS NOT NULL OR policy.min_new_outcomes IS NOT NULL)
                THEN format(
                    '%s customers more since %s of whom it is known what became of them',
                    new_outcomes, since
                )
        END,
        by_alerts
    ), '');
END $body$;
COMMENT ON FUNCTION churn_internal.retraining_due IS
    'Since when a profile has not been trained, of how many customers more it is known what '
    'became of them, and by its policy why it is to be retrained now, null: it is not.';
GRANT EXECUTE ON FUNCTION churn_internal.retraining_due TO churn_loader, churn_scorer;
