"""The rivals that are functions and triggers in the database."""

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
    # Decimals and booleans become floats, and what is missing NaN.
    forms = {"text": 'profile["{}"]', "number": 'number(profile["{}"])'}
    row = ", ".join(
        forms["text" if kind == "text" else "number"].format(name)
        for name, kind in model.kinds.items()
    )
    model_input = (
        f"pandas.DataFrame([[{row}]], columns={list(model.kinds)!r})"
        if model.takes_frame
        else f"[[{row}]]"
    )
    statement = sql_file("rival_select.sql", schema=schema, model_input=model_input)
    bench.execute(without_pandas(statement, model))


def without_pandas(statement, model):
    """Leave out the import that a model of plain numbers does not need."""
    if model.takes_frame:
        return statement
    return statement.replace("\nimport pandas\n", "")
