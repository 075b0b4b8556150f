"""Names that are passed over, and types that are kept, where they might act."""

import copy
import os
import pickle

import numpy as np

from tests.corpus.assembling import Assembled, Forged, call, name, plain, values, whole
from tests.legitimate import fitted

PLACE = "/nonexistent/canary"


def search(**attributes):
    """Return the pickle of a grid search with attributes of one's own."""
    changed = copy.copy(fitted("grid search"))
    vars(changed).update(attributes)
    return pickle.dumps(changed, 4)


def searching_itself():
    """Return a search whose best estimator is that search."""
    changed = copy.copy(fitted("grid search"))
    changed.best_estimator_ = changed
    return pickle.dumps(changed, 4)


def found():
    """Return what pickles as the attribute of something."""
    return Forged(getattr, (object, "__subclasses__"))


def stepping(step):
    """Return the pickle of a pipeline with such a step."""
    changed = copy.copy(fitted("search within a pipeline"))
    changed.steps = [("step", step), *changed.steps[1:]]
    return pickle.dumps(changed, 4)


def weighing(weights):
    """Return the pickle of a logistic regression with such weights of its classes."""
    changed = copy.copy(fitted("logistic"))
    changed.class_weight = weights
    return pickle.dumps(changed, 4)


def transforming(**attributes):
    """Return the pickle of a pipeline with a function of one's own."""
    changed = copy.deepcopy(fitted("functions below trees"))
    vars(changed[0]).update(attributes)
    return pickle.dumps(changed, 4)


SEARCHED = {
    "a function that is a type": lambda: transforming(func=object),
    "a function of os": lambda: transforming(func=os.system),
    "a function that getattr finds": lambda: transforming(func=found()),
    "a function with arguments": lambda: transforming(kw_args={"out": np.zeros(2)}),
    "a function that names columns": lambda: transforming(feature_names_out=np.log),
    "a function of numpy's that is not listed": lambda: transforming(
        func=np.frompyfunc
    ),
    "another ufunc": lambda: transforming(func=np.isnat),
    "a function as weights": lambda: weighing(np.log1p),
    "a function as a step": lambda: stepping(np.log1p),
    "a function, called": lambda: whole(call("numpy", "log1p", 1.0)),
    "a function by NEWOBJ": lambda: whole(
        name("numpy", "log1p"), values(), pickle.NEWOBJ
    ),
    "a state for a function": lambda: whole(
        name("numpy", "log1p"), plain({"nin": 1}), pickle.BUILD
    ),
    "a cache that is the model": lambda: whole(call("joblib.memory", "Memory", PLACE)),
    "a scorer that is called": lambda: whole(
        call("sklearn.metrics._scorer", "_Scorer", 1),
        values(1),
        pickle.REDUCE,
    ),
    "what getattr finds, called": lambda: whole(
        call("builtins", "getattr", Assembled(name("builtins", "object")), "__new__"),
        values(1),
        pickle.REDUCE,
    ),
    "what getattr finds as a step": lambda: stepping(found()),
    "what getattr finds as weights": lambda: weighing(found()),
    "what getattr finds as the best estimator": lambda: search(best_estimator_=found()),
    "what getattr finds as a key": lambda: weighing(Forged(dict, ([(found(), 1.0)],))),
    "a vectorised call of a type": lambda: whole(
        call("numpy", "vectorize", Assembled(name("builtins", "object"))),
        values(1),
        pickle.REDUCE,
    ),
    "a splitter as a step": lambda: stepping(fitted("grid search").cv),
    "a search of itself": searching_itself,
    "a search of a type": lambda: search(best_estimator_=object),
    "a search of a transformer": lambda: search(
        best_estimator_=fitted("logistic of a frame")[0]
    ),
    "a search of a number": lambda: search(best_estimator_=1.0),
    "a search that was not fitted": lambda: pickle.dumps(
        copy.deepcopy(fitted("search within a vote").estimators[0][1]), 4
    ),
    "a search that hides a method": lambda: search(predict_proba=1.0),
    "a type of numpy's, called": lambda: whole(call("numpy", "int64", 2**62)),
    "an object, called": lambda: whole(call("builtins", "object")),
    "a text, called": lambda: whole(call("builtins", "str", PLACE)),
    "an object by NEWOBJ": lambda: whole(
        name("builtins", "object"), values(), pickle.NEWOBJ
    ),
    "a state for a type": lambda: whole(
        name("builtins", "int"), plain({"real": 1}), pickle.BUILD
    ),
    "weights that are a set": lambda: weighing(set()),
    "weights by types": lambda: weighing({int: 1.0, object: 2.0}),
}
