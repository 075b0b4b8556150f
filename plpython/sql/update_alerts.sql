CREATE OR REPLACE FUNCTION churn_internal.update_alerts(
    attachment_id integer, until timestamptz
) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
DECLARE
    horizon interval;
    scoring bigint;
    alert churn.alerts;
BEGIN
    SELECT a.horizon INTO horizon
    FROM churn.attachments a WHERE a.attachment_id = update_alerts.attachment_id;
    -- Looking back changes nothing: later windows have opened and resolved what they had to.
    IF EXISTS (
        SELECT FROM churn.monitor_results r
        WHERE r.attachment_id = update_alerts.attachment_id AND r.until > update_alerts.until
    ) THEN
        RETURN;
    END IF;
    -- Alerts are of the version that gave most of the scores of the newest window with any.
    SELECT r.version INTO scoring
    FROM churn.monitor_results r
    WHERE r.attachment_id = update_alerts.attachment_id AND r.n > 0
    ORDER BY r.until DESC, r.n DESC, r.version DESC NULLS LAST LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;

    FOR alert IN
        UPDATE churn.alerts a SET
            resolved_at = update_alerts.until,
            resolution = CASE WHEN scoring IS NULL THEN 'no version scores'
                              ELSE format('version %s scores', scoring) END
        WHERE a.attachment_id = update_alerts.attachment_id AND a.resolved_at IS NULL
          AND a.version IS DISTINCT FROM scoring
        RETURNING a.*
    LOOP
        PERFORM churn_internal.publish_alert(alert, 'resolved');
    END LOOP;

    FOR alert IN
        WITH series AS (
            SELECT a.metric, a.feature, a.alert_id, a.opened_at
            FROM churn.alerts a
            WHERE a.attachment_id = update_alerts.attachment_id AND a.resolved_at IS NULL
            UNION ALL
            SELECT DISTINCT r.metric, r.feature, NULL::bigint, NULL::timestamptz
            FROM churn.monitor_results r
            WHERE r.attachment_id = update_alerts.attachment_id
              AND r.version IS NOT DISTINCT FROM scoring AND r.verdict = 'finding'
              AND (r.until = update_alerts.until OR churn_internal.needs_outcomes(r.metric))
              AND NOT EXISTS (
                SELECT FROM churn.alerts a
                WHERE a.attachment_id = r.attachment_id AND a.metric = r.metric
                  AND a.feature IS NOT DISTINCT FROM r.feature AND a.resolved_at IS NULL
            )
        ),
        -- Windows that end at the same time are one: what was measured last of it.
        judged AS (
            SELECT DISTINCT ON (r.metric, r.feature, r.until)
                   s.alert_id, s.opened_at, r.metric, r.feature, r.until, r.value, r.lower,
                   r.upper, r."limit", r.n, r.detail, r.verdict = 'finding' AS is_finding,
                   r.until + CASE WHEN churn_internal.needs_outcomes(r.metric)
                                  THEN horizon ELSE interval '0' END AS known_at
            FROM churn.monitor_results r
            -- No column has an empty name.
            JOIN series s ON s.metric = r.metric
                AND coalesce(s.feature, '') = coalesce(r.feature, '')
            WHERE r.attachment_id = update_alerts.attachment_id
              AND r.version IS NOT DISTINCT FROM scoring
              AND r.verdict IN ('ok', 'finding')
            ORDER BY r.metric, r.feature, r.until, r.result_id DESC
        ),
        numbered AS (
            SELECT j.*, row_number() OVER newest AS age,
                   row_number() OVER (
                       PARTITION BY j.metric, j.feature, j.known_at <= j.opened_at
                       ORDER BY j.until DESC
                   ) AS age_at_onset
            FROM judged j
            WHERE j.known_at <= update_alerts.until
            WINDOW newest AS (PARTITION BY j.metric, j.feature ORDER BY j.until DESC)
        ),
        summed AS (
            SELECT n.metric, n.feature, n.alert_id,
                   bool_or(n.is_finding) FILTER (WHERE n.age = 1) AS is_finding,
                   count(*) FILTER (WHERE n.is_finding AND n.age <= 3) AS findings,
                   min(n.age) FILTER (WHERE n.is_finding) AS newest_finding,
                   -- Of both that three or six are there.
                   bool_or(n.age = 3) AND NOT bool_or(n.is_finding AND n.age <= 3) AS three_ok,
                   bool_or(n.age = 6) AND NOT bool_or(n.is_finding AND n.age <= 6) AS six_ok,
                   bool_or(churn_internal.is_clearly_inside(
                       n.value, n.lower, n.upper, n."limit"
                   )) FILTER (WHERE n.age = 1) AS is_inside,
                   count(*) FILTER (
                       WHERE n.is_finding AND (n.known_at > n.opened_at OR n.age_at_onset <= 3)
                   ) AS windows
            FROM numbered n GROUP BY n.metric, n.feature, n.alert_id
        ),
        opened AS (
            INSERT INTO churn.alerts (
                attachment_id, version, metric, feature, opened_at, last_finding_at, value,
                "limit", n, windows, detail
            )
            SELECT update_alerts.attachment_id, scoring, s.metric, s.feature,
                   update_alerts.until, n.until, n.value, n."limit", n.n, s.findings, n.detail
            FROM summed s
            JOIN numbered n ON n.metric = s.metric AND n.age = 1
                AND coalesce(n.feature, '') = coalesce(s.feature, '')
            WHERE s.alert_id IS NULL AND s.is_finding AND s.findings >= 2
            RETURNING *
        ),
        followed AS (
            UPDATE churn.alerts a SET
                last_finding_at = coalesce(n.until, a.last_finding_at),
                value = CASE WHEN n.until IS NULL THEN a.value ELSE n.value END,
                "limit" = CASE WHEN n.until IS NULL THEN a."limit" ELSE n."limit" END,
                n = coalesce(n.n, a.n),
                detail = CASE WHEN n.until IS NULL THEN a.detail ELSE n.detail END,
                windows = greatest(a.windows, s.windows),
                resolved_at = CASE WHEN s.three_ok AND s.is_inside OR s.six_ok
                                   THEN update_alerts.until END,
                resolution = CASE
                    WHEN s.three_ok AND s.is_inside
                    THEN 'three windows without a finding, the last clearly inside'
                    WHEN s.six_ok THEN 'six windows without a finding'
                END
            FROM summed s
            LEFT JOIN numbered n ON n.metric = s.metric AND n.age = s.newest_finding
                AND coalesce(n.feature, '') = coalesce(s.feature, '')
            WHERE a.alert_id = s.alert_id
            RETURNING a.*
        )
        SELECT * FROM opened
        UNION ALL
        SELECT * FROM followed f WHERE f.resolved_at IS NOT NULL
        ORDER BY alert_id
    LOOP
        PERFORM churn_internal.publish_alert(
            alert, CASE WHEN alert.resolved_at IS NULL THEN 'opened' ELSE 'resolved' END
        );
    END LOOP;
END $body$;
COMMENT ON FUNCTION churn_internal.update_alerts IS
    'Opens, follows and resolves the alerts of an attachment, by what churn.monitor has '
    'measured and could know at a time: the end of its newest window.';
