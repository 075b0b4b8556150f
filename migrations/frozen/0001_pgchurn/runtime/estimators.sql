CREATE OR REPLACE FUNCTION churn_runtime.estimators() RETURNS void
LANGUAGE plpython3u VOLATILE PARALLEL UNSAFE AS $python$
"""Reading a classifier out of a pickle from anybody, ready to score on one thread."""

import warnings
from itertools import islice
from typing import Any

import numpy as np

from .booster_checks import BOOSTED_TREES
from .column_checks import COLUMN_STEPS
from .errors import ScoringError, is_of_server
from .estimator_checks import (
    ATOMS,
    FUNCTION_PARAMETERS,
    FUNCTION_TRANSFORMER,
    check_common,
    not_fit,
)
from .pacing import Pausing, no_pause
from .permitted import BY_NAME, CHECKS, SCORING
from .pickle_values import ESTIMATE, SPLINE, Token, class_name, printable
from .searches import is_unfitted_search
from .strict_pickle import BUNCH, read_pickle
from .unread import Unread

# See MaxHeapAttributeNumber in PostgreSQL's src/include/access/htup_details.h.
MOST_COLUMNS = 1_600
DEEPEST_PART = 100
# With parts that occur twice counted twice: what scoring has to go through.
MOST_PARTS = 10_000_000
MOST_ESTIMATORS = 50_000

SET_IN_A_SESSION = {"n_jobs": 1, "verbose": 0}

CONTAINERS = frozenset((dict, list, tuple, np.ndarray))
TYPES_AS_THEY_ARE = tuple(
    Token(module, name).resolve()
    for (module, name), one in BY_NAME.items()
    if one.as_is
)
# What the client makes of the files of others.
OWN_CLASSES = (BOOSTED_TREES, COLUMN_STEPS)
ISOTONIC = "sklearn.isotonic.IsotonicRegression"
NO_CLASSIFIER = "model is not a fitted classifier with predict_proba"
FIT_HINT = "Call fit before it is pickled."
PROBABILITIES_HINT = (
    "A score is a probability: fit it within CalibratedClassifierCV, and a vote with "
    "voting='soft'."
)
MOST_NAMED_PARTS = 5
BUNDLE_HINT = (
    "Pickle the classifier alone; what encodes or scales its features belongs in a "
    "pipeline, before it."
)


