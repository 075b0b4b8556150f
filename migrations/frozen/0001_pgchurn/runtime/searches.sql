CREATE OR REPLACE FUNCTION churn_runtime.searches() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Searches for the best estimator, of which a pickle brings that one and all the rest.

The rest is what was tried, and how it did. It is not kept: a search that was read is
its best estimator, and gives that one's probabilities.
"""

from typing import Any

from .estimator_checks import check, not_fit
from .pickle_values import class_name, require, set_attributes

# By class: what holds the estimator that was fitted last, on all rows.
SEARCHES = {
    "sklearn.model_selection._classification_threshold.FixedThresholdClassifier": (
        "estimator_"
    ),
    "sklearn.model_selection._classification_threshold.TunedThresholdClassifierCV": (
        "estimator_"
    ),
    "sklearn.model_selection._search.GridSearchCV": "best_estimator_",
    "sklearn.model_selection._search.RandomizedSearchCV": "best_estimator_",
    "sklearn.model_selection._search_successive_halving.HalvingGridSearchCV": (
        "best_estimator_"
    ),
    "sklearn.model_selection._search_successive_halving.HalvingRandomSearchCV": (
        "best_estimator_"
    ),
}
VERSION = "_sklearn_version"
# What a search takes over from its best estimator.
KEPT = (VERSION, "feature_names_in_", "n_features_in_")


def set_search(target: Any, state: Any) -> None:
    """Give a search its best estimator, and nothing else of its state."""
    name = class_name(target)
    require(type(state) is dict and all(type(key) is str for key in state), name)
    held = SEARCHES[name]
    if held not in state and "cv_results_" in state:
        raise not_fit(
            f"The {type(target).__name__} was fitted with refit=False, so it holds no "
            "fitted estimator.",
            message="model is not a fitted classifier with predict_proba",
            hint="Fit it with refit=True; or fit its estimator with its best_params_, "
            "and pickle that.",
        )
    # Parameters have to be there, for scikit-learn to describe it.
    kept: dict[str, Any] = {
        key: None for key in state if not key.endswith("_") and key != VERSION
    }
    if held in state:
        kept |= {"estimator": state[held], held: state[held], "refit": True}
    elif "estimator" in state:
        # Not fitted: what a calibrator or a vote was told to fit copies of.
        kept["estimator"] = state["estimator"]
    kept |= {key: state[key] for key in KEPT if key in state}
    set_attributes(target, kept)


def check_search(part: Any) -> None:
    """Refuse a search whose best estimator gives no probabilities."""
    held = SEARCHES[class_name(part)]
    if held in vars(part):
        check(hasattr(vars(part)[held], "predict_proba"), part, held)


def is_unfitted_search(estimator: Any) -> bool:
    """Return whether this is a search that holds no fitted estimator."""
    held = SEARCHES.get(class_name(estimator))
    return held is not None and held not in vars(estimator)


def searches_among(parts: list[Any]) -> list[str]:
    """Return the names of the searches among the parts of an estimator."""
    found = {class_name(part): type(part).__name__ for part in parts}
    return sorted(kind for name, kind in found.items() if name in SEARCHES)
$python$;
COMMENT ON FUNCTION churn_runtime.searches IS 'Searches for the best estimator, of which a pickle brings that one and all the rest.';
