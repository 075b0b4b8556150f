"""What stands behind a name that no pickle may hold, and what to do instead."""

import sys

ONLY = (
    "Only estimators of scikit-learn that hold nothing but numbers and texts may be "
    "brought; the documentation lists them."
)
OWN = (
    "It is a function or a class of your own, or of a library that is not read: a "
    "pickle has its name and not its code."
)
OWN_HINT = (
    "Do its work with scikit-learn's transformers, in the pipeline, or in the table: a "
    "generated column is a feature like any other. The documentation lists what is "
    "taken."
)
LINES = (
    "CalibratedClassifierCV(LinearSVC()) is taken; so is LogisticRegression behind a "
    "SplineTransformer or PolynomialFeatures, where a line is not enough."
)
# Of scikit-learn, and of what comes with it: by the end of the name.
NEAREST = {
    "DictVectorizer": "A row of a table is no dict. Fit a pipeline on the data frame "
    "instead: make_column_transformer((OneHotEncoder(handle_unknown='ignore'), "
    "texts), remainder='passthrough') makes the same columns.",
    "NuSVC": LINES,
    "SVC": LINES,
}
# Of other libraries: by the beginning of the module.
INSTEAD = {
    "category_encoders": "OneHotEncoder, OrdinalEncoder and TargetEncoder of "
    "scikit-learn are taken.",
    "feature_engine": "SimpleImputer, OneHotEncoder(min_frequency=...) and the other "
    "transformers of scikit-learn are taken.",
    "imblearn": "Pipelines with its usual samplers are taken. Instead of its "
    "classifiers, those of scikit-learn with class_weight='balanced' are.",
    "pandas": "Pickle the classifier, and no data; OneHotEncoder in the pipeline does "
    "what pandas.get_dummies does.",
}
READ = ("numpy", "scipy", "sklearn")


def advice(module: str, name: str) -> tuple[str | None, str]:
    """Return what a name stands for, where that can be told, and what to do.

    Parameters
    ----------
    module, name : str
        As the pickle has them.
    """
    package = module.partition(".")[0]
    if package in INSTEAD:
        return f"It is of {package}, of which this is not read.", INSTEAD[package]
    if package in READ:
        return None, NEAREST.get(name, ONLY)
    if package in sys.stdlib_module_names and package != "__main__":
        return None, ONLY
    return OWN, OWN_HINT
