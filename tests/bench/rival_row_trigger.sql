-- Today's usual way: unpickle once a session, then scikit-learn for every row.
CREATE FUNCTION "@schema@".score_complaint() RETURNS trigger
LANGUAGE plpython3u
AS $python$
import pickle

import pandas

if "model" not in SD:
    SD["model"] = pickle.loads(
        plpy.execute("SELECT artifact FROM @schema@.model")[0]["artifact"]
    )
    SD["read"] = plpy.prepare(
        "SELECT @features@ FROM @schema@.customers"
        " WHERE customer_id = $1 FOR NO KEY UPDATE",
        ["bigint"],
    )
    SD["write"] = plpy.prepare(
        "UPDATE @schema@.customers SET complaint_count = complaint_count + 1,"
        " last_complaint_at = greatest(last_complaint_at, $2), churn_score = $3,"
        " churn_scored_at = clock_timestamp() WHERE customer_id = $1",
        ["bigint", "timestamptz", "float8"],
    )
complaint = TD["new"]
profile = SD["read"].execute([complaint["customer_id"]])[0]
probability = SD["model"].predict_proba(@model_input@)[0, 1]
SD["write"].execute(
    [complaint["customer_id"], complaint["complained_at"], float(probability)]
)
$python$;
CREATE TRIGGER score_complaint AFTER INSERT ON "@schema@".complaints
    FOR EACH ROW EXECUTE FUNCTION "@schema@".score_complaint();
