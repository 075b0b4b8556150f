CREATE OR REPLACE FUNCTION churn_runtime.foreign_libraries() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Naming models of other libraries in a pickle, so that their owner saves them anew."""

XGBOOST = 'model.{booster}save_model("model.json")'
LIGHTGBM = 'model.{booster}save_model("model.txt")'
CATBOOST = 'model.save_model("model.json", format="json")'
# By the package that a pickle names: what it is called, the line that saves a model as
# pgchurn reads it, and how that gets from a wrapper to what is saved.
SAVING = {
    "xgboost": ("XGBoost", XGBOOST, "get_booster()."),
    "lightgbm": ("LightGBM", LIGHTGBM, "booster_."),
    "catboost": ("CatBoost", CATBOOST, ""),
}
BOOSTER = "Booster"


def foreign_model(module: str, name: str) -> tuple[str, str] | None:
    """Return what a pickle holds and what to do, where it is of another library.

    Parameters
    ----------
    module, name : str
        What the pickle names.
    """
    found = SAVING.get(module.partition(".")[0])
    if found is None:
        return None
    library, line, path = found
    saving = line.format(booster="" if name == BOOSTER else path)
    return (
        f"It holds a {name} of {library}, whose pickles are not read.",
        f"Save it by {saving} and register that file; fitted preprocessing goes with "
        "it as --pipeline.",
    )
$python$;
COMMENT ON FUNCTION churn_runtime.foreign_libraries IS 'Naming models of other libraries in a pickle, so that their owner saves them anew.';
