-- The parameters have no names: to make variables of them took PL/Python a tenth of the call.
CREATE OR REPLACE FUNCTION churn_internal.score_remembered(
    integer, text, double precision[], text[], text
) RETURNS double precision LANGUAGE plpython3u STABLE STRICT PARALLEL UNSAFE AS $python$
try:
    call = SD[GD["pgchurn"]]
except KeyError:
    if "pgchurn" not in GD:
        return None
    SD.clear()
    call = SD[GD["pgchurn"]] = GD["pgchurn"].scoring.score_remembered
probability = call(*args)
# As in churn_internal.score_changed.
return None if probability is None else probability.hex()
$python$;
COMMENT ON FUNCTION churn_internal.score_remembered IS
    'Probability of churn, 0 to 1, of a row of an attachment, given its number, the layout, '
    'the numbers, the texts and the snapshot, if the session remembers which model is active in '
    'this; else, and where anything is unusual, null.';
GRANT EXECUTE ON FUNCTION churn_internal.score_remembered TO churn_scorer, churn_loader;
