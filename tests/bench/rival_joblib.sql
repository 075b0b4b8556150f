-- pgpyml's way: a row trigger on the profile asks a joblib file, which stays in memory
-- for the session. Its own functions take numbers alone and tell a class, so its user
-- writes one for texts and for a probability.
CREATE FUNCTION "@schema@".count_complaint() RETURNS trigger
LANGUAGE plpgsql
AS $body$
BEGIN
    UPDATE "@schema@".customers SET
        complaint_count = complaint_count + 1,
        last_complaint_at = greatest(last_complaint_at, NEW.complained_at),
        churn_scored_at = clock_timestamp()
    WHERE customer_id = NEW.customer_id;
    RETURN NULL;
END
$body$;
CREATE TRIGGER count_complaint AFTER INSERT ON "@schema@".complaints
    FOR EACH ROW EXECUTE FUNCTION "@schema@".count_complaint();

CREATE FUNCTION "@schema@".predict_trigger() RETURNS trigger
LANGUAGE plpython3u
AS $python$
import joblib
import pandas

path, target = TD["args"]
key = f"model_{path}"
if key not in GD:
    GD[key] = joblib.load(path)


def number(value):
    return float("nan") if value is None else float(value)


profile = TD["new"]
profile[target] = float(GD[key].predict_proba(@model_input@)[0, 1])
return "MODIFY"
$python$;
CREATE TRIGGER predict BEFORE UPDATE ON "@schema@".customers
    FOR EACH ROW EXECUTE FUNCTION "@schema@".predict_trigger('@path@', 'churn_score');