def load_estimator(artifact: bytes, pause: Pausing = no_pause) -> Any:
    """Return the classifier in a pickle, ready to give probabilities on one thread.

    The pickle may be from anybody: nothing in it is executed. ``pause`` is called often
    enough that a cancel can take effect.
    """
    estimator = read_pickle(artifact, pause)
    if class_name(estimator) not in SCORING:
        raise not_fit(
            f"The pickle holds {contents(estimator)}.",
            message=NO_CLASSIFIER,
            hint=BUNDLE_HINT if isinstance(estimator, (dict, list, tuple)) else None,
        )
    if is_unfitted_search(estimator):
        raise not_fit(
            f"This {type(estimator).__name__} holds no fitted estimator.",
            message=NO_CLASSIFIER,
            hint=FIT_HINT,
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            check_parts(estimator, pause)
            use_one_thread(estimator)
            gives_probabilities = hasattr(estimator, "predict_proba")
            is_fitted = getattr(estimator, "classes_", None) is not None
        except (MemoryError, ScoringError):
            raise
        except Exception as error:
            if is_of_server(error):
                raise
            raise not_fit(f"{type(error).__name__}: {error}.") from error
        if not gives_probabilities:
            raise not_fit(
                f"This {type(estimator).__name__} gives no probabilities.",
                message=NO_CLASSIFIER,
                hint=PROBABILITIES_HINT,
            )
        if not is_fitted:
            raise not_fit(
                f"This {type(estimator).__name__} knows no classes.",
                message=NO_CLASSIFIER,
                hint=FIT_HINT,
            )
        probe(estimator)
    return estimator


def load_transformer(artifact: bytes) -> Any:
    """Return the fitted preprocessing in a pickle, read as strictly as a classifier."""
    transformer = read_pickle(artifact)
    try:
        check_parts(transformer, no_pause)
        if not hasattr(transformer, "transform"):
            raise not_fit(
                f"The pickle holds {contents(transformer)}.",
                message="it is no preprocessing",
                hint="Pickle the fitted transformers alone, such as pipeline[:-1].",
            )
    except (MemoryError, ScoringError):
        raise
    except Exception as error:
        raise not_fit(f"{type(error).__name__}: {error}.") from error
    return transformer


def check_parts(root: Any, pause: Pausing) -> None:
    """Refuse parts whose attributes do not fit one another."""
    for part in parts_of(root):
        check = CHECKS.get(class_name(part))
        if check is not None:
            check(part)
        check_common(part)
        pause()


def contents(found: Any) -> str:
    """Return in words what a pickle holds instead of a classifier."""
    kind = type(found).__name__
    if not isinstance(found, (dict, list, tuple)) or not found:
        return f"a {kind}"
    if isinstance(found, dict):
        parts = (f"{printable(k)!r}: {type(v).__name__}" for k, v in found.items())
    else:
        parts = (type(value).__name__ for value in found)
    more = ", ..." if len(found) > MOST_NAMED_PARTS else ""
    return f"a {kind} of {', '.join(islice(parts, MOST_NAMED_PARTS))}{more}"


def parts_of(root: Any) -> list[Any]:
    """Return every object with attributes of its own that an estimator is made of.

    Refuses what is no part of an estimator, what contains itself, and what unfolds to
    more than can be gone through.
    """
    found: list[Any] = []
    # By id: what a part unfolds to, as (parts, estimators), or None while it is open.
    sizes: dict[int, Any] = {}
    opened = 0
    waiting: list[tuple[Any, Any]] = [(root, None)]
    while waiting:
        part, children = waiting.pop()
        if children is None:
            known = sizes.get(id(part), part)
            if known is None:
                raise not_fit("It contains itself.")
            if known is not part:
                continue
            opened += 1
            if opened > DEEPEST_PART:
                raise not_fit(f"It is nested deeper than {DEEPEST_PART}.")
            children = children_of(part)
            sizes[id(part)] = None
            waiting.append((part, children))
            waiting += [(child, None) for child in children]
            continue
        estimators = 0 if type(part) in CONTAINERS else 1
        total, depth = 1, 1
        for child in children:
            below, above, levels = sizes[id(child)]
            total += below
            estimators += above
            depth = max(depth, levels + 1)
        if total > MOST_PARTS or estimators > MOST_ESTIMATORS:
            raise not_fit("It has too many parts, or parts that occur too often.")
        if depth > DEEPEST_PART:
            raise not_fit(f"It is nested deeper than {DEEPEST_PART}.")
        opened -= 1
        sizes[id(part)] = (total, estimators, depth)
        if type(part) not in CONTAINERS:
            found.append(part)
    return found


def children_of(part: Any) -> list[Any]:
    """Return the parts of a part, without plain values."""
    kind, name = type(part), class_name(part)
    values: Any
    if kind is dict or name == BUNCH:
        values = list(part.values())
    elif kind is list or kind is tuple or name == ESTIMATE:
        values = part
    elif kind is np.ndarray:
        values = part.ravel().tolist() if part.dtype.hasobject else ()
    elif name == "functools.partial":
        return []
    elif name == ISOTONIC:
        # Its line was made of its points when they were read, and comes from no pickle.
        values = [value for key, value in vars(part).items() if key != "f_"]
    elif name == FUNCTION_TRANSFORMER:
        # Which functions it has is checked.
        held = vars(part).items()
        values = [
            value
            for key, value in held
            if key not in FUNCTION_PARAMETERS or type(value) is not np.ufunc
        ]
    elif kind.__module__.startswith("sklearn.") or name in OWN_CLASSES:
        values = list(getattr(part, "__dict__", {}).values())
    elif kind.__module__.startswith("numpy.random.") or name == SPLINE:
        return []
    elif isinstance(part, Unread):
        raise not_fit(f"It has {part.called} where a value belongs.", hint=part.hint)
    else:
        named = part if kind is Token else f"a {kind.__name__}"
        raise not_fit(f"It has {named} where a value belongs.")
    return [
        value
        for value in values
        if type(value) not in ATOMS
        and not (type(value) is np.ndarray and not value.dtype.hasobject)
        and not any(value is one for one in TYPES_AS_THEY_ARE)
        and not isinstance(value, np.dtype)
    ]


def use_one_thread(estimator: Any) -> None:
    """Set ``n_jobs`` to 1 in an estimator and in all that it holds, ``verbose`` to 0.

    A backend is one process with one thread; a parallel estimator would start worker
    processes that outlive the session. What it prints ends in the server's log, a line
    for each tree of each score.
    """
    for part in parts_of(estimator):
        held = getattr(part, "__dict__", {})
        for name, value in SET_IN_A_SESSION.items():
            if name in held:
                held[name] = value


def probe(estimator: Any) -> None:
    """Refuse a classifier that gives something else than probabilities.

    It is given rows of zeros and of nulls; what it cannot take, the registration finds
    out with rows of the table.
    """
    features = getattr(estimator, "n_features_in_", None)
    if features is None:
        return
    if features > MOST_COLUMNS:
        raise not_fit(f"It takes {features} features; a table has {MOST_COLUMNS}.")
    for value in (0.0, np.nan):
        matrix = np.full((1, features), value)
        try:
            found = estimator.predict_proba(named_columns(estimator, matrix))
        except MemoryError:
            raise
        except Exception:
            continue
        found = np.asarray(found)
        if found.shape[:1] != (1,) or found.dtype.kind != "f":
            raise not_fit("It does not return one probability for each class.")
        # Written so that NaN fails it.
        if not ((found >= 0) & (found <= 1)).all():
            raise not_fit(
                "For a row of zeros or nulls, it returned no number from 0 to 1.",
                message="model returned something that is no probability",
            )


def named_columns(estimator: Any, matrix: np.ndarray) -> Any:
    """Return a row as what the classifier was fitted on: a frame or a matrix."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        return matrix
    import pandas

    texts = text_columns(estimator)
    return pandas.DataFrame(
        {
            name: pandas.Series([""], dtype=object) if name in texts else column
            for name, column in zip(names, matrix.T)
        }
    )


def text_columns(estimator: Any) -> set[str]:
    """Return the names of columns whose known categories are texts."""
    found: set[str] = set()
    for part in parts_of(estimator):
        names = vars(part).get("feature_names_in_") if has_texts(part) else None
        found.update(() if names is None else names)
    return found


def has_texts(part: Any) -> bool:
    """Return whether an encoder or an imputer knows texts."""
    held = getattr(part, "__dict__", {})
    known = held.get("categories_", [held.get("statistics_")])
    return any(isinstance(one, np.ndarray) and one.dtype == object for one in known)
$python$;
COMMENT ON FUNCTION churn_runtime.estimators IS 'Reading a classifier out of a pickle from anybody, ready to score on one thread.';
