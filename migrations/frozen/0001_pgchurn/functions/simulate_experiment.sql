CREATE OR REPLACE FUNCTION churn.simulate_experiment(
    profile regclass, share double precision DEFAULT 50, horizon interval DEFAULT NULL,
    effect double precision DEFAULT 0.2, salts integer DEFAULT 1000,
    OUT customers bigint, OUT days integer, OUT expected bigint,
    OUT false_winners double precision, OUT ratio_alarms double precision,
    OUT power double precision, OUT median_days double precision
)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' AS $body$
#variable_conflict use_variable
DECLARE
    attachment CONSTANT churn.attachments := churn_internal.attachment_of(profile);
    -- Bounds the memory that it takes: the latest.
    most_customers CONSTANT integer := 100000;
    length CONSTANT interval := coalesce(horizon, attachment.horizon);
    history record;
    image bytea;
    salt bigint;
    one record;
    called integer := 0;
    mismatched integer := 0;
    found_on integer[] := ARRAY[]::integer[];
BEGIN
    PERFORM churn_internal.check_experiment(share, length, effect);
    IF (salts BETWEEN 1 AND 100000) IS NOT TRUE THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('salts must be from 1 to 100000, not %s',
                             coalesce(salts::text, 'null'));
    END IF;
    SELECT array_agg(convert_to(h.key, 'SQL_ASCII') ORDER BY h.scored_at, h.key) AS keys,
           array_agg(ARRAY[
               floor(extract(epoch FROM h.scored_at - h.began) / 86400),
               floor(extract(epoch FROM h.scored_at + length - h.began) / 86400), h.score,
               h.has_left::integer
           ]::double precision[] ORDER BY h.scored_at, h.key) AS rows,
           count(*) FILTER (WHERE h.has_left) AS leavers
    INTO history
    FROM (
        SELECT h.*, min(h.scored_at) OVER () AS began
        FROM (
            SELECT h.* FROM churn_internal.experiment_history(attachment, length) h
            ORDER BY h.scored_at DESC, h.key LIMIT most_customers
        ) h
    ) h;
    customers := coalesce(cardinality(history.keys), 0);
    IF customers - history.leavers < 1 OR history.leavers < 1 THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('there is no history of %s to simulate on', profile),
            DETAIL = format(
                'Of %s customers whose score was logged more than %s ago, %s left.', customers,
                length, history.leavers
            ),
            HINT = 'Have scores logged and outcomes recorded, by churn.set_prediction_log and '
                   'churn.set_outcome, and try again a horizon later.';
    END IF;
    days := history.rows[customers][2] + 1;
    expected := ceil(customers * share / 50);
    image := churn_internal.array_image(history.rows);
    FOR trial IN 1 .. salts LOOP
        salt := (random() * 2.0 ^ 53)::bigint;
        SELECT s.* INTO one
        FROM churn_internal.simulate_salt(
            image, history.keys, salt, greatest(round(share / 100 * 65536), 1)::integer,
            expected, effect
        ) s;
        called := called + one.is_called::integer;
        mismatched := mismatched + one.is_mismatched::integer;
        IF one.is_found THEN
            found_on := found_on || one.found_on;
        END IF;
    END LOOP;
    false_winners := called::double precision / salts;
    ratio_alarms := mismatched::double precision / salts;
    power := cardinality(found_on)::double precision / salts;
    median_days := (
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY f.day + 1)
        FROM unnest(found_on) f (day)
    );
END $body$;
COMMENT ON FUNCTION churn.simulate_experiment IS
    'Has experiments on the logged customers of a year, split at random again and again, '
    'looked at at the end of each day: how often a version was called better where both are '
    'the same, how often the arms were said to be of other sizes, and how often, and after '
    'how many days, an effect was found.';
GRANT EXECUTE ON FUNCTION churn.simulate_experiment TO churn_loader, churn_scorer;
