"""Print what orbital makes of a pipeline; run by the environment that has orbital.

Standard input is a pickle of the arguments of `exported`.
"""

import pickle
import sys

import orbital
from orbital import types

COLUMN_TYPES = {
    "number": types.DoubleColumnType,
    "boolean": types.DoubleColumnType,
    "text": types.StringColumnType,
}


def exported(estimator, kinds, key, table):
    """Return SQL that reads a table and gives a key and its probabilities.

    Parameters
    ----------
    estimator : sklearn.pipeline.Pipeline
        Fitted.
    kinds : dict of str to {"number", "boolean", "text"}
        Kind of each feature, in feature order; booleans are numbers in the table.
    key : str
        A column that is handed on.
    table : str
    """
    columns = {name: COLUMN_TYPES[kind]() for name, kind in kinds.items()}
    columns[key] = types.Int64ColumnType(passthrough=True)
    return orbital.export_sql(
        table,
        orbital.parse_pipeline(estimator, features=columns),
        dialect="postgres",
        projection=orbital.ResultsProjection([key]),
    )


if __name__ == "__main__":
    print(exported(**pickle.load(sys.stdin.buffer)))
