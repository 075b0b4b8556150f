"""The rivals that are functions and triggers in the database."""

import joblib

from tests.bench.bench import sql_file
from tests.bench.features import select_list_after_complaint
from tests.bench.sides import store_model


def create_counter(bench, schema):
    """Create the trigger that keeps the counter alone."""
    bench.execute(sql_file("rival_counter.sql", schema=schema))


def create_row_trigger(bench, schema, model):
    """Create the row trigger that calls scikit-learn."""
    store_model(bench, schema, model)
    # The features are cast in SQL, so the row is ready for the model as it comes.
    model_input = (
        "pandas.DataFrame([profile])"
        if model.takes_frame
        else "[list(profile.values())]"
    )
    statement = sql_file(
        "rival_row_trigger.sql",
        schema=schema,
        features=select_list_after_complaint(model.kinds),
        model_input=model_input,
    )
    bench.execute(without_pandas(statement, model))


def create_select(bench, schema, model):
    """Create the function that calls scikit-learn for one row."""
    store_model(bench, schema, model)
    statement = sql_file(
        "rival_select.sql", schema=schema, model_input=input_of_profile(model)
    )
    bench.execute(without_pandas(statement, model))


def create_joblib_trigger(bench, schema, model, folder):
    """Create the row triggers that ask a joblib file, and the file.

    Parameters
    ----------
    bench : Bench
    schema : str
    model : Model
    folder : str
        Where the server can read the file.
    """
    path = f"{folder}/{schema}.joblib"
    joblib.dump(model.estimator, path)
    statement = sql_file(
        "rival_joblib.sql",
        schema=schema,
        path=path,
        model_input=input_of_profile(model),
    )
    bench.execute(without_pandas(statement, model))


def create_protected_counter(bench, schema):
    """Create the trigger that keeps the counter alone, and lets nothing raise."""
    bench.execute(sql_file("rival_protected_counter.sql", schema=schema))


def input_of_profile(model):
    """Return what makes a row for the model of a whole ``profile``, in Python.

    It calls ``number``, since decimals and booleans become floats, and what is missing
    NaN.
    """
    forms = {"text": 'profile["{}"]', "number": 'number(profile["{}"])'}
    row = ", ".join(
        forms["text" if kind == "text" else "number"].format(name)
        for name, kind in model.kinds.items()
    )
    if model.takes_frame:
        return f"pandas.DataFrame([[{row}]], columns={list(model.kinds)!r})"
    return f"[[{row}]]"


def without_pandas(statement, model):
    """Leave out the import that a model of plain numbers does not need."""
    if model.takes_frame:
        return statement
    return statement.replace("import pandas\n", "")
