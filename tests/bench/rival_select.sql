-- Scikit-learn row by row, as a function of the row.
CREATE FUNCTION "@schema@".predict(profile "@schema@".customers) RETURNS double precision
LANGUAGE plpython3u STABLE
AS $python$
import pickle

import pandas

if "model" not in SD:
    SD["model"] = pickle.loads(
        plpy.execute("SELECT artifact FROM @schema@.model")[0]["artifact"]
    )


def number(value):
    return float("nan") if value is None else float(value)


return float(SD["model"].predict_proba(@model_input@)[0, 1])
$python$;
